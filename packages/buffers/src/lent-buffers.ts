/*
 * Buffers that a driver brings: handles for memory that is the driver's own, which protocols hold, pass on and release like
 * any other. Each comes with a context of 64 bits, and when its last reference is gone the driver is told that context once,
 * by `collect`, never from inside a release. Follows EvtAdapterReturnRxBuffer (reference netadaptercx §4.1, §4.5).
 */

import { hostPages } from '@netcx/dma';
import { hostBytes, i32 as m } from '@netcx/dma/memory';
import { forgetWaiter, setWaiter } from './buffer-handle.ts';
import { BUFFER_WORDS, BufferEntry, NO_BUFFER, Pool, STATE_FREE } from './buffer.ts';
import { BufferError } from './buffer-error.ts';
import { buildEntryTable } from './entry-table.ts';
import { OWNER_NIC } from './owner.ts';
import { censusOf, describeLeaks, leaksOf, type Leak, type PoolCensus } from './pool-report.ts';

/**
 * What lends buffers.
 *
 * @example
 * ```ts
 * const options: LentBuffersOptions = { name: 'rx 0', count: 512, returned: (low, high) => driver.reuse(low, high) };
 * ```
 */
export interface LentBuffersOptions {
  /** For messages and leak reports. */
  readonly name: string;
  /** Most buffers that are lent at once, 1 to 2^20. */
  readonly count: number;
  /**
   * Told of each buffer that came back, once.
   *
   * @param low - low 32 bits of its context, unsigned
   * @param high - high 32 bits
   */
  readonly returned: (low: number, high: number) => void;
}

/**
 * Handles for a driver's own memory.
 *
 * @example
 * ```ts
 * const lent = new LentBuffers({ name: 'rx 0', count: 64, returned: (low) => reuse(low) });
 * const buffer = lent.take(); // a place for one
 * lent.lend(buffer, address, 2048, 7, 0); // the driver's memory, and what it shall be told when it comes back
 * releaseBuffer(buffer); // by whoever has it
 * lent.collect(); // calls returned(7, 0)
 * lent.close();
 * ```
 */
export class LentBuffers {
  /** For messages and leak reports. */
  readonly name: string;
  /** Most buffers that are lent at once. */
  readonly count: number;
  /** Word index of the header in host memory. */
  readonly header: number;
  /** Word index of the first entry. */
  readonly firstHandle: number;
  readonly #stack: number;
  readonly #pages: number;
  readonly #contexts: Uint32Array;
  readonly #returned: LentBuffersOptions['returned'];
  /** Handles at the bottom of the stack whose return was told. What lies above them has come back since. */
  #collected: number;
  #closed = false;

  /**
   * @param options - how many, and who is told
   * @throws BufferError `POOL_SIZE`; DmaError `OUT_OF_MEMORY`
   */
  constructor(options: LentBuffersOptions) {
    const { name, count, returned } = options;
    if (!Number.isInteger(count) || count < 1 || count > 2 ** 20)
      throw new BufferError('POOL_SIZE', `${name}: ${String(count)} lent buffers; expected 1 to 2^20`);
    const table = buildEntryTable(name, count, STATE_FREE);
    this.name = name;
    this.count = count;
    this.header = table.header;
    this.firstHandle = table.firstHandle;
    this.#stack = table.stack;
    this.#pages = table.pages;
    this.#contexts = new Uint32Array(2 * count);
    this.#returned = returned;
    this.#collected = count;
  }

  /** Places that can be taken now: those that came back and were not collected are none. */
  get free(): number {
    return this.#collected;
  }

  /**
   * @param owner - who holds it from now on
   * @returns a place for a buffer, with one reference and no memory yet, or `NO_BUFFER` when all are lent. Call `collect`
   * before, in the same turn
   */
  take(owner: number = OWNER_NIC): number {
    const free = Pool.free.get(m, this.header);
    if (free === 0 || free > this.#collected) this.collect();
    if (this.#collected === 0) {
      Pool.exhausted.set(m, this.header, Pool.exhausted.get(m, this.header) + 1);
      return NO_BUFFER;
    }
    this.#collected--;
    const handle = m[this.#stack + this.#collected]!;
    Pool.free.set(m, this.header, this.#collected);
    Pool.taken.set(m, this.header, Pool.taken.get(m, this.header) + 1);
    if (this.#collected < Pool.lowest.get(m, this.header)) Pool.lowest.set(m, this.header, this.#collected);
    BufferEntry.state.set(m, handle, 1 | (owner << 16));
    BufferEntry.capacity.set(m, handle, 0);
    BufferEntry.context.set(m, handle, 0);
    return handle;
  }

  /**
   * Says which memory a place stands for: from now on its return is told.
   *
   * @param handle - what `take` returned
   * @param address - host offset of the first byte
   * @param capacity - bytes
   * @param contextLow - low 32 bits of what the driver shall be told
   * @param contextHigh - high 32 bits
   * @returns false when that is not all host memory: the driver is told at once, and the place stays empty
   */
  lend(handle: number, address: number, capacity: number, contextLow: number, contextHigh: number): boolean {
    if (capacity === 0 || address + capacity > hostBytes) {
      this.#returned(contextLow >>> 0, contextHigh >>> 0);
      return false;
    }
    const index = (handle - this.firstHandle) / BUFFER_WORDS;
    BufferEntry.address.set(m, handle, address);
    BufferEntry.capacity.set(m, handle, capacity);
    BufferEntry.context.set(m, handle, 1);
    this.#contexts[2 * index] = contextLow;
    this.#contexts[2 * index + 1] = contextHigh;
    return true;
  }

  /**
   * Tells the driver of every buffer that has come back since the last time.
   *
   * @returns how many there were
   */
  collect(): number {
    let told = 0;
    // A driver that is told may release others: the stack grows while it is walked.
    while (this.#collected < Pool.free.get(m, this.header)) {
      const handle = m[this.#stack + this.#collected]!;
      this.#collected++;
      if (BufferEntry.context.get(m, handle) === 0) continue;
      BufferEntry.context.set(m, handle, 0);
      const index = (handle - this.firstHandle) / BUFFER_WORDS;
      told++;
      this.#returned(this.#contexts[2 * index] ?? 0, this.#contexts[2 * index + 1] ?? 0);
    }
    return told;
  }

  /**
   * Asks for one call when the next buffer comes back.
   *
   * @param notify - called from inside the release: it may wake somebody who then collects
   */
  awaitBuffer(notify: () => void): void {
    setWaiter(this.header, notify);
  }

  /** @returns how many places are where */
  census(): PoolCensus {
    return censusOf(this);
  }

  /** @returns who holds lent buffers, the one with the most first */
  leaks(): readonly Leak[] {
    return leaksOf(this);
  }

  /**
   * Collects for the last time; the handles mean nothing any more.
   *
   * @throws BufferError `STILL_HELD`, naming who holds buffers; nothing is closed. `POOL_CLOSED` the second time
   */
  close(): void {
    if (this.#closed) throw new BufferError('POOL_CLOSED', `${this.name} was closed before`);
    this.collect();
    const out = this.count - this.#collected;
    if (out > 0) {
      throw new BufferError(
        'STILL_HELD',
        `${this.name}: ${String(out)} of ${String(this.count)} lent buffers are still held; by ${describeLeaks(this.leaks())}`,
      );
    }
    this.#closed = true;
    forgetWaiter(this.header);
    hostPages.free(this.#pages);
  }
}
