/*
 * From a received frame's descriptors to those of the same frame to send. Both have the same shape and mean other things:
 * what was found of checksums is no wish to have them written, a tag that was taken out shall be put in again, and segments
 * that became one frame shall be segments again.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import type { Ring } from '@netcx/rings';
import * as frames from './frame-descriptor.ts';

const { i32: m } = memory;
const { FrameDescriptor } = frames;
/** The length and `more`, without the hash's type. */
const LENGTH_AND_MORE = 0x07ff_ffff;
/** Layer 4's type and the tag, without what was found of checksums. */
const TYPE_AND_TAG = 0xffff_003f | 0;

/**
 * Writes the descriptors of a received frame behind those that a protocol has written to send, its buffers included: they are
 * released when the frame was sent.
 *
 * @param from - the receive edge's ring
 * @param first - index of the frame's first descriptor there
 * @param to - the transmit edge's ring, which has room for the frame
 * @param at - index of the first one to write
 * @returns how many were written: the frame's parts
 * @example
 * ```ts
 * const parts = forwardFrame(receive.ring, receive.ring.beginIndex, transmit.ring, transmit.ring.endIndex);
 * receive.complete(parts);
 * transmit.submit(parts);
 * ```
 */
export function forwardFrame(from: Ring, first: number, to: Ring, at: number): number {
  const source = from.at(first);
  let length = 0;
  let parts = 0;
  let more = 1;
  while (more !== 0 && parts <= from.mask) {
    const d = from.at(first + parts);
    const e = to.at(at + parts);
    more = FrameDescriptor.more.get(m, d) | 0;
    length = (length + FrameDescriptor.length.get(m, d)) | 0;
    FrameDescriptor.address.set(m, e, FrameDescriptor.address.get(m, d));
    FrameDescriptor.lengthAndFlags.set(m, e, FrameDescriptor.lengthAndFlags.get(m, d) & LENGTH_AND_MORE);
    FrameDescriptor.buffer.set(m, e, FrameDescriptor.buffer.get(m, d));
    FrameDescriptor.layout.set(m, e, FrameDescriptor.layout.get(m, d));
    FrameDescriptor.layer4AndChecksum.set(m, e, FrameDescriptor.layer4AndChecksum.get(m, d) & TYPE_AND_TAG);
    FrameDescriptor.segmentation.set(m, e, 0);
    FrameDescriptor.hash.set(m, e, 0);
    FrameDescriptor.context.set(m, e, 0);
    parts = (parts + 1) | 0;
  }
  if (FrameDescriptor.coalesced.get(m, source) > 1)
    FrameDescriptor.segmentSize.set(m, to.at(at), segmentSize(source, length));
  return parts;
}

/** Bytes of payload in each segment but the last: as was said, or an even share of all where segments had any size. */
function segmentSize(d: number, length: number): number {
  const layer4 = FrameDescriptor.layer4HeaderLength.get(m, d) | 0;
  if (layer4 === 0) return 0; // nobody has found its headers, so nobody can cut it
  const headers = FrameDescriptor.layer2HeaderLength.get(m, d) + FrameDescriptor.layer3HeaderLength.get(m, d) + layer4;
  const payload = length - headers;
  const count = FrameDescriptor.coalesced.get(m, d);
  const said = FrameDescriptor.coalescedDetail.get(m, d);
  return (count - 1) * said < payload && payload <= count * said ? said : Math.ceil(payload / count);
}
