import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkHostRange, DmaError, FaultLog, IdentityMap, logicalAddress } from '../src/index.ts';
import { hostBytes } from '../src/memory.ts';

const wide = { maximumAddress: Number.MAX_SAFE_INTEGER };

const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'accepted';
  } catch (error) {
    if (error instanceof DmaError) return error.code;
    throw error;
  }
};

describe('IdentityMap', () => {
  it('answers with the same number below its limit, and refuses everything else', () => {
    const limit = 0x10_0000;
    const words = fc.record({
      low: fc.oneof(fc.integer({ min: 0, max: limit + 4096 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
      high: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: -1, max: 2 })),
      length: fc.integer({ min: 1, max: 65_536 }),
      access: fc.constantFrom<'read' | 'write'>('read', 'write'),
    });
    const domain = new IdentityMap(limit);
    expect(domain.directLimit).toBe(limit);
    let faults = 0;
    fc.assert(
      fc.property(words, ({ low, high, length, access }) => {
        const address = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
        const inside = address + BigInt(length) <= BigInt(limit);
        expect(domain.translate(low, high, length, access)).toBe(inside ? Number(address) : -1);
        if (!inside) faults++;
        expect(domain.faultCount).toBe(faults);
      }),
      { numRuns: 1_000 },
    );
  });

  it('reaches all of host memory when nothing else is said', () => {
    const domain = new IdentityMap();
    expect(domain.directLimit).toBe(hostBytes);
    expect(domain.translate(hostBytes - 1, 0, 1, 'read')).toBe(hostBytes - 1);
    expect(domain.translate(hostBytes - 1, 0, 2, 'read')).toBe(-1);
    expect(domain.faults).toEqual([{ address: hostBytes - 1, length: 2, access: 'read', reason: 'beyond memory' }]);
  });

  it('maps host memory to itself, as far as the device reaches', () => {
    const domain = new IdentityMap();
    expect(domain.map(0x12_345, 100, 'both', wide)).toBe(0x12_345);
    expect(domain.map(0xf000, 0x1000, 'read', { maximumAddress: 0xffff })).toBe(0xf000);
    expect(codeOf(() => domain.map(0xf001, 0x1000, 'read', { maximumAddress: 0xffff }))).toBe('NOT_REACHABLE');
    expect(codeOf(() => new IdentityMap(4096).map(4000, 97, 'write', wide))).toBe('NOT_REACHABLE');
    domain.unmap(logicalAddress(0x12_345), 100);
    expect(domain.translate(0x12_345, 0, 100, 'write')).toBe(0x12_345);
  });

  it.each([
    ['BAD_LENGTH', 0, 0],
    ['BAD_LENGTH', 0, -1],
    ['BAD_LENGTH', 0, 1.5],
    ['BAD_ADDRESS', -1, 1],
    ['BAD_ADDRESS', 0.5, 1],
    ['BAD_ADDRESS', hostBytes, 1],
    ['BAD_ADDRESS', hostBytes - 1, 2],
    ['accepted', hostBytes - 1, 1],
    ['accepted', 0, hostBytes],
  ])('%s: host memory at %d, %d bytes', (code, offset, length) => {
    expect(codeOf(() => checkHostRange(offset, length))).toBe(code);
    expect(codeOf(() => new IdentityMap().map(offset, length, 'both', wide))).toBe(code);
  });

  it.each([
    ['BAD_LENGTH', 0],
    ['BAD_LENGTH', NaN],
    ['BAD_ADDRESS', hostBytes + 1],
    ['accepted', hostBytes],
  ])('%s: a limit of %d bytes', (code, bytes) => {
    expect(codeOf(() => new IdentityMap(bytes))).toBe(code);
  });
});

describe('FaultLog', () => {
  it('counts all and remembers the last 64', () => {
    const log = new FaultLog();
    for (let fault = 1; fault <= 70; fault++) expect(log.refuse(fault, 1, 4, 'write', 'not mapped')).toBe(-1);
    expect(log.count).toBe(70);
    expect(log.recent).toHaveLength(64);
    expect(log.recent[0]).toEqual({ address: 0x1_0000_0007, length: 4, access: 'write', reason: 'not mapped' });
    expect(log.recent.at(-1)?.address).toBe(0x1_0000_0046);
  });

  it('shows an address with the top bits set as what it is', () => {
    const log = new FaultLog();
    log.refuse(-4096, -1, 1, 'read', 'not mapped');
    expect(log.recent[0]?.address).toBe(2 ** 64 - 4096);
  });
});
