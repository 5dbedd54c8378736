/*
 * One mistake of a driver, and where drivers make theirs: at the end of a callback, or on what has arrived.
 */

import { i32 as m } from '@netcx/dma/memory';
import { Packet } from '@netcx/rings';
import { pattern } from '../frames.ts';
import type { WatchedOptions, WatchedRig } from './watched-rig.ts';

/** A driver that breaks a rule. */
export interface DriverMistake {
  /** The rule's number. */
  readonly rule: number;
  readonly what: string;
  /** The field that the violation names. */
  readonly field?: string;
  readonly options?: WatchedOptions;
  readonly make: (rig: WatchedRig) => void | Promise<void>;
}

export const bytes = pattern(200, 1);

/** At the end of the next transmit `advance`, with two frames posted. */
export const inTransmit =
  (make: (rig: WatchedRig) => void) =>
  (rig: WatchedRig): void => {
    rig.send(2);
    rig.tx.mistake = { at: 'advance', make: () => make(rig) };
    rig.poll();
  };

/** At the end of the next receive `advance`. */
export const inReceive =
  (make: (rig: WatchedRig) => void) =>
  (rig: WatchedRig): void => {
    rig.rx.mistake = { at: 'advance', make: () => make(rig) };
    rig.poll();
  };

/** To a packet that has come, and its fragments, before they are given back. */
export const onArrival =
  (spoil: (rig: WatchedRig, p: number, fragment: (part: number) => number) => void, arrival = {}) =>
  (rig: WatchedRig): void => {
    rig.rx.arrive({ bytes, ...arrival, spoil: (p, fragment) => spoil(rig, p, fragment) });
    rig.poll();
  };

export const layer = (type: 2 | 3 | 4, value: number, length: number) =>
  onArrival((_rig, p) => {
    Packet[`layer${type}Type`].set(m, p, value);
    Packet[`layer${type}HeaderLength`].set(m, p, length);
  });

export const checksums = { offloads: { rxChecksum: { ipv4: true, tcp: true, udp: true } } } satisfies WatchedOptions;
export const lent = { mode: 'lent' } as const;
export const attached = { mode: 'attached' } as const;
