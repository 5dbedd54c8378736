/*
 * The straight line of segmentation: the kernel and the loop in TypeScript make the same segments, and these are the packet's
 * bytes with right checksums, however its payload lies. NETCX_TEST_SEED sets the seed of what is random.
 */

import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hostPages } from '@netcx/dma';
import { u8 as host } from '@netcx/dma/memory';
import { allocateWire, i32 as w, u8 as wire } from '@netcx/hardware/wire';
import { kernelFile, kernelModule } from '@tooling/kernels';
import { rowKernel, rowsByWords, type Segments } from '../src/rows.ts';
import { Piece, PIECE_WORDS, SEGMENT_ROW_BYTES, SegmentRow } from '../src/segment-row.ts';
import { onesSum } from './naive-receive.ts';
import { seed, testSize } from './test-size.ts';

const RUNS = testSize('random packets in segments', { quick: 100, ci: 3000, long: 100_000 });
const HEADERS = 256;
const PIECES = 64;
const FRAMES = 64 * 1024;
const PAYLOAD = 16 * 1024;
const row = allocateWire(SEGMENT_ROW_BYTES + HEADERS + PIECES * PIECE_WORDS * 4);
const headers = row + SEGMENT_ROW_BYTES;
const list = headers + HEADERS;
const frames = allocateWire(FRAMES);
const data = hostPages.allocate(PAYLOAD, { owner: 'segment row test' });

const ways: readonly [string, Segments][] = [
  ['the kernel', rowKernel!.segmentRow],
  ['the loop', rowsByWords.segmentRow],
];

interface Packet {
  readonly networkAt: number;
  readonly ip: number;
  readonly l4: number;
  readonly size: number;
  readonly count: number;
  /** Lengths of the pieces that payload lies in, one after the other and over again; and bytes between them. */
  readonly pieces: readonly number[];
  readonly gap: number;
  readonly salt: number;
  readonly ipv4: boolean;
  readonly tcp: boolean;
  readonly sums: number;
}

const packets: fc.Arbitrary<Packet> = fc.record({
  networkAt: fc.integer({ min: 14, max: 23 }),
  ip: fc.constantFrom(20, 24, 40, 60),
  l4: fc.integer({ min: 4, max: 16 }).map((half) => half * 2),
  size: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 1500 })),
  count: fc.integer({ min: 1, max: 6 }),
  pieces: fc.array(fc.oneof(fc.integer({ min: 180, max: 9000 }), fc.integer({ min: 150, max: 400 })), { minLength: 1 }),
  gap: fc.nat({ max: 9 }),
  salt: fc.nat({ max: 0xffff }),
  ipv4: fc.boolean(),
  tcp: fc.boolean(),
  sums: fc.nat({ max: 3 }),
});

const noise = (at: number, salt: number): number => Math.imul(at + salt, 2_654_435_761) >>> 24;
const half = (at: number): number => (wire[at]! << 8) | wire[at + 1]!;

/** Fills the row and all memory; the payload in one piece. */
function prepare({ networkAt, ip, l4, size, count, pieces, gap, salt, ipv4, tcp, sums }: Packet): Uint8Array {
  const r = row >> 2;
  const transportAt = networkAt + ip;
  for (let byte = 0; byte < FRAMES; byte++) wire[frames + byte] = noise(byte, 77);
  for (let byte = 0; byte < PAYLOAD; byte++) host[data + byte] = noise(byte, salt);
  for (let byte = 0; byte < transportAt + l4; byte++) wire[headers + byte] = noise(byte, salt + 5);
  wire.fill(0, headers + networkAt + 4, headers + networkAt + 6);
  wire.fill(0, headers + transportAt + 4, headers + transportAt + (tcp ? 8 : 4));
  const payload: number[] = [];
  let from = data + gap;
  let piece = list >> 2;
  for (let left = size * count, next = 0; left > 0; next++, piece += PIECE_WORDS) {
    const bytes = Math.min(left, pieces[next % pieces.length]!);
    Piece.from.set(w, piece, from);
    Piece.bytes.set(w, piece, bytes);
    payload.push(...host.subarray(from, from + bytes));
    from += bytes + gap;
    left -= bytes;
  }
  SegmentRow.at.set(w, r, frames + 64);
  SegmentRow.headers.set(w, r, headers);
  SegmentRow.headerBytes.set(w, r, transportAt + l4);
  SegmentRow.size.set(w, r, size);
  SegmentRow.pieces.set(w, r, list);
  SegmentRow.identificationAt.set(w, r, ipv4 ? networkAt + 4 : 0);
  SegmentRow.identification.set(w, r, 0xfffe ^ (salt & 3));
  SegmentRow.headerChecksumAt.set(w, r, (sums & 1) === 1 ? networkAt + 10 : 0);
  SegmentRow.headerSum.set(w, r, onesSum(wire.slice(headers + networkAt, headers + transportAt)));
  SegmentRow.sequenceAt.set(w, r, tcp ? transportAt + 4 : 0);
  SegmentRow.sequence.set(w, r, -1 - salt);
  SegmentRow.checksumAt.set(w, r, (sums & 2) === 0 ? 0 : transportAt + (tcp ? 16 : 6));
  SegmentRow.transportSum.set(w, r, onesSum(wire.slice(headers + transportAt, headers + transportAt + l4)));
  SegmentRow.zero.set(w, r, 0xffff);
  return Uint8Array.from(payload);
}

/** A segment as it should be, by the bytes of its packet. */
function expected(p: Packet, template: Uint8Array, payload: Uint8Array, number: number): Uint8Array {
  const frame = Uint8Array.of(...template, ...payload.subarray(number * p.size, (number + 1) * p.size));
  const put = (at: number, value: number): void => frame.set([(value >>> 8) & 255, value & 255], at);
  const transportAt = p.networkAt + p.ip;
  const sequence = (-1 - p.salt + number * p.size) | 0;
  if (p.ipv4) put(p.networkAt + 4, (0xfffe ^ (p.salt & 3)) + number);
  const headerSum = onesSum(frame.subarray(p.networkAt, transportAt));
  if (p.tcp) put(transportAt + 4, sequence >>> 16);
  if (p.tcp) put(transportAt + 6, sequence);
  const checksum = ~onesSum(frame.subarray(transportAt)) & 0xffff;
  if (p.ipv4 && (p.sums & 1) === 1) put(p.networkAt + 10, ~headerSum);
  if ((p.sums & 2) !== 0) put(transportAt + (p.tcp ? 16 : 6), checksum || 0xffff);
  return frame;
}

describe('segments of one packet', () => {
  it('is what segment.wat assembles to', async () => {
    const source = new URL('../src/segment.wat', import.meta.url);
    expect(readFileSync(kernelFile(source), 'utf8')).toBe(await kernelModule(source));
  });

  it.each(ways)('%s makes them, and touches nothing behind them', (_name, segmentRow) => {
    fc.assert(
      fc.property(packets, (p) => {
        const payload = prepare({ ...p, l4: Math.max(p.l4, p.tcp ? 18 : 8) });
        const header = SegmentRow.headerBytes.get(w, row >> 2);
        const template = wire.slice(headers, headers + header);
        segmentRow(row, p.count);
        let at = frames + 64;
        for (let number = 0; number < p.count; number++) {
          expect([w[at >> 2], w[(at >> 2) + 1]]).toEqual([header + p.size, 0]);
          const made = Buffer.from(wire.slice(at + 16, at + 16 + header + p.size)).toString('hex');
          expect(made).toBe(Buffer.from(expected(p, template, payload, number)).toString('hex'));
          at = (at + 16 + header + p.size + 7) & ~7;
        }
        expect(SegmentRow.at.get(w, row >> 2)).toBe(at);
        for (let byte = at; byte < at + 64; byte++) expect(wire[byte]).toBe(noise(byte - frames, 77));
        for (let byte = frames; byte < frames + 64; byte++) expect(wire[byte]).toBe(noise(byte - frames, 77));
      }),
      { seed, numRuns: RUNS },
    );
  });

  it.each(ways)('%s sends a checksum of 0 as it is told', (_name, segmentRow) => {
    const packet = { networkAt: 14, ip: 20, l4: 8, size: 64, count: 1, pieces: [200], gap: 0, ipv4: true, tcp: false };
    prepare({ ...packet, salt: 1, sums: 2 });
    const r = row >> 2;
    const sum = onesSum(Uint8Array.of(...wire.slice(headers + 34, headers + 42), ...host.slice(data, data + 64)));
    for (const [zero, wanted] of [
      [0xffff, 0xffff],
      [0, 0],
    ] as const) {
      SegmentRow.at.set(w, r, frames);
      SegmentRow.zero.set(w, r, zero);
      SegmentRow.transportSum.set(w, r, SegmentRow.transportSum.get(w, r) + (0xffff - sum));
      segmentRow(row, 1);
      expect(half(frames + 16 + 40)).toBe(wanted);
      SegmentRow.transportSum.set(w, r, SegmentRow.transportSum.get(w, r) - (0xffff - sum));
    }
  });
});
