#!/usr/bin/env node
// `npm run test:net`: Linux's TCP/IP above two drivers and two NIC models, between two network namespaces.
// Ends with 77 where programs are missing, or where the machine allows no namespaces or has no TUN. Its last line is
// `N passed, N failed, N skipped`.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { check, closeChecks } from './checks.js';
import { checkLosses, checkUdp } from './common-checks.js';
import { tellEvents } from './events.js';
import { talkToGuest } from './guest.js';
import { Namespace } from './namespaces.js';
import { download, MIB, seconds, size } from './size.js';
import { talkOverPackets } from './packet.js';
import { suite } from './suite.js';
import { compareThroughput } from './throughput.js';
import { runInTwoProcesses } from './two-processes.js';
import { goUp } from './up.js';

async function main() {
  console.log(`size ${size}: ${download / MIB} MiB, ${seconds} s each`);
  await suite('offloads in the NIC', [], async (lab) => {
    await check('ping', () => lab.ping('-c', '100', '192.0.2.2'));
    await check('ping over IPv6', () => lab.ping('-c', '50', '2001:db8::2'));
    await check('ping of 20,000 bytes, in fragments', () => lab.ping('-c', '20', '-s', '20000', '192.0.2.2'));
    await check('TCP', async () => (await lab.iperf('-c', '192.0.2.2')).note);
    await check('TCP over IPv6, backwards', async () => (await lab.iperf('-c', '2001:db8::2', '-R')).note);
    await check(
      'TCP, four streams both ways',
      async () => (await lab.iperf('-c', '192.0.2.2', '-P', '4', '--bidir')).note,
    );
    await checkUdp(lab);
    await check('download', () => lab.download(download));
  });
  // What the framework's software makes of frames is judged by Linux's TCP as well: nothing is left to the NIC.
  await suite('all offloads in software', ['--software-offloads', '--speedup', '10'], async (lab) => {
    await check('TCP', async () => (await lab.iperf('-c', '192.0.2.2')).note);
    await check('TCP over IPv6, backwards', async () => (await lab.iperf('-c', '2001:db8::2', '-R')).note);
    await check('download', () => lab.download(download / 4));
  });
  await suite('four queues', ['--queues', '4', '--speedup', '10'], async (lab) => {
    await check('TCP, eight streams', async () => (await lab.iperf('-c', '192.0.2.2', '-P', '8')).note);
    await check('download', () => lab.download(download / 4));
  });
  await suite('checksums in Linux', ['--no-checksum'], async (lab) => {
    await check('ping', () => lab.ping('-c', '20', '192.0.2.2'));
    await check('TCP', async () => (await lab.iperf('-c', '192.0.2.2')).note);
    await checkUdp(lab);
    await check('download', () => lab.download(download / 16));
  });
  await suite('jumbo frames, an IOMMU', ['--mtu', '9000', '--iommu'], async (lab) => {
    await check('ping of 8,900 bytes, not in fragments', () =>
      lab.ping('-c', '20', '-s', '8900', '-M', 'do', '192.0.2.2'),
    );
    await check('TCP', async () => (await lab.iperf('-c', '192.0.2.2')).note);
  });
  const lossy = await suite(
    'a wire that loses, reorders and duplicates',
    ['--impair', 'loss=1%,reorder=1%,duplicate=1%'],
    async (lab) => {
      await check('download', () => lab.download(download / 16));
    },
  );
  await checkLosses(lossy);

  const folder = mkdtempSync(join(tmpdir(), 'netcx-net-'));
  try {
    const file = join(folder, 'wire.pcapng');
    await suite('recorded', ['--wire', `pcap:${file}+pair`], async (lab) => {
      await check('TCP and UDP', async () => {
        await lab.iperf('-c', '192.0.2.2', '-b', '40M');
        await lab.iperf('-c', '2001:db8::2', '-u', '-b', '5M');
        return undefined;
      });
    });
    await check('tshark finds no wrong checksum on the wire, and no frame above the MTU', () => {
      const fields = ['ip', 'tcp', 'udp', 'icmp', 'icmpv6'].map((name) => `${name}.checksum.status=="Bad"`);
      const options = ['ip', 'tcp', 'udp'].flatMap((name) => ['-o', `${name}.check_checksum:TRUE`]);
      const count = (/** @type {string} */ filter) =>
        execFileSync('tshark', ['-r', file, ...options, '-Y', filter], {
          encoding: 'utf8',
          maxBuffer: 1 << 28,
          stdio: ['ignore', 'pipe', 'ignore'],
        })
          .split('\n')
          .filter(Boolean).length;
      const all = count('frame');
      const [bad, long] = [count(fields.join('||')), count('frame.len>1514')];
      if (bad + long > 0 || all < 1000) throw new Error(`${bad} bad, ${long} too long, of ${all}`);
      return `${all} frames`;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
  await tellEvents();
  await runInTwoProcesses();
  await talkOverPackets();
  await goUp();
  await talkToGuest();
  await compareThroughput();
  return closeChecks();
}

/** What the checks call, and Debian's packages that have it. */
const programs = { ip: 'iproute2', ping: 'iputils-ping', iperf3: 'iperf3', curl: 'curl', tshark: 'tshark' };

/** Why this machine cannot run it; `undefined` when it can. */
function obstacle() {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const missing = Object.entries(programs).filter(
    ([program]) => !folders.some((folder) => existsSync(join(folder, program))),
  );
  if (missing.length > 0) return `not installed (Debian's packages): ${missing.map(([, name]) => name).join(', ')}`;
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch {
    return 'this machine has no /dev/net/tun that may be opened';
  }
  try {
    new Namespace('netcx-try').remove();
  } catch {
    return 'this machine allows no network namespaces';
  }
  return undefined;
}

const reason = obstacle();
if (reason !== undefined) {
  console.log(`SKIPPED: ${reason}`);
  process.exitCode = 77;
} else {
  process.exitCode = await main();
}
