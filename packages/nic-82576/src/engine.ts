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
  /** Sets off bursts. */
  readonly clock: Clock;
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
}
