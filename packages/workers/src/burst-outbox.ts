/*
 * What one thread does to send bursts to another: asks the ring for memory, commits, and tells a side that sleeps. Who found no
 * room is told once there is some.
 */

import type { Clock } from '@netcx/clock';
import type { BurstSender } from './burst-sender.ts';

/** What an outbox works with. */
export interface OutboxParts {
  readonly clock: Clock;
  readonly sender: BurstSender;
  /** Whether the other side runs meanwhile: then it is asked to say when there is room. */
  readonly freeRunning: boolean;
  /** Tells the other side that there is a burst: it sleeps. */
  readonly wake: () => void;
  /** There is room again, for whoever found too little. */
  readonly room: () => void;
}

/** Sends to another thread. */
export class BurstOutbox {
  readonly #parts: OutboxParts;
  #short = false;

  /**
   * @param parts - what it works with
   */
  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Bytes behind the last reservation. */
  get available(): number {
    return this.#parts.sender.available;
  }

  /**
   * @param bytes - the least that is of use
   * @returns byte offset in wire memory; -1 when there is too little, and then `room` is called when there is more
   */
  reserve(bytes: number): number {
    const { sender, freeRunning } = this.#parts;
    let at = sender.reserve(bytes);
    while (at < 0) {
      this.#short = true;
      if (!freeRunning || sender.arm()) return -1;
      at = sender.reserve(bytes); // there was some before the other side could see that it is waited for
    }
    this.#short = false;
    return at;
  }

  /**
   * @param frames - how many were written
   * @param bytes - what they take
   */
  commit(frames: number, bytes: number): void {
    const { clock, sender, wake } = this.#parts;
    if (sender.commit(frames, bytes, clock.now())) wake();
  }

  /** The other side has taken something over. */
  look(): void {
    if (!this.#short) return;
    this.#short = false;
    this.#parts.room();
  }
}
