/*
 * Makes many segments of a packet at once, those between its first and its last, which are all alike: where buffers lie in
 * plain sight and no tag is put in. It says what their headers have in common and where their payload lies; the rest is the
 * straight line's. The bytes are those that `completeSegment` makes.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as wire from '@netcx/hardware/wire';
import * as sums from './internet-sum.ts';
import * as registers from './registers/index.ts';
import * as ways from './rows.ts';
import * as lines from './segment-row.ts';
import * as segmenting from './segmentation.ts';
import type { TxRing } from './tx-ring.ts';

const { i32: m } = memory;
const { i32: w, copyWithinWire, FRAME_HEADER_BYTES } = wire;
const { internetSum, putWord16, word16 } = sums;
const { DESCRIPTOR_BYTES, TX_CONTEXTS, TX_L4_TYPE, TX_STATUS, TxContext, TxData } = registers;
const { PIECE_WORDS, SEGMENT_ROW_BYTES, SegmentRow } = lines;
const { LONGEST_HEADER } = segmenting;

/** Buffers that payload is taken from at once. */
const PIECES = 32;
const HEADERS = SEGMENT_ROW_BYTES;
const LIST = (HEADERS + LONGEST_HEADER + 7) & ~7;
/** Bytes of device memory: the straight line's row, headers, and a list of pieces. */
export const SEGMENT_BYTES = LIST + 4 * PIECE_WORDS * PIECES;
const CONTEXT_WORDS = DESCRIPTOR_BYTES / 4;
const IPV6_HEADER = 40;

/** What no segment has that others follow: FIN and PSH; and none that is not the first: CWR. */
const FIRST_OR_LAST = 0x89;
/** Where TCP has its data offset and flags, and where each protocol has its checksum, by TX_L4_TYPE. */
const FLAGS_AT = 12;
const CHECKSUM_AT = [6, 16] as const;

/** Makes segments for all transmit queues. */
export class SegmentWriter {
  /** Bytes of each frame that the last call made, and of device memory that they fill. */
  bytes = 0;
  written = 0;
  readonly #row: number;
  readonly #segmentRow = ways.rows().segmentRow;

  /**
   * @param memory - byte offset in device memory of `SEGMENT_BYTES` bytes
   */
  constructor(memory: number) {
    this.#row = memory;
    SegmentRow.headers.set(w, memory >> 2, memory + HEADERS);
    SegmentRow.pieces.set(w, memory >> 2, memory + LIST);
  }

  /**
   * Goes on with the packet that a queue is segmenting.
   *
   * @param queue - whose; the packet's first segment has left
   * @param ring - word index of its descriptor 0, for this burst
   * @param at - byte offset in device memory where frames go
   * @param limit - byte offset of the last place where one may begin
   * @param room - most segments
   * @param shortest - bytes to which frames are padded: none that short is made here
   * @param direct - below this, host memory is reached without translation
   * @returns how many segments were made; 0 when the next one has to be made by itself
   */
  write(
    queue: TxRing,
    ring: number,
    at: number,
    limit: number,
    room: number,
    shortest: number,
    direct: number,
  ): number {
    const run = queue.segmentation;
    const first = (ring + (run.head << 2)) | 0;
    const context = (queue.contexts + (TxData.idx.get(m, first) % TX_CONTEXTS) * CONTEXT_WORDS) | 0;
    const length = run.header + run.size;
    const stride = (FRAME_HEADER_BYTES + length + 7) & ~7;
    const behind = Math.trunc((run.payload - run.sent - 1) / run.size);
    const most = Math.min(behind, room, 1 + Math.trunc((limit - at) / stride));
    const plain = (TxContext.l4len.get(w, context) & 1) === 0 && TxContext.snap.get(w, context) === 0;
    if (most <= 0 || !plain || length < shortest) return 0;
    const list = (this.#row + LIST) >> 2;
    const inSight = run.cursor.note(ring, queue.count, direct, most * run.size, list, PIECES);
    const count = Math.trunc(inSight / run.size);
    if (count === 0) return 0;
    run.cursor.skip(ring, queue.count, count * run.size);
    SegmentRow.at.set(w, this.#row >> 2, at);
    this.#describe(queue, context, TxData.status.get(m, first) | 0);
    this.#segmentRow(this.#row, count);
    run.sent += count * run.size;
    run.segments += count;
    this.bytes = length;
    this.written = count * stride;
    return count;
  }

  /** Makes the headers that all segments have, and says where and how they differ. */
  #describe(queue: TxRing, context: number, wanted: number): void {
    const run = queue.segmentation;
    const row = this.#row >> 2;
    const tcp = TxContext.l4t.get(w, context) === TX_L4_TYPE.TCP;
    const ipv4 = TxContext.ipv4.get(w, context) === 1;
    const ip = TxContext.iplen.get(w, context) | 0;
    const l4Header = TxContext.l4len.get(w, context) | 0;
    const l4 = (l4Header + run.size) | 0;
    const networkAt = TxContext.maclen.get(w, context) | 0;
    const transportAt = (networkAt + ip) | 0;
    const network = (this.#row + HEADERS + networkAt) | 0;
    const transport = (network + ip) | 0;
    copyWithinWire(this.#row + HEADERS, queue.header, run.header);
    SegmentRow.headerBytes.set(w, row, run.header);
    SegmentRow.size.set(w, row, run.size);
    SegmentRow.identificationAt.set(w, row, ipv4 ? networkAt + 4 : 0);
    SegmentRow.headerChecksumAt.set(w, row, ipv4 && (wanted & TX_STATUS.IXSM) !== 0 ? networkAt + 10 : 0);
    if (ipv4) {
      SegmentRow.identification.set(w, row, (word16(network + 4) + run.segments) & 0xffff);
      putWord16(network + 2, ip + l4);
      putWord16(network + 4, 0);
      SegmentRow.headerSum.set(w, row, internetSum(network, ip));
    } else putWord16(network + 4, ip - IPV6_HEADER + l4);
    SegmentRow.sequenceAt.set(w, row, tcp ? transportAt + 4 : 0);
    if (tcp) {
      SegmentRow.sequence.set(w, row, ((word16(transport + 4) << 16) | word16(transport + 6)) + run.sent);
      putWord16(transport + 4, 0);
      putWord16(transport + 6, 0);
      putWord16(transport + FLAGS_AT, word16(transport + FLAGS_AT) & ~FIRST_OR_LAST);
    } else putWord16(transport + 4, l4);
    const checksumAt = tcp ? CHECKSUM_AT[1] : CHECKSUM_AT[0];
    SegmentRow.checksumAt.set(w, row, (wanted & TX_STATUS.TXSM) === 0 ? 0 : transportAt + checksumAt);
    SegmentRow.transportSum.set(w, row, internetSum(transport, l4Header) + l4);
    SegmentRow.zero.set(w, row, tcp ? 0 : 0xffff);
  }
}
