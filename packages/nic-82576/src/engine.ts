/*
 * What the data engines work with, and what the rest of the chip asks of them. The engines own the queues' registers:
 * nobody else hooks those, and they hook no others.
 */

import type { Clock } from '@netcx/clock';
import type { DmaPort, RegisterFile } from '@netcx/hardware';
import type { Filter } from './filter.ts';
import type { Interrupts } from './interrupts.ts';
import type { MacPort } from './mac-port.ts';
import type { Statistics } from './statistics.ts';
import type { Timestamps } from './timestamps.ts';

/** The parts of the chip that an engine works with. */
export interface EngineParts {
  /** The MAC's registers. */
  readonly registers: RegisterFile;
  /** The way to host memory. */
  readonly dma: DmaPort;
  /** Takes the queues' causes, once a burst. */
  readonly interrupts: Interrupts;
  /** Takes the counts, once a burst. */
  readonly statistics: Statistics;
  /** Says which frames the MAC takes. */
  readonly filter: Filter;
  /** Where frames leave and come from. */
  readonly port: MacPort;
  /** Whether the function sleeps, and how it asks to be woken. */
  readonly power: PowerState;
  /** Sets off bursts. */
  readonly clock: Clock;
  /** What is wrong with the queues; each engine asks for its own direction. */
  readonly faults: { readonly rx: QueueFaults; readonly tx: QueueFaults };
  /** Stamps frames. */
  readonly timestamps: Timestamps;
}

/** The function's power state. */
export interface PowerState {
  /** Whether it is plugged in and not in D0. */
  readonly asleep: boolean;
  /**
   * Asks the host to wake the function.
   *
   * @param always - whether the host is asked even if it did not enable that in configuration space
   */
  requestWake(always: boolean): void;
}

/** Faults of one direction's queues. An engine asks once a burst; while nothing is wrong both masks are 0. */
export interface QueueFaults {
  /**
   * Bit q: queue q stands still. Its descriptors are neither fetched nor written back; `refresh` comes when it goes on.
   */
  readonly hung: number;
  /** Bit q: `corrupt` is to be called for what a burst of queue q has written back. */
  readonly corrupts: number;
  /**
   * Damages what was written back, before anybody is told of it.
   *
   * @param queue - which queue
   * @param ring - word index of its descriptor 0
   * @param from - index of the first descriptor of the burst
   * @param to - index behind the last
   * @param count - descriptors in the ring
   */
  corrupt(queue: number, ring: number, from: number, to: number, count: number): void;
}

/** The queues of one direction. */
export interface QueueBank {
  /** How many there are. */
  readonly count: number;
}

/** What both engines do when the chip asks. */
export interface Engine {
  /** Forgets heads, contexts and what it has cached; the registers have their reset values already. */
  reset(): void;
  /**
   * Something outside the queues' registers changed: control registers, the link, loopback, what the host allows. Reads
   * them anew and goes on where that is possible now.
   */
  refresh(): void;
}

/** The transmit engine. */
export interface Transmitter extends Engine {
  /** There is room on the link again. */
  room(): void;
  /** Whether the link's partner has asked for silence. */
  readonly paused: boolean;
  /**
   * The link's partner asks for silence: nothing more leaves than what is on the link already.
   *
   * @param until - when frames may leave again, in nanoseconds of the clock; a time that has passed ends the silence
   */
  pause(until: number): void;
}

/** The receive engine. */
export interface Receiver extends Engine {
  /**
   * Frames have arrived while the MAC's link is up.
   *
   * @param offset - byte offset of the first frame's header in device memory, the link's own
   * @param frames - how many
   */
  receive(offset: number, frames: number): void;
  /** The MAC's link has come or gone. */
  linkChanged(): void;
}
