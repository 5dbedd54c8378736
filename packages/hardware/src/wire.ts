/*
 * The devices' own memory, on the far side of the bus: packet buffers and frames on their way. No DMA reaches it. In a
 * machine with memory of our own it is the top of the same WebAssembly memory, so that the copy kernel reaches both
 * sides; otherwise it is a block of its own. Hot modules re-bind these views as they re-bind those of the host memory.
 *
 * A frame here is a 16-byte header (`Frame`) followed by its bytes, without frame check sequence, and the next frame
 * starts at the next multiple of 8. A burst is some frames one behind the other.
 */

import { sumKernel as hostSumKernel, type Sum } from '@netcx/dma';
import { copy, copyByWords } from '@netcx/dma/copy';
import { buffer as hostBuffer, deviceMemory, hostBytes, u64 as host64, u8 as host8, wasm } from '@netcx/dma/memory';
import { defineStruct, u32 } from '@netcx/layout';

const SEPARATE_BYTES = 64 * 1024 * 1024;
const inside = wasm !== undefined && hostBuffer.byteLength > hostBytes;

/** The block: the host memory's own when the devices' part lies in it. */
export const buffer: ArrayBufferLike = inside ? hostBuffer : new SharedArrayBuffer(SEPARATE_BYTES);
/** Sums runs of bytes of the block (RFC 1071); `undefined` where WebAssembly does not reach it. */
export const sumKernel: Sum | undefined = inside ? hostSumKernel : undefined;
/** The block as signed 32-bit words. */
export const i32: Int32Array = new Int32Array(buffer);
/** The block as bytes. */
export const u8: Uint8Array = new Uint8Array(buffer);
/** The block as 64-bit words. */
export const u64: BigUint64Array = new BigUint64Array(buffer);

/** The header of a frame in device memory. */
// prettier-ignore
export const Frame = defineStruct('Frame', 16, {
  length: u32(0),  // bytes that follow the header
  status: u32(4),  // FRAME_* bits
});

/** Bytes of the header in front of each frame. */
export const FRAME_HEADER_BYTES = 16;
/** `status`: the frame check sequence is wrong. */
export const FRAME_BAD_FCS = 1;

/** Copies bytes between the two blocks, or within one: to, from, bytes. */
export type BlockCopy = (to: number, from: number, bytes: number) => void;

/** Copies between two different blocks: eight bytes at a time where both are aligned, else byte by byte. */
function between(to64: BigUint64Array, to8: Uint8Array, from64: BigUint64Array, from8: Uint8Array): BlockCopy {
  return (to, from, bytes) => {
    let done = 0;
    if (((to | from) & 7) === 0) {
      for (; done + 8 <= bytes; done += 8) to64[(to + done) >>> 3] = from64[(from + done) >>> 3]!;
    }
    for (; done < bytes; done++) to8[to + done] = from8[from + done]!;
  };
}

/** From device memory to host memory. */
export const copyToHost: BlockCopy = inside ? copy : between(host64, host8, u64, u8);
/** From host memory to device memory. */
export const copyFromHost: BlockCopy = inside ? copy : between(u64, u8, host64, host8);
/** Within device memory. */
export const copyWithinWire: BlockCopy = inside ? copy : between(u64, u8, u64, u8);
/** The slow, simple copy of this package's tests. */
export const copyByLoop: BlockCopy = inside ? copyByWords : between(u64, u8, u64, u8);

/** The part that is given out here: another worker may have the rest. */
const part = inside ? deviceMemory : { start: 64, end: buffer.byteLength };
let next = part.start;
/** Nothing from here on was ever given out: it is zero. */
let fresh = part.start;
const free = new Map<number, number[]>();
/** The sizes of pieces that are given out, by offset. */
const given = new Map<number, number>();
/** What the innermost `allOrNone` has seen given out: offsets. */
let watched: Set<number> | undefined;

/**
 * @returns bytes that are given out now: what whoever took them has not given back
 */
export const wireBytesTaken = (): number => [...given.values()].reduce((sum, size) => sum + size, 0);

/**
 * Device memory is given out by size and comes back by size: packet buffers come in few sizes and live long. Once all has
 * been given out, larger pieces that came back are split, and smaller ones that lie side by side are joined.
 *
 * @param bytes - how many; rounded up to a multiple of 64
 * @returns byte offset of zeroed memory in the block
 * @throws RangeError when the devices' memory is used up
 */
export function allocateWire(bytes: number): number {
  const size = (bytes + 63) & ~63;
  const again = free.get(size)?.pop() ?? (next + size > part.end ? (split(size) ?? joined(size)) : undefined);
  const offset = again ?? unused(size);
  const used = Math.min(offset + size, fresh);
  if (used > offset) u64.fill(0n, offset >>> 3, used >>> 3); // eight bytes at a time: shared memory is filled in a plain loop
  fresh = Math.max(fresh, offset + size);
  given.set(offset, size);
  watched?.add(offset);
  return offset;
}

/** Takes a piece from behind all that were given out. */
function unused(size: number): number {
  if (next + size > part.end) {
    throw new RangeError(
      `the devices' memory is used up: ${String(size)} bytes asked, ${String(part.end - next)} left; provide more (deviceBytes)`,
    );
  }
  const offset = next;
  next += size;
  return offset;
}

/** Takes a piece out of the smallest larger one that came back; `undefined` when there is none. */
function split(size: number): number | undefined {
  let best = Infinity;
  for (const [bytes, list] of free) if (bytes > size && bytes < best && list.length > 0) best = bytes;
  const offset = free.get(best)?.pop();
  if (offset !== undefined) keep(offset + size, best - size);
  return offset;
}

/** Joins all pieces that lie side by side, and looks again. */
function joined(size: number): number | undefined {
  const pieces = [...free].flatMap(([bytes, list]) => list.map((offset) => ({ offset, bytes })));
  free.clear();
  let start = 0;
  let end = 0;
  for (const { offset, bytes } of pieces.sort((one, other) => one.offset - other.offset)) {
    if (offset !== end) {
      if (end > start) keep(start, end - start);
      start = offset;
    }
    end = offset + bytes;
  }
  if (end === next) next = start;
  else if (end > start) keep(start, end - start);
  return next + size > part.end ? (free.get(size)?.pop() ?? split(size)) : undefined;
}

/**
 * @param offset - what `allocateWire` returned
 * @param bytes - the size it was asked for
 * @throws RangeError when no such piece is given out: it came back before, and somebody else may have it by now
 */
export function freeWire(offset: number, bytes: number): void {
  const size = (bytes + 63) & ~63;
  if (given.get(offset) !== size) {
    const there = given.get(offset) ?? 0;
    throw new RangeError(
      `devices' memory at ${String(offset)}: ${String(size)} bytes come back where ${String(there)} are given out`,
    );
  }
  given.delete(offset);
  watched?.delete(offset);
  keep(offset, size);
}

/**
 * Makes what takes several pieces of device memory, such as a chip of many parts: all of them, or none.
 *
 * @param make - takes them, at once: nothing is watched behind a promise
 * @returns what it makes, whose pieces are its own
 * @throws what `make` throws, after whatever it has taken and not given back is free again, the last piece first
 */
export function allOrNone<T>(make: () => T): T {
  const outer = watched;
  const pieces = (watched = new Set<number>());
  try {
    const made = make();
    for (const offset of pieces) outer?.add(offset);
    return made;
  } catch (error) {
    for (const offset of [...pieces].reverse()) freeWire(offset, given.get(offset) ?? 0);
    throw error;
  } finally {
    watched = outer;
  }
}

/** Puts a piece where the next one who asks for its size finds it. */
function keep(offset: number, size: number): void {
  const list = free.get(size);
  if (list === undefined) free.set(size, [offset]);
  else list.push(offset);
}
