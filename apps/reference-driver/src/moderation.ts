/*
 * How often a vector interrupts (EITR, nic-82576 reference §6): at a fixed interval, or one that follows the traffic. The
 * adaptive one aims at so many frames an interrupt: a lone frame is told of at once, a flood in batches. It is looked at
 * when the vector fires and never otherwise, so silence costs nothing.
 */

import { MICROSECOND } from '@netcx/clock';
import { REGISTERS } from '@netcx/nic-82576/registers';
import type { Ring } from '@netcx/rings';
import type { Device } from './device.ts';

const { EITR } = REGISTERS;
/** Least time between two interrupts of a queue, in microseconds; `adaptive` follows the traffic. */
export type InterruptInterval = number | 'adaptive';

/** Longest interval that EITR can say, in microseconds. */
export const LONGEST_INTERVAL = 8191;
/** Frames that an interrupt should tell of. */
const FRAMES_AN_INTERRUPT = 16;
/** Microseconds: what a lone frame may wait for, and what no frame waits longer than. */
const SHORTEST = 4;
const LONGEST = 250;
/** What the chip is told before anything is known. */
const FIRST = 20;

/** The interval of one vector. */
export class Moderation {
  readonly #device: Device;
  readonly #vector: number;
  readonly #adaptive: boolean;
  /** By queue: its packet ring, and where it was when somebody looked last. */
  readonly #followed = new Map<string, { readonly ring: Ring; seen: number }>();
  #interval: number;
  #since = 0;

  /**
   * @param device - the device
   * @param vector - its number, which is that of its EITR
   * @param interval - fixed, or adaptive
   */
  constructor(device: Device, vector: number, interval: InterruptInterval) {
    this.#device = device;
    this.#vector = vector;
    this.#adaptive = interval === 'adaptive';
    this.#interval = interval === 'adaptive' ? FIRST : interval;
  }

  /** Microseconds between two interrupts of the vector now. */
  get interval(): number {
    return this.#interval;
  }

  /** Tells the chip. */
  program(): void {
    this.#device.write(EITR, EITR.INTERVAL.set(0, this.#interval), this.#vector);
  }

  /**
   * @param queue - a queue that the vector serves; the one before of that name is not followed any more
   * @param packets - its packet ring: what it moves is what interrupts tell of
   */
  follow(queue: string, packets: Ring): void {
    this.#followed.set(queue, { ring: packets, seen: packets.beginIndex });
  }

  /** The vector has fired. */
  interrupted(): void {
    if (!this.#adaptive) return;
    let frames = 0;
    for (const one of this.#followed.values()) {
      frames += (one.ring.beginIndex - one.seen) & one.ring.mask;
      one.seen = one.ring.beginIndex;
    }
    const now = this.#device.clock.now();
    const elapsed = (now - this.#since) / MICROSECOND;
    this.#since = now;
    // The interval in which so many frames would have come at the rate of the last one.
    const wanted = frames === 0 ? SHORTEST : (elapsed * FRAMES_AN_INTERRUPT) / frames;
    // At a rate for which even the longest interval brings a frame or two, waiting gains nothing.
    const aim = wanted > LONGEST * (FRAMES_AN_INTERRUPT / 2) ? SHORTEST : Math.min(Math.max(wanted, SHORTEST), LONGEST);
    const next = Math.round((3 * this.#interval + aim) / 4);
    if (next === this.#interval) return;
    this.#interval = next;
    // Without CNT_IGNR the wait that has begun would begin anew.
    this.#device.write(EITR, (EITR.INTERVAL.set(0, next) | EITR.CNT_IGNR.mask) >>> 0, this.#vector);
  }
}
