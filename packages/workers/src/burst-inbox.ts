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
    if (!this.#open) return;
    if (this.#parts.delay === undefined) this.#alarm.soon();
    else if (this.#finds()) this.#alarm.at(this.#arrival());
  }

  /** Nothing more is taken over. */
  close(): void {
    this.#open = false;
    this.#alarm.cancel();
  }

  #run(): void {
    const { clock, delay, deliver, receiver, wake } = this.#parts;
    for (let burst = 0; burst < BURSTS; burst++) {
      if (!this.#finds()) {
        if (!this.#open || delay !== undefined || receiver.arm()) return;
      } else if (this.#arrival() > clock.now()) {
        this.#alarm.at(this.#arrival());
        return;
      } else if (!deliver(receiver.offset, receiver.frames, receiver.bytes)) {
        return;
      } else if (receiver.done()) wake();
    }
    if (this.#open) this.#alarm.soon();
  }

  /** Whether there is a burst. When the other side has written what cannot be, nothing more is believed. */
  #finds(): boolean {
    try {
      return this.#parts.receiver.next();
    } catch (error) {
      this.close();
      this.#parts.failed(error);
      return false;
    }
  }

  /** When the burst arrives that `next` has found. */
  #arrival(): number {
    const { delay, receiver } = this.#parts;
    return delay === undefined ? 0 : receiver.time + delay;
  }
}
