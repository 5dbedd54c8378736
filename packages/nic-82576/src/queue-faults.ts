/*
 * Faults of the queues of one direction, as an engine sees them: two bit masks that it looks at once a burst. Nothing else
 * is asked of the data path, and while no fault is injected both masks are 0.
 */

import { i32 as m } from '@netcx/dma/memory';
import type { QueueFaults } from './engine.ts';
import { DESCRIPTOR_BYTES } from './registers/index.ts';

const WORDS = DESCRIPTOR_BYTES / 4;

/** Bits of write-backs that are flipped. */
export interface Corruption {
  /** Which queue. */
  readonly queue: number;
  /** Which of the descriptor's four words. */
  readonly word: number;
  /** The bits that are flipped in it. */
  readonly flip: number;
  /** Descriptors that are still written back unharmed. */
  skip: number;
  /** Descriptors that are still to be harmed. */
  times: number;
  /** Called for each descriptor that was harmed. */
  readonly harmed: () => void;
}

/** What is wrong with the queues of one direction. */
export class QueueFaultSet implements QueueFaults {
  hung = 0;
  corrupts = 0;
  /** The word whose bit 0 says that a descriptor was written back; -1 when all that the engine reports were. */
  readonly #doneWord: number;
  /** How many faults stop each queue. */
  readonly #stops: number[];
  readonly #corruptions = new Set<Corruption>();

  /**
   * @param queues - how many queues there are
   * @param doneWord - the word whose bit 0 says that a descriptor was written back; -1 when all that the engine reports were
   */
  constructor(queues: number, doneWord: number) {
    this.#stops = new Array<number>(queues).fill(0);
    this.#doneWord = doneWord;
  }

  /**
   * @param queue - which queue stands still until `go` was called as often
   */
  stop(queue: number): void {
    this.#stops[queue] = (this.#stops[queue] ?? 0) + 1;
    this.hung |= 1 << queue;
  }

  /**
   * @param queue - which queue one reason to stand still less holds
   */
  go(queue: number): void {
    const left = (this.#stops[queue] ?? 0) - 1;
    this.#stops[queue] = left;
    if (left === 0) this.hung &= ~(1 << queue);
  }

  /**
   * @param corruption - what happens to write-backs from now on
   */
  add(corruption: Corruption): void {
    this.#corruptions.add(corruption);
    this.#count();
  }

  /**
   * @param corruption - what does not happen any more
   */
  delete(corruption: Corruption): void {
    this.#corruptions.delete(corruption);
    this.#count();
  }

  corrupt(queue: number, ring: number, from: number, to: number, count: number): void {
    for (let index = from; index !== to; index = index + 1 === count ? 0 : index + 1) {
      const descriptor = ring + index * WORDS;
      if (this.#doneWord >= 0 && (m[descriptor + this.#doneWord]! & 1) === 0) continue;
      for (const corruption of this.#corruptions) {
        if (corruption.queue === queue) harm(corruption, descriptor);
      }
    }
  }

  #count(): void {
    this.corrupts = 0;
    for (const { queue } of this.#corruptions) this.corrupts |= 1 << queue;
  }
}

function harm(corruption: Corruption, descriptor: number): void {
  if (corruption.skip > 0) {
    corruption.skip--;
    return;
  }
  if (corruption.times <= 0) return;
  corruption.times--;
  m[descriptor + corruption.word] = m[descriptor + corruption.word]! ^ corruption.flip;
  corruption.harmed();
}
