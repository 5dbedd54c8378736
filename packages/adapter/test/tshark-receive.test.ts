/*
 * Wireshark's dissectors as judge of received frames: coalesced ones have good checksums and lengths, headers lie where they
 * were found, and a checksum is valid or invalid when tshark says so. Run only with NETCX_HOST_TOOLS=1, where a missing tool
 * is a failure.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, stderr } from 'node:process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { naiveLayout } from './naive-layout.ts';
import { buildStreams, randomFrame } from './random-streams.ts';
import { StageRig, type Out } from './stage-rig.ts';
import { runsBySize } from './test-size.ts';

const demanded = env['NETCX_HOST_TOOLS'] === '1';
if (!demanded) stderr.write('NOT compared with Wireshark: that needs its tools and NETCX_HOST_TOOLS=1\n');
const seed = Number(env['NETCX_SEED'] ?? 1);

const FIELDS = [
  'ip.hdr_len', 'tcp.hdr_len', 'tcp.len', 'udp.length', 'ip.checksum.status', 'tcp.checksum.status', 'udp.checksum.status',
] as const; // prettier-ignore
type Row = Readonly<Record<(typeof FIELDS)[number], string>>;

/** What tshark says of each frame: the outermost of each field. */
function dissect(frames: readonly Uint8Array[]): Row[] {
  const folder = mkdtempSync(join(tmpdir(), 'netcx-tshark-'));
  const path = join(folder, 'received.pcap');
  const records = frames.flatMap((frame) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    return [record, frame];
  });
  writeFileSync(
    path,
    Buffer.concat([Buffer.from('d4c3b2a1020004000000000000000000ffff040001000000', 'hex'), ...records]),
  );
  const switches = [
    'ip.check_checksum:TRUE',
    'tcp.check_checksum:TRUE',
    'udp.check_checksum:TRUE',
    'ip.defragment:FALSE',
  ];
  const args = ['-n', '-r', path, ...switches.flatMap((one) => ['-o', one]), '-T', 'fields'];
  const columns = FIELDS.flatMap((field) => ['-e', field]);
  const ran = spawnSync('tshark', [...args, '-E', 'separator=/t', '-E', 'aggregator=|', ...columns], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  rmSync(folder, { recursive: true });
  if (ran.status !== 0) throw new Error(`tshark ended with ${String(ran.status)}: ${ran.error?.message ?? ran.stderr}`);
  const rows = ran.stdout.split('\n').slice(0, -1);
  return rows.map((line) => {
    const values = line.split('\t').map((value) => value.split('|')[0]!);
    return Object.fromEntries(FIELDS.map((field, index) => [field, values[index]])) as unknown as Row;
  });
}

const GOOD = '1';
const BAD = '0';

describe.runIf(demanded)('tshark agrees', () => {
  const polls = fc.sample(fc.array(randomFrame, { maxLength: 40, size: 'max' }), {
    seed,
    numRuns: runsBySize({ quick: 100, ci: 1000, long: 10_000 }),
  });
  const everything = { tcpIPv4: true, tcpIPv6: true, udpIPv4: true, udpIPv6: true };

  it('with what coalescing makes of streams', () => {
    const out: Out[] = [];
    for (const ones of polls) {
      const { frames, cuts } = buildStreams(ones);
      const rig = new StageRig({ rsc: { ...everything, tcpTimestampOption: true } }, 512, 256, 4096);
      for (const [index, frame] of frames.entries()) rig.put(frame, cuts[index]);
      out.push(...rig.run().filter(({ count }) => count > 1));
      rig.free();
    }
    expect(out.length).toBeGreaterThan(polls.length / 2); // enough of them came about
    for (const [index, row] of dissect(out.map(({ bytes }) => bytes)).entries()) {
      const { bytes } = out[index]!;
      const layout = naiveLayout(bytes);
      const headers = layout.layer2Length + layout.layer3Length + layout.layer4Length;
      const tcp = layout.layer4Type === 1;
      expect(tcp ? row['tcp.checksum.status'] : row['udp.checksum.status']).toBe(GOOD);
      if (bytes[12] === 8) expect(row['ip.checksum.status']).toBe(GOOD);
      expect(tcp ? Number(row['tcp.len']) : Number(row['udp.length']) - 8).toBe(bytes.length - headers);
    }
  });

  it('with each checksum that was looked at, and with where headers lie', () => {
    const out: Out[] = [];
    for (const ones of polls) {
      const { frames, cuts } = buildStreams(ones);
      const rig = new StageRig({ rxChecksum: { ipv4: true, ...everything } }, 512, 256, 4096);
      for (const [index, frame] of frames.entries()) rig.put(frame, cuts[index]);
      out.push(...rig.run());
      rig.free();
    }
    const status = (evaluation: number): string => (evaluation === 1 ? GOOD : BAD);
    let looked = 0;
    for (const [index, row] of dissect(out.map(({ bytes }) => bytes)).entries()) {
      const { bytes, checksum, layer4Type } = out[index]!;
      const [layer3, layer4] = [(checksum >>> 2) & 3, (checksum >>> 4) & 3];
      const layout = naiveLayout(bytes);
      if (layer3 !== 0) expect(row['ip.checksum.status']).toBe(status(layer3));
      if (bytes[12] === 8) expect(Number(row['ip.hdr_len'])).toBe(layout.layer3Length);
      if (layer4 === 0) continue;
      looked++;
      expect(layer4Type === 1 ? row['tcp.checksum.status'] : row['udp.checksum.status']).toBe(status(layer4));
      if (layer4Type === 1) expect(Number(row['tcp.hdr_len'])).toBe(layout.layer4Length);
    }
    expect(looked).toBeGreaterThan(out.length / 2);
  });
});
