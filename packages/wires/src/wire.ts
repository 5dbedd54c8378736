/*
 * What a wire is to whoever opens one: ends to plug NICs into, counters, and a way to close it. Whatever it leads to,
 * frames arrive from alarms of the clock, and nothing that a peer does throws.
 */

import type { Clock, Random } from '@netcx/clock';
import type { Impairment, LinkEnd, LinkSpeed } from '@netcx/hardware';

/** Something that a person may want to know: a peer came or went, a connection was refused, a file is full. */
export interface WireEvent {
  /** `failed` is for good: the wire goes on without what failed. */
  readonly kind: 'connected' | 'disconnected' | 'refused' | 'failed';
  /** One line. */
  readonly message: string;
}

/** What a wire needs around it. */
export interface WireContext {
  /** Delivers, waits and gives captures their times. */
  readonly clock: Clock;
  /** What goes wrong on the way, in both directions. */
  readonly impair?: readonly Impairment[] | undefined;
  /** Decides what impairments leave to chance; the clock's stream `link` when it has one, or the seed 1. */
  readonly random?: Random | undefined;
  /** Mbit/s; 1000 when left out. */
  readonly speed?: LinkSpeed | undefined;
  /** How many times faster than that the cable carries; `Infinity` = frames take no time. 1 when left out. */
  readonly speedup?: number | undefined;
  /** Nanoseconds from 1970 to the clock's zero, for captures; reckoned from the time of day when left out. */
  readonly epoch?: bigint | undefined;
  /** Told of what happens. */
  readonly onEvent?: ((event: WireEvent) => void) | undefined;
}

/** What stands behind a link: the part of a wire that differs from wire to wire. */
export interface WireBackend {
  /** File descriptors of its sockets. */
  readonly descriptors: readonly number[];
  /** Whether it has written to a socket and wants a turn of the event loop. */
  readonly busy: boolean;
  /**
   * @returns what it counted, by name
   */
  counters(): Readonly<Record<string, number>>;
  /**
   * @returns when its sockets and files are closed
   */
  close(): Promise<void>;
}

/** An open wire. */
export interface Wire {
  /** NICs are plugged in here: two for a pair, else one. */
  readonly ends: readonly LinkEnd[];
  /** File descriptors of its sockets at the moment, for a loop that waits for input; none where the host has no such thing. */
  readonly descriptors: readonly number[];
  /** Whether it has written to a socket and wants a turn of the event loop. */
  readonly busy: boolean;
  /**
   * Pulls the cable out, or plugs it in again.
   *
   * @param plugged - whether it is in; a new wire is
   */
  plug(plugged: boolean): void;
  /**
   * @returns frames, bytes and losses of the link, of each impairment and of what stands behind it
   */
  counters(): Readonly<Record<string, number>>;
  /**
   * Ends captures, closes sockets, gives memory back.
   *
   * @returns when everything is closed; closing again gives the same
   */
  close(): Promise<void>;
}
