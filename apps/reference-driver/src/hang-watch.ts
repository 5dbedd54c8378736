/*
 * Looks after queues that sleep while the chip has their frames, as Linux's watchdog does: a chip that has moved on without
 * being heard lost an interrupt, and the queue is woken; one that has not moved for so long, with a link and nobody asking
 * for silence, hangs. The watch runs only while something is on its way, so a quiet driver costs nothing.
 */

import type { Alarm, Clock } from '@netcx/clock';

/** A queue that is looked after. */
export interface WatchedQueue {
  /** Descriptors that the chip was given and that are not drained. */
  readonly outstanding: number;
  /** Index of the first descriptor that is not drained. */
  readonly drained: number;
  /** The head as the chip wrote it. */
  readonly head: number;
  /** Has the framework look at the queue. */
  readonly wake: () => void;
}

/** Who is told, and who is asked. */
export interface HangWatchOptions {
  readonly clock: Clock;
  /** Nanoseconds that a queue may stand still. */
  readonly limit: number;
  /** The queues, as they are when somebody looks. */
  readonly queues: () => readonly WatchedQueue[];
  /** Whether the chip can send: it cannot without a link, and must not while its partner asks for silence. */
  readonly wire: () => 'open' | 'paused' | 'down';
  /** Called when a queue hangs; the watch is over until something sleeps again. */
  readonly hung: () => void;
}

/** Watches the transmit queues of one device. */
export class HangWatch {
  /** Interrupts that did not come. */
  lostInterrupts = 0;
  readonly #options: HangWatchOptions;
  readonly #alarm: Alarm;
  /** By queue: where it stood when somebody looked last, and since when. */
  readonly #places: { drained: number; since: number }[] = [];

  /**
   * @param options - the queues, and who is told
   */
  constructor(options: HangWatchOptions) {
    this.#options = options;
    this.#alarm = options.clock.alarm(() => {
      this.#look();
    });
  }

  /** A queue sleeps with frames on their way. */
  begin(): void {
    if (this.#alarm.pending) return;
    this.#places.length = 0;
    this.#alarm.after(this.#options.limit / 2);
  }

  /** Nobody looks any more, until something sleeps again. */
  end(): void {
    this.#alarm.cancel();
  }

  #look(): void {
    const { clock, limit, queues, wire, hung } = this.#options;
    const now = clock.now();
    const state = wire();
    let busy = false;
    for (const [index, { outstanding, drained, head, wake }] of queues().entries()) {
      const place = this.#places[index];
      busy ||= outstanding > 0;
      if (place?.drained !== drained || outstanding === 0 || state !== 'open') {
        this.#places[index] = { drained, since: now };
      } else if (head !== drained) {
        this.lostInterrupts++;
        wake();
      } else if (now - place.since >= limit) {
        hung();
        return;
      }
    }
    // Without a link there is nothing to wait for: whoever sees it come begins again.
    if (busy && state !== 'down') this.#alarm.after(limit / 2);
  }
}
