/*
 * The straight line of segmentation: segments of one packet that are all alike, from headers that are made once and payload
 * in plain sight. What differs from one to the next are an identification, a sequence number, and checksums, whose sums
 * over everything else are known.
 *
 * @hot
 */

import * as wire from '@netcx/hardware/wire';
import * as layout from '@netcx/layout';
import * as sums from './internet-sum.ts';

const { i32: w, copyFromHost, copyWithinWire, Frame, FRAME_HEADER_BYTES } = wire;
const { defineStruct, u32 } = layout;
const { fold, internetSum, putWord16 } = sums;

/** Bytes of it. */
export const SEGMENT_ROW_BYTES = 64;
/** What the line works with, in device memory. Places are counted from a frame's first byte; 0: there is no such field. */
// prettier-ignore
const RowFields = defineStruct('SegmentRow', SEGMENT_ROW_BYTES, {
  at:                u32(0),  // byte offset of the next frame's header; moved on
  headers:           u32(4),  // byte offset of the headers that each segment has, without what differs
  headerBytes:       u32(8),  // 16 at least
  size:              u32(12), // bytes of payload in each segment, 1 at least
  pieces:            u32(16), // byte offset of the list of pieces that payload is taken from
  identificationAt:  u32(20), // of IPv4
  identification:    u32(24), // the next one; moved on
  headerChecksumAt:  u32(28), // of IPv4; 0 where there is no identification, too
  headerSum:         u32(32), // of its header without identification, 0 to ffff
  sequenceAt:        u32(36), // of TCP
  sequence:          u32(40), // the next one; moved on
  checksumAt:        u32(44), // of TCP or UDP
  transportSum:      u32(48), // of pseudo header and header without sequence number
  zero:              u32(52), // what is written for a checksum of 0
});
export const SegmentRow = RowFields;

/** A run of payload in host memory. */
// prettier-ignore
const PieceFields = defineStruct('Piece', 8, {
  from:  u32(0),
  bytes: u32(4),
});
export const Piece = PieceFields;
const WORDS = 2;
/** Words of a piece. */
export const PIECE_WORDS = WORDS;

/**
 * Makes segments by typed arrays alone: what runs where WebAssembly does not reach the memory, and what the kernel is tested
 * against.
 *
 * @param row - byte offset of a `SegmentRow` in device memory
 * @param count - how many segments, at least one; the pieces hold as much payload
 */
export function segmentByWords(row: number, count: number): void {
  const r = row >> 2;
  const headers = RowFields.headers.get(w, r) | 0;
  const headerBytes = RowFields.headerBytes.get(w, r) | 0;
  const size = RowFields.size.get(w, r) | 0;
  let piece = RowFields.pieces.get(w, r) >> 2;
  let from = PieceFields.from.get(w, piece) | 0;
  let left = PieceFields.bytes.get(w, piece) | 0;
  let at = RowFields.at.get(w, r) | 0;
  for (let segments = count | 0; segments > 0; segments = (segments - 1) | 0) {
    const data = (at + FRAME_HEADER_BYTES) | 0;
    const payload = (data + headerBytes) | 0;
    const end = (payload + size) | 0;
    Frame.length.set(w, at >> 2, headerBytes + size);
    Frame.status.set(w, at >> 2, 0);
    copyWithinWire(data, headers, headerBytes);
    for (let to = payload; to < end;) {
      if (left === 0) {
        piece = (piece + WORDS) | 0;
        from = PieceFields.from.get(w, piece) | 0;
        left = PieceFields.bytes.get(w, piece) | 0;
      }
      const bytes = Math.min(left, (end - to) | 0);
      copyFromHost(to, from, bytes);
      to = (to + bytes) | 0;
      from = (from + bytes) | 0;
      left = (left - bytes) | 0;
    }
    numberSegment(r, data, payload, size);
    at = (end + 7) & ~7;
  }
  RowFields.at.set(w, r, at);
}

/** Writes what differs, once the payload is there, and goes on to what the next segment has. */
function numberSegment(r: number, data: number, payload: number, size: number): void {
  const identificationAt = RowFields.identificationAt.get(w, r) | 0;
  const headerChecksumAt = RowFields.headerChecksumAt.get(w, r) | 0;
  const sequenceAt = RowFields.sequenceAt.get(w, r) | 0;
  const checksumAt = RowFields.checksumAt.get(w, r) | 0;
  let sum = RowFields.transportSum.get(w, r) | 0;
  if (identificationAt !== 0) {
    const identification = RowFields.identification.get(w, r) | 0;
    putWord16(data + identificationAt, identification);
    if (headerChecksumAt !== 0)
      putWord16(data + headerChecksumAt, ~fold(RowFields.headerSum.get(w, r) + identification));
    RowFields.identification.set(w, r, (identification + 1) & 0xffff);
  }
  if (sequenceAt !== 0) {
    const sequence = RowFields.sequence.get(w, r) | 0;
    putWord16(data + sequenceAt, sequence >>> 16);
    putWord16(data + sequenceAt + 2, sequence);
    sum = (sum + (sequence >>> 16) + (sequence & 0xffff)) | 0;
    RowFields.sequence.set(w, r, sequence + size);
  }
  if (checksumAt === 0) return;
  const checksum = ~internetSum(payload, size, sum) & 0xffff;
  putWord16(data + checksumAt, checksum === 0 ? RowFields.zero.get(w, r) : checksum);
}
