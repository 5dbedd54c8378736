/*
 * The straight lines of both engines: the kernel and the loops in TypeScript do the same to the same memory, whatever stands
 * in frames and descriptors, and neither reaches beyond what it may. NETCX_TEST_SEED sets the seed of what is random.
 */

import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostPages } from '@netcx/dma';
import { i32 as words, u8 as host } from '@netcx/dma/memory';
import { allocateWire, Frame, FRAME_HEADER_BYTES, freeWire, u8 as wire } from '@netcx/hardware/wire';
import { kernelFile, kernelModule } from '@tooling/kernels';
import {
  allocateTally,
  countFrames,
  countGroup,
  freeTally,
  takeCount,
  TALLY,
  TALLY_LENGTHS,
} from '../src/frame-tally.ts';
import { RECEIVE_ROW_BYTES, ReceiveRow } from '../src/receive-row.ts';
import { TX_COMMAND, TX_STATUS } from '../src/registers/index.ts';
import { rowKernel, rows, rowsByWords, type Row } from '../src/rows.ts';
import { prepareTransmitRow, TRANSMIT_ROW_BYTES, TransmitRow } from '../src/transmit-row.ts';
import { seed, testSize } from './test-size.ts';

const RUNS = testSize('random rows of descriptors, each way', { quick: 100, ci: 2000, long: 50_000 });
const PLACES = 24;
/** Bytes that a frame has to itself, in either memory. */
const PLACE = 2304;
const LONGEST = 2048;
const RING = PLACES * 16;
const OWN = [2, 0, 0, 0, 0, 1];
const RS = TX_COMMAND.RS;
const PLAIN = TX_COMMAND.DEXT | TX_COMMAND.DTYP_DATA | TX_COMMAND.EOP | TX_COMMAND.IFCS;

let ring = 0;
/** Where frames lie in host memory; addresses up to `near` are in plain sight. */
let data = 0;
let near = 0;
let row = 0;
let tally = 0;
let frames = 0;

beforeAll(() => {
  ring = hostPages.allocate(RING + PLACES * PLACE, { owner: 'rows test' });
  data = ring + RING;
  near = data + (PLACES - 1) * PLACE;
  row = allocateWire(Math.max(RECEIVE_ROW_BYTES, TRANSMIT_ROW_BYTES));
  tally = allocateTally();
  frames = allocateWire(PLACES * PLACE);
});
afterAll(() => {
  hostPages.free(ring);
  freeWire(row, Math.max(RECEIVE_ROW_BYTES, TRANSMIT_ROW_BYTES));
  freeTally(tally);
  freeWire(frames, PLACES * PLACE);
});

const ways: readonly [string, () => Row, () => Row][] = [
  ['the kernel', () => rowKernel!.receiveRow, () => rowKernel!.transmitRow],
  ['the loop', () => rowsByWords.receiveRow, () => rowsByWords.transmitRow],
];

const counts = (): number[] => Array.from({ length: TALLY_LENGTHS + 3 }, (_, index) => takeCount(tally, index));

const BYTES = RING + PLACES * PLACE;
const noise = Uint8Array.from({ length: 2 * BYTES }, (_, at) => Math.imul(at, 2_654_435_761) >>> 24);

/** Random bytes everywhere, so that nothing agrees by chance. */
function fill(salt: number): void {
  host.set(noise.subarray(salt, salt + BYTES), ring);
  wire.set(noise.subarray(BYTES - salt, BYTES - salt + PLACES * PLACE), frames);
  counts();
}

/** What one way makes of memory that `prepare` has filled. */
function outcome(way: Row, count: number, prepare: () => void): object {
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

const header = (at: number, length: number, status: number): number => {
  Frame.length.set(words, at >> 2, length);
  Frame.status.set(words, at >> 2, status);
  return at + FRAME_HEADER_BYTES + ((length + 7) & ~7);
};

const arrivals = fc.record({
  salt: fc.nat(0x3fff),
  everything: fc.boolean(),
  longest: mostly(1514, 0, 59, 60, 64, LONGEST),
  list: fc.array(
    fc.record({
      length: lengths,
      repeat: fc.integer({ min: 1, max: 5 }),
      status: mostly(0, 1, 0x4000_0000),
      to: groups,
      place: places,
    }),
    { maxLength: 8 },
  ),
});
type Arrivals = typeof arrivals extends fc.Arbitrary<infer T> ? T : never;

/** Frames in device memory, descriptors for them, and what the line is told; returns how many. */
function arrive({ salt, everything, longest, list }: Arrivals): number {
  fill(salt);
  const all = list.flatMap((frame) => Array<typeof frame>(frame.repeat).fill(frame)).slice(0, PLACES - 2);
  let at = frames;
  all.forEach(({ length, status, to, place }, index) => {
    wire.set(to, at + FRAME_HEADER_BYTES);
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
  return all.length;
}

const departures = fc.record({
  salt: fc.nat(0x3fff),
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
      status: mostly(0, TX_STATUS.IXSM, TX_STATUS.TXSM, TX_STATUS.IPSEC, TX_STATUS.DD, 0x70, 64 << 14),
    }),
    { maxLength: 8 },
  ),
});
type Departures = typeof departures extends fc.Arbitrary<infer T> ? T : never;

function depart({ salt, marks, list }: Departures): number {
  fill(salt);
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
  return all.length;
}

describe('the row kernel', () => {
  it('is what engines use in a process whose memory is its own', () => {
    expect(rows()).toBe(rowKernel);
  });

  it('is what row.wat assembles to', async () => {
    const source = new URL('../src/row.wat', import.meta.url);
    expect(readFileSync(kernelFile(source), 'utf8')).toBe(await kernelModule(source));
  });

  it('receives as the loop does: the same memory, the same counts, the same end', () => {
    fc.assert(
      fc.property(arrivals, (given) => {
        const by = (way: Row): object => outcome(way, arrive(given), () => arrive(given));
        expect(by(rowKernel!.receiveRow)).toEqual(by(rowsByWords.receiveRow));
      }),
      { numRuns: RUNS, seed },
    );
  });

  it('transmits as the loop does: the same memory, the same counts, the same end', () => {
    fc.assert(
      fc.property(departures, (given) => {
        const by = (way: Row): object => outcome(way, depart(given), () => depart(given));
        expect(by(rowKernel!.transmitRow)).toEqual(by(rowsByWords.transmitRow));
      }),
      { numRuns: RUNS, seed },
    );
  });
});

describe.each(ways)('by %s', (_name, receive, transmit) => {
  const frame = { length: 64, repeat: 4, status: 0, to: OWN, place: { skew: 0, odd: '' } };
  const received = { salt: 1, everything: false, longest: 1514, list: [frame] };
  const sent = { salt: 1, marks: RS, list: [{ ...frame, report: RS, odd: 0, status: 0x4_0000 }] };
  const descriptor = (index: number): number[] => [
    ...words.slice((ring >> 2) + index * 4, (ring >> 2) + index * 4 + 4),
  ];

  it('frames arrive, and their descriptors say so', () => {
    arrive(received);
    expect(receive()(row, ring, ring + 3 * 16)).toBe(ring + 3 * 16);
    for (const index of [0, 1, 2]) {
      const from = frames + index * (FRAME_HEADER_BYTES + 64) + FRAME_HEADER_BYTES;
      expect(descriptor(index)).toEqual([0, 0, 3, 64]);
      expect(host.slice(data + index * PLACE, data + index * PLACE + 64)).toEqual(wire.slice(from, from + 64));
    }
    expect(descriptor(3).slice(0, 2)).toEqual([data + 3 * PLACE, 0]);
    expect(ReceiveRow.at.get(words, row >> 2)).toBe(frames + 3 * 80);
    expect(counts()).toEqual([3 * 68, 0, 3, 0, 0, 0, 0, 0, 0]);
  });

  it('frames leave, and their descriptors say so', () => {
    depart(sent);
    expect(transmit()(row, ring, ring + 3 * 16)).toBe(ring + 3 * 16);
    for (const index of [0, 1, 2]) {
      const at = frames + index * 80;
      expect(descriptor(index)[3]).toBe(0x4_0001);
      expect([...words.slice(at >> 2, (at >> 2) + 2)]).toEqual([64, 0]);
      expect(wire.slice(at + 16, at + 80)).toEqual(host.slice(data + index * PLACE, data + index * PLACE + 64));
    }
    expect(descriptor(3)[3]).toBe(0x4_0000);
    expect(TransmitRow.commands.get(words, row >> 2)).toBe(PLAIN | RS | 64);
    expect(counts()).toEqual([3 * 68, 0, 3, 0, 0, 0, 0, 0, 0]);
  });

  it.each([
    ['nowhere', 'none', 0],
    ['at the last place in plain sight', 'near', 1],
    ['one byte beyond', 'beyond', 0],
    ['at the last address below 4 GiB', 'last', 0],
    ['above 4 GiB', 'high', 0],
  ])('a buffer %s is taken or left alone', (_where, odd, taken) => {
    const place = { skew: 0, odd };
    for (const way of [receive(), transmit()]) {
      const prepare =
        way === receive()
          ? () => arrive({ ...received, list: [{ ...frame, repeat: 1, place }] })
          : () => depart({ ...sent, list: [{ ...sent.list[0]!, repeat: 1, place }] });
      prepare();
      const before = host.slice(ring, ring + BYTES);
      expect((way(row, ring, ring + 16) - ring) / 16).toBe(taken);
      if (taken === 0) expect(Buffer.compare(host.slice(ring, ring + before.length), before)).toBe(0);
      expect(counts()[2]).toBe(taken);
    }
  });

  it('a frame of any length is copied whole, and nothing beside it', () => {
    for (let length = 60; length <= 600; length++) {
      const list = [{ ...frame, length, repeat: 1, place: { skew: length % 37, odd: '' } }];
      arrive({ ...received, list });
      const expected = host.slice(data, data + PLACE);
      expected.set(wire.slice(frames + 16, frames + 16 + length), list[0]!.place.skew);
      receive()(row, ring, ring + 16);
      expect(Buffer.compare(host.slice(data, data + PLACE), expected), String(length)).toBe(0);
      depart({ ...sent, list: [{ ...sent.list[0]!, ...list[0]! }] });
      const behind = wire.slice(frames + 16 + length, frames + PLACE);
      transmit()(row, ring, ring + 16);
      const from = data + list[0]!.place.skew;
      expect(Buffer.compare(wire.slice(frames + 16, frames + 16 + length), host.slice(from, from + length))).toBe(0);
      expect(Buffer.compare(wire.slice(frames + 16 + length, frames + PLACE), behind), String(length)).toBe(0);
    }
  });

  it('nothing is received where the longest frame is shorter than any', () => {
    for (const longest of [0, 59]) {
      arrive({ ...received, longest });
      expect(receive()(row, ring, ring + 16)).toBe(ring);
    }
  });

  it('a row without descriptors is left alone', () => {
    arrive(received);
    expect(receive()(row, ring, ring)).toBe(ring);
    depart(sent);
    expect(transmit()(row, ring, ring)).toBe(ring);
    expect(TransmitRow.commands.get(words, row >> 2)).toBe(0);
    expect(counts()).toEqual(Array<number>(9).fill(0));
  });
});

describe('a tally', () => {
  it('counts by length, with frame check sequences, and by destination', () => {
    counts();
    for (const bytes of [64, 65, 127, 128, 255, 256, 511, 512, 1023, 1024, 9728, 20]) countFrames(tally, bytes - 4, 1);
    countFrames(tally, 60, 5);
    countGroup(tally, -1);
    countGroup(tally, 0x5e_0001);
    countGroup(tally, 0x5e_0001);
    expect(counts()).toEqual([
      64 + 65 + 127 + 128 + 255 + 256 + 511 + 512 + 1023 + 1024 + 9728 + 20 + 320,
      7,
      2,
      2,
      2,
      2,
      2,
      1,
      2,
    ]);
    expect(takeCount(tally, TALLY.lengths)).toBe(0);
  });
});
