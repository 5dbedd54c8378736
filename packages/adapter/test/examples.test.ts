/*
 * The programs in examples/ run and say what their readers expect: the two documents' own samples, in this project's names, and
 * the figure of what small buffers save.
 */

import { hostPages } from '@netcx/dma';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

let taken = 0;
beforeEach(() => {
  taken = hostPages.bytesTaken;
});
afterEach(() => {
  vi.restoreAllMocks();
  expect(hostPages.bytesTaken).toBe(taken);
});

/** What an example prints. */
async function outputOf(name: string): Promise<string[]> {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(...line.split('\n')));
  await import(`../examples/${name}.ts`);
  return lines;
}

describe('the buffer-management document’s sample', () => {
  it('sets capabilities up for DMA, and is granted what it asked for', async () => {
    const lines = await outputOf('capability-set-up');
    expect(lines[0]).toBe(
      'ViolationError: CAPABILITIES_INVALID: nic: tx.dma.enabler has DMA version 2; the buffer manager needs version 3; rx.dma.enabler has DMA version 2; the buffer manager needs version 3. ' +
        'InvalidAdapterTxCapabilities (0x20.2: transmit capabilities that cannot be); nic; see docs/verifier/invalid-adapter-tx-capabilities.md',
    );
    expect(lines.slice(1)).toEqual([
      'receive alignment = 64 (nic asked 64): the most that was asked, at least a cache line',
      'receive headroom = 0: the most that was asked, in steps of 64 bytes, where the NIC may begin to write',
      'receive buffer size = 1526 (nic asked 1526): each frame in one buffer, since the NIC spreads none',
      'transmit headroom = 0: the most that was asked; the NIC’s backfill begins aligned',
      'transmit packets = 512: as many as fragments, for frames of one fragment',
      'transmit fragments = 512 (nic asked 512): as asked',
      'transmit buffers = 512: one for each element, should every frame be copied',
      'receive packets = 128: as many as fragments, for frames of one fragment',
      'receive fragments = 128 (nic asked 128): as asked',
      'receive buffers = 256: as many with the protocol as on the ring',
      `memory = ${513 * 1536 + 256 * 1536} bytes`,
    ]);
  });
});

describe('the packet-descriptor document’s samples', () => {
  it('query offsets when a queue is created, and store them in its context', async () => {
    expect(await outputOf('create-queue')).toEqual([
      'queue 0: checksum at byte 12, segmentation: false',
      'queue 1: checksum at byte 12, segmentation: false',
    ]);
  });

  it('look a packet’s checksum up on the data path', async () => {
    expect(await outputOf('checksum-look-up')).toEqual([
      'packet 0: compute nothing',
      'packet 1: compute TCP or UDP',
      'packet 2: compute IPv4 and TCP or UDP',
    ]);
  });
});

it('small buffers save three quarters of a jumbo NIC’s memory', async () => {
  const lines = await outputOf('jumbo-buffers');
  expect(lines.slice(0, 2)).toEqual([
    'whole: buffers of 9216 bytes, 72.5 MiB for 16 receive queues',
    'in parts: buffers of 2048 bytes, 16.5 MiB for 16 receive queues',
  ]);
  expect(lines).toContain(
    'receive buffer size = 2048 (nic asked 9216): a usual frame in one buffer, longer ones in several, which every protocol takes',
  );
});
