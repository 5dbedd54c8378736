/*
 * Wireshark's dissectors as judge of what the chip says of frames that arrive: of each checksum that it says it has
 * checked, tshark must say the same. Imported by tshark.test.ts, which runs only with NETCX_HOST_TOOLS=1.
 */

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import fc from 'fast-check';
import { REGISTERS, RX_STATUS } from '../src/registers/index.ts';
import { frames as randomFrames } from './random-frame.ts';
import { RxQueues } from './rx-queues.ts';
import { seed, testSize } from './test-size.ts';

const R = REGISTERS;
const BURST = 12;
const BAD = '0';
const GOOD = '1';

/** The four checksums of each frame as tshark sees them: IP, TCP, UDP, SCTP; the outermost of each counts. */
function dissect(path: string): string[][] {
  const fields = ['ip', 'tcp', 'udp', 'sctp'].flatMap((name) => ['-e', `${name}.checksum.status`]);
  const switches = [
    'ip.check_checksum:TRUE',
    'tcp.check_checksum:TRUE',
    'udp.check_checksum:TRUE',
    'ip.defragment:FALSE',
  ];
  const options = [...switches, 'ipv6.defragment:FALSE', 'sctp.checksum:crc-32c'].flatMap((option) => ['-o', option]);
  const args = ['-n', '-r', path, ...options, '-T', 'fields', '-E', 'separator=/t', '-E', 'aggregator=|', ...fields];
  const { status, stdout, stderr, error } = spawnSync('tshark', args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`tshark ended with ${String(status)}: ${error?.message ?? stderr}`);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t').map((field) => field.split('|')[0]!));
}

function capture(frames: readonly Uint8Array[]): Buffer {
  const records = frames.flatMap((frame) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    return [record, frame];
  });
  return Buffer.concat([Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex'), ...records]);
}

/** Receives random frames, and compares what their descriptors say with what tshark says. */
export function compareReceived(folder: string): void {
  const frames = fc.sample(randomFrames, {
    seed,
    numRuns: testSize('frames received for tshark', { quick: 3000, ci: 20_000, long: 100_000 }),
  });
  const rx = new RxQueues(1, 64);
  rx.start({ type: 1 });
  rx.write(R.RCTL, R.RCTL.EN.mask | R.RCTL.SECRC.mask | R.RCTL.LPE.mask);
  rx.write(R.RXCSUM, 0x2b00);
  const statuses: number[] = [];
  for (let first = 0; first < frames.length; first += BURST) {
    for (const { words } of rx.arrive(...frames.slice(first, first + BURST))) {
      statuses.push(Buffer.from(words.slice(18, 26), 'hex').readUInt32LE());
    }
  }
  rx.close();
  const path = join(folder, 'received.pcap');
  writeFileSync(path, capture(frames));
  const counts = { ip: 0, ipBad: 0, l4: 0, l4Bad: 0 };
  dissect(path).forEach(([ip = '', ...others], index) => {
    const status = statuses[index]!;
    const l4 = others.find((one) => one === BAD || one === GOOD);
    const digits = Buffer.from(frames[index]!).toString('hex');
    if ((status & RX_STATUS.IPCS) !== 0 && (ip === BAD || ip === GOOD)) {
      expect(ip, digits).toBe((status & RX_STATUS.IPE) === 0 ? GOOD : BAD);
      counts[ip === BAD ? 'ipBad' : 'ip']++;
    }
    if ((status & RX_STATUS.L4CS) !== 0 && l4 !== undefined) {
      expect(l4, digits).toBe((status & RX_STATUS.L4E) === 0 ? GOOD : BAD);
      counts[l4 === BAD ? 'l4Bad' : 'l4']++;
    }
  });
  process.stderr.write(`checksums that tshark had an opinion of: ${JSON.stringify(counts)}\n`);
  expect(statuses.length).toBe(frames.length);
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(frames.length / 200);
}
