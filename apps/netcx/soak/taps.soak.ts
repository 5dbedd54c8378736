/*
 * A long run of `netcx tap` between two network namespaces: files pass both ways by HTTP, with their SHA-256 compared, while Linux
 * takes interfaces down and up, changes their MTU and turns offloads off and on; every minute another wire, other queues, other
 * options. Stops at the first thing that is not as it must be: a hash, a transfer that stands still, a wrong checksum, memory or
 * descriptors that grow, an end that is none. Says so and does nothing where network namespaces are not permitted.
 *
 *     npm run soak -- taps [--minutes 30] [--seed 1] [--sources]
 */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '@netcx/clock';

const standard = process.env['NETCX_TEST_SIZE'] === 'ci' ? '0.33' : '30';
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: standard },
    seed: { type: 'string', default: '1' },
    sources: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const first = Number(values.seed);
if (!(minutes > 0) || !Number.isSafeInteger(first))
  throw new RangeError(`--minutes ${values.minutes} --seed ${values.seed}: expected a positive number and an integer`);

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const netcx = values.sources
  ? ['--conditions=@netcx/source', '--import', 'tsx', path('../src/main.ts')]
  : [path('../dist/main.js')];
const FILE_BYTES = 24 * 2 ** 20;
/** Milliseconds of one `netcx tap`. */
const EPOCH = 60_000;
/** Milliseconds that a file may take at most, mishaps included. */
const STALL = 60_000;
/** Bytes by which a process may grow once it is warm. */
const GROWTH = 96 * 2 ** 20;

const sides = ['left', 'right'] as const;
type Side = (typeof sides)[number];
const space = (side: Side): string => `netcx-soak-${side}-${process.pid}`;
const other = (side: Side): Side => (side === 'left' ? 'right' : 'left');
const address = (side: Side): string => (side === 'left' ? '192.0.2.1' : '192.0.2.2');
const children = new Set<ChildProcess>();

const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const ip = (side: Side, ...args: string[]): string => run('ip', '-n', space(side), ...args);

/** A program that runs until it is ended. */
class Program {
  output = '';
  readonly child: ChildProcess;
  readonly ended: Promise<number>;

  constructor(program: string, args: readonly string[]) {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    children.add(child);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => (this.output = (this.output + data.toString()).slice(-65_536)));
    this.ended = new Promise((resolve) => {
      child.once('close', (code) => {
        children.delete(child);
        resolve(code ?? -1);
      });
    });
  }

  static within(side: Side, program: string, ...args: string[]): Program {
    return new Program('ip', ['netns', 'exec', space(side), program, ...args]);
  }

  async says(text: string, seconds: number): Promise<void> {
    for (let tries = 0; !this.output.includes(text); tries++) {
      if (tries > seconds * 50 || this.child.exitCode !== null) throw new Error(`no ${text} in:\n${this.output}`);
      await pause(20);
    }
  }

  async end(): Promise<number> {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 15_000);
    const code = await this.ended;
    clearTimeout(timer);
    return code;
  }
}

function optionsFor(random: Random): string[] {
  const some = (...args: string[]): string[] => (random.below(3) === 0 ? args : []);
  return [
    ...['--mtu', random.below(3) === 0 ? '9000' : '1500', '--queues', String(1 + random.below(3)), '--speedup', '10'],
    ...some('--impair', 'loss=0.01%,reorder=0.1%,duplicate=0.1%'),
    ...some('--iommu'),
    ...some(['--no-checksum', '--no-segmentation', '--no-coalescing', '--software-offloads'][random.below(4)]!),
  ];
}

/** Does something to an interface that users do. */
async function mishap(random: Random, mtu: number): Promise<string> {
  const side = sides[random.below(2)]!;
  const kind = random.below(4);
  if (kind === 0) {
    ip(side, 'link', 'set', side, 'down');
    await pause(random.below(400));
    ip(side, 'link', 'set', side, 'up');
    return `flap ${side}`;
  }
  if (kind === 1) {
    const smaller = 600 + random.below(mtu - 600);
    ip(side, 'link', 'set', side, 'mtu', String(smaller));
    await pause(random.below(1000));
    ip(side, 'link', 'set', side, 'mtu', String(mtu));
    return `mtu ${side} ${smaller}`;
  }
  const what = ['tx', 'tso', 'gso', 'gro', 'rx'][random.below(5)]!;
  for (const state of ['off', 'on']) {
    try {
      run('ip', 'netns', 'exec', space(side), 'ethtool', '-K', side, what, state);
    } catch {
      // Fixed for this interface: Linux says so.
    }
    await pause(random.below(500));
  }
  return `${what} ${side}`;
}

/** What a process holds. */
function held(pid: number): { memory: number; descriptors: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    memory: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

function checksumErrors(side: Side): number {
  const text = run('ip', 'netns', 'exec', space(side), 'nstat', '-asz', 'TcpInCsumErrors', 'UdpInCsumErrors');
  return [...text.matchAll(/InCsumErrors\s+(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
}

interface Transfers {
  files: number;
  failure: string | undefined;
  running: boolean;
}

/** Fetches the file again and again. */
async function fetchFiles(side: Side, hash: string, state: Transfers): Promise<void> {
  const url = `http://${address(other(side))}:8080/`;
  let last = Date.now();
  while (state.running && state.failure === undefined) {
    const command = `curl -sS --max-time ${STALL / 1000} ${url} | sha256sum`;
    const program = Program.within(side, 'sh', '-c', command);
    await program.ended;
    if (program.output.includes(hash)) {
      state.files++;
      last = Date.now();
    } else if (program.output.includes('curl: (7)') && Date.now() - last < STALL) {
      await pause(50); // the interface is down: there is no way to go
    } else state.failure = `${side}: expected SHA-256 ${hash}, got ${program.output.trim()}`;
  }
}

/** One `netcx tap`, from its start to its end. */
async function epoch(seed: number, end: number): Promise<string> {
  const random = new Random(seed, 'taps');
  const options = optionsFor(random);
  const mtu = Number(options[1]);
  const places = sides.map((side) => `${side}@${space(side)}`);
  const tap = new Program(process.execPath, [...netcx, 'tap', ...places, ...options]);
  const servers: Program[] = [];
  const state: Transfers = { files: 0, failure: undefined, running: true };
  const story: string[] = [options.join(' ')];
  try {
    await tap.says('right: ', 30);
    for (const side of sides) {
      ip(side, 'addr', 'add', `${address(side)}/24`, 'dev', side);
      const server = path('../../../tooling/net/file-server.js');
      servers.push(Program.within(side, process.execPath, server, '8080', String(FILE_BYTES)));
    }
    for (const server of servers) await server.says('listening', 60);
    const hash = /listening (\S+)/.exec(servers[0]!.output)![1]!;
    const fetching = Promise.all(sides.map((side) => fetchFiles(side, hash, state)));
    const stop = Math.min(end, Date.now() + EPOCH);
    const warmAt = Date.now() + EPOCH / 3;
    let warm: ReturnType<typeof held> | undefined;
    while (Date.now() < stop && state.failure === undefined && tap.child.exitCode === null) {
      story.push(await mishap(random, mtu));
      await pause(500 + random.below(2000));
      if (Date.now() > warmAt) warm ??= held(tap.child.pid!);
    }
    state.running = false;
    await fetching;
    if (tap.child.exitCode !== null) throw new Error(`netcx tap has ended: ${tap.output}`);
    if (state.failure !== undefined) throw new Error(state.failure);
    const now = held(tap.child.pid!);
    if (warm !== undefined && (now.memory > warm.memory + GROWTH || now.descriptors > warm.descriptors))
      throw new Error(`it has grown from ${JSON.stringify(warm)} to ${JSON.stringify(now)}`);
    const wrong = sides.reduce((sum, side) => sum + checksumErrors(side), 0);
    if (wrong > 0) throw new Error(`${wrong} wrong checksums`);
    const code = await tap.end();
    if (code !== 0) throw new Error(`netcx tap ended with ${code}: ${tap.output}`);
    for (const [line, count] of tap.output.matchAll(/^\S+\.(?:unsupported|tooLong) (\d+)$/gm))
      if (count !== '0') throw new Error(line);
    return `${state.files} files, ${(now.memory / 2 ** 20).toFixed(0)} MiB resident; ${options.join(' ')}; ${story.length - 1} mishaps`;
  } catch (error) {
    throw new Error(`${String(error)}\n  after ${story.join(', ')}`, { cause: error });
  } finally {
    state.running = false;
    await Promise.all([tap, ...servers].map((program) => program.end()));
  }
}

function obstacle(): string | undefined {
  try {
    for (const side of sides) run('ip', 'netns', 'add', space(side));
    for (const side of sides) ip(side, 'link', 'set', 'lo', 'up');
    return undefined;
  } catch {
    return 'network namespaces are not permitted here';
  }
}

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const side of sides) {
    try {
      run('ip', 'netns', 'del', space(side));
    } catch {
      // It was never made.
    }
  }
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const reason = obstacle();
if (reason !== undefined) console.log(`SKIPPED: ${reason}`);
else {
  const end = Date.now() + minutes * 60_000;
  for (let seed = first; Date.now() < end; seed++) {
    try {
      console.log(`seed ${seed}: ${await epoch(seed, end)}`);
    } catch (error) {
      console.error(`seed ${seed}: ${String(error)}\nTo repeat: npm run soak -- taps --seed ${seed} --minutes 1`);
      process.exitCode = 1;
      break;
    }
  }
}
