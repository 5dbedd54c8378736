/*
 * The transmit queues that wait for their turn, first come first served: a list through the queues themselves. An array that
 * is emptied and filled again has a new store each time in newer versions of V8, which would be garbage for every burst.
 *
 * @hot
 */

import type { TxRing } from './tx-ring.ts';

/** Queues in the order of their turns, each at most once. */
export class TxTurns {
  #first: TxRing | undefined = undefined;
  /** The one whose turn comes last; `undefined` while none waits. */
  last: TxRing | undefined = undefined;

  /**
   * @param queue - has its turn behind those that wait already, unless it is one of them
   */
  add(queue: TxRing): void {
    if (queue.listed === true) return;
    queue.listed = true;
    if (this.last === undefined) this.#first = queue;
    else this.last.behind = queue;
    this.last = queue;
  }

  /** @returns the queue whose turn it is, which waits no longer; `undefined` when none does */
  take(): TxRing | undefined {
    const queue = this.#first;
    if (queue === undefined) return undefined;
    this.#first = queue.behind;
    if (queue.behind === undefined) this.last = undefined;
    queue.behind = undefined;
    queue.listed = false;
    return queue;
  }
}
