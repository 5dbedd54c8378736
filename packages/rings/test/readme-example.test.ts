/*
 * The README's example: every statement of it, and what it says that it prints.
 */

import { readFileSync } from 'node:fs';
import { hostPages } from '@netcx/dma';
import { i32 as m } from '@netcx/dma/memory';
import { expect, it } from 'vitest';
import { Fragment, Packet, RingCollection } from '../src/index.ts';

it('sends one frame round', () => {
  const options = { name: 'tx 0', packets: 256, fragments: 256, packetStride: 12, fragmentStride: 8 };
  const block = hostPages.allocate(RingCollection.bytes(options), { owner: 'tx 0 rings' });
  const { packets, fragments } = RingCollection.create(block, options);

  // The framework: one packet of one fragment, 60 bytes long.
  const f = fragments.at(fragments.endIndex);
  Fragment.validLength.set(m, f, 60);
  Fragment.capacity.set(m, f, 2048);
  const p = packets.at(packets.endIndex);
  Packet.fragmentIndex.set(m, p, fragments.endIndex);
  Packet.fragmentCount.set(m, p, 1);
  fragments.publish(1);
  packets.publish(1);

  // The driver: hands them to its device, and gives them back when the device is done.
  fragments.post(fragments.postCount);
  packets.post(packets.postCount);
  fragments.complete(fragments.drainCount);
  packets.complete(packets.drainCount);

  // The framework: they are free again.
  fragments.reap(fragments.reapCount);
  packets.reap(packets.reapCount);
  expect(packets.freeCount).toBe(255);
  expect(packets.describe()).toBe('tx 0 packets: 256 x 12 B, processed 1 begin 1 next 1 end 1');
  hostPages.free(block);
});

it('stands in the README as it stands here', () => {
  const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');
  const [, shown = ''] = /## Example\n\n```ts\n([^]*?)```/.exec(read('../README.md')) ?? [];
  const own = new Set(
    read('./readme-example.test.ts')
      .split('\n')
      .map((line) => line.trim()),
  );
  const lines = shown.split('\n').filter((line) => !/^$|^import|console\.log/.test(line));
  expect(lines.length).toBeGreaterThan(15);
  expect(lines.filter((line) => !own.has(line))).toEqual([]);
});
