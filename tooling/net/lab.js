// Owns: two network namespaces, an interface in each, and whatever stands between the two.
// Invariant: what was opened is closed by `close`, which fails when a program did not end well.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { reportOf } from '@tooling/third-party/rig/iperf.js';
import { Namespace, Program } from './namespaces.js';
import { MIB, seconds } from './size.js';

/** How the command line is run: the built one, or the sources. */
export const netcx = process.argv.includes('--sources')
  ? ['--conditions=@netcx/source', '--import', 'tsx', 'apps/netcx/src/main.ts']
  : ['apps/netcx/dist/main.js'];

/** Two namespaces with an interface each, and what is below them. */
export class Lab {
  /** @param {string[]} args of `netcx tap` */
  static open(...args) {
    return Lab.between((left, right) => [
      new Program(process.execPath, [...netcx, 'tap', `left@${left.name}`, `right@${right.name}`, ...args]),
    ]);
  }

  /**
   * @param {(left: Namespace, right: Namespace) => Program[]} start the programs that make the two interfaces, `left` and
   * `right`, and say so; the last one makes the last
   */
  static async between(start) {
    const lab = new Lab();
    lab.programs = start(lab.left, lab.right);
    await lab.programs[0]?.says('left: ', 120);
    await lab.programs.at(-1)?.says('right: ', 120);
    for (const [side, namespace, last] of /** @type {const} */ ([
      ['left', lab.left, 1],
      ['right', lab.right, 2],
    ])) {
      namespace.ip('addr', 'add', `192.0.2.${last}/24`, 'dev', side);
      namespace.ip('addr', 'add', `2001:db8::${last}/64`, 'dev', side, 'nodad');
    }
    await ready(lab.left, 'left');
    await ready(lab.right, 'right');
    return lab;
  }

  constructor() {
    this.left = new Namespace('netcx-left');
    this.right = new Namespace('netcx-right');
    /** @type {Program[]} */
    this.programs = [];
  }

  /** Ends the programs, which must end well; what they counted. */
  async close() {
    const ends = await Promise.all(this.programs.map((program) => program.end(120, 'SIGTERM')));
    this.left.remove();
    this.right.remove();
    for (const { code, output } of ends)
      if (code !== 0) throw new Error(`a program between the two ended with ${code}:\n${output}`);
    const lines = ends.flatMap(({ output }) => [...output.matchAll(/^(\S+) (\d+)$/gm)]);
    return Object.fromEntries(lines.map(([, name, value]) => [name, Number(value)]));
  }

  /** Seconds of processor time that the programs between the two have used. */
  processorTime() {
    return this.programs.reduce((sum, { child }) => sum + processorTime(child.pid ?? 0), 0);
  }

  /** @param {...string} args of ping */
  async ping(...args) {
    return ping(this.left, '-i', '0.02', ...args);
  }

  /**
   * @param {...string} args of iperf3's client
   * @returns {Promise<{ lost: number, rate: number, processor: number, note: string }>} datagrams that were lost
   * between the two in percent, bits per second, share of
   * a processor that the programs between the two took
   */
  async iperf(...args) {
    const server = this.right.start('iperf3', '-s', '-1', '--forceflush');
    await server.says('listening', 120);
    const before = { wall: performance.now(), used: this.processorTime(), ...this.#datagrams() };
    const output = await this.left.run(seconds + 200, 'iperf3', '-J', '-t', String(seconds), ...args);
    const processor = (this.processorTime() - before.used) / ((performance.now() - before.wall) / 1000);
    await server.end(60);
    const { end, rate: one } = reportOf(output);
    // The last datagrams may still be on their way: what is missing is counted again until it has come, or 5 s have passed.
    let after = this.#datagrams();
    for (const patience = performance.now() + 5000; after.missing > before.missing && performance.now() < patience;) {
      await pause(100);
      after = this.#datagrams();
    }
    const lost = (100 * (after.missing - before.missing)) / Math.max(1, after.sent - before.sent);
    const back = end.sum_received_bidir_reverse?.bits_per_second;
    const sent = end.sum_sent?.retransmits;
    const note = [
      `${(one / 1e6).toFixed(0)}${back === undefined ? '' : ` and ${(back / 1e6).toFixed(0)}`} Mbit/s`,
      ...(sent === undefined ? [] : [`${sent} retransmits`]),
      `${(processor * 100).toFixed(0)} % of a processor`,
    ].join(', ');
    return { lost, rate: one + (back ?? 0), processor, note };
  }

  /**
   * Datagrams that were sent, and those that neither came nor were dropped by Linux itself: in front of an interface whose queue
   * was full, or for want of room at a socket whose program had to wait for a processor.
   */
  #datagrams() {
    let [sent, missing] = [0, 0];
    for (const [side, namespace] of /** @type {const} */ ([
      ['left', this.left],
      ['right', this.right],
    ])) {
      const counters = counted(namespace);
      /** @type {[{ stats64: { tx: { dropped: number } } }]} */
      const [{ stats64 }] = JSON.parse(namespace.ip('-s', '-j', 'link', 'show', side));
      const sum = (/** @type {string[]} */ ...names) =>
        names.reduce((all, name) => all + counters(`Udp${name}`) + counters(`Udp6${name}`), 0);
      sent += sum('OutDatagrams');
      missing += sum('OutDatagrams') - sum('InDatagrams', 'InErrors', 'NoPorts') - stats64.tx.dropped;
    }
    return { sent, missing };
  }

  /** @param {number} bytes */
  async download(bytes) {
    const server = this.right.start(process.execPath, 'tooling/net/file-server.js', '8080', String(bytes));
    await server.says('listening', 600);
    const [, expected] = /listening (\S+)/.exec(server.output) ?? [];
    const begin = performance.now();
    const output = await this.left.run(1200, 'sh', '-c', 'curl -sS http://192.0.2.2:8080/ | sha256sum');
    const rate = (bytes * 8) / 1e6 / ((performance.now() - begin) / 1000);
    await server.end(60, 'SIGTERM');
    if (!output.startsWith(expected ?? '-')) throw new Error(`SHA-256 ${output.trim()}, not ${expected}`);
    return `${(bytes / MIB).toFixed(0)} MiB, SHA-256 equal, ${rate.toFixed(0)} Mbit/s`;
  }

  /** Wrong checksums that Linux has counted. */
  checksumErrors() {
    return [this.left, this.right].reduce((sum, namespace) => {
      const counters = counted(namespace);
      return sum + counters('TcpInCsumErrors') + counters('UdpInCsumErrors');
    }, 0);
  }
}

/**
 * What Linux's protocols have counted in a namespace.
 * @param {Namespace} namespace
 * @returns {(name: string) => number} by protocol and name, such as `TcpInCsumErrors`
 */
function counted({ name }) {
  const words = ['netns', 'exec', name, 'cat', '/proc/net/snmp', '/proc/net/snmp6'];
  const text = execFileSync('ip', words, { encoding: 'utf8' });
  /** @type {Map<string, number>} */
  const counters = new Map([...text.matchAll(/^(\w+)\s+(\d+)$/gm)].map(([, key = '', value]) => [key, Number(value)]));
  for (const [, protocol = '', names = '', values = ''] of text.matchAll(/^(\w+): (\D.*)\n\1: (.*)$/gm)) {
    const numbers = values.split(' ').map(Number);
    for (const [index, key] of names.split(' ').entries()) counters.set(protocol + key, numbers[index] ?? NaN);
  }
  return (key) => counters.get(key) ?? NaN;
}

/**
 * Echoes from a namespace, each of which must be answered. `ping` itself waits for the last answer no longer than the others
 * took, which a busy machine may exceed: Linux counts whatever comes.
 * @param {Namespace} namespace
 * @param {...string} args of ping
 * @returns {Promise<string>} how long an answer took
 */
export async function ping(namespace, ...args) {
  const unanswered = () => {
    const counters = counted(namespace);
    const answers = counters('IcmpInEchoReps') + counters('Icmp6InEchoReplies');
    return counters('IcmpOutEchos') + counters('Icmp6OutEchos') - answers;
  };
  const before = unanswered();
  const output = await namespace.run(300, 'ping', '-q', ...args);
  for (let tries = 0; unanswered() !== before; tries++) {
    if (tries === 600) throw new Error(`${unanswered() - before} echoes were not answered:\n${output}`);
    await pause(100);
  }
  return `${/= [\d.]+\/([\d.]+)\//.exec(output)?.[1] ?? '?'} ms on average`;
}

/**
 * Waits until an interface's link is up.
 * @param {Namespace} namespace
 * @param {string} name
 */
export async function ready(namespace, name) {
  for (let tries = 0; !namespace.ip('link', 'show', name).includes('LOWER_UP'); tries++) {
    if (tries === 2400) throw new Error(`the link of ${name} does not come up`);
    await pause(50);
  }
}

/**
 * @param {number} pid
 * @returns {number} seconds of processor time that a process and its threads have used
 */
function processorTime(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100; // in ticks of a hundredth
}
