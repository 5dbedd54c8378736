/*
 * Time for a group in lock-step: the main thread and the workers take turns. First the main thread runs up to a time, then all workers
 * do, at once, and it waits for them; only then does anybody look at what others have sent. A burst arrives `step` after it was sent,
 * and no turn goes further than that behind the earliest thing that can happen: so nothing ever arrives in the past.
 */

import type { VirtualClock } from '@netcx/clock';
import type { Member } from './member.ts';
import { WorkerError } from './worker-error.ts';

/** What takes turns. */
export interface LockStepParts {
  /** The main thread's. */
  readonly clock: VirtualClock;
  /** Nanoseconds from a burst's sending to its arrival. */
  readonly step: number;
  readonly members: readonly Member[];
  /** A turn is over, and nobody runs: takes over what the workers have done. */
  readonly collect: () => void;
}

/** Runs a group's clocks. */
export class LockStep {
  readonly #parts: LockStepParts;
  /** Members whose end was told. */
  readonly #told = new Set<Member>();
  #running = false;

  /**
   * @param parts - what takes turns
   */
  constructor(parts: LockStepParts) {
    this.#parts = parts;
  }

  /**
   * Lets everything happen that is due within a time, in all threads, and ends exactly there.
   *
   * @param duration - nanoseconds, 0 or more
   * @throws WorkerError the end of a worker, once; the others have got there, and time can go on without it
   */
  async advance(duration: number): Promise<void> {
    const { clock } = this.#parts;
    const limit = clock.now() + duration;
    await this.#alone(async () => {
      do await this.#turn(limit);
      while (clock.now() < limit);
    });
    this.#tellEnds();
  }

  /**
   * Lets time pass while somebody waits: at least a turn, since how soon a thread answers decides nothing.
   *
   * @param promise - what is waited for
   * @returns what it resolves to
   * @throws WorkerError `WORKER_STUCK` when it is open and nothing is left that could happen; whatever it rejects with
   */
  async drive<T>(promise: Promise<T>): Promise<T> {
    const { clock, step } = this.#parts;
    const wait = { open: true };
    const close = (): void => {
      wait.open = false;
    };
    promise.then(close, close);
    await this.#alone(async () => {
      do {
        const quiet = this.#earliest === Infinity;
        await this.#turn(quiet ? clock.now() + step : Infinity);
        if (quiet && wait.open && this.#earliest === Infinity)
          throw new WorkerError('WORKER_STUCK', 'what is waited for is open, and nothing is left that could happen');
      } while (wait.open);
    });
    return promise;
  }

  /** When the next alarm goes off, in any thread, as far as is known; Infinity when none will. */
  get #earliest(): number {
    const { clock, members } = this.#parts;
    return members.reduce((least, { nextTime }) => Math.min(least, nextTime), clock.nextTime);
  }

  /** One at a time: turns cannot be taken by two. */
  async #alone(work: () => Promise<void>): Promise<void> {
    if (this.#running) throw new WorkerError('NOT_LOCK_STEP', 'time is running already; await the one before');
    this.#running = true;
    try {
      await work();
    } finally {
      this.#running = false;
    }
  }

  async #turn(limit: number): Promise<void> {
    const { clock, step, members, collect } = this.#parts;
    const now = clock.now();
    const until = Math.min(limit, Math.max(now, this.#earliest) + step);
    clock.advance(until - now);
    await promiseJobs();
    await Promise.all(members.map((member) => member.run(until)));
    collect();
  }

  #tellEnds(): void {
    for (const member of this.#parts.members) {
      if (member.failure === undefined || this.#told.has(member)) continue;
      this.#told.add(member);
      throw member.failure;
    }
  }
}

/** Every promise job has run then. */
const promiseJobs = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
