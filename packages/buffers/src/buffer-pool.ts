/*
 * A pool of equal buffers: a stack of free handles, a reference count for each buffer, and nothing on the data path that
 * allocates, searches or blocks. A pool belongs to one execution context; what others hold comes back through it.
 * Follows the index-stack pool of NetAdapterCx's buffer manager (reference netadaptercx §4.2).
 *
 * @hot
 */

import * as dma from '@netcx/dma';
import * as memory from '@netcx/dma/memory';
import * as errors from './buffer-error.ts';
import * as handles from './buffer-handle.ts';
import * as layouts from './buffer.ts';
import * as domains from './domain-number.ts';
import * as tables from './entry-table.ts';
import * as owners from './owner.ts';
import * as guarding from './pool-guard.ts';
import * as options from './pool-options.ts';
import type { BufferPoolOptions } from './pool-options.ts';
import * as reports from './pool-report.ts';
import type { Leak, PoolCensus, PoolStatistics } from './pool-report.ts';

const { i32: m } = memory;
const { BufferError } = errors;
const { BufferEntry, Pool, BUFFER_WORDS, NO_BUFFER, STATE_FREE } = layouts;
const { OWNER_PROTOCOL } = owners;
const { guardOf, PoolGuard } = guarding;
const { releaseBuffer, retainBuffer } = handles;
const { domainNumber } = domains;
const { hostPages, highWord, lowWord, PAGE_BYTES } = dma;
/** `state` of a free buffer of a checked pool. */
const CHECKED_FREE = 1 << 15;

/**
 * Bytes from one buffer to the next. Buffers whose distance is a multiple of 4096 fall on the same cache sets, which
 * costs 3 to 5 % of a receive path; one line more between them avoids it. A checked pool has a gap behind each.
 */
function strideOf(capacity: number, alignment: number, checked: boolean): number {
  const step = Math.max(alignment, 64);
  const stride = Math.ceil((capacity + (checked ? 64 : 0)) / step) * step;
  return stride % 1024 === 0 && alignment <= 64 ? stride + 64 : stride;
}

/**
 * Buffers of one size, ready for one device.
 *
 * @example
 * ```ts
 * const pool = new BufferPool({ name: 'rx 0', count: 512, capacity: 2048, enabler });
 * const buffer = pool.take(); // a handle with one reference, or NO_BUFFER
 * pool.addReference(buffer); // a second reader
 * pool.release(buffer);
 * pool.release(buffer); // the last reference: it is back
 * pool.close();
 * ```
 */
export class BufferPool {
  /** For messages and leak reports. */
  readonly name: string;
  /** Number of buffers. */
  readonly count: number;
  /** Bytes of each buffer, headroom included. */
  readonly capacity: number;
  /** Bytes at the front of each buffer that a NIC leaves alone. */
  readonly headroom: number;
  /** Bytes from one buffer to the next. */
  readonly stride: number;
  /** Whether it finds use after release; then no loop may skip `take`, `addReference` and `release`. */
  readonly checked: boolean;
  /** Word index of the pool's header in host memory. */
  readonly header: number;
  /** Word index of the stack of free handles. */
  readonly stack: number;
  /** Word index of the first buffer's entry: the lowest handle. */
  readonly firstHandle: number;
  readonly #pages: number;
  readonly #release: () => void;
  #closed = false;

  /**
   * @param wanted - size and count, and the device that shall reach the buffers
   * @throws BufferError for sizes that cannot be, or an enabler that is not of version 3; DmaError when memory or logical
   * addresses run out; nothing is kept then
   */
  constructor(wanted: BufferPoolOptions) {
    options.checkPoolOptions(wanted);
    const { name, count, capacity, headroom = 0, alignment = 64, checked = false } = wanted;
    this.name = name;
    this.count = count;
    this.capacity = capacity;
    this.headroom = headroom;
    this.checked = checked;
    this.stride = strideOf(capacity, alignment, checked);
    const table = tables.buildEntryTable(name, count, checked ? CHECKED_FREE : STATE_FREE);
    this.#pages = table.pages;
    this.header = table.header;
    this.stack = table.stack;
    this.firstHandle = table.firstHandle;
    try {
      this.#release = this.#allocate(wanted);
    } catch (error) {
      hostPages.free(this.#pages);
      throw error;
    }
    const now = wanted.now ?? (() => performance.now() * 1e6);
    const { stride, firstHandle } = this;
    if (checked) new PoolGuard(this.header, { name, count, capacity, firstHandle, stride, now });
  }

  /** Takes memory for all buffers, and says in the entries where they are; returns what gives it back. */
  #allocate({ name, enabler, maximumOffset, maximumAddress }: BufferPoolOptions): () => void {
    const size = this.count * this.stride;
    const page = { alignment: PAGE_BYTES, ...(maximumOffset === undefined ? {} : { maximumOffset }) };
    if (enabler === undefined) {
      const offset = hostPages.allocate(size, { ...page, owner: `${name}: buffers` });
      this.#fill(offset, 0, 0, 0);
      return () => {
        hostPages.free(offset);
      };
    }
    const reach = maximumAddress === undefined ? {} : { maximumAddress };
    const common = enabler.allocateCommonBuffer(size, { ...page, ...reach, purpose: `${name}: buffers` });
    this.#fill(common.offset, lowWord(common.address), highWord(common.address), domainNumber(enabler.domain));
    return () => {
      common.free();
    };
  }

  #fill(offset: number, low: number, high: number, domain: number): void {
    const { count, capacity, stride, firstHandle } = this;
    for (let index = 0; index < count; index++) {
      const handle = firstHandle + index * BUFFER_WORDS;
      BufferEntry.address.set(m, handle, offset + index * stride);
      BufferEntry.logicalLow.set(m, handle, low + index * stride);
      BufferEntry.logicalHigh.set(m, handle, high);
      BufferEntry.domain.set(m, handle, domain);
      BufferEntry.capacity.set(m, handle, capacity);
    }
  }

  /** Buffers in the pool now. */
  get free(): number {
    return Pool.free.get(m, this.header) | 0;
  }

  /** Buffers that somebody holds now. */
  get inUse(): number {
    return this.count - this.free;
  }

  /** Fewest buffers that were ever free. */
  get lowestFree(): number {
    return Pool.lowest.get(m, this.header) | 0;
  }

  /** Times that `take` found the pool empty. */
  get exhausted(): number {
    return Pool.exhausted.get(m, this.header);
  }

  /** Times that a buffer was taken, modulo 2^32. */
  get taken(): number {
    return Pool.taken.get(m, this.header);
  }

  /**
   * @param owner - who holds it from now on: an OWNER_* value, or what `defineOwner` returned
   * @returns a buffer with one reference, or `NO_BUFFER` when none is free
   * @throws BufferError `WRITTEN_AFTER_FREE`, in a checked pool; nothing was taken then
   */
  take(owner: number = OWNER_PROTOCOL): number {
    const free = Pool.free.get(m, this.header) | 0;
    if (free === 0) {
      Pool.exhausted.set(m, this.header, Pool.exhausted.get(m, this.header) + 1);
      return NO_BUFFER;
    }
    const handle = m[(this.stack + free - 1) | 0]!;
    if (this.checked) guardOf(this.header)?.take(handle, owner);
    Pool.free.set(m, this.header, free - 1);
    Pool.taken.set(m, this.header, Pool.taken.get(m, this.header) + 1);
    if (free - 1 < Pool.lowest.get(m, this.header)) Pool.lowest.set(m, this.header, free - 1);
    BufferEntry.state.set(m, handle, 1 | (this.checked ? CHECKED_FREE : 0) | (owner << 16));
    return handle;
  }

  /**
   * Another holder: the buffer comes back only once each has released it.
   *
   * @param handle - a buffer that is held
   * @throws BufferError `NOT_A_BUFFER` or `NOT_HELD`; `REFERENCES` when it has 32767 already
   */
  addReference(handle: number): void {
    this.#checkHeld(handle);
    retainBuffer(handle);
  }

  /**
   * Gives up one reference; the last one returns the buffer to the pool.
   *
   * @param handle - a buffer that is held
   * @throws BufferError `NOT_A_BUFFER` or `NOT_HELD`: it was released before, or never taken
   */
  release(handle: number): void {
    this.#checkHeld(handle);
    releaseBuffer(handle);
  }

  /**
   * Asks for one call when the next buffer comes back, whoever gives it back. A pool has one waiter: its queue.
   *
   * @param notify - called from inside the release, so it may wake somebody and do nothing else
   */
  awaitBuffer(notify: () => void): void {
    handles.setWaiter(this.header, notify);
  }

  /**
   * @param handle - a buffer
   * @returns host offset of its first byte
   * @throws BufferError `NOT_A_BUFFER`
   */
  address(handle: number): number {
    this.#checkHandle(handle);
    return BufferEntry.address.get(m, handle);
  }

  /**
   * @param handle - any number
   * @returns whether it is a buffer of this pool that somebody holds
   */
  isHeld(handle: number): boolean {
    return this.#owns(handle) && BufferEntry.references.get(m, handle) !== 0;
  }

  /** @returns how many buffers are where */
  census(): PoolCensus {
    return reports.censusOf(this);
  }

  /** @returns who holds buffers, how many, and since when where the pool is checked; the one with the most first */
  leaks(): readonly Leak[] {
    return reports.leaksOf(this);
  }

  /** @returns what the pool has been through */
  statistics(): PoolStatistics {
    const { count, free, inUse, taken, exhausted } = this;
    const returned = (taken - inUse) >>> 0;
    return {
      count,
      free,
      inUse,
      peakInUse: count - this.lowestFree,
      taken,
      returned,
      exhausted,
      bytes: count * this.stride,
    };
  }

  /**
   * Looks at every free buffer of a checked pool; nothing to do in another one.
   *
   * @throws BufferError `WRITTEN_AFTER_FREE` or `WRITTEN_BEYOND_END`, naming who held the buffer last; each mistake once
   */
  verify(): void {
    guardOf(this.header)?.verify();
  }

  /**
   * Unmaps the buffers and gives their memory back; the pool is gone, and its handles mean nothing any more.
   *
   * @throws BufferError `STILL_HELD`, naming who holds how many, unless every buffer is in the pool, or what `verify`
   * throws; nothing is freed. `POOL_CLOSED` the second time
   */
  close(): void {
    if (this.#closed) throw new BufferError('POOL_CLOSED', `${this.name} was closed before`);
    if (this.inUse > 0) {
      const { nic, protocol, transmit } = this.census();
      throw new BufferError(
        'STILL_HELD',
        `${this.name}: ${String(this.inUse)} of ${String(this.count)} buffers are still held (receive rings ${String(nic)}, protocol ${String(protocol)}, transmit rings ${String(transmit)}); by ${reports.describeLeaks(this.leaks())}`,
      );
    }
    this.verify();
    this.#closed = true;
    handles.forgetWaiter(this.header);
    PoolGuard.forget(this.header);
    this.#release();
    hostPages.free(this.#pages);
  }

  #owns(handle: number): boolean {
    const index = (handle - this.firstHandle) / BUFFER_WORDS;
    return Number.isInteger(index) && index >= 0 && index < this.count;
  }

  #checkHandle(handle: number): void {
    if (!this.#owns(handle)) {
      throw new BufferError('NOT_A_BUFFER', `${this.name}: ${String(handle)} is no buffer of this pool`);
    }
  }

  #checkHeld(handle: number): void {
    this.#checkHandle(handle);
    if (BufferEntry.references.get(m, handle) === 0) {
      throw new BufferError(
        'NOT_HELD',
        `${this.name}: buffer ${String(handle)} lies in the pool; it was released before, or never taken`,
      );
    }
  }
}
