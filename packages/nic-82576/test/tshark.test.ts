/*
 * Wireshark's dissectors as judge of what leaves the chip: every checksum good, every tag where it was wished, every
 * segment's length what its headers say. Run only with NETCX_HOST_TOOLS=1, where a missing tool is a failure.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { IdentityMap } from '@netcx/dma';
import { seed, testSize } from './test-size.ts';
import { compareReceived } from './tshark-receive.ts';
import { BATCH, Driver } from './transmit-driver.ts';
import { manners, type Manner } from './wishes.ts';

const demanded = process.env['NETCX_HOST_TOOLS'] === '1';
if (!demanded) process.stderr.write('NOT compared with Wireshark: that needs its tools and NETCX_HOST_TOOLS=1\n');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netcx-tshark-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A classic capture of Ethernet frames. */
function capture(frames: readonly string[]): Buffer {
  const header = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');
  const records = frames.flatMap((digits) => {
    const frame = Buffer.from(digits, 'hex');
    const record = Buffer.alloc(16);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    return [record, frame];
  });
  return Buffer.concat([header, ...records]);
}

const FIELDS = ['vlan.id', 'ip.checksum.status', 'tcp.checksum.status', 'udp.checksum.status'];
const CHECKED = ['ip.check_checksum', 'tcp.check_checksum', 'udp.check_checksum'];

/**
 * What tshark says of each frame, a row each. Random payload may look like a packet that was dropped and is quoted: of what
 * is checked only the outermost counts.
 */
function dissect(frames: readonly string[]): string[][] {
  const path = join(folder, 'sent.pcap');
  writeFileSync(path, capture(frames));
  const options = [...CHECKED.map((name) => `${name}:TRUE`), 'sctp.checksum:crc-32c'].flatMap((option) => [
    '-o',
    option,
  ]);
  const columns = [...FIELDS, 'sctp.checksum.status'].flatMap((field) => ['-e', field]);
  const args = ['-n', '-r', path, ...options, '-T', 'fields', '-E', 'separator=/t', '-E', 'aggregator=|', ...columns];
  const { status, stdout, stderr, error } = spawnSync('tshark', args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`tshark ended with ${String(status)}: ${error?.message ?? stderr}`);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t').map((field, column) => (column === 0 ? field : field.split('|')[0]!)));
}

const GOOD = '1';

/** What tshark should say of each frame of a packet: tags, then what is checked. */
function verdict({ wish }: Manner): string {
  const tags = [...(wish.tag >= 0 ? [wish.tag] : []), ...wish.tags].map((tag) => String(tag & 0xfff)).join('|');
  const l4 = ['tcp', 'udp', 'sctp'].map((protocol) => (wish.protocol === protocol ? GOOD : ''));
  return [tags, wish.version === 4 ? GOOD : '', ...l4].join('\t');
}

describe.skipIf(!demanded)('tshark finds nothing wrong', { timeout: 300_000 }, () => {
  it('with random packets and every offload', () => {
    const target = testSize('frames for tshark', { quick: 3000, ci: 20_000, long: 100_000 });
    const driver = new Driver(new IdentityMap());
    const batches = fc.sample(fc.array(manners, { minLength: 1, maxLength: BATCH }), { seed, numRuns: target / 8 });
    const frames: string[] = [];
    const wanted = new Map<string, number>();
    for (const batch of batches) {
      if (frames.length >= target) break;
      for (const manner of batch) {
        const sent = driver.send([manner]).flat();
        frames.push(...sent);
        wanted.set(verdict(manner), (wanted.get(verdict(manner)) ?? 0) + sent.length);
      }
    }
    const found = new Map<string, number>();
    for (const row of dissect(frames)) found.set(row.join('\t'), (found.get(row.join('\t')) ?? 0) + 1);
    const sorted = (counts: Map<string, number>): [string, number][] =>
      [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
    expect(sorted(found)).toEqual(sorted(wanted));
    process.stderr.write(`${String(frames.length)} frames dissected\n`);
    driver.traffic.close();
  });
});

describe.skipIf(!demanded)('tshark agrees about frames that arrive', { timeout: 300_000 }, () => {
  it('with random packets, whole, cut and spoilt', () => {
    compareReceived(folder);
  });
});
