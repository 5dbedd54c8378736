/*
 * The two rings of a queue: one block, nothing shared between them, found again by its offset alone.
 */

import { hostPages } from '@netcx/dma';
import { hostBytes, u8 } from '@netcx/dma/memory';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { Ring, RingCollection, RingError, type RingCollectionOptions } from '../src/index.ts';

const block = hostPages.allocate(65_536, { owner: 'ring collection test' });
afterAll(() => hostPages.free(block));
beforeEach(() => u8.fill(0xa5, block, block + 65_536));

const options: RingCollectionOptions = {
  name: 'rx 0',
  packets: 8,
  fragments: 16,
  packetStride: 20,
  fragmentStride: 24,
};

describe('RingCollection', () => {
  it('has a third ring behind the two where buffers are on offer', () => {
    const offering = { ...options, dataBuffers: 4, dataBufferStride: 24 };
    expect(RingCollection.bytes(offering)).toBe(256 + 448 + 192); // 64 + 4 * 24 = 160 -> 192
    const rings = RingCollection.create(block, offering);
    expect(rings.dataBuffers).toMatchObject({ name: 'rx 0 data buffers', offset: block + 704, elements: 4, stride: 6 });
    expect(rings.dataBuffers).toMatchObject({ coreSize: 8, coreVersion: 1 });
    rings.dataBuffers?.publish(3);
    const found = RingCollection.attach(block, 'found');
    expect(found.dataBuffers?.driverCount).toBe(3);
    found.reset();
    expect(rings.dataBuffers?.driverCount).toBe(0);
    const bare = RingCollection.create(block, { ...options, dataBuffers: 4 });
    expect(bare.dataBuffers?.stride).toBe(2);
    expect(RingCollection.create(block, options).dataBuffers).toBeUndefined();
    expect(RingCollection.attach(block, 'found').dataBuffers).toBeUndefined();
  });

  it('knows its core descriptors, whichever version they have', () => {
    const first = RingCollection.create(block, options);
    expect([first.packets.coreSize, first.packets.coreVersion]).toEqual([12, 1]);
    expect([first.fragments.coreSize, first.fragments.coreVersion]).toEqual([8, 1]);
    const grown = { ...options, packetCore: { coreSize: 20, coreVersion: 2 } };
    RingCollection.create(block, { ...grown, fragmentCore: { coreSize: 16, coreVersion: 3 } });
    const found = RingCollection.attach(block, 'found');
    expect([found.packets.coreSize, found.packets.coreVersion]).toEqual([20, 2]);
    expect([found.fragments.coreSize, found.fragments.coreVersion]).toEqual([16, 3]);
    expect(() => RingCollection.bytes({ ...options, packetStride: 8 })).toThrow('RING_CORE: rx 0 packets');
  });

  it('is not found where a single ring lies', () => {
    Ring.create(block, { name: 'alone', elements: 2, stride: 16 });
    expect(() => RingCollection.attach(block, 'tx 1')).toThrow('RING_HEADER: tx 1: a ring with 0 behind it');
  });

  it('lays the fragment ring on the next line behind the packet ring', () => {
    // 64 + 8 * 20 = 224 -> 256; 64 + 16 * 24 = 448
    expect(RingCollection.bytes(options)).toBe(256 + 448);
    const rings = RingCollection.create(block, options);
    expect(rings.packets).toMatchObject({ name: 'rx 0 packets', offset: block, elements: 8, stride: 5 });
    expect(rings.fragments).toMatchObject({ name: 'rx 0 fragments', offset: block + 256, elements: 16, stride: 6 });
    expect(u8[block + RingCollection.bytes(options)]).toBe(0xa5);
    expect(u8[block + RingCollection.bytes(options) - 1]).toBe(0);
  });

  it('is found again by its offset', () => {
    const rings = RingCollection.create(block, options);
    const found = RingCollection.attach(block, 'found');
    rings.packets.publish(3);
    rings.fragments.publish(5);
    expect([found.packets.driverCount, found.fragments.driverCount]).toEqual([3, 5]);
    found.fragments.complete(5);
    expect(rings.fragments.reapCount).toBe(5);
    found.reset();
    expect([rings.packets.driverCount, rings.fragments.reapCount]).toEqual([0, 0]);
  });

  it('is not found where there is none, or only half of one', () => {
    expect(() => RingCollection.attach(block, 'tx 1')).toThrow('RING_HEADER: tx 1 packets: no ring at host offset');
    RingCollection.create(block, options);
    u8.fill(0, block + 256, block + 320);
    expect(() => RingCollection.attach(block, 'tx 1')).toThrow(
      `RING_HEADER: tx 1 fragments: no ring at host offset ${block + 256}`,
    );
  });

  it('counts bytes beyond 2^31, and refuses to lie there', () => {
    const huge = { ...options, packets: 2 ** 20, packetStride: 65_532 };
    expect(RingCollection.bytes(huge)).toBe(2 ** 20 * 65_532 + 64 + 448);
    expect(() => RingCollection.create(block, huge)).toThrow(RingError);
    expect(() => RingCollection.create(block, { ...options, fragments: 2 ** 20, fragmentStride: 4096 })).toThrow(
      'RING_ADDRESS: rx 0 fragments',
    );
    expect(() => RingCollection.create(hostBytes - 256, options)).toThrow(RingError);
  });

  it.each([
    [{ packets: 12 }, 'RING_SIZE: rx 0 packets'],
    [{ fragments: 0 }, 'RING_SIZE: rx 0 fragments'],
    [{ packetStride: 13 }, 'RING_STRIDE: rx 0 packets'],
    [{ fragmentStride: 70_000 }, 'RING_STRIDE: rx 0 fragments'],
  ])('names what cannot be: %o', (wrong, message) => {
    expect(() => RingCollection.bytes({ ...options, ...wrong })).toThrow(message);
    expect(() => RingCollection.create(block, { ...options, ...wrong })).toThrow(message);
  });
});
