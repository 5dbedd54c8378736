/*
 * Pools that look for mistakes: who writes to a buffer that lies in its pool, or past one's end, is named, once; and reports
 * say since when who holds what. An unchecked pool pays nothing and finds nothing.
 */

import { hostPages } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';
import { describe, expect, it } from 'vitest';
import {
  BufferEntry,
  BufferError,
  BufferPool,
  bufferBytes,
  defineOwner,
  handOver,
  OWNER_NIC,
  OWNER_TRANSMIT,
  ownerName,
  registerHolder,
  releaseBuffer,
  retainBuffer,
  type BufferPoolOptions,
} from '../src/index.ts';

function withPool(more: Partial<BufferPoolOptions>, use: (pool: BufferPool, tick: (ns: number) => void) => void): void {
  const taken = hostPages.bytesTaken;
  let time = 0;
  const pool = new BufferPool({ name: 'rx 0', count: 4, capacity: 2048, checked: true, now: () => time, ...more });
  use(pool, (ns) => {
    time += ns;
  });
  pool.close();
  expect(hostPages.bytesTaken).toBe(taken);
}

describe('a checked pool', () => {
  it.each([2048, 67, 65])(
    'spoils all %i bytes that are released, so that whoever reads on reads nonsense',
    (capacity) => {
      withPool({ capacity }, (pool) => {
        const buffer = pool.take();
        bufferBytes(buffer).fill(1);
        pool.release(buffer);
        expect(bufferBytes(buffer).every((byte) => byte === 0xbd)).toBe(true);
        expect(u8[pool.address(buffer) + capacity]).toBe(0xca); // what lies behind them is not the next buffer's
      });
    },
  );

  it.each([0, 1, 63, 2046, 2047])('finds a write after release at byte %i, names who held it, and heals it', (at) => {
    withPool({}, (pool, tick) => {
      const bridge = defineOwner('bridge');
      const buffer = pool.take(bridge);
      tick(100);
      pool.release(buffer);
      u8[pool.address(buffer) + at] = 0;
      expect(() => pool.take()).toThrow(
        `WRITTEN_AFTER_FREE: rx 0: buffer ${buffer} was written to after it was released, at byte ${at}; held last by: bridge, until or since 100 ns`,
      );
      expect([pool.free, pool.taken]).toEqual([4, 1]); // nothing was taken
      expect(pool.take()).toBe(buffer);
      pool.release(buffer);
    });
  });

  it('finds a write past the end, when the buffer comes back', () => {
    withPool({}, (pool) => {
      const buffer = pool.take();
      u8[pool.address(buffer) + 2048 + 63] = 0;
      releaseBuffer(buffer); // never throws for what another did
      expect(() => {
        pool.verify();
      }).toThrow(`WRITTEN_BEYOND_END: rx 0: buffer ${buffer} was written to past its end, at byte 2111 of 2048`);
      pool.verify();
    });
  });

  it('is not closed over a mistake that nobody was told of, and then is', () => {
    const taken = hostPages.bytesTaken;
    const pool = new BufferPool({ name: 'rx 0', count: 2, capacity: 64, checked: true });
    const buffer = pool.take();
    pool.release(buffer);
    u8[pool.address(buffer)] = 0;
    expect(() => {
      pool.close();
    }).toThrow('WRITTEN_AFTER_FREE');
    pool.close();
    expect(hostPages.bytesTaken).toBe(taken);
  });

  it('says since when who holds what', () => {
    withPool({ count: 8 }, (pool, tick) => {
      tick(10);
      const first = pool.take(defineOwner('bridge'));
      tick(10);
      const second = pool.take(OWNER_NIC);
      const third = pool.take(defineOwner('bridge'));
      tick(10);
      handOver(second, OWNER_TRANSMIT);
      expect(pool.leaks()).toEqual([
        { who: 'bridge', count: 2, since: 10, handles: [first, third] },
        { who: 'transmit rings', count: 1, since: 30, handles: [second] },
      ]);
      expect(() => {
        pool.close();
      }).toThrow(
        'STILL_HELD: rx 0: 3 of 8 buffers are still held (receive rings 0, protocol 2, transmit rings 1); by bridge: 2 since 10 ns, transmit rings: 1 since 30 ns',
      );
      for (const buffer of [first, second, third]) pool.release(buffer);
    });
  });

  it('keeps references and owners like any other', () => {
    withPool({}, (pool) => {
      const buffer = pool.take(OWNER_NIC);
      retainBuffer(buffer);
      pool.addReference(buffer);
      expect([BufferEntry.references.get(i32, buffer), BufferEntry.owner.get(i32, buffer)]).toEqual([3, OWNER_NIC]);
      expect(BufferEntry.held.get(i32, buffer)).not.toBe(1); // no loop takes it for a plain one
      for (let time = 0; time < 3; time++) releaseBuffer(buffer);
      expect(() => {
        releaseBuffer(buffer);
      }).toThrow(`NOT_HELD: buffer ${buffer} lies in its pool; it was released before, or never taken`);
      expect([pool.free, BufferEntry.references.get(i32, buffer)]).toEqual([4, 0]);
    });
  });
});

describe('a pool that is not checked', () => {
  it('looks at nothing, and knows no time', () => {
    withPool({ checked: false }, (pool) => {
      const buffer = pool.take();
      u8[pool.address(buffer) + 100] = 7;
      pool.release(buffer);
      u8[pool.address(buffer) + 101] = 7;
      pool.verify();
      expect([u8[pool.address(buffer) + 100], pool.take()]).toEqual([7, buffer]);
      expect(pool.leaks()).toEqual([{ who: 'protocol', count: 1, since: undefined, handles: [buffer] }]);
      pool.release(buffer);
    });
  });

  it('finds a buffer that is released twice all the same', () => {
    withPool({ checked: false }, (pool) => {
      const buffer = pool.take();
      releaseBuffer(buffer);
      expect(() => {
        releaseBuffer(buffer);
      }).toThrow('NOT_HELD');
      expect([pool.free, BufferEntry.state.get(i32, buffer)]).toEqual([4, 0]);
    });
  });

  it('has no more holders of a buffer than it can count', () => {
    withPool({ checked: false }, (pool) => {
      const buffer = pool.take();
      for (let more = 1; more < 32_767; more++) pool.addReference(buffer);
      expect(() => {
        pool.addReference(buffer);
      }).toThrow(`REFERENCES: buffer ${buffer} has 32767 holders`);
      expect(() => {
        retainBuffer(buffer);
      }).toThrow(BufferError);
      for (let less = 0; less < 32_767; less++) releaseBuffer(buffer);
      expect(pool.free).toBe(4);
    });
  });
});

describe('rings', () => {
  it('are asked what lies in them, and named', () => {
    withPool({ checked: false, count: 8 }, (pool) => {
      const buffers = [pool.take(), pool.take(), pool.take()];
      const forget = [
        registerHolder({ name: 'nic 0 rx 0 ring', owner: OWNER_NIC, handles: () => [buffers[0]!] }),
        registerHolder({ name: 'nic 1 tx 3 ring', owner: OWNER_TRANSMIT, handles: () => [buffers[1]!, buffers[1]!] }),
      ];
      expect(pool.census()).toEqual({ count: 8, free: 5, nic: 1, protocol: 1, transmit: 1 });
      expect(pool.leaks().map(({ who, count }) => [who, count])).toEqual([
        ['nic 0 rx 0 ring', 1],
        ['nic 1 tx 3 ring', 1],
        ['protocol', 1],
      ]);
      for (const end of forget) end();
      expect(pool.census()).toMatchObject({ nic: 0, protocol: 3, transmit: 0 });
      for (const buffer of buffers) pool.release(buffer);
    });
  });
});

it('gives each owner one number, and each number its name', () => {
  const one = defineOwner('owner one');
  expect([defineOwner('owner one'), ownerName(one), ownerName(60_000)]).toEqual([one, 'owner one', 'owner 60000']);
  expect(defineOwner('owner two')).not.toBe(one);
  expect(['the pool', 'receive rings', 'protocol', 'transmit rings'].map(defineOwner)).toEqual([0, 1, 2, 3]);
});

it('says what it has been through', () => {
  withPool({ checked: false, count: 3, capacity: 100 }, (pool) => {
    const buffers = [pool.take(), pool.take(), pool.take(), pool.take()].slice(0, 3);
    pool.release(buffers[0]!);
    expect(pool.statistics()).toEqual({
      count: 3,
      free: 1,
      inUse: 2,
      peakInUse: 3,
      taken: 3,
      returned: 1,
      exhausted: 1,
      bytes: 3 * 128,
    });
    for (const buffer of buffers.slice(1)) pool.release(buffer);
  });
});

it('keeps the headroom inside its buffers', () => {
  withPool({ headroom: 64, checked: false }, (pool) => {
    expect([pool.headroom, pool.capacity]).toEqual([64, 2048]);
  });
  for (const headroom of [-1, 0.5, 1985]) {
    expect(() => new BufferPool({ name: 'rx 0', count: 1, capacity: 2048, headroom })).toThrow(
      `BUFFER_SIZE: rx 0: a headroom of ${headroom} bytes in buffers of 2048; expected to leave 64 or more`,
    );
  }
});
