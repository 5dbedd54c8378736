/*
 * The straight lines of both engines: the kernel and the loops in TypeScript do the same to the same memory, whatever stands
 * in frames and descriptors, and neither reaches beyond what it may. NETCX_TEST_SEED sets the seed of what is random.
 */

import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { i32 as words, u8 as host } from '@netcx/dma/memory';
import { FRAME_HEADER_BYTES, u8 as wire } from '@netcx/hardware/wire';
import { kernelFile, kernelModule } from '@tooling/kernels';
import { countFrames, countGroup, takeCount, TALLY } from '../src/frame-tally.ts';
import { ReceiveRow } from '../src/receive-row.ts';
import { TX_STATUS } from '../src/registers/index.ts';
import { rowKernel, rows, rowsByWords, type Row } from '../src/rows.ts';
import { TransmitRow } from '../src/transmit-row.ts';
import {
  PLACE,
  OWN,
  RS,
  PLAIN,
  ring,
  data,
  row,
  tally,
  frames,
  counts,
  BYTES,
  outcome,
  arrivals,
  arrive,
  departures,
  depart,
  checksumOf,
} from './row-bench.ts';
import { seed, testSize } from './test-size.ts';

const RUNS = testSize('random rows of descriptors, each way', { quick: 100, ci: 2000, long: 50_000 });
const { IXSM, TXSM } = TX_STATUS;
const ways: readonly [string, () => Row, () => Row][] = [
  ['the kernel', () => rowKernel!.receiveRow, () => rowKernel!.transmitRow],
  ['the loop', () => rowsByWords.receiveRow, () => rowsByWords.transmitRow],
];

describe('the row kernel', () => {
  it('is what engines use in a process whose memory is its own', () => {
    expect(rows()).toBe(rowKernel);
  });

  it.each([
    ['the kernel', () => rowKernel!],
    ['the loop', () => rowsByWords],
  ])('writes a head, and nothing else: %s', (_name, way) => {
    const at = ring;
    words.fill(-1, at >> 2, (at >> 2) + 3);
    way().writeHead(at + 4, 0x1234);
    expect([...words.subarray(at >> 2, (at >> 2) + 3)]).toEqual([-1, 0x1234, -1]);
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
  const frame = { length: 64, repeat: 4, status: 0, to: OWN, control: false, place: { skew: 0, odd: '' } };
  const received = { salt: 1, everything: false, longest: 1514, watches: true, list: [frame] };
  const kinds = { network: 20, mac: 14, type: 0 };
  const both: [typeof kinds, typeof kinds] = [kinds, { ...kinds, type: 1 }];
  const sent = { salt: 1, marks: RS, contexts: both, list: [{ ...frame, report: RS, odd: 0, status: 0x4_0000 }] };
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
    ['UDP', 0, 6],
    ['TCP', 0x10, 16],
  ])('checksums of IPv4 and %s are inserted, over what stands in their fields', (_kind, slot, field) => {
    for (const length of [...Array.from({ length: 40 }, (_, more) => 60 + more), 1500, 1501]) {
      const status = IXSM | TXSM | slot;
      depart({ ...sent, list: [{ ...sent.list[0]!, length, status, repeat: 2 }] });
      expect(transmit()(row, ring, ring + 2 * 16)).toBe(ring + 2 * 16);
      for (const index of [0, 1]) {
        const at = frames + index * (FRAME_HEADER_BYTES + ((length + 7) & ~7)) + FRAME_HEADER_BYTES;
        const expected = host.slice(data + index * PLACE, data + index * PLACE + length);
        expected.set(checksumOf(expected.subarray(14, 34)), 24);
        expected.set(checksumOf(expected.subarray(34)), 34 + field);
        expect(wire.slice(at, at + length)).toEqual(expected);
      }
    }
  });

  it('a checksum of UDP that comes to nothing is sent as all ones, one of TCP is not', () => {
    for (const [slot, field, sent0] of [
      [0, 6, 0xffff],
      [0x10, 16, 0],
    ] as const) {
      depart({ ...sent, list: [{ ...sent.list[0]!, repeat: 1, status: TXSM | slot }] });
      // What stands in the field makes the sum all ones.
      const field0 = data + 34 + field;
      host.fill(0, field0, field0 + 2);
      host.set(checksumOf(host.subarray(data + 34, data + 64)), field0);
      transmit()(row, ring, ring + 16);
      const at = frames + FRAME_HEADER_BYTES + 34 + field;
      expect((wire[at]! << 8) | wire[at + 1]!).toBe(sent0);
    }
  });

  it.each([
    ['SCTP', TXSM, { type: 2 }],
    ['a reserved kind', TXSM, { type: 3 }],
    ['a header of IPv4 with options', IXSM, { network: 24 }],
    ['a header of IPv4 that is none', IXSM, { network: 12 }],
    ['a header that ends behind the frame', IXSM, { mac: 45 }],
    ['a checksum that ends behind the frame', TXSM, { mac: 37 }],
  ])('%s is left to others', (_what, status, odd) => {
    const context = { ...kinds, ...odd };
    depart({ ...sent, contexts: [context, context], list: [{ ...sent.list[0]!, status }] });
    expect(transmit()(row, ring, ring + 16)).toBe(ring);
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

  it('a frame for the MAC itself stops it, while the MAC asks for some', () => {
    const list = [frame, { ...frame, control: true }, frame];
    for (const [watches, count] of [
      [true, 4],
      [false, 12],
    ] as const) {
      arrive({ ...received, watches, list });
      expect((receive()(row, ring, ring + 12 * 16) - ring) / 16).toBe(count);
      expect(ReceiveRow.at.get(words, row >> 2)).toBe(frames + count * 80);
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
