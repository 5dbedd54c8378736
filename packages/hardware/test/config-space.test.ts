import { CapabilityId } from '@netcx/bus';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigSpace, type ConfigDescription } from '../src/index.ts';

/** Configuration space as the 82576 has it (nic-82576 reference, section 1). */
const NIC: ConfigDescription = {
  vendorId: 0x8086,
  deviceId: 0x10c9,
  revision: 1,
  classCode: 0x02_0000,
  subsystemVendorId: 0x8086,
  subsystemId: 0xa03c,
  interruptPin: 1,
  bars: [
    { kind: 'memory32', size: 0x2_0000 },
    undefined,
    { kind: 'io', size: 32 },
    { kind: 'memory64', size: 0x4000, prefetchable: true },
  ],
  capabilities: [
    { kind: 'powerManagement', offset: 0x40 },
    { kind: 'msi', offset: 0x50, maskable: true },
    { kind: 'msix', offset: 0x70, vectors: 10, table: { bar: 3, offset: 0 }, pending: { bar: 3, offset: 0x2000 } },
    { kind: 'pciExpress', offset: 0xa0 },
  ],
};

const hex = (space: ConfigSpace, offset: number): string => space.read(offset, 4).toString(16).padStart(8, '0');
const dump = (space: ConfigSpace, offsets: readonly number[]): readonly string[] =>
  offsets.map((offset) => hex(space, offset));

describe('at power-on', () => {
  it('the header says what was described', () => {
    expect(dump(new ConfigSpace(NIC), [0x00, 0x04, 0x08, 0x0c, 0x2c, 0x30, 0x34, 0x38, 0x3c])).toEqual([
      '10c98086',
      '00100000',
      '02000001',
      '00000000',
      'a03c8086',
      '00000000',
      '00000040',
      '00000000',
      '00000100',
    ]);
  });

  it('the BARs say what they decode', () => {
    expect(dump(new ConfigSpace(NIC), [0x10, 0x14, 0x18, 0x1c, 0x20, 0x24])).toEqual([
      '00000000',
      '00000000',
      '00000001',
      '0000000c',
      '00000000',
      '00000000',
    ]);
  });

  it('the capabilities stand where they were put, MSI-X as QEMU shows it', () => {
    const space = new ConfigSpace(NIC);
    expect(dump(space, [0x40, 0x44, 0x50, 0x70, 0x74, 0x78, 0xa0, 0xa4, 0xac, 0xb0])).toEqual([
      '00035001',
      '00000000',
      '01807005',
      '0009a011',
      '00000003',
      '00002003',
      '00020010',
      '10008000',
      '00000041',
      '00410000',
    ]);
    expect(Object.values(CapabilityId).map((id) => space.capability(id))).toEqual([0x40, 0x50, 0xa0, 0x70]);
  });

  it('a function without capabilities has no list', () => {
    const space = new ConfigSpace({ vendorId: 1, deviceId: 2, classCode: 3 });
    expect([hex(space, 4), hex(space, 0x34)]).toEqual(['00000000', '00000000']);
    expect(space.capability(CapabilityId.msix)).toBeUndefined();
  });

  it('capabilities without a place take the next free one', () => {
    const space = new ConfigSpace({
      ...NIC,
      capabilities: [
        { kind: 'pciExpress' },
        { kind: 'msi', messages: 4 },
        { kind: 'powerManagement', offset: 0x80, keepsState: true },
        { kind: 'msix', vectors: 1, table: { bar: 0, offset: 0 }, pending: { bar: 0, offset: 16 } },
      ],
    });
    expect([hex(space, 0x34), hex(space, 0x40), hex(space, 0x88), hex(space, 0x80), hex(space, 0x98)]).toEqual([
      '00000040',
      '00028810',
      '00848005',
      '00039801',
      '00000011',
    ]);
    expect(hex(space, 0x84)).toBe('00000008');
  });
});

describe('a host', () => {
  it('sizes the BARs and places them', () => {
    const space = new ConfigSpace(NIC);
    const bars = [0x10, 0x14, 0x18, 0x1c, 0x20, 0x24];
    for (const bar of bars) space.write(bar, 4, 0xffff_ffff);
    expect(dump(space, bars)).toEqual(['fffe0000', '00000000', 'ffffffe1', 'ffffc00c', 'ffffffff', '00000000']);
    space.write(0x10, 4, 0xe123_4567);
    space.write(0x18, 4, 0x1234_567f);
    space.write(0x1c, 4, 0x8000_4000);
    space.write(0x20, 4, 0x12);
    expect([0, 2, 3].map((index) => space.barAddress(index))).toEqual([0xe122_0000, 0x1234_5660, 0x12_8000_4000]);
  });

  it('changes the command bits that there are', () => {
    const space = new ConfigSpace(NIC);
    space.write(4, 2, 0xffff);
    expect(hex(space, 4)).toBe('00100547');
    expect([space.memoryEnabled, space.ioEnabled, space.masterEnabled, space.intxDisabled]).toEqual([
      true,
      true,
      true,
      true,
    ]);
    space.write(4, 1, 0x02);
    expect(hex(space, 4)).toBe('00100502');
    expect([space.memoryEnabled, space.ioEnabled, space.masterEnabled, space.intxDisabled]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  it('clears status bits by writing ones to them', () => {
    const space = new ConfigSpace(NIC);
    space.assign(4, 0x3000_0000, -1);
    expect(hex(space, 4)).toBe('30100000');
    space.write(4, 2, 0x0007);
    expect(hex(space, 4)).toBe('30100007');
    space.write(6, 2, 0x2000);
    expect(hex(space, 4)).toBe('10100007');
    space.write(4, 4, 0xffff_0000);
    expect(hex(space, 4)).toBe('00100000');
  });

  it('reads and writes bytes and halves', () => {
    const space = new ConfigSpace(NIC);
    expect([space.read(0, 2), space.read(2, 2), space.read(0, 1), space.read(3, 1)]).toEqual([
      0x8086, 0x10c9, 0x86, 0x10,
    ]);
    space.write(0x3c, 1, 0x1ff);
    expect(hex(space, 0x3c)).toBe('000001ff');
    space.write(0x12, 2, 0xabcd);
    expect(hex(space, 0x10)).toBe('abcc0000');
  });

  it('finds nothing in the rest of the 4096 bytes, and nothing at all beyond', () => {
    const space = new ConfigSpace(NIC);
    space.write(0x100, 4, 0xffff_ffff);
    expect([space.read(0x100, 4), space.read(0xffc, 4), space.read(0x1000, 4), space.read(0x1000, 1)]).toEqual([
      0, 0, 0xffff_ffff, 0xff,
    ]);
  });

  it('never reads back the bit that starts a function-level reset', () => {
    const space = new ConfigSpace(NIC);
    const seen: number[] = [];
    space.onWrite(0xa8, (value, previous, written) => seen.push(value, previous, written));
    space.write(0xa8, 2, 0x8010);
    expect(hex(space, 0xa8)).toBe('00000010');
    expect(seen).toEqual([0x10, 0, 0x8010]);
  });
});

describe('the device', () => {
  it('hears of writes to a dword, with what was written', () => {
    const space = new ConfigSpace(NIC);
    const seen: number[][] = [];
    space.onWrite(4, (...all) => seen.push(all));
    space.write(5, 1, 0x04);
    space.write(8, 4, 1);
    expect(seen).toEqual([[0x0010_0400, 0x0010_0000, 0x0400]]);
  });

  it('is as at power-on after a reset', () => {
    const space = new ConfigSpace(NIC);
    const before = Array.from({ length: 64 }, (_, index) => space.read(index * 4, 4));
    for (let offset = 0; offset < 256; offset += 4) space.write(offset, 4, 0xffff_ffff);
    space.assign(4, -1, 0x3000_0000);
    space.reset();
    expect(Array.from({ length: 64 }, (_, index) => space.read(index * 4, 4))).toEqual(before);
  });
});

describe('a description that cannot be true is refused', () => {
  const base: ConfigDescription = { vendorId: 1, deviceId: 2, classCode: 3 };
  const bars: readonly (readonly [string, ConfigDescription['bars']])[] = [
    ['a size that is no power of two', [{ kind: 'memory32', size: 3000 }]],
    ['a size below 16 bytes', [{ kind: 'memory32', size: 8 }]],
    ['I/O above 256 bytes', [{ kind: 'io', size: 512 }]],
    [
      'a 64-bit BAR whose next index is taken',
      [
        { kind: 'memory64', size: 64 },
        { kind: 'io', size: 4 },
      ],
    ],
    [
      'a 64-bit BAR at the last index',
      [undefined, undefined, undefined, undefined, undefined, { kind: 'memory64', size: 64 }],
    ],
    ['a seventh BAR', [undefined, undefined, undefined, undefined, undefined, undefined, { kind: 'io', size: 4 }]],
  ];
  it.each(bars)('BAD_BAR: %s', (_, list) => {
    expect(() => new ConfigSpace({ ...base, bars: list ?? [] })).toThrow(
      expect.objectContaining({ name: 'HardwareError', code: 'BAD_BAR' }),
    );
  });

  const place = { bar: 0, offset: 0 };
  const capabilities: readonly (readonly [string, ConfigDescription['capabilities']])[] = [
    ['three messages', [{ kind: 'msi', messages: 3 }]],
    ['no vectors', [{ kind: 'msix', vectors: 0, table: place, pending: place }]],
    ['too many vectors', [{ kind: 'msix', vectors: 2049, table: place, pending: place }]],
    ['a table in BAR 6', [{ kind: 'msix', vectors: 1, table: { bar: 6, offset: 0 }, pending: place }]],
    ['pending bits at a crooked place', [{ kind: 'msix', vectors: 1, table: place, pending: { bar: 0, offset: 4 } }]],
    ['a place in the header', [{ kind: 'powerManagement', offset: 0x3c }]],
    ['a place past the end', [{ kind: 'pciExpress', offset: 0xf0 }]],
    ['a crooked place', [{ kind: 'powerManagement', offset: 0x42 }]],
    [
      'a place that is taken',
      [
        { kind: 'powerManagement', offset: 0x40 },
        { kind: 'msi', offset: 0x44 },
      ],
    ],
    ['one kind twice', [{ kind: 'powerManagement' }, { kind: 'powerManagement' }]],
  ];
  it.each(capabilities)('BAD_CAPABILITY: %s', (_, list) => {
    expect(() => new ConfigSpace({ ...base, capabilities: list ?? [] })).toThrow(
      expect.objectContaining({ code: 'BAD_CAPABILITY' }),
    );
  });
});

describe('random accesses', () => {
  /** Which bits of each dword a host can change, and which it clears by ones, written out for the NIC above. */
  const writable = new Map([
    [0x04, 0x0000_0547],
    [0x0c, 0x0000_00ff],
    [0x10, 0xfffe_0000],
    [0x18, 0xffff_ffe0],
    [0x1c, 0xffff_c000],
    [0x20, 0xffff_ffff],
    [0x3c, 0x0000_00ff],
    [0x44, 0x0000_0103],
    [0x50, 0x0071_0000],
    [0x54, 0xffff_fffc],
    [0x58, 0xffff_ffff],
    [0x5c, 0x0000_ffff],
    [0x60, 0xffff_ffff],
    [0x70, 0xc000_0000],
    [0xa8, 0x0000_78ff],
    [0xb0, 0x0000_0043],
    [0xc8, 0x0000_001f],
  ]);
  const cleared = new Map([
    [0x04, 0xf900_0000],
    [0x44, 0x0000_8000],
    [0xa8, 0x000f_0000],
  ]);

  it('never throw, and keep the masks byte for byte', () => {
    const rounds = Number(process.env['NETCX_FUZZ_ACCESSES'] ?? 100_000);
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const space = new ConfigSpace(NIC);
        const model = Array.from({ length: 256 }, (_, offset) => space.read(offset, 1));
        const byteOf = (map: ReadonlyMap<number, number>, offset: number): number =>
          ((map.get(offset & ~3) ?? 0) >>> ((offset & 3) * 8)) & 0xff;
        let state = seed;
        const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 8;
        for (let round = 0; round < rounds / 5; round++) {
          const size = ([1, 2, 4] as const)[next() % 3]!;
          const offset = Math.floor((next() % 256) / size) * size;
          if (next() % 2 === 0) {
            let expected = 0;
            for (let byte = size - 1; byte >= 0; byte--) expected = expected * 256 + (model[offset + byte] ?? 0);
            if (space.read(offset, size) !== expected)
              throw new Error(`round ${round}: ${offset.toString(16)} in ${size}`);
          } else {
            const value = ((next() << 16) ^ next()) >>> 0;
            space.write(offset, size, value);
            for (let byte = 0; byte < size; byte++) {
              const at = offset + byte;
              const mask = byteOf(writable, at);
              const written = (value >>> (byte * 8)) & 0xff;
              model[at] = (((model[at] ?? 0) & ~mask) | (written & mask)) & ~(written & byteOf(cleared, at));
            }
          }
        }
      }),
      { numRuns: 5 },
    );
  });
});
