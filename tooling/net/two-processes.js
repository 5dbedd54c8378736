// Owns: two processes, each with a driver and a NIC, and a socket for a wire between them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from './checks.js';
import { checkLosses, checkUdp } from './common-checks.js';
import { Lab, netcx } from './lab.js';
import { Program } from './namespaces.js';
import { download } from './size.js';
import { suite } from './suite.js';

/** What one process shows, over QEMU's framing on a local socket. */
export async function runInTwoProcesses() {
  const folder = mkdtempSync(join(tmpdir(), 'netcx-net-'));
  const socket = join(folder, 'wire.sock');
  /**
   * @param {string} what
   * @param {string[]} args of both `netcx tap`
   * @param {(lab: Lab) => Promise<void>} run
   */
  const over = (what, args, run) => {
    /** @type {(place: string, role: string) => Program} */
    const tap = (place, role) =>
      new Program(process.execPath, [...netcx, 'tap', place, '--wire', `stream:${socket},${role}`, ...args]);
    const open = () =>
      Lab.between((left, right) => [tap(`left@${left.name}`, 'listen'), tap(`right@${right.name}`, 'connect')]);
    return suite(`two processes, a socket between them${what}`, open, run);
  };
  try {
    const counters = await over('', ['--speedup', '10'], async (lab) => {
      await check('ping', () => lab.ping('-c', '100', '192.0.2.2'));
      await check('ping of 20,000 bytes over IPv6', () => lab.ping('-c', '20', '-s', '20000', '2001:db8::2'));
      await check('TCP', async () => (await lab.iperf('-c', '192.0.2.2')).note);
      await check('TCP over IPv6, backwards', async () => (await lab.iperf('-c', '2001:db8::2', '-R')).note);
      await checkUdp(lab);
      await check('download', () => lab.download(download));
    });
    await check('whoever is slow asks for silence, and no NIC misses a frame', () => {
      const missed = (counters['left.missed'] ?? NaN) + (counters['right.missed'] ?? NaN);
      const [asked, heard] = [counters['right.pausesSent'], counters['left.pausesReceived']];
      if (missed !== 0) throw new Error(`${missed} missed`);
      return `${asked} times asked, ${heard} times heard`;
    });
    await over(', checksums in Linux', ['--no-checksum'], async (lab) => {
      await check('TCP', async () => (await lab.iperf('-c', '192.0.2.2')).note);
      await checkUdp(lab);
      await check('download', () => lab.download(download / 16));
    });
    await over(', jumbo frames', ['--mtu', '9000'], async (lab) => {
      await check('ping of 8,900 bytes, not in fragments', () =>
        lab.ping('-c', '20', '-s', '8900', '-M', 'do', '192.0.2.2'),
      );
      await check('TCP over IPv6', async () => (await lab.iperf('-c', '2001:db8::2')).note);
    });
    const bad = await over(', a wire that loses and reorders', ['--impair', 'loss=1%,reorder=1%'], async (lab) => {
      await check('download', () => lab.download(download / 16));
    });
    await checkLosses(bad);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
