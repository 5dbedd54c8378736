/*
 * Owns: the loops over descriptors of an edge's ring: a frame's parts become pieces of memory for Linux, their buffers go back, a
 * descriptor is cleared.
 * Invariant: no byte of them is copied, and nothing is allocated.
 *
 * @hot
 */
import * as edges from '@netcx/adapter/edge';
import type { ReceiveEdge } from '@netcx/adapter/edge';
import * as memory from '@netcx/dma/memory';
import type { PieceMemory, Pieces } from '@netcx/tap';

const { i32: m } = memory;
const { FrameDescriptor, FRAME_DESCRIPTOR_BYTES } = edges;
const DESCRIPTOR_WORDS = FRAME_DESCRIPTOR_BYTES / 4;

/** What of a receive edge frames are taken from. */
export type ReceivedFrames = Pick<ReceiveEdge, 'id' | 'ring' | 'release' | 'complete'>;

/**
 * @param edge - where a frame has come in
 * @param first - its first descriptor
 * @param most - descriptors there, the frame's all among them
 * @param pieces - takes its parts; of more than fit, the first
 * @param host - host memory
 * @returns how many descriptors it has
 */
export function gatherParts(
  edge: ReceivedFrames,
  first: number,
  most: number,
  pieces: Pieces,
  host: PieceMemory,
): number {
  const { ring } = edge;
  const room = (pieces.most - pieces.count) | 0;
  let parts = 0;
  let more = 1;
  while (more !== 0 && parts < most) {
    const d = ring.at((first + parts) | 0) | 0;
    // A frame of more parts than fit is cut, which its length gives away to Linux.
    if (parts < room) pieces.add(host, FrameDescriptor.address.get(m, d), FrameDescriptor.length.get(m, d));
    more = FrameDescriptor.more.get(m, d);
    parts = (parts + 1) | 0;
  }
  return parts;
}

/**
 * Gives a frame's buffers back.
 *
 * @param edge - where it came in
 * @param first - its first descriptor
 * @param parts - how many it has
 */
export function releaseParts(edge: ReceivedFrames, first: number, parts: number): void {
  const { ring } = edge;
  for (let part = 0; part < parts; part = (part + 1) | 0)
    edge.release(FrameDescriptor.buffer.get(m, ring.at((first + part) | 0) | 0));
}

/**
 * @param d - word index of a descriptor that is about to be written: it says nothing from here on
 */
export function clearDescriptor(d: number): void {
  for (let word = 0; word < DESCRIPTOR_WORDS; word = (word + 1) | 0) m[(d + word) | 0] = 0;
}
