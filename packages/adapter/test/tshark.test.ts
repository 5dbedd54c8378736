/*
 * Wireshark's dissectors as judge of what software does in a NIC's place: every checksum good, every length what the headers
 * say, every tag where it was wished, no byte of a stream missing. Run only with NETCX_HOST_TOOLS=1, where a missing tool is a
 * failure. NETCX_RUNS sets how many frames are sent, NETCX_SEED repeats a run.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seeded } from './conservation.ts';
import { buildFrame, type FrameShape } from './offload-frames.ts';
import { cuts, inside, shapes } from './offload-shapes.ts';
import { runsBySize } from './test-size.ts';
import { buildOffloadRig, type Place } from './offload-rig.ts';

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
function capture(frames: readonly Uint8Array[]): Buffer {
  const header = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');
  const records = frames.flatMap((frame) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    return [record, frame];
  });
  return Buffer.concat([header, ...records]);
}

// prettier-ignore
const FIELDS = ['vlan.id', 'ip.checksum.status', 'tcp.checksum.status', 'udp.checksum.status', 'tcp.len', 'udp.length', 'tcp.seq_raw'];
const CHECKED = ['ip.check_checksum', 'tcp.check_checksum', 'udp.check_checksum'];

/** What tshark says of each frame, a row each. */
function dissect(frames: readonly Uint8Array[]): string[] {
  const path = join(folder, 'sent.pcap');
  writeFileSync(path, capture(frames));
  const options = CHECKED.flatMap((name) => ['-o', `${name}:TRUE`]);
  const columns = FIELDS.flatMap((field) => ['-e', field]);
  const args = ['-n', '-r', path, ...options, '-T', 'fields', '-E', 'separator=/t', '-E', 'aggregator=|', ...columns];
  const { status, stdout, stderr, error } = spawnSync('tshark', args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`tshark ended with ${String(status)}: ${error?.message ?? stderr}`);
  // Random payload may look like a packet that is quoted: of what is checked only the outermost counts.
  const outermost = (field: string, column: number): string => (column === 0 ? field : field.split('|')[0]!);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t').map(outermost).join('\t'));
}

const GOOD = '1';

/** What tshark should say of each segment of a frame. */
function verdicts(shape: FrameShape, size: number, tag: number): string[] {
  // The outer one of two is a service tag, which tshark has another name for.
  const inFrame = shape.tags === 0 ? [] : [shape.tags === 1 ? 100 : 357];
  const tags = [...(tag < 0 ? [] : [tag]), ...inFrame];
  const said: string[] = [];
  for (let done = 0; done === 0 || done < shape.payload; done += size) {
    const part = Math.min(size, shape.payload - done);
    const { tcp } = shape;
    said.push(
      [
        tags.join('|'),
        shape.ip === 4 ? GOOD : '',
        tcp ? GOOD : '',
        tcp ? '' : GOOD,
        tcp ? part : '',
        tcp ? '' : part + 8,
        tcp ? (shape.sequence + done) >>> 0 : '',
      ].join('\t'),
    );
  }
  return said;
}

describe.skipIf(!demanded)('tshark finds nothing wrong', { timeout: 300_000 }, () => {
  it('with segments, checksums and tags that software made', async () => {
    const { seed, numRuns } = seeded('frames for tshark', runsBySize({ quick: 600, ci: 1200, long: 10_000 }));
    const wanted = fc.record({
      shape: shapes,
      size: fc.integer({ min: 100, max: 8000 }),
      places: cuts,
      place: fc.constantFrom<Place>('pool', 'odd', 'own', 'big'),
      tag: fc.constantFrom(-1, -1, 0x123),
      cut: fc.constantFrom(true, true, true, false),
    });
    const rig = buildOffloadRig({ packets: 32, fragments: 64, mtu: 9000 });
    const expected: string[] = [];
    for (const { shape, size, places, place, tag, cut } of fc.sample(wanted, { seed, numRuns })) {
      const payload = cut ? shape.payload * 4 : shape.payload;
      const known = { ...shape, payload, snap: shape.snap && payload < 1000 };
      const frame = buildFrame(known);
      rig.send(
        frame,
        {
          segmentSize: cut ? size : 0,
          layer3: true,
          layer4: true,
          tagging: tag < 0 ? 0 : 2,
          tag: Math.max(0, tag),
          layout: false,
        },
        inside(places, frame.bytes.length),
        place,
      );
      rig.finish();
      expected.push(...verdicts(known, cut ? size : Infinity, tag));
    }
    const { frames } = rig.tx;
    expect(frames.length).toBe(expected.length);
    process.stderr.write(`${frames.length} frames for tshark\n`);
    const found = dissect(frames);
    const wrong = found.flatMap((line, index) =>
      line === expected[index] ? [] : [{ index, line, expected: expected[index] }],
    );
    expect(wrong.slice(0, 3)).toEqual([]);
    expect(found.length).toBe(expected.length);
    await rig.close();
  });
});
