/*
 * What the flow kernel (flow.wat) works with, in device memory: one row, in it what becomes of each kind of packet, and behind
 * it a lane for each queue that may be chosen. There is no such line in TypeScript: what it delivers, the classifier and its
 * delivery deliver just the same, and they have all frames where WebAssembly does not reach the memory.
 */

import { i32 as w } from '@netcx/hardware/wire';
import { defineStruct, u32, u64 } from '@netcx/layout';
import { RECEIVE_FIELDS } from './receive-row.ts';

/** The row. */
// prettier-ignore
export const FlowRow = defineStruct('FlowRow', 120, {
  ...RECEIVE_FIELDS,
  hashes:  u32(32), // byte offset of what each value of each byte of the input adds to the hash
  queues:  u32(36), // byte offset of the queue of each entry of the redirection table
  queue:   u32(40), // the queue without a descriptor at which it stopped; 0xffff_ffff when it stopped for another reason
  lanes:   u32(44), // byte offset of the lanes
  // Sixteen bytes of 255, in front of them and behind as many of 0: from n bytes further left or right on they mask n bytes.
  ones:      u64(64),
  moreOnes:  u64(72),
  // Addresses and ports of IPv4 that were hashed last, while one call lasts:
  addresses: u64(96),
  ports:     u32(104),
  bytes:     u32(108), // how many bytes they are, 12; 0: none were hashed
  hash:      u32(112),
});

/** What is made of a kind of packet whose checksums are right. */
// prettier-ignore
export const FlowKind = defineStruct('FlowKind', 16, {
  status:      u32(0), // RX_STATUS bits, with DD and EOP
  information: u32(4), // RSS type and packet type, as in RxWriteBack
  hashed:      u32(8), // bytes that are hashed, from the addresses on: with ports, without them, or none
});
const KIND_BYTES = 16;
const KINDS = 128;
/** Word index in a row of what is made of each kind. */
export const FLOW_KINDS = {
  tcpIpv4: KINDS >> 2,
  udpIpv4: (KINDS + KIND_BYTES) >> 2,
  tcpIpv6: (KINDS + 2 * KIND_BYTES) >> 2,
  udpIpv6: (KINDS + 3 * KIND_BYTES) >> 2,
} as const;

/** A queue, while a burst is delivered. */
// prettier-ignore
export const FlowLane = defineStruct('FlowLane', 16, {
  next:    u32(0), // byte offset of the next descriptor; moved on
  end:     u32(4), // byte offset behind the last one in a row; as `next` when there is none
  longest: u32(8), // bytes of a buffer
});
const LANE_BYTES = 16;
/** Words of a lane. */
export const FLOW_LANE_WORDS = LANE_BYTES / 4;
/** Queues that the redirection table can name. */
const FLOW_LANES = 16;

/** Where the lanes begin in a row's memory, in bytes, and how much that is in all. */
export const FLOW_LANES_OFFSET = KINDS + 4 * KIND_BYTES;
export const FLOW_ROW_BYTES = FLOW_LANES_OFFSET + FLOW_LANES * LANE_BYTES;

/**
 * Writes what never changes.
 *
 * @param row - byte offset of `FLOW_ROW_BYTES` in device memory, all 0
 * @param tally - byte offset of the tally of what is received
 */
export function prepareFlowRow(row: number, tally: number): void {
  const at = row >> 2;
  FlowRow.tally.set(w, at, tally);
  FlowRow.lanes.set(w, at, row + FLOW_LANES_OFFSET);
  for (const half of [FlowRow.ones, FlowRow.moreOnes]) {
    half.low.set(w, at, -1);
    half.high.set(w, at, -1);
  }
}
