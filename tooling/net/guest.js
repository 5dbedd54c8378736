// Owns: a virtual machine as the other station: Linux with QEMU's own NIC, whose wire is a socket to `netcx tap`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DownloadError } from '@tooling/third-party/fetch/apt.js';
import { initramfs } from '@tooling/third-party/fetch/initramfs.js';
import { fetchThirdParty } from '@tooling/third-party/fetch/parts.js';
import { Guest } from '@tooling/third-party/rig/guest.js';
import { reportOf } from '@tooling/third-party/rig/iperf.js';
import { check, skip } from './checks.js';
import { netcx, ping, ready } from './lab.js';
import { Namespace, Program } from './namespaces.js';
import { MIB, size } from './size.js';

const SERIES = '6.12';
const BYTES = (size === 'quick' ? 4 : 32) * MIB;

/** Ping, TCP and a file between a namespace above our driver and a guest above QEMU's NIC. */
export async function talkToGuest() {
  console.log('\na virtual machine with a NIC of its own, over a socket');
  const folder = mkdtempSync(join(tmpdir(), 'netcx-guest-'));
  const left = new Namespace('netcx-left');
  /** @type {Program | undefined} */
  let tap;
  /** @type {Guest | undefined} */
  let guest;
  try {
    const socket = join(folder, 'wire.sock');
    tap = new Program(process.execPath, [
      ...netcx,
      'tap',
      `left@${left.name}`,
      '--wire',
      `stream:${socket},listen`,
      '--speedup',
      '10',
    ]);
    await tap.says('left: ', 120);
    left.ip('addr', 'add', '192.0.2.1/24', 'dev', 'left');
    const thirdParty = await fetchThirdParty((line) => console.error(line));
    const archive = join(folder, 'initramfs.cpio');
    writeFileSync(archive, await initramfs(thirdParty, SERIES));
    const wire = `stream,id=wire,server=off,addr.type=unix,addr.path=${socket}`;
    const nic = 'igb,bus=port0,netdev=wire,mac=52:54:00:12:34:56,romfile=';
    const devices = ['-netdev', wire, '-device', 'pcie-root-port,id=port0,chassis=1', '-device', nic];
    await check('Linux finds its NIC, and the link is up', async () => {
      guest = await Guest.boot({ thirdParty, series: SERIES, initramfs: archive, devices, log: join(folder, 'guest') });
      await guest.run('modprobe igb && ready eth0 && ip addr add 192.0.2.2/24 dev eth0');
      await ready(left, 'left');
    });
    if (guest === undefined) return;
    const { run } = { run: guest.run.bind(guest) };
    await check('ping, small and in fragments', async () => {
      const delay = await ping(left, '-c', '20', '-i', '0.05', '192.0.2.2');
      await ping(left, '-c', '5', '-i', '0.05', '-s', '20000', '192.0.2.2');
      return delay;
    });
    await check('TCP, both ways', async () => {
      const rates = [];
      // A server of its own for each way: one that goes on is deaf for a moment between two tests.
      for (const [port, ...way] of [['5201'], ['5202', '-R']]) {
        await run(`iperf3 -s -1 -D -p ${port} && until_true sh -c "ss -Hltn sport = :${port} | grep -q ."`);
        const output = await left.run(300, 'iperf3', '-J', '-t', '2', '-c', '192.0.2.2', '-p', String(port), ...way);
        rates.push(`${(reportOf(output).rate / 1e6).toFixed(0)} Mbit/s`);
      }
      return rates.join(' and ');
    });
    await check('a file by HTTP', async () => {
      const sum = await run(
        `mkdir -p /tmp/www && head -c ${BYTES} /dev/urandom >/tmp/www/file && httpd -p 8080 -h /tmp/www && sha256sum </tmp/www/file`,
      );
      const output = await left.run(600, 'sh', '-c', 'curl -sS http://192.0.2.2:8080/file | sha256sum');
      if (output.trim() !== sum.trim()) throw new Error(`SHA-256 ${output.trim()}, not ${sum.trim()}`);
      return `${BYTES / MIB} MiB, SHA-256 equal`;
    });
    await check('Linux counts no wrong checksum', async () => {
      const counts = await run(
        "awk '/^(Tcp|Udp): [0-9]/ {print $NF}' /proc/net/snmp; nstat -az 2>/dev/null | grep InCsumErrors",
      );
      const bad = [...counts.matchAll(/InCsumErrors\s+(\d+)/g)].reduce((sum, [, value]) => sum + Number(value), 0);
      if (bad > 0) throw new Error(counts);
    });
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    skip('the virtual machine', error.message);
  } finally {
    await guest?.stop();
    const ended = await tap?.end(120, 'SIGTERM');
    left.remove();
    rmSync(folder, { recursive: true, force: true });
    await check('netcx tap ends well', () => {
      if (ended?.code !== 0) throw new Error(`${ended?.code}: ${ended?.output}`);
      return undefined;
    });
  }
}
