/*
 * How the adapter's objects call a driver for something that touches its device: only while the device is in D0. A device
 * supplies it; an adapter without one is always powered.
 */

/**
 * Runs something with the device in D0, and keeps it there meanwhile.
 *
 * @param action - calls the driver
 * @returns what the action returned
 */
export type PowerReference = <T>(action: () => T) => T;

/**
 * The power reference of an adapter whose device has no power states.
 *
 * @param action - calls the driver
 * @returns what it returned
 */
export const alwaysPowered: PowerReference = (action) => action();
