/*
 * For tests of the straight lines: memory with a ring and frames on either side of it, random arrivals and departures, and what
 * one way makes of them.
 */

import fc from 'fast-check';
import { hostPages } from '@netcx/dma';
import { i32 as words, u8 as host } from '@netcx/dma/memory';
import { allocateWire, Frame, FRAME_HEADER_BYTES, u8 as wire } from '@netcx/hardware/wire';
import { allocateTally, takeCount, TALLY_LENGTHS } from '../src/frame-tally.ts';
import { RECEIVE_ROW_BYTES, ReceiveRow } from '../src/receive-row.ts';
import { TX_COMMAND, TX_STATUS } from '../src/registers/index.ts';
import { type Row } from '../src/rows.ts';
import { prepareTransmitRow, TRANSMIT_ROW_BYTES, TransmitRow } from '../src/transmit-row.ts';

const PLACES = 24;
/** Bytes that a frame has to itself, in either memory. */
export const PLACE = 2304;
const LONGEST = 2048;
const RING = PLACES * 16;
export const OWN = [2, 0, 0, 0, 0, 1];
export const RS = TX_COMMAND.RS;
/** An Ether type of frames that are for the MAC itself, as it lies in memory. */
const MAC_CONTROL = 0x0888;
export const PLAIN = TX_COMMAND.DEXT | TX_COMMAND.DTYP_DATA | TX_COMMAND.EOP | TX_COMMAND.IFCS;

/** The two contexts of a transmit queue. */
const CONTEXT_BYTES = 2 * 16;

export const ring = hostPages.allocate(RING + PLACES * PLACE, { owner: 'rows test' });
/** Where frames lie in host memory; addresses up to `near` are in plain sight. */
export const data = ring + RING;
const near = data + (PLACES - 1) * PLACE;
export const row = allocateWire(Math.max(RECEIVE_ROW_BYTES, TRANSMIT_ROW_BYTES));
export const tally = allocateTally();
export const frames = allocateWire(PLACES * PLACE);
const contexts = allocateWire(CONTEXT_BYTES);

export const counts = (): number[] => Array.from({ length: TALLY_LENGTHS + 3 }, (_, index) => takeCount(tally, index));

export const BYTES = RING + PLACES * PLACE;
const noise = Uint8Array.from({ length: 2 * BYTES }, (_, at) => Math.imul(at, 2_654_435_761) >>> 24);

/** Random bytes everywhere, so that nothing agrees by chance. */
function fill(salt: number): void {
  host.set(noise.subarray(salt, salt + BYTES), ring);
  wire.set(noise.subarray(BYTES - salt, BYTES - salt + PLACES * PLACE), frames);
  counts();
}

/** What one way makes of memory that `prepare` has filled. */
export function outcome(way: Row, count: number, prepare: () => void): object {
  prepare();
  const stop = way(row, ring, ring + count * 16);
  return {
    stop: (stop - ring) / 16,
    counts: counts(),
    row: wire.slice(row, row + TRANSMIT_ROW_BYTES).toString(),
    host: Buffer.from(host.slice(ring, ring + BYTES)).toString('latin1'),
    wire: Buffer.from(wire.slice(frames, frames + PLACES * PLACE)).toString('latin1'),
  };
}

const mostly = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 20 }, { arbitrary: fc.constantFrom(...others), weight: 1 });
const lengths = fc.oneof(
  { arbitrary: fc.constant(64), weight: 4 },
  { arbitrary: fc.integer({ min: 60, max: 140 }), weight: 3 },
  {
    arbitrary: fc.constantFrom(59, 123, 124, 251, 252, 507, 508, 1019, 1020, 1514, LONGEST, LONGEST + 1, 0),
    weight: 2,
  },
);
const groups = mostly(OWN, [2, 0, 0, 0, 0, 2], [1, 0, 94, 0, 0, 1], [255, 255, 255, 255, 255, 255]);
/** Where a buffer begins: in its place, or where none may. */
const places = fc.record({
  skew: fc.integer({ min: 0, max: 40 }),
  odd: mostly('', 'none', 'near', 'beyond', 'last', 'high'),
});
type Place = typeof places extends fc.Arbitrary<infer T> ? T : never;

function address(index: number, { skew, odd }: Place): readonly [low: number, high: number] {
  const usual = data + index * PLACE + skew;
  if (odd === 'none') return [0, 0];
  if (odd === 'near') return [near, 0];
  if (odd === 'beyond') return [near + 1, 0];
  if (odd === 'last') return [-1, 0];
  return odd === 'high' ? [usual, 1] : [Math.min(usual, near), 0];
}

/** The Internet checksum, byte by byte (RFC 1071). */
export function checksumOf(bytes: Uint8Array): [number, number] {
  let sum = 0;
  bytes.forEach((byte, at) => (sum += at % 2 === 0 ? byte * 256 : byte));
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return [(~sum >>> 8) & 255, ~sum & 255];
}

const header = (at: number, length: number, status: number): number => {
  Frame.length.set(words, at >> 2, length);
  Frame.status.set(words, at >> 2, status);
  return at + FRAME_HEADER_BYTES + ((length + 7) & ~7);
};

export const arrivals = fc.record({
  salt: fc.nat(0x3fff),
  everything: fc.boolean(),
  longest: mostly(1514, 0, 59, 60, 64, LONGEST),
  watches: fc.boolean(),
  list: fc.array(
    fc.record({
      length: lengths,
      repeat: fc.integer({ min: 1, max: 5 }),
      status: mostly(0, 1, 0x4000_0000),
      to: groups,
      control: mostly(false, true),
      place: places,
    }),
    { maxLength: 8 },
  ),
});
type Arrivals = typeof arrivals extends fc.Arbitrary<infer T> ? T : never;

/** Frames in device memory, descriptors for them, and what the line is told; returns how many. */
export function arrive({ salt, everything, longest, watches, list }: Arrivals): number {
  fill(salt);
  const all = list.flatMap((frame) => Array<typeof frame>(frame.repeat).fill(frame)).slice(0, PLACES - 2);
  let at = frames;
  all.forEach(({ length, status, to, control, place }, index) => {
    wire.set(to, at + FRAME_HEADER_BYTES);
    const type = control ? MAC_CONTROL : 0x0008;
    wire.set([type & 255, type >>> 8], at + FRAME_HEADER_BYTES + 12);
    at = header(at, length, status);
    words.set(address(index, place), (ring >> 2) + index * 4);
  });
  ReceiveRow.at.set(words, row >> 2, frames);
  ReceiveRow.tally.set(words, row >> 2, tally);
  ReceiveRow.near.set(words, row >> 2, near);
  ReceiveRow.longest.set(words, row >> 2, longest);
  ReceiveRow.own.low.set(words, row >> 2, 2);
  ReceiveRow.own.high.set(words, row >> 2, 0x100);
  ReceiveRow.looks.low.set(words, row >> 2, everything ? 0 : -1);
  ReceiveRow.looks.high.set(words, row >> 2, everything ? 0 : 0xffff);
  ReceiveRow.macControl.set(words, row >> 2, watches ? MAC_CONTROL : -1);
  return all.length;
}

/** What a context says: bytes of both headers, and the kind of the one behind them. */
const contextKinds = fc.record({
  network: fc.oneof({ arbitrary: fc.constantFrom(20, 20, 20, 40), weight: 8 }, { arbitrary: fc.nat(511), weight: 1 }),
  mac: fc.oneof({ arbitrary: fc.constant(14), weight: 8 }, { arbitrary: fc.nat(127), weight: 1 }),
  type: fc.constantFrom<number>(0, 0, 1, 1, 2, 3),
});
const { IXSM, TXSM } = TX_STATUS;

export const departures = fc.record({
  salt: fc.nat(0x3fff),
  contexts: fc.tuple(contextKinds, contextKinds),
  marks: fc.constantFrom(0, RS),
  list: fc.array(
    fc.record({
      length: lengths,
      repeat: fc.integer({ min: 1, max: 5 }),
      to: groups,
      place: places,
      report: fc.constantFrom(0, RS),
      odd: mostly(
        0,
        TX_COMMAND.TSE,
        TX_COMMAND.VLE,
        TX_COMMAND.EOP,
        TX_COMMAND.IFCS,
        TX_COMMAND.DEXT,
        TX_COMMAND.MAC_TIMESTAMP,
        0x10_0000,
      ),
      status: fc.oneof(
        { arbitrary: fc.constantFrom(0, 0, IXSM, TXSM, IXSM | TXSM, TXSM | 0x10, IXSM | TXSM | 0x30), weight: 10 },
        {
          arbitrary: fc.constantFrom(TX_STATUS.IPSEC, TX_STATUS.DD, 0x70, 64 << 14, TXSM | TX_STATUS.IPSEC),
          weight: 1,
        },
      ),
    }),
    { maxLength: 8 },
  ),
});
type Departures = typeof departures extends fc.Arbitrary<infer T> ? T : never;

export function depart({ salt, marks, list, contexts: kinds }: Departures): number {
  fill(salt);
  kinds.forEach(({ network, mac, type }, slot) =>
    words.set([network | (mac << 9) | (salt << 16), 0, type << 11, 0], (contexts >> 2) + slot * 4),
  );
  const all = list.flatMap((frame) => Array<typeof frame>(frame.repeat).fill(frame)).slice(0, PLACES - 2);
  all.forEach(({ length, to, place, report, odd, status }, index) => {
    const [low, high] = address(index, place);
    host.set(to, data + index * PLACE + place.skew);
    words.set([low, high, (PLAIN ^ odd) | report | length, status], (ring >> 2) + index * 4);
  });
  prepareTransmitRow(row, tally, LONGEST);
  TransmitRow.at.set(words, row >> 2, frames);
  TransmitRow.near.set(words, row >> 2, near);
  TransmitRow.marks.set(words, row >> 2, marks);
  TransmitRow.commands.set(words, row >> 2, -1);
  TransmitRow.contexts.set(words, row >> 2, contexts);
  return all.length;
}
