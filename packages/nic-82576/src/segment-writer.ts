/*
 * Makes many segments of a packet at once, those between its first and its last, which are all alike: where buffers lie in
 * plain sight and no tag is put in. Payloads move as one list of copies; headers are the packet's with a few numbers changed,
 * and checksums are arithmetic over those numbers and the payload's sum. The bytes are those that `completeSegment` makes.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as wire from '@netcx/hardware/wire';
import * as sums from './internet-sum.ts';
import * as registers from './registers/index.ts';
import type { TxRing } from './tx-ring.ts';

const { i32: m } = memory;
const { i32: w, u64: w64, Frame, FRAME_HEADER_BYTES, TRANSFER_WORDS, transferFromHost } = wire;
const { fold, internetSum, putWord16, word16 } = sums;
const { DESCRIPTOR_BYTES, TX_CONTEXTS, TX_L4_TYPE, TX_STATUS, TxContext, TxData } = registers;

/** Copies that are made at once: one for each segment, and one more for each end of a buffer. */
const COPIES = 128;
/** Bytes of device memory for the list of copies. */
export const SEGMENT_COPIES_BYTES = COPIES * TRANSFER_WORDS * 4;
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
  /** Byte offset in device memory of the list of copies. */
  readonly #list: number;

  /**
   * @param list - byte offset in device memory of `SEGMENT_COPIES_BYTES` bytes
   */
  constructor(list: number) {
    this.#list = list;
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
    const data = at + FRAME_HEADER_BYTES;
    const list = this.#list >>> 2;
    const limitOfList = list + COPIES * TRANSFER_WORDS;
    let noted = list;
    let count = 0;
    while (count < most) {
      const to = data + count * stride + run.header;
      const next = run.cursor.note(ring, queue.count, direct, run.size, to, noted, limitOfList);
      if (next < 0) break;
      noted = next;
      count++;
    }
    if (count === 0) return 0;
    this.#stamp(queue, at, stride, length, count);
    transferFromHost(list << 2, (noted - list) / TRANSFER_WORDS);
    this.#number(queue, context, TxData.status.get(m, first) | 0, data, stride, count);
    run.sent += count * run.size;
    run.segments += count;
    this.bytes = length;
    this.written = count * stride;
    return count;
  }

  /** Puts the packet's headers in front of each segment, in whole words: what is too much is overwritten, or padding. */
  #stamp(queue: TxRing, at: number, stride: number, length: number, count: number): void {
    const template = queue.header >>> 3;
    const words = (queue.segmentation.header + 7) >>> 3;
    let frame = at | 0;
    for (let left = count | 0; left > 0; left = (left - 1) | 0) {
      Frame.length.set(w, frame >> 2, length);
      Frame.status.set(w, frame >> 2, 0);
      const to = (frame + FRAME_HEADER_BYTES) >>> 3;
      for (let word = 0; word < words; word = (word + 1) | 0) w64[to + word] = w64[template + word]!;
      frame = (frame + stride) | 0;
    }
  }

  /** Writes what differs between the headers of segments, once their payloads are there. */
  #number(queue: TxRing, context: number, wanted: number, data: number, stride: number, count: number): void {
    const run = queue.segmentation;
    const size = run.size | 0;
    const ip = TxContext.iplen.get(w, context) | 0;
    const l4Header = TxContext.l4len.get(w, context) | 0;
    const tcp = TxContext.l4t.get(w, context) === TX_L4_TYPE.TCP;
    const ipv4 = TxContext.ipv4.get(w, context) === 1;
    const networkAt = TxContext.maclen.get(w, context) | 0;
    const transportAt = (networkAt + ip) | 0;
    const network = (queue.header + networkAt) | 0;
    const transport = (network + ip) | 0;
    const l4 = (l4Header + size) | 0;
    const total = ipv4 ? (ip + l4) | 0 : (ip - IPV6_HEADER + l4) | 0;
    const headerChecksum = ipv4 && (wanted & TX_STATUS.IXSM) !== 0;
    const checksumAt = (wanted & TX_STATUS.TXSM) === 0 ? 0 : tcp ? CHECKSUM_AT[1] : CHECKSUM_AT[0];
    const flags = tcp ? word16(transport + FLAGS_AT) & ~FIRST_OR_LAST : 0;
    let identification = word16(network + 4) + run.segments;
    let sequence = (((word16(transport + 4) << 16) | word16(transport + 6)) + run.sent) | 0;
    const fixedNetwork = ipv4
      ? without(internetSum(network, ip), word16(network + 2) + word16(network + 4)) + total
      : 0;
    const replaced = tcp
      ? word16(transport + 4) + word16(transport + 6) + word16(transport + FLAGS_AT)
      : word16(transport + 4);
    const fixedTransport = without(internetSum(transport, l4Header), replaced) + l4 + (tcp ? flags : l4);
    let at = data | 0;
    for (let left = count | 0; left > 0; left = (left - 1) | 0) {
      const networkOf = (at + networkAt) | 0;
      const transportOf = (at + transportAt) | 0;
      putWord16(networkOf + (ipv4 ? 2 : 4), total);
      if (ipv4) {
        identification = identification & 0xffff;
        putWord16(networkOf + 4, identification);
        if (headerChecksum) putWord16(networkOf + 10, ~fold(fixedNetwork + identification));
        identification = (identification + 1) | 0;
      }
      let sum = fixedTransport;
      if (tcp) {
        putWord16(transportOf + 4, sequence >>> 16);
        putWord16(transportOf + 6, sequence);
        putWord16(transportOf + FLAGS_AT, flags);
        sum = (sum + (sequence >>> 16) + (sequence & 0xffff)) | 0;
        sequence = (sequence + size) | 0;
      } else putWord16(transportOf + 4, l4);
      if (checksumAt !== 0) {
        const checksum = ~internetSum((transportOf + l4Header) | 0, size, sum) & 0xffff;
        putWord16(transportOf + checksumAt, checksum === 0 && !tcp ? 0xffff : checksum);
      }
      at = (at + stride) | 0;
    }
  }
}

/** A sum of words less some of them, as a sum again. */
const without = (sum: number, words: number): number => fold(sum + 0xffff - fold(words));
