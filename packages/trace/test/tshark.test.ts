// Owns: Wireshark as judge of a packet trace: it opens, and shows the packets with their comments where they were seen.
// Invariant: run only with NETCX_HOST_TOOLS=1, where a missing tool is a failure.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FrameDescriptor } from '@netcx/adapter/edge';
import { i32 } from '@netcx/dma/memory';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PacketTrace } from '../src/index.ts';
import { buildLoopback, send } from './loopback.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netcx-trace-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('is what Wireshark shows', async () => {
  const chunks: Uint8Array[] = [];
  const trace = new PacketTrace((chunk) => chunks.push(chunk.slice()));
  const { adapter, clock } = buildLoopback({ trace });
  const bytes = Uint8Array.from({ length: 60 }, (_, at) => [2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 0x88, 0xb5][at] ?? at);
  send(adapter, [bytes], (d) => {
    FrameDescriptor.tagging.set(i32, d, 2);
    FrameDescriptor.tag.set(i32, d, 42);
  });
  clock.run();
  await clock.drive(adapter.stop());
  trace.close();
  const file = join(folder, 'packets.pcapng');
  writeFileSync(file, Buffer.concat(chunks));
  const fields = [
    'frame.interface_name',
    'frame.time_epoch',
    'frame.packet_flags_direction',
    'eth.type',
    'frame.comment',
  ];
  const { status, stdout, stderr } = spawnSync(
    'tshark',
    ['-n', '-r', file, '-T', 'fields', '-E', 'separator=|', ...fields.flatMap((field) => ['-e', field])],
    { encoding: 'utf8' },
  );
  expect(status, stderr).toBe(0);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('|'));
  expect(lines.map(([name]) => name)).toEqual(['nic tx 0 edge', 'nic tx 0 driver', 'nic rx 0 driver', 'nic rx 0 edge']);
  expect(lines.map(([, time]) => Number(time))).toEqual([0.001, 0.001, 0.001, 0.001]);
  expect(lines.map(([, , direction]) => Number(direction))).toEqual([2, 2, 1, 1]);
  expect(lines.every(([, , , type]) => type === '0x88b5' || type === '0x8100')).toBe(true);
  expect(lines[0]?.[4]).toBe('VLAN 42');
  // The driver has no tags on offer, so the adapter inserted it: four bytes more.
  expect(lines[1]?.[4]).toMatch(/^packet 0: \d fragments from 0.*L2 Ethernet 18 B.*,fragment 0: \d+ of \d+ B/);
});
