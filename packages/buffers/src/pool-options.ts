/*
 * What a pool shall be, and whether it can: sizes are checked before anything is allocated.
 */

import { PAGE_BYTES, type DmaEnabler } from '@netcx/dma';
import { BufferError } from './buffer-error.ts';

/**
 * What a pool shall be.
 *
 * @example
 * ```ts
 * const options: BufferPoolOptions = { name: 'rx 0', count: 512, capacity: 2048, enabler, checked: true };
 * ```
 */
export interface BufferPoolOptions {
  /** For messages and leak reports. */
  readonly name: string;
  /** Number of buffers, 1 to 2^20. */
  readonly count: number;
  /** Bytes of each buffer, headroom included, 64 to 2^26 - 1. */
  readonly capacity: number;
  /** Bytes at the front of each buffer that a NIC leaves alone, so that a protocol can put headers there; 0 when left out. */
  readonly headroom?: number;
  /** Alignment of each buffer's first byte, a power of two from 8 to 4096; 64 when left out. */
  readonly alignment?: number;
  /** Maps the buffers for a device; without one they are memory that no device reaches. */
  readonly enabler?: DmaEnabler;
  /** Highest host offset, for protocols that reach only a part of memory; no limit when left out. */
  readonly maximumOffset?: number;
  /** Highest logical address that the device reaches; what the enabler's width allows when left out. */
  readonly maximumAddress?: number;
  /**
   * Finds who writes to a buffer after it was released or past its end, and since when who holds it; false when left out.
   * Costs a look at every byte each time that a buffer is taken: for tests, not for speed.
   */
  readonly checked?: boolean;
  /** Time for a checked pool's reports, in nanoseconds; the process's when left out. */
  readonly now?: () => number;
}

/** The longest buffer that a fragment can say, and one more. */
const CAPACITY_LIMIT = 2 ** 26;

/**
 * @param options - what a pool shall be
 * @throws BufferError `DMA_VERSION`, `POOL_SIZE`, `BUFFER_SIZE` or `BUFFER_ALIGNMENT` for what no pool can be
 */
export function checkPoolOptions(options: BufferPoolOptions): void {
  const { name, count, capacity, headroom = 0, alignment = 64, enabler } = options;
  if (enabler !== undefined && enabler.version !== 3) {
    throw new BufferError('DMA_VERSION', `${name}: the DMA enabler has version ${String(enabler.version)}; expected 3`);
  }
  if (!Number.isInteger(count) || count < 1 || count > 2 ** 20) {
    throw new BufferError('POOL_SIZE', `${name}: ${String(count)} buffers; expected 1 to 2^20`);
  }
  if (!Number.isInteger(capacity) || capacity < 64 || capacity >= CAPACITY_LIMIT) {
    throw new BufferError('BUFFER_SIZE', `${name}: buffers of ${String(capacity)} bytes; expected 64 to 2^26 - 1`);
  }
  if (!Number.isInteger(headroom) || headroom < 0 || headroom > capacity - 64) {
    throw new BufferError(
      'BUFFER_SIZE',
      `${name}: a headroom of ${String(headroom)} bytes in buffers of ${String(capacity)}; expected to leave 64 or more`,
    );
  }
  if (!Number.isInteger(alignment) || alignment < 8 || alignment > PAGE_BYTES || (alignment & (alignment - 1)) !== 0) {
    throw new BufferError(
      'BUFFER_ALIGNMENT',
      `${name}: an alignment of ${String(alignment)}; expected a power of two from 8 to ${String(PAGE_BYTES)}`,
    );
  }
}
