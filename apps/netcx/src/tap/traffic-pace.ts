/*
 * Owns: how close to each other frames have come lately, in all queues and directions that share it: TCP's data goes one way and
 * its acknowledgements the other, and whoever looks for the one finds the other at hardly any cost.
 * Invariant: where frames are rare nobody is told to look for them.
 */
import { MILLISECOND } from '@netcx/clock';

/** Frames that lately came closer to each other than this, in nanoseconds, are looked for: being woken costs more than looking. */
const CLOSE = 250_000;
/** For how long behind the last one. */
const LOOK_AGAIN = MILLISECOND;

/** The pace of frames from Linux. */
export class TrafficPace {
  /** When frames came last, and how far from each other lately, at most `LOOK_AGAIN`. */
  #lastCame = 0;
  #distance = LOOK_AGAIN;

  /**
   * Frames came.
   *
   * @param now - the time, in nanoseconds
   */
  note(now: number): void {
    this.#distance += (Math.min(now - this.#lastCame, LOOK_AGAIN) - this.#distance) / 8;
    this.#lastCame = now;
  }

  /**
   * @param now - the time, in nanoseconds
   * @returns whether others may come so soon that they are better looked for than waited for
   */
  isClose(now: number): boolean {
    return this.#distance < CLOSE && now < this.#lastCame + LOOK_AGAIN;
  }
}
