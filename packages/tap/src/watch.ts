/*
 * Wakes whoever waits for a descriptor to be read. One of koffi's threads waits for all of them, a tenth of a second at a time: a
 * thread that sat in a system call for ever could not be ended, and would keep the process from ending. There are but a few such
 * threads, so each descriptor must not have one. A bell among the descriptors lets the wait begin anew when one joins it.
 */

import { awaitReadable, closeDescriptor, openBell, ringBell, silenceBell } from './libc.ts';

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
    if (turn === undefined) return Promise.resolve();
    ask();
    return turn;
  }
}

const watches = new Set<Watch>();
/** The wait that goes on, resolved when it is over. */
let turn: Promise<void> | undefined;
/** Ends that wait; there while somebody watches. */
let bell: number | undefined;
/** Whether it was rung for this wait. */
let rung = false;

/** Waits for all that are asleep; a wait that goes on already is begun anew. */
function ask(): void {
  if (turn !== undefined) {
    if (bell !== undefined && !rung) ringBell(bell);
    rung = true;
    return;
  }
  const waiting = [...watches].filter(({ asleep }) => asleep);
  if (waiting.length === 0) {
    if (watches.size === 0 && bell !== undefined) {
      closeDescriptor(bell);
      bell = undefined;
    }
    return;
  }
  const door = (bell ??= openBell());
  turn = new Promise((resolve) => {
    awaitReadable([door, ...waiting.map(({ fd }) => fd)], PATIENCE, (readable) => {
      turn = undefined;
      if (readable(0)) silenceBell(door);
      rung = false;
      resolve();
      for (const [index, watch] of waiting.entries()) if (readable(index + 1)) watch.wakeUp();
      ask();
    });
  });
}
