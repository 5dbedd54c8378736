/*
 * The README's example, as it stands there.
 */

import { DmaEnabler, Iommu } from '@netcx/dma';
import { expect, it } from 'vitest';
import { bufferBytes, BufferPool, NO_BUFFER } from '../src/index.ts';

it('holds a frame for two readers', () => {
  const enabler = new DmaEnabler(new Iommu(), { addressWidth: 64, version: 3 });
  const pool = new BufferPool({ name: 'rx 0', count: 512, capacity: 1536, enabler });

  const buffer = pool.take();
  if (buffer === NO_BUFFER) throw new Error('none is free: a value, not an error');
  bufferBytes(buffer).set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
  pool.addReference(buffer); // a second reader of the same bytes
  pool.release(buffer);
  expect(pool.census()).toEqual({ count: 512, free: 511, nic: 0, protocol: 1, transmit: 0 });

  expect(() => {
    pool.close(); // BufferError STILL_HELD: rx 0: 1 of 512 buffers are still held (receive rings 0, protocol 1, ...
  }).toThrow('STILL_HELD');
  pool.release(buffer);
  pool.close();
});
