import { beforeEach, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { RegisterFile } from '@netcx/hardware';
import { allocateWire, u8 as wire } from '@netcx/hardware/wire';
import { Filter } from '../src/filter.ts';
import { BAR, REGISTERS } from '../src/registers/index.ts';

const { MTA, RAH, RAH2, RAL, RAL2, RCTL, RLPML, VET } = REGISTERS;
const UPE = 0x8;
const MPE = 0x10;
const LPE = 0x20;
const BAM = 0x8000;
const AV = 0x8000_0000;

let registers: RegisterFile;
let filter: Filter;

beforeEach(() => {
  registers = new RegisterFile('test', REGISTERS, BAR.REGISTERS.bytes);
  filter = new Filter(registers);
  control(0);
});

function control(value: number): void {
  registers.write32(RCTL.offset, value);
  filter.rebuild();
}

const bytesOf = (address: string): number[] => address.split(':').map((byte) => parseInt(byte, 16));

function accepts(address: string | readonly number[]): boolean {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = typeof address === 'string' ? bytesOf(address) : address;
  return filter.accepts(a | (b << 8) | (c << 16) | (d << 24), e | (f << 8));
}

describe('addresses', () => {
  it('takes nothing at first', () => {
    expect([accepts('02:00:00:00:00:01'), accepts('ff:ff:ff:ff:ff:ff'), accepts('01:00:5e:00:00:01')]).toEqual([
      false,
      false,
      false,
    ]);
    expect(filter.ownHigh).toBe(-1);
  });

  it('takes exactly the valid station addresses, all 24 of them', () => {
    const address = (index: number): string => `02:11:22:33:44:${index.toString(16).padStart(2, '0')}`;
    for (let index = 0; index < 24; index++) {
      const [low, high, entry] = index < 16 ? ([RAL, RAH, index] as const) : ([RAL2, RAH2, index - 16] as const);
      registers.write32(low.at(entry), 0x3322_1102);
      registers.write32(high.at(entry), AV + 0x44 + index * 256);
      expect(accepts(address(index))).toBe(true);
    }
    for (let index = 0; index < 24; index++) expect(accepts(address(index))).toBe(true);
    expect(accepts(address(24))).toBe(false);
    registers.write32(RAH.at(3), 0x44 + 3 * 256);
    expect(accepts(address(3))).toBe(false);
    expect([filter.ownLow, filter.ownHigh]).toEqual([0x3322_1102, 0x44]);
  });

  it('takes group addresses that stand among the station addresses', () => {
    registers.write32(RAL.offset, 0x005e_0001);
    registers.write32(RAH.offset, AV + 0x0100);
    expect([accepts('01:00:5e:00:00:01'), accepts('01:00:5e:00:00:02')]).toEqual([true, false]);
  });

  it.each([
    ['unicast', UPE, [true, false, false]],
    ['multicast', MPE, [false, true, false]],
    ['broadcast', BAM, [false, false, true]],
    ['everything', UPE | MPE | BAM, [true, true, true]],
  ])('takes all %s when told to', (_what, bits, wanted) => {
    control(bits);
    expect([accepts('02:00:00:00:00:99'), accepts('33:33:00:00:00:01'), accepts('ff:ff:ff:ff:ff:ff')]).toEqual(wanted);
    expect(filter.everything).toBe(bits === (UPE | MPE | BAM));
  });

  // Dword and bit of the table for 01:00:5e:00:b1:7e: (7e << 8 | b1) = 7eb1, shifted by 4, 3, 2, 0, low twelve bits.
  it.each([
    [0, 0x7eb],
    [1, 0xfd6],
    [2, 0xfac],
    [3, 0xeb1],
  ])('hashes multicast by RCTL.MO = %i', (offset, hash) => {
    control(offset << 12);
    expect(accepts('01:00:5e:00:b1:7e')).toBe(false);
    registers.write32(MTA.at(hash >> 5), 2 ** (hash & 31));
    expect(accepts('01:00:5e:00:b1:7e')).toBe(true);
    expect(accepts('00:00:5e:00:b1:7e')).toBe(false);
    registers.write32(MTA.at(hash >> 5), 0xffff_ffff - 2 ** (hash & 31));
    expect(accepts('01:00:5e:00:b1:7e')).toBe(false);
  });

  it('agrees with a naive filter', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    const address = fc.tuple(byte, byte, byte, byte, byte, byte);
    const entry = fc.record({ address, valid: fc.boolean() });
    const bits = fc.constantFrom(0, UPE, MPE, BAM, UPE | BAM, MPE | BAM);
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 16 }),
        bits,
        fc.integer({ min: 0, max: 3 }),
        fc.uniqueArray(fc.nat(4095)),
        address,
        fc.nat(15),
        (entries, mode, offset, hashes, other, pick) => {
          registers = new RegisterFile('test', REGISTERS, BAR.REGISTERS.bytes);
          filter = new Filter(registers);
          const table = new Set(hashes);
          entries.forEach(({ address: [a, b, c, d, e, f], valid }, index) => {
            registers.write32(RAL.at(index), a + b * 256 + c * 65536 + d * 2 ** 24);
            registers.write32(RAH.at(index), (valid ? AV : 0) + e + f * 256);
          });
          for (const hash of hashes)
            registers.write32(MTA.at(hash >> 5), registers.get(MTA, hash >> 5) + 2 ** (hash & 31));
          control(mode | (offset << 12));
          for (const probe of [other, entries[pick]?.address ?? other, [255, 255, 255, 255, 255, 255]]) {
            const text = probe.join();
            const exact = entries.some((known) => known.valid && known.address.join() === text);
            const group = ((probe[0] ?? 0) & 1) === 1;
            const broadcast = probe.every((value) => value === 255);
            const hash = Math.floor(((probe[5] ?? 0) * 256 + (probe[4] ?? 0)) / [16, 8, 4, 1][offset]!) % 4096;
            const wanted =
              exact ||
              (broadcast ? (mode & BAM) !== 0 : group ? (mode & MPE) !== 0 || table.has(hash) : (mode & UPE) !== 0);
            expect(accepts(probe), text).toBe(wanted);
          }
        },
      ),
      { seed: 5200, numRuns: 500 },
    );
  });
});

describe('lengths, without frame check sequence', () => {
  const at = allocateWire(64);

  function withTypes(...types: number[]): number {
    wire.fill(0, at, at + 64);
    types.forEach((type, index) => {
      wire[at + 12 + index * 4] = type >>> 8;
      wire[at + 13 + index * 4] = type & 255;
    });
    return at;
  }

  it('allows 1518 bytes on the wire, and four more for each of two tags', () => {
    expect(filter.longest).toBe(1514);
    expect([1514, 1515].map((length) => filter.acceptsLong(withTypes(0x0800), length))).toEqual([true, false]);
    expect([1518, 1519].map((length) => filter.acceptsLong(withTypes(0x8100, 0x0800), length))).toEqual([true, false]);
    expect([1522, 1523].map((length) => filter.acceptsLong(withTypes(0x8100, 0x8100, 0x0800), length))).toEqual([
      true,
      false,
    ]);
    expect([1522, 1523].map((length) => filter.acceptsLong(withTypes(0x88a8, 0x8100, 0x8100), length))).toEqual([
      true,
      false,
    ]);
    expect(filter.acceptsLong(withTypes(0x0800, 0x8100), 1518)).toBe(false);
  });

  it('goes by the tag types of VET', () => {
    registers.write32(VET.offset, 0x9200_9100);
    filter.rebuild();
    expect([0x9100, 0x9200, 0x8100].map((type) => filter.acceptsLong(withTypes(type), 1518))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('goes by RLPML with RCTL.LPE, whatever the frame holds', () => {
    control(LPE);
    expect(filter.longest).toBe(0x2600 - 4);
    registers.write32(RLPML.offset, 9018);
    filter.rebuild();
    expect(filter.longest).toBe(9014);
    expect([9014, 9015].map((length) => filter.acceptsLong(withTypes(0x8100), length))).toEqual([true, false]);
    registers.write32(RLPML.offset, 0xffff_ffff);
    filter.rebuild();
    expect(filter.longest).toBe(0x2600 - 4);
    registers.write32(RLPML.offset, 0);
    filter.rebuild();
    expect(filter.longest).toBe(0);
  });
});
