// Owns: what Linux leaves to a NIC, done in software: checksums, segments and tags, against literal bytes and a receiver that
// was written by itself; whatever the bytes are, nothing throws.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finishFrame, type Unfinished } from '../src/packet/large-frame.ts';
import { hex } from './station.ts';

const nothing: Unfinished = { flags: 0, segmentation: 0, segmentSize: 0, checksumStart: 0, checksumOffset: 0, tag: 0 };

function finish(frame: Uint8Array, what: Partial<Unfinished>): Uint8Array[] | 'refused' {
  const before = frame.slice();
  const frames: Uint8Array[] = [];
  const done = finishFrame(frame, { ...nothing, ...what }, (whole) => frames.push(whole));
  expect(frame).toEqual(before);
  if (!done) expect(frames).toEqual([]);
  return done ? frames : 'refused';
}

/** The one's complement sum (RFC 1071), added up in one number and folded in the end. */
function sumOf(...parts: readonly Uint8Array[]): number {
  let sum = 0n;
  for (const part of parts) {
    const even = part.length % 2 === 0 ? part : Uint8Array.of(...part, 0);
    for (let at = 0; at < even.length; at += 2) sum += BigInt(even[at]! * 256 + even[at + 1]!);
  }
  return sum === 0n ? 0 : Number(((sum - 1n) % 0xffffn) + 1n);
}

const word = (value: number): Uint8Array => Uint8Array.of(value >>> 8, value & 255);
const pseudo = (ip: Uint8Array, six: boolean, protocol: number, length: number): Uint8Array[] => [
  six ? ip.subarray(8, 40) : ip.subarray(12, 20),
  word(protocol),
  word(length),
];

interface Shape {
  readonly six: boolean;
  readonly udp: boolean;
  /** Bytes of options behind TCP's header. */
  readonly options: number;
  readonly payload: Uint8Array;
  readonly id: number;
  readonly sequence: number;
}

/** A frame as Linux hands it over: one IP packet, the sum of the pseudo-header where the checksum belongs. */
function large({ six, udp, options, payload, id, sequence }: Shape): { frame: Uint8Array; layer4: number } {
  const layer4Bytes = udp ? 8 : 20 + options;
  const length = layer4Bytes + payload.length;
  const ip = six ? new Uint8Array(40) : new Uint8Array(20);
  if (six) ip.set([0x60, 0, 0, 0, ...word(length), udp ? 17 : 6, 64, 0x20, 1]);
  else
    ip.set([0x45, 0, ...word(20 + length), ...word(id), 0x40, 0, 64, udp ? 17 : 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
  const header = new Uint8Array(layer4Bytes);
  header.set([0x30, 0x39, 0, 80]);
  const view = new DataView(header.buffer);
  if (udp) view.setUint16(4, length);
  else {
    view.setUint32(4, sequence);
    header.set([((20 + options) / 4) << 4, 0b1001_1001], 12); // CWR, ACK, PSH, FIN
  }
  view.setUint16(udp ? 6 : 16, sumOf(...pseudo(ip, six, udp ? 17 : 6, length)));
  const ethernet = Uint8Array.of(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, ...word(six ? 0x86dd : 0x0800));
  return { frame: Uint8Array.of(...ethernet, ...ip, ...header, ...payload), layer4: 14 + ip.length };
}

describe('a checksum that Linux left open', () => {
  it('is written: UDP from 192.0.2.1 to 192.0.2.2 with four bytes', () => {
    const shape = { six: false, udp: true, options: 0, payload: hex('61626364'), id: 7, sequence: 0 };
    const { frame, layer4 } = large(shape);
    const [whole] = finish(frame, { flags: 1, checksumStart: layer4, checksumOffset: 6 });
    // By hand: 3039 + 0050 + 000c + 6162 + 6364 + c000 + 0201 + c000 + 0202 + 0011 + 000c = 2 797b, folded 797d, its complement 8682.
    expect(Buffer.from(whole as Uint8Array).toString('hex', 34)).toBe('30390050000c868261626364');
  });

  it('is never zero', () => {
    const shape = { six: false, udp: true, options: 0, payload: hex('0000'), id: 7, sequence: 0 };
    const { frame, layer4 } = large(shape);
    const zero = sumOf(frame.subarray(layer4));
    frame.set(word(0xffff - zero), layer4 + 8);
    const [whole] = finish(frame, { flags: 1, checksumStart: layer4, checksumOffset: 6 });
    expect([...(whole as Uint8Array).subarray(layer4 + 6, layer4 + 8)]).toEqual([0xff, 0xff]);
  });

  it.each([
    [13, 0],
    [60, 0],
    [34, 25],
    [65_535, 65_535],
  ])('is refused when it would begin at %i and lie %i behind', (checksumStart, checksumOffset) => {
    expect(finish(new Uint8Array(60), { flags: 1, checksumStart, checksumOffset })).toBe('refused');
  });
});

it('a tag that stood beside the frame is put back', () => {
  const [whole] = finish(hex('020000000002 020000000001 0806 aabb'), { tag: 0x8100_2064 });
  expect(whole).toEqual(hex('020000000002 020000000001 8100 2064 0806 aabb'));
});

describe('segments', () => {
  const shapes = fc.record({
    six: fc.boolean(),
    udp: fc.boolean(),
    options: fc.constantFrom(0, 4, 12, 40),
    payload: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    id: fc.nat(0xffff),
    sequence: fc.nat(0xffff_ffff),
  });

  it('are what a receiver puts together again', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 200 }), fc.boolean(), (shape, segmentSize, ecn) => {
        const { six, udp, id, sequence, payload } = shape;
        const { frame, layer4 } = large(shape);
        const segmentation = (udp ? 5 : six ? 4 : 1) | (ecn ? 0x80 : 0);
        const found = finish(frame, {
          ...{ flags: 1, segmentation, segmentSize },
          ...{ checksumStart: layer4, checksumOffset: udp ? 6 : 16 },
        });
        if (found === 'refused') throw new Error('refused');
        expect(found).toHaveLength(Math.ceil(payload.length / segmentSize));
        const collected: number[] = [];
        found.forEach((segment, number) => {
          const view = new DataView(segment.buffer);
          const ip = segment.subarray(14, layer4);
          const behind = segment.subarray(layer4);
          if (six) expect(view.getUint16(18)).toBe(behind.length);
          else {
            expect([view.getUint16(16), view.getUint16(18)]).toEqual([segment.length - 14, (id + number) & 0xffff]);
            expect(sumOf(ip)).toBe(0xffff);
          }
          expect(sumOf(...pseudo(ip, six, udp ? 17 : 6, behind.length), behind)).toBe(0xffff);
          if (udp) expect(view.getUint16(layer4 + 4)).toBe(behind.length);
          else {
            expect(view.getUint32(layer4 + 4)).toBe((sequence + collected.length) >>> 0);
            const flags = 0x10 | (number === 0 ? 0x80 : 0) | (number === found.length - 1 ? 0x09 : 0);
            expect(segment[layer4 + 13]).toBe(flags);
          }
          collected.push(...behind.subarray(udp ? 8 : 20 + shape.options));
        });
        expect(Uint8Array.from(collected)).toEqual(payload);
      }),
      { numRuns: 300 },
    );
  });

  it('never reach outside a frame, whatever is asked', () => {
    const any = fc.record({
      flags: fc.nat(3),
      segmentation: fc.constantFrom(0, 1, 3, 4, 5, 0x81, 0xff),
      segmentSize: fc.nat(300),
      checksumStart: fc.nat(120),
      checksumOffset: fc.constantFrom(0, 6, 16, 200),
      tag: fc.constantFrom(0, 0x8100_0001),
    });
    const ethernet = fc.constantFrom(
      ...['0800', '86dd', '810000010800', '88a80001810000020800'].map((type) => hex(type)),
    );
    const bytes = fc.tuple(ethernet, fc.uint8Array({ maxLength: 200 })).map(([type, rest]) => {
      return Uint8Array.of(...new Uint8Array(12), ...type, ...rest);
    });
    fc.assert(
      fc.property(bytes, any, (frame, what) => {
        const found = finish(frame, what);
        if (found !== 'refused') for (const whole of found) expect(whole.length).toBeLessThanOrEqual(frame.length + 4);
      }),
      { numRuns: 2000 },
    );
  });
});
