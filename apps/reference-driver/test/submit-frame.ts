/*
 * How tests send a frame: copied into buffers of the queue's own, in as many parts as they like, with wishes.
 */

import { FrameDescriptor, type TransmitEdge } from '@netcx/adapter/edge';
import { i32, u8 } from '@netcx/dma/memory';

/** What a frame asks for besides being sent. */
export interface Wishes {
  readonly layout?: number;
  readonly layer4Type?: number;
  readonly checksum?: number;
  /** Bytes of payload in each segment. */
  readonly segmentSize?: number;
  /** A tag to insert: priority and VLAN as on the wire. */
  readonly tag?: number;
  readonly queue?: number;
  /** Bytes of each part; one part when left out. */
  readonly parts?: readonly number[];
}

/**
 * @param at - word index of a frame descriptor, all zero but for what it says of bytes
 * @param wishes - what the frame asks for
 */
export function describeFrame(at: number, wishes: Wishes): void {
  FrameDescriptor.layout.set(i32, at, wishes.layout ?? 0);
  FrameDescriptor.layer4Type.set(i32, at, wishes.layer4Type ?? 0);
  FrameDescriptor.checksum.set(i32, at, wishes.checksum ?? 0);
  FrameDescriptor.segmentSize.set(i32, at, wishes.segmentSize ?? 0);
  if (wishes.tag === undefined) return;
  FrameDescriptor.tagging.set(i32, at, 3);
  FrameDescriptor.tag.set(i32, at, wishes.tag);
}

/**
 * Submits one frame if there is room for it.
 *
 * @param edge - the transmit queue's
 * @param bytes - the frame
 * @param wishes - what it asks for; its queue is not looked at here
 * @returns descriptors that were submitted; 0 without room
 */
export function submitFrame(edge: TransmitEdge, bytes: Uint8Array, wishes: Wishes): number {
  const { parts = [bytes.length] } = wishes;
  const { ring, pool } = edge;
  if (edge.room < parts.length || pool.free < parts.length) return 0;
  let done = 0;
  parts.forEach((length, index) => {
    const buffer = pool.take();
    const address = pool.address(buffer);
    u8.set(bytes.subarray(done, done + length), address);
    const at = ring.at(ring.endIndex + index);
    i32.fill(0, at, at + ring.stride);
    FrameDescriptor.address.set(i32, at, address);
    FrameDescriptor.length.set(i32, at, length);
    FrameDescriptor.buffer.set(i32, at, buffer);
    FrameDescriptor.more.set(i32, at, index + 1 < parts.length ? 1 : 0);
    describeFrame(at, wishes);
    done += length;
  });
  edge.submit(parts.length);
  return parts.length;
}
