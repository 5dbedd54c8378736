/* One ring's registers as an engine holds them. */

import { beforeEach, describe, expect, it } from 'vitest';
import { DmaEnabler, IdentityMap, Iommu, type DmaDomain } from '@netcx/dma';
import { hostBytes } from '@netcx/dma/memory';
import { DmaPort } from '@netcx/hardware';
import { DescriptorRing } from '../src/descriptor-ring.ts';

let ring: DescriptorRing;

beforeEach(() => {
  ring = new DescriptorRing();
  ring.enabled = true;
});

const port = (dma: DmaDomain | undefined, busMaster = true): DmaPort => new DmaPort({ busMaster, dma });

describe('head and tail', () => {
  it.each([
    [8, 0, 0, 0],
    [8, 0, 7, 7],
    [8, 7, 0, 1],
    [8, 5, 4, 7],
    [4096, 4000, 96, 192],
  ])('of %i descriptors: from %i to %i the hardware owns %i', (count, head, tail, owned) => {
    ring.setLength(count * 16);
    ring.setHead(head);
    ring.setTail(tail);
    expect([ring.count, ring.ownedFrom(head), ring.hasWork]).toEqual([count, owned, owned > 0]);
  });

  it('beyond the ring are taken modulo its size, in whatever order the registers are written', () => {
    ring.setTail(0xffff);
    ring.setHead(0xfff3);
    expect(ring.hasWork).toBe(false); // no length yet
    ring.setLength(16 * 16);
    expect([ring.head, ring.tail, ring.ownedFrom(ring.head)]).toEqual([3, 15, 12]);
    ring.setLength(4 * 16);
    expect([ring.head, ring.tail]).toEqual([3, 3]);
    ring.setTail(6);
    expect(ring.tail).toBe(2);
    ring.setLength(0);
    expect([ring.count, ring.hasWork]).toEqual([0, false]);
    ring.setLength(15); // not one descriptor
    expect(ring.count).toBe(0);
  });

  it('mean no work while the queue is off', () => {
    ring.setLength(128);
    ring.setTail(3);
    expect(ring.hasWork).toBe(true);
    ring.enabled = false;
    expect(ring.hasWork).toBe(false);
  });

  it('are zero after a reset, and so is the rest', () => {
    Object.assign(ring, { baseLow: 1, baseHigh: 2, count: 3, head: 1, tail: 2 });
    ring.reset();
    expect(ring).toMatchObject({ baseLow: 0, baseHigh: 0, count: 0, head: 0, tail: 0, enabled: false });
  });
});

describe('where it lies', () => {
  it.each([
    [0x1000, 0, 8, 0x400],
    [hostBytes - 128, 0, 8, (hostBytes - 128) / 4],
    [hostBytes - 128, 0, 9, -1],
    [hostBytes, 0, 8, -1],
    [0xffff_ff80 | 0, 0, 8, -1],
    [0xffff_ff80 | 0, 0xffff_ffff | 0, 16, -1],
    [0x1000, 1, 8, -1],
    [0x1000, 0, 0, -1],
  ])('without an IOMMU: %i, %i with %i descriptors is word %i', (low, high, count, word) => {
    Object.assign(ring, { baseLow: low, baseHigh: high, count });
    const dma = port(new IdentityMap());
    expect(ring.locate(dma)).toBe(word);
    expect(dma.masterAborts).toBe(word < 0 && count > 0 ? 1 : 0);
  });

  it('through an IOMMU is where its first page is mapped, if the device may write all of it', () => {
    const iommu = new Iommu();
    const enabler = new DmaEnabler(iommu, { addressWidth: 64, version: 3 });
    const buffer = enabler.allocateCommonBuffer(3 * 4096);
    const readOnly = enabler.map(buffer.offset, 4096, 'read');
    const at = (address: number, count: number): void =>
      void Object.assign(ring, { baseLow: (address % 2 ** 32) | 0, baseHigh: Math.floor(address / 2 ** 32), count });
    at(buffer.address + 128, 512);
    expect(ring.locate(port(iommu))).toBe((buffer.offset + 128) / 4);
    at(buffer.address + 128, 768);
    expect(ring.locate(port(iommu))).toBe(-1);
    at(readOnly, 8);
    expect(ring.locate(port(iommu))).toBe(-1);
  });

  it('is nowhere without bus mastering or a slot', () => {
    Object.assign(ring, { baseLow: 0x1000, count: 8 });
    expect(ring.locate(port(new IdentityMap(), false))).toBe(-1);
    expect(ring.locate(port(undefined))).toBe(-1);
  });
});
