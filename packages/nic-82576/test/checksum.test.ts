/* Checksums: the example of RFC 1071, literal packets, and a naive implementation over random ones. */

import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { allocateWire, i32 as words, u8 as wire } from '@netcx/hardware/wire';
import { insertChecksums } from '../src/checksum.ts';
import { crc32 } from '../src/crc.ts';
import { TX_STATUS, TxContext } from '../src/registers/index.ts';

const { IXSM, TXSM } = TX_STATUS;
const at = allocateWire(16 * 1024);
const context = allocateWire(64) >> 2;

/** Puts a frame into device memory with something else behind it. */
function place(frame: Uint8Array): void {
  wire.fill(0xa5, at, at + frame.length + 16);
  wire.set(frame, at);
}

const bytes = (digits: string): Uint8Array => Buffer.from(digits.replaceAll(' ', ''), 'hex');

/** The Internet checksum, word by word with the carry taken in at once. */
function naive(data: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < data.length; index += 2) {
    sum += ((data[index] ?? 0) << 8) | (data[index + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return ~sum & 0xffff;
}

/** Inserts as the context says and returns the frame. */
function insert(frame: Uint8Array, wanted: number, fields: { maclen: number; iplen: number; l4t: number }): string {
  place(frame);
  for (const [name, value] of Object.entries(fields)) TxContext[name as keyof typeof fields].set(words, context, value);
  insertChecksums(at, frame.length, wanted, context);
  expect(wire[at + frame.length]).toBe(0xa5);
  return Buffer.from(wire.slice(at, at + frame.length)).toString('hex');
}

const MAC = '020000000001 020000000002 ';
/** Header from RFC 1071's times that everybody uses: checksum b861. */
const HEADER = '4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7';

describe('inserting', () => {
  it('sums the example of RFC 1071 §3, its last two bytes being the seed', () => {
    const frame = bytes('0001 f203 f4f5 f6f7');
    expect(insert(frame, TXSM, { maclen: 0, iplen: 0, l4t: 0 })).toBe('0001f203f4f5220d'); // ~ddf2
  });

  it('puts an IPv4 header checksum where 0 or ffff was', () => {
    for (const blank of ['0000', 'ffff']) {
      const frame = bytes(`${MAC}0800 ${HEADER.replace('b861', blank)}`);
      expect(insert(frame, IXSM, { maclen: 14, iplen: 20, l4t: 0 })).toContain('40004011b861c0a8');
    }
    const options = bytes(`${MAC}0800 46000018 00000000 40110000 0a000001 0a000002 94040000`);
    // 4600+0018+4011+0a00+0001+0a00+0002+9404 = 12e30, so 2e31, so d1ce
    expect(insert(options, IXSM, { maclen: 14, iplen: 24, l4t: 0 })).toContain('4011d1ce');
  });

  it('goes over what lies in the field, to the end of the frame, odd or even', () => {
    const even = bytes('0007 0007 000a 141e 6162');
    expect(insert(even, TXSM, { maclen: 0, iplen: 0, l4t: 0 })).toBe('00070007000a8a676162');
    const odd = bytes('0007 0007 0009 141d 61');
    expect(insert(odd, TXSM, { maclen: 0, iplen: 0, l4t: 0 })).toBe('0007000700098acb61'); // 61 counts as 6100
    const tcp = bytes('0050 1234 00000001 00000000 5002 2000 ff00 0000');
    // 0050+1234+0001+5002+2000+ff00 = 18187, so 8188, so 7e77
    expect(insert(tcp, TXSM, { maclen: 0, iplen: 0, l4t: 1 })).toContain('50022000' + '7e77');
  });

  it('sends zero as all ones for UDP, and as zero for TCP', () => {
    expect(insert(bytes('fffe 0001 0000 0000'), TXSM, { maclen: 0, iplen: 0, l4t: 0 })).toBe('fffe00010000ffff');
    const tcp = bytes(`fffe 0001 ${'0000'.repeat(8)}`);
    expect(insert(tcp, TXSM, { maclen: 0, iplen: 0, l4t: 1 })).toBe(`fffe0001${'0000'.repeat(8)}`);
  });

  it('leaves a frame alone that is too short for its context', () => {
    const frame = bytes(`${MAC}0800 4500 0014 0000`);
    const same = Buffer.from(frame).toString('hex');
    for (const [maclen, iplen, l4t] of [
      [14, 20, 0],
      [14, 20, 1],
      [127, 511, 1],
      [0, 19, 1],
      [14, 0, 0],
    ] as const) {
      expect(insert(frame, IXSM | TXSM, { maclen, iplen, l4t })).toBe(same);
    }
    expect(insert(bytes('00'.repeat(17)), TXSM, { maclen: 0, iplen: 0, l4t: 1 })).toBe('00'.repeat(17));
    expect(insert(bytes('00'.repeat(18)), TXSM, { maclen: 0, iplen: 0, l4t: 1 })).toBe('00'.repeat(16) + 'ffff');
  });

  it('agrees with a naive sum for any frame (seeded)', () => {
    const frames = fc.record({
      data: fc.uint8Array({ minLength: 64, maxLength: 1514 }),
      maclen: fc.constantFrom(14, 18, 22),
      iplen: fc.constantFrom(20, 24, 40),
      l4t: fc.constantFrom(0, 1),
    });
    fc.assert(
      fc.property(frames, ({ data, maclen, iplen, l4t }) => {
        const wanted = Uint8Array.from(data);
        const transport = maclen + iplen;
        const field = transport + (l4t === 0 ? 6 : 16);
        const header = naive(wanted.slice(maclen, transport));
        wanted.set([header >> 8, header & 255], maclen + 10);
        if (field + 2 <= data.length) {
          const sum = naive(wanted.slice(transport));
          const sent = sum === 0 && l4t === 0 ? 0xffff : sum;
          wanted.set([sent >> 8, sent & 255], field);
        }
        expect(insert(data, IXSM | TXSM, { maclen, iplen, l4t })).toBe(Buffer.from(wanted).toString('hex'));
      }),
      { seed: 1071, numRuns: 300 },
    );
  });
});

it('the frame check sequence of "123456789" is cbf43926', () => {
  place(Buffer.from('123456789'));
  expect(crc32(at, 9)).toBe(0xcbf43926);
  expect(crc32(at, 0)).toBe(0);
});
