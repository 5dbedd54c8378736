#!/usr/bin/env node
// `npm run test:net`: Linux's TCP/IP above two drivers and two NIC models, between two network namespaces.
// Ends with 77 where the machine allows no namespaces or has no TUN; its last line is `N passed, N failed, N skipped`.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Namespace, Program } from './namespaces.js';

const MIB = 2 ** 20;
const size = process.env['NETCX_TEST_SIZE'] ?? (process.env['CI'] === undefined ? 'quick' : 'ci');
/** Bytes of the download, seconds of each iperf3. */
const quick = { download: 32 * MIB, seconds: 2 };
const sizes = new Map([
  ['ci', { download: 256 * MIB, seconds: 4 }],
  ['long', { download: 1024 * MIB, seconds: 20 }],
]);
const { download, seconds } = sizes.get(size) ?? quick;
const netcx = process.argv.includes('--sources')
  ? ['--conditions=@netcx/source', '--import', 'tsx', 'apps/netcx/src/main.ts']
  : ['apps/netcx/dist/main.js'];

/**
 * @typedef {{ bits_per_second: number, lost_percent?: number, retransmits?: number }} IperfSum
 * @typedef {{ end: { sum: IperfSum, sum_received?: IperfSum, sum_sent?: IperfSum } }} IperfReport what iperf3 -J prints
 */

let passed = 0;
let failed = 0;

/**
 * @param {string} what
 * @param {() => Promise<string | undefined> | string | undefined} run what it returns is said beside the verdict
 */
async function check(what, run) {
  const begin = performance.now();
  try {
    const note = await run();
    passed++;
    const time = ((performance.now() - begin) / 1000).toFixed(1);
    console.log(`  passed  ${what}${note === undefined ? '' : `: ${note}`} (${time} s)`);
  } catch (error) {
    failed++;
    console.log(`  FAILED  ${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Two namespaces with an interface each, and what is below them. */
class Lab {
  /** @param {string[]} args of `netcx tap` */
  static async open(...args) {
    const lab = new Lab();
    lab.taps = new Program(process.execPath, [
      ...netcx,
      'tap',
      `left@${lab.left.name}`,
      `right@${lab.right.name}`,
      ...args,
    ]);
    await lab.taps.says('right: ', 20);
    for (const [side, namespace, last] of /** @type {const} */ ([
      ['left', lab.left, 1],
      ['right', lab.right, 2],
    ])) {
      namespace.ip('addr', 'add', `192.0.2.${last}/24`, 'dev', side);
      namespace.ip('addr', 'add', `2001:db8::${last}/64`, 'dev', side, 'nodad');
    }
    for (let tries = 0; !lab.left.ip('link', 'show', 'left').includes('LOWER_UP'); tries++) {
      if (tries === 100) throw new Error('the link does not come up');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return lab;
  }

  constructor() {
    this.left = new Namespace('netcx-left');
    this.right = new Namespace('netcx-right');
    /** @type {Program | undefined} */
    this.taps = undefined;
  }

  /** Ends `netcx tap`, which must end well; its counters. */
  async close() {
    const { code, output } = (await this.taps?.end(15, 'SIGTERM')) ?? { code: 0, output: '' };
    this.left.remove();
    this.right.remove();
    if (code !== 0) throw new Error(`netcx tap ended with ${code}:\n${output}`);
    return Object.fromEntries([...output.matchAll(/^(\S+) (\d+)$/gm)].map(([, name, value]) => [name, Number(value)]));
  }

  /** @param {...string} args of ping */
  async ping(...args) {
    const output = await this.left.run(30, 'ping', '-q', '-i', '0.02', ...args);
    const [, lost] = /, ([\d.]+)% packet loss/.exec(output) ?? [];
    if (Number(lost) > 0) throw new Error(`${lost} % lost`);
    const [, average] = /= [\d.]+\/([\d.]+)\//.exec(output) ?? [];
    return `${average} ms on average`;
  }

  /**
   * @param {...string} args of iperf3's client
   * @returns {Promise<{ lost: number, note: string }>}
   */
  async iperf(...args) {
    const server = this.right.start('iperf3', '-s', '-1', '--forceflush');
    await server.says('listening', 5);
    const output = await this.left.run(seconds + 20, 'iperf3', '-J', '-t', String(seconds), ...args);
    await server.end(5);
    const { end } = /** @type {IperfReport} */ (JSON.parse(output));
    const { bits_per_second: rate, lost_percent: lost = 0 } = end.sum_received ?? end.sum;
    const sent = end.sum_sent?.retransmits;
    return { lost, note: `${(rate / 1e6).toFixed(0)} Mbit/s${sent === undefined ? '' : `, ${sent} retransmits`}` };
  }

  /** @param {number} bytes */
  async download(bytes) {
    const server = this.right.start(process.execPath, 'tooling/net/file-server.js', '8080', String(bytes));
    await server.says('listening', 120);
    const [, expected] = /listening (\S+)/.exec(server.output) ?? [];
    const begin = performance.now();
    const output = await this.left.run(300, 'sh', '-c', 'curl -sS http://192.0.2.2:8080/ | sha256sum');
    const rate = (bytes * 8) / 1e6 / ((performance.now() - begin) / 1000);
    await server.end(5, 'SIGTERM');
    if (!output.startsWith(expected ?? '-')) throw new Error(`SHA-256 ${output.trim()}, not ${expected}`);
    return `${(bytes / MIB).toFixed(0)} MiB, SHA-256 equal, ${rate.toFixed(0)} Mbit/s`;
  }

  /** Wrong checksums that Linux has counted. */
  checksumErrors() {
    const count = (/** @type {Namespace} */ namespace) => {
      const text = execFileSync('ip', ['netns', 'exec', namespace.name, 'cat', '/proc/net/snmp'], { encoding: 'utf8' });
      return ['Tcp', 'Udp'].reduce((sum, protocol) => {
        const [names, values] = [...text.matchAll(new RegExp(`^${protocol}: (.*)$`, 'gm'))].map(([, line = '']) =>
          line.split(' '),
        );
        return sum + Number(values?.[names?.indexOf('InCsumErrors') ?? -1] ?? 0);
      }, 0);
    };
    return count(this.left) + count(this.right);
  }
}

/**
 * @param {string} what
 * @param {string[]} args of `netcx tap`
 * @param {(lab: Lab) => Promise<void>} run
 * @returns {Promise<Record<string, number>>} what `netcx tap` counted
 */
async function suite(what, args, run) {
  console.log(`\n${what}`);
  /** @type {Record<string, number>} */
  let counters = {};
  /** @type {Lab | undefined} */
  let lab;
  await check('two interfaces come up', async () => {
    lab = await Lab.open(...args);
    return undefined;
  });
  if (lab === undefined) return counters;
  const opened = lab;
  await run(opened);
  await check('Linux counts no wrong checksum', () => {
    const errors = opened.checksumErrors();
    if (errors > 0) throw new Error(`${errors}`);
    return undefined;
  });
  await check('ends well, with nothing unsupported', async () => {
    counters = await opened.close();
    for (const side of ['left', 'right']) {
      for (const name of ['unsupported', 'tooLong'])
        if (counters[`${side}.${name}`] !== 0) throw new Error(`${side}.${name} ${counters[`${side}.${name}`]}`);
    }
    return `${counters['left.fromLinux']} and ${counters['right.fromLinux']} frames`;
  });
  return counters;
}

async function main() {
  console.log(`size ${size}: ${download / MIB} MiB, ${seconds} s each`);
  await suite('checksums in the NIC', [], async (lab) => {
    await check('ping', () => lab.ping('-c', '100', '192.0.2.2'));
    await check('ping over IPv6', () => lab.ping('-c', '50', '2001:db8::2'));
    await check('ping of 20,000 bytes, in fragments', () => lab.ping('-c', '20', '-s', '20000', '192.0.2.2'));
    await check('TCP', async () => (await lab.iperf('-c', '192.0.2.2')).note);
    await check('TCP over IPv6, backwards', async () => (await lab.iperf('-c', '2001:db8::2', '-R')).note);
    await check(
      'TCP, four streams both ways',
      async () => (await lab.iperf('-c', '192.0.2.2', '-P', '4', '--bidir')).note,
    );
    await check('UDP, 20 Mbit/s', async () => {
      const { lost, note } = await lab.iperf('-c', '192.0.2.2', '-u', '-b', '20M');
      if (lost > 1) throw new Error(`${lost.toFixed(1)} % lost`);
      return `${note}, ${lost.toFixed(2)} % lost`;
    });
    await check('download', () => lab.download(download));
  });
  await suite('checksums in Linux', ['--no-checksum'], async (lab) => {
    await check('ping', () => lab.ping('-c', '20', '192.0.2.2'));
    await check('TCP', async () => (await lab.iperf('-c', '192.0.2.2')).note);
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
  await check('the wire was as bad as it was told to be', () => {
    const lost = Object.entries(lossy).reduce((sum, [name, value]) => sum + (/loss.*lost/.test(name) ? value : 0), 0);
    if (!(lost > 10)) throw new Error(`${lost} frames lost`);
    return `${lost} frames lost`;
  });

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
      if (bad + long > 0 || all < 5000) throw new Error(`${bad} bad, ${long} too long, of ${all}`);
      return `${all} frames`;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
  console.log(`\n${passed} passed, ${failed} failed, 0 skipped`);
  return failed === 0 ? 0 : 1;
}

/** Why this machine cannot run it; `undefined` when it can. */
function obstacle() {
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
