/*
 * The power states of a device: D0 works; D1 to D3 sleep, deeper and deeper; D3Final is the last power-down before it stops.
 */

/** A state of power that a device goes down to. */
export type SleepState = 'D1' | 'D2' | 'D3';

/** What a device goes down to when it sleeps, or for good. */
export type PowerDownTarget = SleepState | 'D3Final';

/** A device's state of power. */
export type PowerState = 'D0' | PowerDownTarget;
