/*
 * Pools by example: where buffers lie, who may have them, what misuse is told, and that nothing is kept when a pool
 * cannot be built.
 */

import { DmaEnabler, hostPages, highWord, IdentityMap, Iommu, logicalAddress, lowWord, PAGE_BYTES } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';
import { describe, expect, it } from 'vitest';
import {
  BUFFER_WORDS,
  BufferEntry,
  BufferError,
  bufferBytes,
  BufferPool,
  domainNumber,
  NO_BUFFER,
  OWNER_NIC,
  OWNER_POOL,
  OWNER_PROTOCOL,
  OWNER_TRANSMIT,
  Pool,
  releaseBuffer,
  type BufferPoolOptions,
} from '../src/index.ts';

const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'accepted';
  } catch (error) {
    if (error instanceof BufferError) return error.code;
    throw error;
  }
};

const options = (more: Partial<BufferPoolOptions> = {}): BufferPoolOptions => ({
  name: 'rx 0',
  count: 4,
  capacity: 2048,
  ...more,
});

/** Takes every buffer of a pool. */
const takeAll = (pool: BufferPool): number[] => Array.from({ length: pool.count }, () => pool.take());

/** A pool for as long as it is used; what it held is checked to be free again. */
function withPool(more: Partial<BufferPoolOptions>, use: (pool: BufferPool) => void): void {
  const taken = hostPages.bytesTaken;
  const pool = new BufferPool(options(more));
  use(pool);
  pool.close();
  expect(hostPages.bytesTaken).toBe(taken);
}

describe('a pool', () => {
  it('gives each buffer once, the first one first, and says when it is empty', () => {
    withPool({}, (pool) => {
      expect([pool.count, pool.capacity, pool.free, pool.inUse, pool.lowestFree]).toEqual([4, 2048, 4, 0, 4]);
      const handles = takeAll(pool);
      expect(handles).toEqual([0, 1, 2, 3].map((index) => pool.firstHandle + index * BUFFER_WORDS));
      expect(pool.take()).toBe(NO_BUFFER);
      expect(pool.take()).toBe(NO_BUFFER);
      expect([pool.free, pool.inUse, pool.lowestFree, pool.exhausted, pool.taken]).toEqual([0, 4, 0, 2, 4]);
      pool.release(handles[1]!);
      expect(pool.take()).toBe(handles[1]); // the last one that came back
      for (const handle of handles) pool.release(handle);
      expect([pool.free, pool.lowestFree, pool.exhausted, pool.taken]).toEqual([4, 0, 2, 5]);
    });
  });

  it('counts who holds what, and names them when it cannot be closed', () => {
    withPool({ count: 8 }, (pool) => {
      const handles = [OWNER_NIC, OWNER_NIC, OWNER_PROTOCOL, OWNER_TRANSMIT].map((owner) => pool.take(owner));
      handles.push(pool.take());
      expect(pool.census()).toEqual({ count: 8, free: 3, nic: 2, protocol: 2, transmit: 1 });
      expect(() => {
        pool.close();
      }).toThrow('STILL_HELD: rx 0: 5 of 8 buffers are still held (receive rings 2, protocol 2, transmit rings 1)');
      for (const handle of handles) pool.release(handle);
      expect(pool.census()).toEqual({ count: 8, free: 8, nic: 0, protocol: 0, transmit: 0 });
    });
  });

  it('takes a buffer back with its last reference', () => {
    withPool({}, (pool) => {
      const handle = pool.take();
      pool.addReference(handle);
      pool.addReference(handle);
      pool.release(handle);
      releaseBuffer(handle);
      expect(pool.free).toBe(3);
      pool.release(handle);
      expect(pool.free).toBe(4);
      expect(BufferEntry.owner.get(i32, handle)).toBe(OWNER_POOL);
    });
  });

  it('refuses what it does not have, and nothing changes', () => {
    withPool({}, (pool) => {
      withPool({ name: 'other' }, (other) => {
        const handle = pool.take();
        const foreign = other.take();
        const wrong = [0, -1, NaN, 1.5, foreign, pool.firstHandle - BUFFER_WORDS, handle + 1];
        wrong.push(pool.firstHandle + pool.count * BUFFER_WORDS);
        for (const bad of wrong) {
          expect(
            codeOf(() => {
              pool.release(bad);
            }),
          ).toBe('NOT_A_BUFFER');
          expect(
            codeOf(() => {
              pool.addReference(bad);
            }),
          ).toBe('NOT_A_BUFFER');
          expect(codeOf(() => pool.address(bad))).toBe('NOT_A_BUFFER');
        }
        pool.release(handle);
        expect(() => {
          pool.release(handle);
        }).toThrow(`NOT_HELD: rx 0: buffer ${handle} lies in the pool; it was released before, or never taken`);
        expect(
          codeOf(() => {
            pool.addReference(handle);
          }),
        ).toBe('NOT_HELD');
        expect(
          codeOf(() => {
            pool.release(pool.firstHandle + BUFFER_WORDS);
          }),
        ).toBe('NOT_HELD');
        expect([pool.free, other.free]).toEqual([4, 3]);
        other.release(foreign);
      });
    });
  });

  it('is closed once', () => {
    const pool = new BufferPool(options());
    pool.close();
    const taken = hostPages.bytesTaken;
    expect(() => {
      pool.close();
    }).toThrow('POOL_CLOSED: rx 0 was closed before');
    expect(hostPages.bytesTaken).toBe(taken);
  });
});

describe('the buffers', () => {
  it.each([
    [64, 64, 64],
    [65, 64, 128],
    [1514, 64, 1536],
    [1024, 64, 1088], // a multiple of 1024 gets a line more, so that buffers do not fall on the same cache sets
    [2048, 64, 2112],
    [9000, 64, 9024],
    [9216, 64, 9280],
    [2048, 8, 2112],
    [1514, 256, 1536],
    [2048, 2048, 2048], // an alignment that was asked for comes first
    [2049, 4096, 4096],
    [4097, 4096, 8192],
  ])('of %d bytes, aligned to %d, lie %d bytes apart', (capacity, alignment, distance) => {
    withPool({ capacity, alignment, count: 3 }, (pool) => {
      const handles = takeAll(pool);
      const addresses = handles.map((handle) => pool.address(handle));
      expect(addresses.map((address) => address % alignment)).toEqual([0, 0, 0]);
      expect([addresses[1]! - addresses[0]!, addresses[2]! - addresses[1]!]).toEqual([distance, distance]);
      for (const handle of handles) {
        expect(BufferEntry.capacity.get(i32, handle)).toBe(capacity);
        const bytes = bufferBytes(handle);
        expect([bytes.byteOffset, bytes.length]).toEqual([pool.address(handle), capacity]);
        bytes.fill(handle & 255);
      }
      // No buffer lies on another one, and none on the pool's own words.
      for (const handle of handles) expect(bufferBytes(handle).every((byte) => byte === (handle & 255))).toBe(true);
      for (const handle of handles) pool.release(handle);
      expect(pool.free).toBe(3);
    });
  });

  it('are no device’s without an enabler', () => {
    withPool({}, (pool) => {
      const handle = pool.take();
      expect(BufferEntry.domain.get(i32, handle)).toBe(0);
      expect(BufferEntry.pool.get(i32, handle)).toBe(pool.header);
      pool.release(handle);
    });
  });

  it('have the logical addresses at which their device finds them, behind an IOMMU', () => {
    const domain = new Iommu();
    const enabler = new DmaEnabler(domain, { addressWidth: 64, version: 3 });
    withPool({ enabler, count: 5, capacity: 9014 }, (pool) => {
      const handles = takeAll(pool);
      for (const handle of handles) {
        const low = BufferEntry.logicalLow.get(i32, handle);
        const high = BufferEntry.logicalHigh.get(i32, handle);
        expect(high).toBe(1); // an IOMMU's addresses begin at 4 GiB
        for (const access of ['read', 'write'] as const) {
          expect(domain.translate(low, high, 9014, access)).toBe(pool.address(handle));
        }
        expect(BufferEntry.domain.get(i32, handle)).toBe(domainNumber(domain));
      }
      for (const handle of handles) pool.release(handle);
    });
    expect(domain.mappedPages).toBe(0);
    expect(domain.faultCount).toBe(0);
  });

  it('lie below a device’s limits', () => {
    const limit = hostPages.allocate(PAGE_BYTES, { alignment: 65_536 }) + 8 * 65_536;
    const enabler = new DmaEnabler(new IdentityMap(), { addressWidth: 30, version: 3 });
    withPool({ enabler, maximumOffset: limit }, (pool) => {
      for (const handle of takeAll(pool)) {
        expect(pool.address(handle) + pool.capacity - 1).toBeLessThanOrEqual(limit);
        expect(logicalAddress(pool.address(handle))).toBe(BufferEntry.logicalLow.get(i32, handle));
        pool.release(handle);
      }
    });
    hostPages.free(limit - 8 * 65_536);
  });
});

describe('what cannot be', () => {
  const enabler = (version: 1 | 2 | 3) => new DmaEnabler(new Iommu(), { addressWidth: 64, version });

  it.each<[string, Partial<BufferPoolOptions>, string]>([
    ['POOL_SIZE', { count: 0 }, '0 buffers; expected 1 to 2^20'],
    ['POOL_SIZE', { count: 2 ** 20 + 1 }, '1048577 buffers'],
    ['POOL_SIZE', { count: 1.5 }, '1.5 buffers'],
    ['BUFFER_SIZE', { capacity: 63 }, 'buffers of 63 bytes; expected 64 to 2^26 - 1'],
    ['BUFFER_SIZE', { capacity: 2 ** 26 }, 'buffers of 67108864 bytes'],
    ['BUFFER_SIZE', { capacity: NaN }, 'buffers of NaN bytes'],
    ['BUFFER_ALIGNMENT', { alignment: 4 }, 'an alignment of 4; expected a power of two from 8 to 4096'],
    ['BUFFER_ALIGNMENT', { alignment: 96 }, 'an alignment of 96'],
    ['BUFFER_ALIGNMENT', { alignment: 8192 }, 'an alignment of 8192'],
    ['DMA_VERSION', { enabler: enabler(2) }, 'the DMA enabler has version 2; expected 3'],
  ])('is refused: %s', (code, wrong, message) => {
    expect(codeOf(() => new BufferPool(options(wrong)))).toBe(code);
    expect(() => new BufferPool(options(wrong))).toThrow(`${code}: rx 0: ${message}`);
  });

  it('keeps no memory: more than there is, or more than the device reaches', () => {
    const taken = hostPages.bytesTaken;
    const narrow = new DmaEnabler(new IdentityMap(), { addressWidth: 12, version: 3 });
    for (const wrong of [{ count: 2 ** 20, capacity: 2 ** 20 }, { maximumOffset: 100 }, { enabler: narrow }]) {
      expect(() => new BufferPool(options(wrong))).toThrow('OUT_OF_MEMORY');
      expect(hostPages.bytesTaken).toBe(taken);
    }
  });
});

describe('a waiter', () => {
  it('is called once, by whoever gives the next buffer back', () => {
    withPool({ count: 3 }, (pool) => {
      let calls = 0;
      const handles = takeAll(pool);
      pool.release(handles[0]!);
      pool.awaitBuffer(() => calls++);
      pool.awaitBuffer(() => calls++);
      expect(calls).toBe(0);
      releaseBuffer(handles[1]!);
      expect([calls, Pool.waiting.get(i32, pool.header)]).toEqual([1, 0]);
      pool.release(handles[2]!);
      expect(calls).toBe(1);
    });
  });

  it('is not called for a reference that is not the last', () => {
    withPool({ count: 1 }, (pool) => {
      let free = -1;
      const handle = pool.take();
      pool.addReference(handle);
      pool.awaitBuffer(() => {
        free = pool.free;
      });
      pool.release(handle);
      expect(free).toBe(-1);
      pool.release(handle);
      expect(free).toBe(1); // the buffer is there when the waiter is called
    });
  });
});

it('numbers domains from 1 on, each the same way each time', () => {
  const [one, two] = [new Iommu(), new Iommu()];
  expect(domainNumber(one)).toBeGreaterThan(0);
  expect(domainNumber(two)).toBe(domainNumber(one) + 1);
  expect(domainNumber(one)).toBe(domainNumber(two) - 1);
  // Where nothing is translated an address is an address, whichever device uses it, as far as it reaches.
  expect(domainNumber(new IdentityMap())).toBe(domainNumber(new IdentityMap()));
  expect(domainNumber(new IdentityMap(65_536))).not.toBe(domainNumber(new IdentityMap()));
  expect(domainNumber(new IdentityMap())).not.toBe(domainNumber(one));
});

it('keeps high words of addresses apart from low ones', () => {
  const enabler = new DmaEnabler(new Iommu({ base: 2 ** 40 }), { addressWidth: 48, version: 3 });
  withPool({ enabler }, (pool) => {
    const handle = pool.take();
    const address = logicalAddress(2 ** 40);
    expect(BufferEntry.logicalHigh.get(i32, handle)).toBe(highWord(address));
    expect(BufferEntry.logicalLow.get(i32, handle)).toBe(lowWord(address));
    u8.fill(0xee, pool.address(handle), pool.address(handle) + pool.capacity);
    expect(bufferBytes(handle)[pool.capacity - 1]).toBe(0xee);
    pool.release(handle);
  });
});
