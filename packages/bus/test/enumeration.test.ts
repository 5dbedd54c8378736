import { VirtualClock } from '@netcx/clock';
import { IdentityMap } from '@netcx/dma';
import { describe, expect, it } from 'vitest';
import {
  AddressWindows,
  assignBars,
  CapabilityId,
  disableDevice,
  enableDevice,
  findCapability,
  HostBridge,
  sizeBars,
  type PciFunction,
} from '../src/index.ts';
import { PlainEndpoint, type PlainBar } from './plain-endpoint.ts';

function functionOf(endpoint: PlainEndpoint): PciFunction {
  return new HostBridge(new VirtualClock()).attach(endpoint, { dma: new IdentityMap() }).function;
}

/** Registers in 128 KiB, 32 bytes of I/O, and 16 KiB of 64-bit memory: a NIC as the 82576 is. */
const NIC: readonly PlainBar[] = [
  { index: 0, fixed: 0x0, writable: 0xfffe_0000 },
  { index: 2, fixed: 0x1, writable: 0xffff_ffe0 },
  { index: 3, fixed: 0xc, writable: 0xffff_c000 },
  { index: 4, fixed: 0x0, writable: 0xffff_ffff },
];

describe('sizing', () => {
  it('finds what each BAR decodes, how much, and where', () => {
    const bars = sizeBars(functionOf(new PlainEndpoint(NIC)));
    expect(bars).toEqual([
      { index: 0, kind: 'memory32', size: 0x2_0000, prefetchable: false, address: 0xe000_0000 },
      { index: 2, kind: 'io', size: 32, prefetchable: false, address: 0x1000 },
      { index: 3, kind: 'memory64', size: 0x4000, prefetchable: true, address: 0x40_0000_0000 },
    ]);
  });

  it('changes nothing', () => {
    const endpoint = new PlainEndpoint(NIC);
    const fn = functionOf(endpoint);
    enableDevice(fn);
    const before = endpoint.bytes.slice();
    sizeBars(fn);
    expect(endpoint.bytes).toEqual(before);
  });

  it('does not let the function decode meanwhile', () => {
    const endpoint = new PlainEndpoint(NIC);
    const fn = functionOf(endpoint);
    enableDevice(fn);
    const decoding: number[] = [];
    const writeConfig = endpoint.writeConfig.bind(endpoint);
    endpoint.writeConfig = (offset, size, value) => {
      if (offset >= 0x10 && offset < 0x28) decoding.push((endpoint.bytes[4] ?? 0) & 3);
      writeConfig(offset, size, value);
    };
    sizeBars(fn);
    expect(decoding.length).toBeGreaterThan(0);
    expect(new Set(decoding)).toEqual(new Set([0]));
  });

  it('knows I/O BARs with 16 bits of address, 64-bit BARs of 4 GiB and more, and a 64-bit type in the last place', () => {
    const bars = sizeBars(
      functionOf(
        new PlainEndpoint([
          { index: 0, fixed: 0x1, writable: 0x0000_ff00 },
          { index: 1, fixed: 0x4, writable: 0 },
          { index: 2, fixed: 0x0, writable: 0xffff_fffe },
          { index: 5, fixed: 0x4, writable: 0xfff0_0000 },
        ]),
      ),
    );
    expect(bars.map(({ index, kind, size }) => [index, kind, size])).toEqual([
      [0, 'io', 256],
      [1, 'memory64', 8 * 2 ** 30],
      [5, 'memory32', 2 ** 20],
    ]);
  });

  it('finds nothing in a function that is gone', () => {
    const slot = new HostBridge(new VirtualClock()).attach(new PlainEndpoint(NIC), { dma: new IdentityMap() });
    slot.remove();
    expect(sizeBars(slot.function)).toEqual([]);
    expect(findCapability(slot.function, CapabilityId.msix)).toBeUndefined();
  });
});

describe('placing', () => {
  it('happens when a model is plugged in, and leaves decoding off', () => {
    const endpoint = new PlainEndpoint(NIC);
    functionOf(endpoint);
    expect([0x10, 0x14, 0x18, 0x1c, 0x20, 0x24].map((offset) => endpoint.dword(offset).toString(16))).toEqual([
      'e0000000',
      '0',
      '1001',
      'c',
      '40',
      '0',
    ]);
    expect(endpoint.dword(4) & 7).toBe(0);
  });

  it('gives every BAR an address that is a multiple of its size, none twice', () => {
    const windows = new AddressWindows({ memory32: [0x1000, 0x10_0000] });
    const make = (size: number): PciFunction =>
      functionOf(new PlainEndpoint([{ index: 0, fixed: 0, writable: -size }]));
    const ranges = [0x1000, 0x4_0000, 0x20, 0x1000].map((size) => {
      const [bar] = assignBars(make(size), windows);
      return [bar?.address ?? -1, size] as const;
    });
    expect(ranges).toEqual([
      [0x1000, 0x1000],
      [0x4_0000, 0x4_0000],
      [0x8_0000, 0x20],
      [0x8_1000, 0x1000],
    ]);
    expect(() => assignBars(make(0x10_0000), windows)).toThrow(
      expect.objectContaining({ name: 'BusError', code: 'NO_ADDRESSES' }),
    );
    windows.free('memory32', 0x4_0000, 0x4_0000);
    expect(assignBars(make(0x4_0000), windows)[0]?.address).toBe(0x4_0000);
  });

  it('takes nothing for a function that finds no place for one of its BARs', () => {
    const windows = new AddressWindows({ memory32: [0x2_0000, 0x4_0000], io: [0x1000, 0x1000] });
    const place = (bars: readonly PlainBar[]) => assignBars(functionOf(new PlainEndpoint(bars)), windows);
    const registers = NIC.slice(0, 1);
    for (let again = 0; again < 2; again++)
      expect(() => place(NIC)).toThrow(expect.objectContaining({ code: 'NO_ADDRESSES' }));
    expect(place(registers)[0]?.address).toBe(0x2_0000);
  });

  it('takes addresses back from models that were pulled out', () => {
    const clock = new VirtualClock();
    const bridge = new HostBridge(clock);
    const dma = new IdentityMap();
    // 3000 times 256 MiB is more than any window holds.
    for (let round = 0; round < 3000; round++) {
      const slot = bridge.attach(new PlainEndpoint([{ index: 0, fixed: 0, writable: 0xf000_0000 }]), { dma });
      expect(slot.function.name).toBe('00:01.0');
      slot.remove();
      clock.run();
    }
  });
});

describe('capabilities', () => {
  const listed = (list: readonly (readonly [offset: number, id: number, next: number])[]): PciFunction => {
    const endpoint = new PlainEndpoint();
    for (const [offset, id, next] of list) endpoint.fill(offset, id | (next << 8), 0);
    return functionOf(endpoint);
  };

  it('are found by their id, the first one of a kind', () => {
    const fn = listed([
      [0x40, 0x01, 0x50],
      [0x50, 0x05, 0x70],
      [0x70, 0x11, 0xa0],
      [0xa0, 0x05, 0x00],
    ]);
    expect([0x01, 0x05, 0x11, 0x10].map((id) => findCapability(fn, id))).toEqual([0x40, 0x50, 0x70, undefined]);
  });

  it('end where the list bites its tail, points into the header, or shows all ones', () => {
    expect(findCapability(listed([[0x40, 0x01, 0x40]]), 0x11)).toBeUndefined();
    expect(findCapability(listed([[0x40, 0x01, 0x10]]), 0x86)).toBeUndefined();
    expect(findCapability(listed([[0x40, 0xff, 0xff]]), 0xff)).toBeUndefined();
  });

  it('are none where the status says so', () => {
    const endpoint = new PlainEndpoint();
    endpoint.fill(0x40, 0x11, 0);
    endpoint.fill(0x04, 0, 0x547);
    expect(findCapability(functionOf(endpoint), 0x11)).toBeUndefined();
  });
});

it('switches a function on and off without touching the other bits', () => {
  const endpoint = new PlainEndpoint();
  const fn = functionOf(endpoint);
  fn.writeConfig(4, 2, 0x0400);
  enableDevice(fn);
  expect(endpoint.dword(4)).toBe(0x0010_0406);
  disableDevice(fn);
  expect(endpoint.dword(4)).toBe(0x0010_0400);
});
