// Owns: two processes, each with a driver and a NIC, and a socket for a wire between them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from './checks.js';
import { Lab, netcx } from './lab.js';
import { Program } from './namespaces.js';
import { download } from './size.js';
import { suite } from './suite.js';

/** The traffic of one process, over QEMU's framing on a local socket. */
export async function runInTwoProcesses() {
  const folder = mkdtempSync(join(tmpdir(), 'netcx-net-'));
  const socket = join(folder, 'wire.sock');
  /**
   * @param {string} place
   * @param {string} role
   */
  const tap = (place, role) =>
    new Program(process.execPath, [...netcx, 'tap', place, '--wire', `stream:${socket},${role}`, '--speedup', '10']);
  try {
    const counters = await suite(
      'two processes, a socket between them',
      () => Lab.between((left, right) => [tap(`left@${left.name}`, 'listen'), tap(`right@${right.name}`, 'connect')]),
      async (lab) => {
        await check('ping', () => lab.ping('-c', '100', '192.0.2.2'));
        await check('ping of 20,000 bytes over IPv6', () => lab.ping('-c', '20', '-s', '20000', '2001:db8::2'));
        await check('TCP', async () => (await lab.iperf('-c', '192.0.2.2')).note);
        await check('TCP over IPv6, backwards', async () => (await lab.iperf('-c', '2001:db8::2', '-R')).note);
        await check('download', () => lab.download(download / 4));
      },
    );
    await check('whoever is slow asks for silence, and no NIC misses a frame', () => {
      const missed = (counters['left.missed'] ?? NaN) + (counters['right.missed'] ?? NaN);
      const [asked, heard] = [counters['right.pausesSent'], counters['left.pausesReceived']];
      if (missed !== 0) throw new Error(`${missed} missed`);
      return `${asked} times asked, ${heard} times heard`;
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
