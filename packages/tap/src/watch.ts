/*
 * Wakes whoever waits for a descriptor to be read. One of koffi's threads waits for all of them, a tenth of a second at a time: a
 * thread that sat in a system call for ever could not be ended, and would keep the process from ending. There are but a few such
 * threads, so each descriptor must not have one.
 */

import { awaitReadable } from './libc.ts';

/** How long the thread waits before it looks whether it still should, in milliseconds. */
const PATIENCE = 100;

/** A descriptor that is watched. */
export class Watch {
  readonly #fd: number;
  readonly #wake: () => boolean;
  #asleep = true;
  #ended = false;

  /**
   * @param fd - a descriptor
   * @param wake - called when there may be something to read; returns whether it has read everything. If not, it is left alone
   * until `resume`
   */
  constructor(fd: number, wake: () => boolean) {
    this.#fd = fd;
    this.#wake = wake;
    watches.add(this);
    ask();
  }

  /** Whether the thread should wait for it. */
  get asleep(): boolean {
    return this.#asleep && !this.#ended;
  }

  /** The descriptor. */
  get fd(): number {
    return this.#fd;
  }

  /** Something may be there. */
  wakeUp(): void {
    if (this.asleep) this.#asleep = this.#wake();
  }

  /** Everything was read: it is watched again. */
  resume(): void {
    this.#asleep = true;
    ask();
  }

  /**
   * @returns when the descriptor may be closed: nobody waits for it any more
   */
  end(): Promise<void> {
    this.#ended = true;
    watches.delete(this);
    return turn ?? Promise.resolve();
  }
}

const watches = new Set<Watch>();
/** The wait that goes on, resolved when it is over. */
let turn: Promise<void> | undefined;

/** Waits for all that are asleep, unless somebody does already; whoever comes later is waited for the next time. */
function ask(): void {
  if (turn !== undefined) return;
  const waiting = [...watches].filter(({ asleep }) => asleep);
  if (waiting.length === 0) return;
  turn = new Promise((resolve) => {
    const descriptors = waiting.map(({ fd }) => fd);
    awaitReadable(descriptors, PATIENCE, (readable) => {
      turn = undefined;
      resolve();
      for (const [index, watch] of waiting.entries()) if (readable(index)) watch.wakeUp();
      ask();
    });
  });
}
