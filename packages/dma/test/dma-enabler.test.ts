import { describe, expect, it } from 'vitest';
import {
  DmaEnabler,
  DmaError,
  highWord,
  hostPages,
  IdentityMap,
  Iommu,
  lowWord,
  PAGE_BYTES,
  type CommonBufferOptions,
  type DmaDomain,
  type DmaEnablerOptions,
} from '../src/index.ts';
import { hostBytes, u8 } from '../src/memory.ts';

const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'accepted';
  } catch (error) {
    if (error instanceof DmaError) return error.code;
    throw error;
  }
};

const device = { addressWidth: 64, version: 3 } as const;

describe('DmaEnabler', () => {
  it.each<[string, Partial<Record<keyof DmaEnablerOptions, unknown>>]>([
    ['ADDRESS_WIDTH', { addressWidth: 0 }],
    ['ADDRESS_WIDTH', { addressWidth: 65 }],
    ['ADDRESS_WIDTH', { addressWidth: 31.5 }],
    ['VERSION', { version: 0 }],
    ['VERSION', { version: 4 }],
    ['VERSION', { version: '3' }],
    ['accepted', { addressWidth: 1 }],
    ['accepted', { version: 1 }],
    ['accepted', { version: 2 }],
  ])('%s: %o', (code, change) => {
    expect(codeOf(() => new DmaEnabler(new IdentityMap(), { ...device, ...change } as DmaEnablerOptions))).toBe(code);
  });

  it('knows how far the device reaches', () => {
    const reach = (addressWidth: number): number =>
      new DmaEnabler(new IdentityMap(), { ...device, addressWidth }).maximumAddress;
    expect(reach(12)).toBe(0xfff);
    expect(reach(32)).toBe(0xffff_ffff);
    expect(reach(53)).toBe(2 ** 53 - 1);
    expect(reach(54)).toBe(Number.MAX_SAFE_INTEGER);
    expect(reach(64)).toBe(Number.MAX_SAFE_INTEGER);
    const enabler = new DmaEnabler(new Iommu(), { ...device, addressWidth: 40, version: 2 });
    expect([enabler.addressWidth, enabler.version]).toEqual([40, 2]);
  });

  it('maps memory within that reach', () => {
    const narrow = { ...device, addressWidth: 16 };
    const plain = new DmaEnabler(new IdentityMap(), narrow);
    expect(plain.map(0xff00, 0x100, 'read')).toBe(0xff00);
    expect(codeOf(() => plain.map(0xff01, 0x100, 'read'))).toBe('NOT_REACHABLE');
    const iommu = new DmaEnabler(new Iommu(), narrow);
    const address = iommu.map(0x20_0000, 0x100, 'read'); // moved to where the device reaches it
    expect(address).toBeLessThan(0x1_0000);
    iommu.unmap(address, 0x100);
    expect(codeOf(() => iommu.unmap(address, 0x100))).toBe('NOT_MAPPED');
  });
});

const domains: readonly [string, () => DmaDomain][] = [
  ['an identity map', () => new IdentityMap()],
  ['an IOMMU', () => new Iommu()],
];

describe.each(domains)('a common buffer behind %s', (_, domain) => {
  const accepted = (options: CommonBufferOptions, addressWidth = 64): void => {
    const enabler = new DmaEnabler(domain(), { ...device, addressWidth });
    const taken = hostPages.bytesTaken;
    const buffer = enabler.allocateCommonBuffer(5000, options);
    const alignment = options.alignment ?? PAGE_BYTES;
    expect(buffer.length).toBe(5000);
    expect(buffer.offset % alignment).toBe(0);
    expect(buffer.address % alignment).toBe(0);
    expect(buffer.address + buffer.length - 1).toBeLessThanOrEqual(enabler.maximumAddress);
    expect(hostPages.bytesTaken).toBe(taken + 2 * PAGE_BYTES);
    const [low, high] = [lowWord(buffer.address), highWord(buffer.address)];
    expect(enabler.domain.translate(low, high, 5000, 'read')).toBe(buffer.offset);
    expect(enabler.domain.translate(low, high, 5000, 'write')).toBe(buffer.offset);
    expect(u8.slice(buffer.offset, buffer.offset + 5000).every((byte) => byte === 0)).toBe(true);
    u8.fill(0xff, buffer.offset, buffer.offset + 5000);
    buffer.free();
    expect(hostPages.bytesTaken).toBe(taken);
    expect(enabler.domain.translate(low, high, 1, 'read')).toBe(enabler.domain.directLimit > 0 ? buffer.offset : -1);
  };

  it('is zeroed memory that both ends find, until it is freed', () => accepted({}));
  it('is aligned for both ends', () => {
    for (const alignment of [128, 8192, 65_536]) accepted({ alignment });
  });
  it('lies where a narrow device reaches it', () => {
    accepted({}, 24);
    accepted({ maximumOffset: 0xff_ffff });
  });

  it('cannot be freed twice', () => {
    const buffer = new DmaEnabler(domain(), { ...device, owner: 'nic 0' }).allocateCommonBuffer(64, {
      purpose: 'ring',
    });
    buffer.free();
    const taken = hostPages.bytesTaken;
    expect(() => buffer.free()).toThrow('NOT_ALLOCATED: nic 0: ring was freed before');
    expect(hostPages.bytesTaken).toBe(taken);
  });

  it('costs nothing when there is no memory, and the message names who asked', () => {
    const taken = hostPages.bytesTaken;
    const enabler = new DmaEnabler(domain(), { ...device, owner: 'nic 0' });
    expect(() => enabler.allocateCommonBuffer(hostBytes, { purpose: 'rings' })).toThrow(
      'OUT_OF_MEMORY: nic 0: rings asked for',
    );
    expect(codeOf(() => enabler.allocateCommonBuffer(64, { maximumOffset: 100 }))).toBe('OUT_OF_MEMORY');
    expect(codeOf(() => enabler.allocateCommonBuffer(0))).toBe('BAD_LENGTH');
    expect(codeOf(() => enabler.allocateCommonBuffer(64, { alignment: 48 }))).toBe('BAD_ALIGNMENT');
    expect(hostPages.bytesTaken).toBe(taken);
  });
});

describe('a common buffer that no address is free for', () => {
  it('gives its pages back', () => {
    const enabler = new DmaEnabler(new Iommu(), { ...device, addressWidth: 14 });
    const buffer = enabler.allocateCommonBuffer(2 * PAGE_BYTES);
    const taken = hostPages.bytesTaken;
    expect(codeOf(() => enabler.allocateCommonBuffer(2 * PAGE_BYTES))).toBe('OUT_OF_ADDRESSES');
    expect(hostPages.bytesTaken).toBe(taken);
    buffer.free();
    enabler.allocateCommonBuffer(2 * PAGE_BYTES).free();
    expect(hostPages.bytesTaken).toBe(taken - 2 * PAGE_BYTES);
  });
});
