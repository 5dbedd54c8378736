/*
 * Frames for tests: bytes that tell where they belong, and descriptors for a transmit edge.
 */

import type { BufferPool } from '@netcx/buffers';
import { i32, u8 } from '@netcx/dma/memory';
import { FrameDescriptor, type TransmitEdge } from '../src/edge/index.ts';

/** One part of a frame, as its descriptor says it. */
export interface Part {
  readonly address: number;
  readonly length: number;
  readonly buffer?: number;
}

/** Bytes that differ from place to place and from seed to seed. */
export function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + (at >>> 8) * 17 + seed * 101) & 255);
}

/** Writes the descriptors of one frame behind what was written already; each carries its number as context. */
export function writeFrame(edge: TransmitEdge, written: number, context: number, parts: readonly Part[]): void {
  for (const [index, { address, length, buffer = 0 }] of parts.entries()) {
    const d = edge.ring.at(edge.ring.endIndex + written + index);
    i32.fill(0, d, d + edge.ring.stride);
    FrameDescriptor.address.set(i32, d, address);
    FrameDescriptor.length.set(i32, d, length);
    FrameDescriptor.more.set(i32, d, index + 1 < parts.length ? 1 : 0);
    FrameDescriptor.buffer.set(i32, d, buffer);
    FrameDescriptor.context.set(i32, d, context + index);
  }
}

/** Writes and submits one frame. */
export function submitFrame(edge: TransmitEdge, parts: readonly Part[], context = 0): void {
  writeFrame(edge, 0, context, parts);
  edge.submit(parts.length);
}

/** A buffer of a pool with bytes in it. */
export function filled(pool: BufferPool, bytes: Uint8Array, offset = 0): Part {
  const buffer = pool.take();
  const address = pool.address(buffer) + offset;
  u8.set(bytes, address);
  return { address, length: bytes.length, buffer };
}
