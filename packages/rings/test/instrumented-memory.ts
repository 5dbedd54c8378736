/*
 * A host memory of a kilobyte, each access of which an observer may answer. Stands in for `@netcx/dma/memory` where every
 * interleaving of two threads is tried; without an observer it is plain memory.
 */

import type { Observer } from './interleavings.ts';

let observer: Observer | undefined;

/** Who answers accesses from now on; nobody for `undefined`. */
export const observe = (next: Observer | undefined): void => {
  observer = next;
};

const words = new Int32Array(new SharedArrayBuffer(1024));

/** The memory, for the code that is looked at. */
export const i32 = new Proxy(words, {
  get(target, key) {
    if (typeof key === 'string' && /^\d+$/.test(key)) return observer?.load(Number(key), false) ?? target[Number(key)];
    const value: unknown = Reflect.get(target, key, target);
    return typeof value === 'function' ? (value.bind(target) as unknown) : value;
  },
  set(target, key, value: number) {
    if (observer === undefined) target[Number(key)] = value;
    else observer.store(Number(key), value | 0, false);
    return true;
  },
});
export const { buffer } = words;
export const hostBytes = buffer.byteLength;

/** The language's `Atomics`, as far as rings use it, of that memory. */
export const atomics = {
  load: (_: unknown, index: number) => observer!.load(index, true),
  store: (_: unknown, index: number, value: number) => {
    observer!.store(index, value, true);
    return value;
  },
  exchange: (_: unknown, index: number, value: number) => observer!.exchange(index, value),
  wait: (_: unknown, index: number, expected: number) => observer!.wait(index, expected),
  notify: (_: unknown, index: number) => observer!.notify(index),
};
