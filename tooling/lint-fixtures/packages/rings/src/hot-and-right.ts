// Passes: everything used per packet is a module-level constant. @hot
import * as memory from './memory.ts';

const { i32: m, step } = memory;

/** Adds up words. */
export class Queue {
  readonly base: number;

  constructor(base: number) {
    if (!Number.isInteger(base)) throw new RangeError(`base is a word index, got ${base}`);
    this.base = base;
  }

  drain(count: number): number {
    const base = this.base | 0;
    let total = 0;
    for (let at = 0; at < count; at = (at + step) | 0) {
      if (m[base + at] === -1) throw new RangeError(`poisoned word at ${base + at}`);
      total = (total + m[base + at]!) | 0;
    }
    return total;
  }
}
