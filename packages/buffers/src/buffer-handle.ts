/*
 * What can be done with a handle alone, whichever pool it is of: give it back, hand it on, look at its bytes. Handles are
 * not checked here: these are the framework's own ways, for handles that it put where it found them.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as errors from './buffer-error.ts';
import * as layouts from './buffer.ts';
import * as guarding from './pool-guard.ts';

const { i32: m, u8 } = memory;
const { BufferError } = errors;
const { BufferEntry, Pool, POOL_WORDS } = layouts;
const { guardOf } = guarding;
/** The reference count in `state`, and what it becomes when one too many goes. */
const REFERENCES = 0x7fff;
/** `checked` in `state`. */
const CHECKED = 1 << 15;

/** Who is called when a buffer comes back to a pool that somebody waits for, by the pool's header. */
const waiters = new Map<number, () => void>();

/**
 * Gives up one reference to a buffer of any pool; the last one returns it.
 *
 * @param handle - a buffer that is held
 * @throws BufferError `NOT_HELD` when it was released before; nothing changes
 * @example
 * ```ts
 * releaseBuffer(FrameDescriptor.buffer.get(i32, descriptor)); // whichever adapter received it
 * ```
 */
export function releaseBuffer(handle: number): void {
  const state = (BufferEntry.state.get(m, handle) - 1) | 0;
  if ((state & REFERENCES) !== 0) {
    if ((state & REFERENCES) === REFERENCES) releasedTwice(handle);
    BufferEntry.state.set(m, handle, state);
    return;
  }
  const pool = BufferEntry.pool.get(m, handle) | 0;
  if ((state & CHECKED) !== 0) guardOf(pool)?.release(handle);
  const free = Pool.free.get(m, pool) | 0;
  m[(pool + POOL_WORDS + free) | 0] = handle;
  Pool.free.set(m, pool, free + 1);
  BufferEntry.state.set(m, handle, state & CHECKED);
  if (Pool.waiting.get(m, pool) !== 0) wakeWaiter(pool);
}

function releasedTwice(handle: number): never {
  throw new BufferError(
    'NOT_HELD',
    `buffer ${String(handle)} lies in its pool; it was released before, or never taken`,
  );
}

/**
 * For a loop that puts many buffers back into one pool: writes the pool's stack pointer back, and wakes who waits.
 *
 * @param pool - word index of the pool's header
 * @param free - buffers on its stack now
 * @example
 * ```ts
 * BufferEntry.state.set(m, buffer, STATE_FREE);
 * m[pool + POOL_WORDS + free] = buffer;
 * settleFree(pool, free + 1);
 * ```
 */
export function settleFree(pool: number, free: number): void {
  Pool.free.set(m, pool, free);
  if (Pool.waiting.get(m, pool) !== 0) wakeWaiter(pool);
}

/**
 * Says who is called, once, when the next buffer comes back to a pool.
 *
 * @param pool - word index of the pool's header
 * @param notify - called from inside the release
 */
export function setWaiter(pool: number, notify: () => void): void {
  waiters.set(pool, notify);
  Pool.waiting.set(m, pool, 1);
}

/**
 * The pool is gone: nobody waits for it any more.
 *
 * @param pool - word index of its header
 */
export function forgetWaiter(pool: number): void {
  waiters.delete(pool);
}

/** Calls whoever waits for a buffer of a pool, once. */
function wakeWaiter(pool: number): void {
  Pool.waiting.set(m, pool, 0);
  waiters.get(pool)?.();
}

/**
 * Another reference to a buffer that the caller knows to be held.
 *
 * @param handle - a buffer that is held
 * @throws BufferError `REFERENCES` when it has 32767 already
 * @example
 * ```ts
 * retainBuffer(FrameDescriptor.buffer.get(i32, descriptor)); // another protocol shall see the frame, too
 * ```
 */
export function retainBuffer(handle: number): void {
  if (BufferEntry.references.get(m, handle) === REFERENCES)
    throw new BufferError('REFERENCES', `buffer ${String(handle)} has ${String(REFERENCES)} holders`);
  BufferEntry.state.set(m, handle, BufferEntry.state.get(m, handle) + 1);
}

/**
 * Says who holds a buffer from now on, for reports.
 *
 * @param handle - a buffer that is held
 * @param owner - an OWNER_* value, or what `defineOwner` returned
 * @example
 * ```ts
 * handOver(buffer, defineOwner('bridge'));
 * ```
 */
export function handOver(handle: number, owner: number): void {
  BufferEntry.owner.set(m, handle, owner);
  if (BufferEntry.checked.get(m, handle) !== 0) guardOf(BufferEntry.pool.get(m, handle))?.handOver(handle, owner);
}

/**
 * @param handle - a buffer
 * @returns its bytes in host memory; a new view each time, so not for the data path
 * @example
 * ```ts
 * bufferBytes(buffer).set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
 * ```
 */
export function bufferBytes(handle: number): Uint8Array {
  const address = BufferEntry.address.get(m, handle);
  return u8.subarray(address, address + BufferEntry.capacity.get(m, handle));
}
