/*
 * A pool of equal buffers: a stack of free handles, a reference count for each buffer, and nothing on the data path that
 * allocates, searches or blocks. A pool belongs to one execution context; what others hold comes back through it.
 * Follows the index-stack pool of NetAdapterCx's buffer manager (reference netadaptercx §4.2).
 *
 * @hot
 */

import type { DmaEnabler } from '@netcx/dma';
import * as dma from '@netcx/dma';
import * as memory from '@netcx/dma/memory';
import * as errors from './buffer-error.ts';
import * as layouts from './buffer.ts';
import * as domains from './domain-number.ts';

const { i32: m, u8 } = memory;
const { BufferError } = errors;
const { BufferEntry, Pool, BUFFER_WORDS, POOL_WORDS, NO_BUFFER, OWNER_POOL, OWNER_PROTOCOL } = layouts;
const { hostPages, highWord, lowWord, PAGE_BYTES } = dma;

/** Who is called when a buffer comes back to a pool that somebody waits for, by the pool's header. */
const waiters = new Map<number, () => void>();

/** What a pool shall be. */
export interface BufferPoolOptions {
  /** For messages and leak reports. */
  readonly name: string;
  /** Number of buffers, 1 to 2^20. */
  readonly count: number;
  /** Bytes of each buffer, 64 to 2^26 - 1. */
  readonly capacity: number;
  /** Alignment of each buffer's first byte, a power of two from 8 to 4096; 64 when left out. */
  readonly alignment?: number;
  /** Maps the buffers for a device; without one they are memory that no device reaches. */
  readonly enabler?: DmaEnabler;
  /** Highest host offset that the device reaches; no limit when left out. */
  readonly maximumOffset?: number;
}

/** Who holds how many buffers of a pool. */
export interface PoolCensus {
  /** Buffers in all. */
  readonly count: number;
  /** In the pool. */
  readonly free: number;
  /** Attached to receive rings. */
  readonly nic: number;
  /** With the protocol above. */
  readonly protocol: number;
  /** In transmit rings. */
  readonly transmit: number;
}

/**
 * Bytes from one buffer to the next. Buffers whose distance is a multiple of 4096 fall on the same cache sets, which
 * costs 3 to 5 % of a receive path; one line more between them avoids it.
 */
function strideOf(capacity: number, alignment: number): number {
  const step = Math.max(alignment, 64);
  const stride = Math.ceil(capacity / step) * step;
  return stride % 1024 === 0 && alignment <= 64 ? stride + 64 : stride;
}

/** Buffers of one size, ready for one device. */
export class BufferPool {
  /** For messages and leak reports. */
  readonly name: string;
  /** Number of buffers. */
  readonly count: number;
  /** Bytes of each buffer. */
  readonly capacity: number;
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
   * @param options - size and count, and the device that shall reach the buffers
   * @throws BufferError for sizes that cannot be, or an enabler that is not of version 3; DmaError when memory or logical
   * addresses run out; nothing is kept then
   */
  constructor(options: BufferPoolOptions) {
    const { name, count, capacity, alignment = 64, enabler, maximumOffset } = options;
    check(options, alignment);
    const stride = strideOf(capacity, alignment);
    this.name = name;
    this.count = count;
    this.capacity = capacity;
    this.#pages = hostPages.allocate((POOL_WORDS + count + count * BUFFER_WORDS) * 4 + 64, { owner: `${name}: pool` });
    this.header = this.#pages >>> 2;
    this.stack = this.header + POOL_WORDS;
    this.firstHandle = (this.stack + count + 15) & ~15;
    const limit = maximumOffset === undefined ? {} : { maximumOffset };
    const size = count * stride;
    const page = { alignment: PAGE_BYTES, ...limit };
    try {
      if (enabler === undefined) {
        const offset = hostPages.allocate(size, { ...page, owner: `${name}: buffers` });
        this.#release = () => {
          hostPages.free(offset);
        };
        this.#fill(stride, offset, 0, 0, 0);
      } else {
        const common = enabler.allocateCommonBuffer(size, { ...page, purpose: `${name}: buffers` });
        this.#release = () => {
          common.free();
        };
        this.#fill(
          stride,
          common.offset,
          lowWord(common.address),
          highWord(common.address),
          domains.domainNumber(enabler.domain),
        );
      }
    } catch (error) {
      hostPages.free(this.#pages);
      throw error;
    }
  }

  #fill(stride: number, offset: number, low: number, high: number, domain: number): void {
    const { count, capacity, header, stack, firstHandle } = this;
    for (let index = 0; index < count; index++) {
      const handle = firstHandle + index * BUFFER_WORDS;
      BufferEntry.pool.set(m, handle, header);
      BufferEntry.address.set(m, handle, offset + index * stride);
      BufferEntry.logicalLow.set(m, handle, low + index * stride);
      BufferEntry.logicalHigh.set(m, handle, high);
      BufferEntry.domain.set(m, handle, domain);
      BufferEntry.capacity.set(m, handle, capacity);
      m[stack + count - 1 - index] = handle; // the first buffer lies on top
    }
    Pool.free.set(m, header, count);
    Pool.count.set(m, header, count);
    Pool.lowest.set(m, header, count);
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
   * @param owner - who holds it from now on: an OWNER_* value
   * @returns a buffer with one reference, or `NO_BUFFER` when none is free
   */
  take(owner: number = OWNER_PROTOCOL): number {
    const free = Pool.free.get(m, this.header) | 0;
    if (free === 0) {
      Pool.exhausted.set(m, this.header, Pool.exhausted.get(m, this.header) + 1);
      return NO_BUFFER;
    }
    const handle = m[(this.stack + free - 1) | 0]!;
    Pool.free.set(m, this.header, free - 1);
    Pool.taken.set(m, this.header, Pool.taken.get(m, this.header) + 1);
    if (free - 1 < Pool.lowest.get(m, this.header)) Pool.lowest.set(m, this.header, free - 1);
    BufferEntry.references.set(m, handle, 1);
    BufferEntry.owner.set(m, handle, owner);
    return handle;
  }

  /**
   * Another holder: the buffer comes back only once each has released it.
   *
   * @param handle - a buffer that is held
   * @throws BufferError `NOT_A_BUFFER` or `NOT_HELD`
   */
  addReference(handle: number): void {
    this.#checkHeld(handle);
    BufferEntry.references.set(m, handle, BufferEntry.references.get(m, handle) + 1);
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
    waiters.set(this.header, notify);
    Pool.waiting.set(m, this.header, 1);
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
   * @returns how many buffers are where
   */
  census(): PoolCensus {
    const held = [0, 0, 0, 0];
    for (let index = 0; index < this.count; index++) {
      const owner = BufferEntry.owner.get(m, this.firstHandle + index * BUFFER_WORDS);
      held[owner] = (held[owner] ?? 0) + 1;
    }
    const [free = 0, nic = 0, protocol = 0, transmit = 0] = held;
    return { count: this.count, free, nic, protocol, transmit };
  }

  /**
   * Unmaps the buffers and gives their memory back; the pool is gone, and its handles mean nothing any more.
   *
   * @throws BufferError `STILL_HELD`, naming who holds how many, unless every buffer is in the pool; nothing is freed.
   * `POOL_CLOSED` the second time
   */
  close(): void {
    if (this.#closed) throw new BufferError('POOL_CLOSED', `${this.name} was closed before`);
    if (this.inUse > 0) {
      const { nic, protocol, transmit } = this.census();
      throw new BufferError(
        'STILL_HELD',
        `${this.name}: ${String(this.inUse)} of ${String(this.count)} buffers are still held (receive rings ${String(nic)}, protocol ${String(protocol)}, transmit rings ${String(transmit)})`,
      );
    }
    this.#closed = true;
    waiters.delete(this.header);
    this.#release();
    hostPages.free(this.#pages);
  }

  #checkHandle(handle: number): void {
    const index = (handle - this.firstHandle) / BUFFER_WORDS;
    if (!Number.isInteger(index) || index < 0 || index >= this.count) {
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

/**
 * Gives up one reference to a buffer of any pool; the last one returns it. The handle is not checked: this is the
 * framework's own way, for handles that it put where it found them.
 *
 * @param handle - a buffer that is held
 */
export function releaseBuffer(handle: number): void {
  const references = (BufferEntry.references.get(m, handle) - 1) | 0;
  BufferEntry.references.set(m, handle, references);
  if (references !== 0) return;
  const pool = BufferEntry.pool.get(m, handle) | 0;
  const free = Pool.free.get(m, pool) | 0;
  m[(pool + POOL_WORDS + free) | 0] = handle;
  Pool.free.set(m, pool, free + 1);
  BufferEntry.owner.set(m, handle, OWNER_POOL);
  if (Pool.waiting.get(m, pool) !== 0) wakeWaiter(pool);
}

/**
 * Calls whoever waits for a buffer of a pool, once: for loops that give buffers back by themselves.
 *
 * @param pool - word index of the pool's header, whose `waiting` is set
 */
function wakeWaiter(pool: number): void {
  Pool.waiting.set(m, pool, 0);
  waiters.get(pool)?.();
}

/**
 * For a loop that puts many buffers back into one pool: writes the pool's stack pointer back, and wakes who waits.
 *
 * @param pool - word index of the pool's header
 * @param free - buffers on its stack now
 */
export function settleFree(pool: number, free: number): void {
  Pool.free.set(m, pool, free);
  if (Pool.waiting.get(m, pool) !== 0) wakeWaiter(pool);
}

/**
 * @param handle - a buffer
 * @returns its bytes in host memory; a new view each time, so not for the data path
 */
export function bufferBytes(handle: number): Uint8Array {
  const address = BufferEntry.address.get(m, handle);
  return u8.subarray(address, address + BufferEntry.capacity.get(m, handle));
}

function check(options: BufferPoolOptions, alignment: number): void {
  const { name, count, capacity, enabler } = options;
  if (enabler !== undefined && enabler.version !== 3) {
    throw new BufferError('DMA_VERSION', `${name}: the DMA enabler has version ${String(enabler.version)}; expected 3`);
  }
  if (!Number.isInteger(count) || count < 1 || count > 2 ** 20) {
    throw new BufferError('POOL_SIZE', `${name}: ${String(count)} buffers; expected 1 to 2^20`);
  }
  if (!Number.isInteger(capacity) || capacity < 64 || capacity >= 2 ** 26) {
    throw new BufferError('BUFFER_SIZE', `${name}: buffers of ${String(capacity)} bytes; expected 64 to 2^26 - 1`);
  }
  if (!Number.isInteger(alignment) || alignment < 8 || alignment > PAGE_BYTES || (alignment & (alignment - 1)) !== 0) {
    throw new BufferError(
      'BUFFER_ALIGNMENT',
      `${name}: an alignment of ${String(alignment)}; expected a power of two from 8 to ${String(PAGE_BYTES)}`,
    );
  }
}
