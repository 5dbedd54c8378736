/*
 * What a checked pool knows beyond a plain one: since when who holds each buffer, and whether anybody wrote to one that lies
 * in the pool, or past a buffer's end. Free buffers are filled with one byte and the gaps between buffers with another
 * (reference netadaptercx §4.2 has both); what is found damaged is healed, so each mistake is reported once.
 */

import { i32 as m, u8 } from '@netcx/dma/memory';
import { BUFFER_WORDS, BufferEntry } from './buffer.ts';
import { BufferError } from './buffer-error.ts';
import { ownerName } from './owner.ts';

/** What every byte of a buffer in its pool is. */
const FREED = 0xbd;
/** What every byte between two buffers is. */
const PADDING = 0xca;
/** Mistakes that are remembered until somebody asks. */
const REMEMBERED = 64;

/** What a guard must know of its pool. */
export interface GuardedPool {
  readonly name: string;
  readonly count: number;
  readonly capacity: number;
  readonly firstHandle: number;
  /** Bytes from one buffer to the next. */
  readonly stride: number;
  readonly now: () => number;
}

const guards = new Map<number, PoolGuard>();

/**
 * @param header - word index of a pool's header
 * @returns its guard, if it is checked
 */
export const guardOf = (header: number): PoolGuard | undefined => guards.get(header);

/** Watches one pool. */
export class PoolGuard {
  readonly #pool: GuardedPool;
  readonly #since: Float64Array;
  readonly #lastOwner: Uint16Array;
  readonly #mistakes: BufferError[] = [];

  /**
   * @param header - word index of the pool's header
   * @param pool - the pool, all of whose buffers are free
   */
  constructor(header: number, pool: GuardedPool) {
    this.#pool = pool;
    this.#since = new Float64Array(pool.count).fill(pool.now());
    this.#lastOwner = new Uint16Array(pool.count);
    for (let index = 0; index < pool.count; index++) {
      const start = BufferEntry.address.get(m, this.#handle(index));
      fill(start, start + pool.capacity, FREED);
      fill(start + pool.capacity, start + pool.stride, PADDING);
    }
    guards.set(header, this);
  }

  /**
   * The pool is gone.
   *
   * @param header - word index of its header
   */
  static forget(header: number): void {
    guards.delete(header);
  }

  /**
   * @param handle - a buffer of the pool
   * @returns when it was taken last, handed on, or released, in nanoseconds
   */
  since(handle: number): number {
    return this.#since[this.#index(handle)] ?? NaN;
  }

  /**
   * A buffer goes out.
   *
   * @param handle - the buffer, which is free still
   * @param owner - who takes it
   * @throws BufferError `WRITTEN_AFTER_FREE` when somebody wrote to it meanwhile; it is healed, and stays in the pool
   */
  take(handle: number, owner: number): void {
    const damage = this.#damage(handle);
    if (damage !== undefined) throw damage;
    this.handOver(handle, owner);
  }

  /**
   * A buffer that is held goes from one holder to another.
   *
   * @param handle - the buffer
   * @param owner - who has it from now on
   */
  handOver(handle: number, owner: number): void {
    this.#since[this.#index(handle)] = this.#pool.now();
    this.#lastOwner[this.#index(handle)] = owner;
  }

  /**
   * The last reference is gone: what is past the buffer's end is looked at, and its bytes are spoilt, so that whoever reads
   * on reads nonsense.
   *
   * @param handle - the buffer
   */
  release(handle: number): void {
    const { capacity, stride } = this.#pool;
    const start = BufferEntry.address.get(m, handle);
    const at = firstOther(start + capacity, start + stride, PADDING);
    if (at >= 0) this.#remember('WRITTEN_BEYOND_END', handle, `byte ${String(at - start)} of ${String(capacity)}`);
    fill(start + capacity, start + stride, PADDING);
    fill(start, start + capacity, FREED);
    this.#since[this.#index(handle)] = this.#pool.now();
  }

  /**
   * Looks at every free buffer, and throws the oldest mistake that nobody was told of.
   *
   * @throws BufferError `WRITTEN_AFTER_FREE` or `WRITTEN_BEYOND_END`
   */
  verify(): void {
    for (let index = 0; index < this.#pool.count; index++) {
      const handle = this.#handle(index);
      if (BufferEntry.references.get(m, handle) !== 0) continue;
      const damage = this.#damage(handle);
      if (damage !== undefined && this.#mistakes.length < REMEMBERED) this.#mistakes.push(damage);
    }
    const first = this.#mistakes.shift();
    if (first !== undefined) throw first;
  }

  /** What was written to a free buffer; it is healed. */
  #damage(handle: number): BufferError | undefined {
    const start = BufferEntry.address.get(m, handle);
    const end = start + this.#pool.capacity;
    const at = firstOther(start, end, FREED);
    if (at < 0) return undefined;
    fill(start, end, FREED);
    return this.#mistake('WRITTEN_AFTER_FREE', handle, `byte ${String(at - start)}`);
  }

  #remember(code: 'WRITTEN_BEYOND_END', handle: number, where: string): void {
    if (this.#mistakes.length < REMEMBERED) this.#mistakes.push(this.#mistake(code, handle, where));
  }

  #mistake(code: 'WRITTEN_AFTER_FREE' | 'WRITTEN_BEYOND_END', handle: number, where: string): BufferError {
    const index = this.#index(handle);
    const who = ownerName(this.#lastOwner[index] ?? 0);
    const what = code === 'WRITTEN_AFTER_FREE' ? 'was written to after it was released' : 'was written to past its end';
    return new BufferError(
      code,
      `${this.#pool.name}: buffer ${String(handle)} ${what}, at ${where}; held last by: ${who}, until or since ${String(this.#since[index])} ns`,
    );
  }

  #index(handle: number): number {
    return (handle - this.#pool.firstHandle) / BUFFER_WORDS;
  }

  #handle(index: number): number {
    return this.#pool.firstHandle + index * BUFFER_WORDS;
  }
}

/** Makes every byte from `start` to `end` this one. By words, as below: shared memory is filled in a plain loop. */
function fill(start: number, end: number, byte: number): void {
  const first = Math.min((start + 3) & ~3, end);
  const last = Math.max(end & ~3, first);
  u8.fill(byte, start, first);
  m.fill(byte * 0x0101_0101, first >>> 2, last >>> 2);
  u8.fill(byte, last, end);
}

/** The first byte from `start` to `end` that is another one; -1 when there is none. By words: every buffer passes here twice. */
function firstOther(start: number, end: number, byte: number): number {
  const word = byte * 0x0101_0101;
  let at = start;
  while (at < end && (at & 3) !== 0 && u8[at] === byte) at++;
  if ((at & 3) === 0) while (at + 4 <= end && m[at >>> 2] === (word | 0)) at += 4;
  while (at < end && u8[at] === byte) at++;
  return at < end ? at : -1;
}
