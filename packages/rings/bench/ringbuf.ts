/* ringbuf.js, the ring over a SharedArrayBuffer that npm has, as far as the benchmarks use it. */

/** One of its rings, of 32-bit words. */
export interface WordRing {
  push(words: Int32Array, length?: number): number;
  pop(words: Int32Array, length?: number): number;
}

interface Module {
  readonly RingBuffer: {
    new (storage: SharedArrayBuffer, type: Int32ArrayConstructor): WordRing;
    getStorageForCapacity(capacity: number, type: Int32ArrayConstructor): SharedArrayBuffer;
  };
}

export const MISSING = 'ringbuf.js is not installed; it is a devDependency of this package, version 0.4.0';

/** Its module, or `undefined` when it is not installed. */
export async function loadRingbuf(): Promise<Module | undefined> {
  try {
    return (await import(import.meta.resolve('ringbuf.js'))) as Module;
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
