/* The program that one reads first does what its comments say. */

import { hostPages } from '@netcx/dma';
import { expect, it, vi } from 'vitest';

it('prints the frame that arrives, and leaves nothing behind', async () => {
  const log = vi.spyOn(console, 'log').mockReturnValue();
  const taken = hostPages.bytesTaken;
  await import('../src/main.ts');
  expect(log.mock.calls).toEqual([
    ['91 bytes: A frame from left to right, copied once, into a buffer of the driver’s own.'],
  ]);
  expect(hostPages.bytesTaken).toBe(taken);
});
