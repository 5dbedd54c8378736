/*
 * What one thread does about bursts that another one sends it: takes them over when they arrive, a few at a time, and sleeps when
 * there are none. Free-running, a burst has arrived as soon as it is seen; in lock-step a fixed time after it was sent, and
 * between two turns nobody sends, so nothing is armed.
 */

import type { Alarm, Clock } from '@netcx/clock';
import type { BurstReceiver } from './burst-receiver.ts';

/** Bursts that are taken over before others get their turn. */
const BURSTS = 8;

/** What an inbox works with. */
export interface InboxParts {
  readonly clock: Clock;
  readonly receiver: BurstReceiver;
  /** Nanoseconds from a burst's sending to its arrival; `undefined` = free-running. */
  readonly delay: number | undefined;
  /**
   * A burst has arrived.
   *
   * @param offset - byte offset of its first frame's header in wire memory
   * @param frames - how many
   * @param bytes - what they take
   * @returns false when it cannot be taken now: it is offered again after `look`
   */
  readonly deliver: (offset: number, frames: number, bytes: number) => boolean;
  /** Tells the other side that there is room: it waits for some. */
  readonly wake: () => void;
  /** The other side has written what cannot be. */
  readonly failed: (error: unknown) => void;
}

/** Takes over what another thread sends. */
export class BurstInbox {
  readonly #parts: InboxParts;
  readonly #alarm: Alarm;
  #open = true;

  /**
   * @param parts - what it works with
   */
  constructor(parts: InboxParts) {
    this.#parts = parts;
    this.#alarm = parts.clock.alarm(() => this.#run());
  }

  /** There may be something: at the beginning, when the other side says so, or when what could not be taken may be now. */
  look(): void {
    if (this.#open) this.#alarm.soon();
  }

  /** Nothing more is taken over. */
  close(): void {
    this.#open = false;
    this.#alarm.cancel();
  }

  #run(): void {
    const { receiver, wake, failed } = this.#parts;
    try {
      for (let burst = 0; burst < BURSTS; burst++) {
        if (!receiver.next()) {
          if (this.#sleeps()) return;
        } else if (!this.#arrived() || !this.#parts.deliver(receiver.offset, receiver.frames, receiver.bytes)) {
          return;
        } else if (receiver.done()) wake();
      }
    } catch (error) {
      this.close();
      failed(error);
    }
    this.look();
  }

  /** Whether there is nothing to do until somebody says so. */
  #sleeps(): boolean {
    const { delay, receiver } = this.#parts;
    return delay !== undefined || receiver.arm();
  }

  #arrived(): boolean {
    const { clock, delay, receiver } = this.#parts;
    if (delay === undefined || receiver.time + delay <= clock.now()) return true;
    this.#alarm.at(receiver.time + delay);
    return false;
  }
}
