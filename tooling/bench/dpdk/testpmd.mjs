#!/usr/bin/env node
// DPDK's testpmd between two null ports, as a peer for the benchmark: nanoseconds per forwarded packet on one core.
// The null ports make and drop packets in memory: there is no NIC, and unless copy is asked for no payload is touched.
// Invariant: testpmd forwards only while it is measured, so what runs between two measurements has the machine to itself.
import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { Prompt, TestpmdError } from './prompt.mjs';

export { TestpmdError };

const packageName = 'dpdk-dev';
const modes = ['io', 'mac', 'macswap', 'csum'];
/** Milliseconds after which it is asked how far it has come. */
const SLICE = 100;

/**
 * What testpmd does. `mode` is `io` (forward untouched, unless said otherwise), `mac`, `macswap` or `csum`; `burst` packets
 * per burst, 1 to 512 (32); `copy` says whether the null ports copy each packet in and out, as a NIC's DMA would (no);
 * `size` bytes per packet, 64 to 2048 (64); `cores` the idle core of the prompt and the core that forwards (the first two
 * that this process may use).
 * @typedef {{ mode?: string, burst?: number, copy?: boolean, size?: number, cores?: number[] }} TestpmdOptions
 */

/**
 * One measurement: nanoseconds per forwarded packet (both ports together, one forwarding core) in the fastest tenth of a second,
 * since no gauge can be looked at inside it and a disturbed tenth would count against it (see ../timing.mjs); its reciprocal; the
 * median of `all` tenths; and what testpmd itself counts in cycles of the time stamp counter per packet, warm-up included.
 * @typedef {{ nanoseconds: number, packetsPerSecond: number, all: number, cycles: number }} TestpmdSample
 */

/**
 * A running testpmd, idle between measurements, which must not overlap. `measure` forwards for about that many milliseconds
 * and returns nanoseconds per packet, `sample` says more, `stop` ends the process and may be called again.
 * @typedef {object} Testpmd
 * @property {(milliseconds: number) => Promise<number>} measure
 * @property {(milliseconds: number) => Promise<TestpmdSample>} sample
 * @property {() => Promise<void>} stop
 */

/** The processors that this process may run on, from the kernel's list ("0-3,8"). */
function usableCores() {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/**
 * Checks the options and fills in what was not said.
 * @param {TestpmdOptions} options
 * @returns {Required<TestpmdOptions>}
 */
function complete({ mode = 'io', burst = 32, copy = false, size = 64, cores = usableCores().slice(0, 2) }) {
  /** @type {(name: string, holds: boolean, expected: string, got: unknown) => void} */
  const check = (name, holds, expected, got) => {
    if (!holds) throw new TestpmdError('bad-option', `${name}: expected ${expected}, got ${String(got)}`);
  };
  const usable = usableCores();
  check('mode', modes.includes(mode), `one of ${modes.join(', ')}`, mode);
  check('burst', Number.isInteger(burst) && burst >= 1 && burst <= 512, 'a whole number from 1 to 512', burst);
  check('size', Number.isInteger(size) && size >= 64 && size <= 2048, 'a whole number from 64 to 2048', size);
  const apart = cores.length === 2 && cores[0] !== cores[1] && cores.every((core) => usable.includes(core));
  check('cores', apart, `two different ones of ${usable.join(',')}`, cores.join(','));
  return { mode, burst, copy, size, cores };
}

/**
 * testpmd's command line. `--no-huge` is no handicap here: forcing huge pages changed nothing.
 * @param {Required<TestpmdOptions>} work
 */
function commandLine({ mode, burst, copy, size, cores }) {
  const device = `size=${size},copy=${copy ? 1 : 0}`;
  const memory = ['-l', cores.join(','), `--main-lcore=${cores[0] ?? 0}`, '--no-huge', '-m', '1024'];
  const devices = [
    '--no-pci',
    '--no-telemetry',
    '--no-shconf',
    `--vdev=net_null0,${device}`,
    `--vdev=net_null1,${device}`,
  ];
  const forwarding = ['-i', '--auto-start', '--nb-cores=1', '--record-core-cycles'];
  return [...memory, ...devices, '--', ...forwarding, `--burst=${burst}`, `--forward-mode=${mode}`];
}

/** @returns {string | undefined} the path of dpdk-testpmd, if it is installed */
export function findTestpmd() {
  const paths = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'dpdk-testpmd'));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Installs testpmd with apt-get, as the suites of continuous integration install what they need. Needs root.
 * @throws {TestpmdError} `install-failed`, with the last words of the attempt
 */
export async function installTestpmd() {
  const apt = fileURLToPath(new URL('../../ci/apt.sh', import.meta.url));
  try {
    await promisify(execFile)('bash', ['-c', 'set -e; . "$0"; need "$1"', apt, `dpdk-testpmd=${packageName}`]);
  } catch (error) {
    const { stdout, stderr } = /** @type {{ stdout: string, stderr: string }} */ (error);
    const words = `${stderr}${stdout}`.trim().split('\n').slice(-4).join('\n');
    throw new TestpmdError('install-failed', `${packageName} could not be installed:\n${words}`);
  }
}

/**
 * Starts testpmd and leaves it idle.
 * @param {TestpmdOptions} [options]
 * @returns {Promise<Testpmd>}
 * @throws {TestpmdError} `not-found`, `bad-option` or `start-failed`
 */
export async function startTestpmd(options = {}) {
  const work = complete(options);
  const path = findTestpmd();
  if (!path) {
    const advice = `install Debian's package ${packageName} (as root: apt-get install ${packageName})`;
    throw new TestpmdError('not-found', `dpdk-testpmd is not on the PATH; ${advice}`);
  }
  const prompt = new Prompt(path, commandLine(work));

  /** Packets per second through both ports since the last call, by testpmd's own clock: our pipe's delay does not enter. */
  const show = async () => {
    prompt.send('show port stats all');
    const [, first, second] = await prompt.expect(/Tx-pps:\s+(\d+)[^]*?Tx-pps:\s+(\d+)[^]*?####\s*\n/, 'statistics');
    return Number(first) + Number(second);
  };
  /** Waits until packets go: a busy machine may let the forwarding core wait, and without packets there are no cycles of theirs. */
  const moving = async () => {
    const deadline = performance.now() + 120_000;
    while ((await show()) === 0) {
      if (performance.now() > deadline) throw new TestpmdError('no-answer', 'testpmd forwarded no packets');
      await sleep(50);
    }
  };
  /** Ends forwarding; returns the cycles per packet since it began. */
  const pause = async () => {
    prompt.send('stop');
    const [, cycles] = await prompt.expect(/CPU cycles\/packet=([\d.]+)[^]*Done\./, 'end of forwarding');
    return Number(cycles);
  };
  const forwarding = /packet forwarding - ports=2 - cores=1[^]*testpmd> /;

  try {
    await prompt.expect(forwarding, 'start');
    await moving();
    await pause();
  } catch (error) {
    await prompt.close();
    throw new TestpmdError('start-failed', /** @type {Error} */ (error).message);
  }

  /** @type {Testpmd['sample']} */
  const sample = async (milliseconds) => {
    prompt.send('start');
    await prompt.expect(forwarding, 'start of forwarding');
    await sleep(100); // warms caches up
    await moving();
    const rates = [];
    for (let left = milliseconds; left > 0; left -= SLICE) {
      await sleep(Math.min(SLICE, left));
      rates.push(await show());
    }
    const cycles = await pause();
    rates.sort((one, other) => one - other);
    const packetsPerSecond = rates.at(-1) ?? 0;
    if (packetsPerSecond === 0) throw new TestpmdError('no-answer', 'testpmd forwarded no packets');
    const all = 1e9 / (rates[rates.length >> 1] ?? NaN);
    return { nanoseconds: 1e9 / packetsPerSecond, packetsPerSecond, all, cycles };
  };
  return {
    sample,
    measure: async (milliseconds) => (await sample(milliseconds)).nanoseconds,
    stop: () => prompt.close(),
  };
}

/**
 * Measures several rounds (5 of 1000 ms unless said), each in a process of its own, since where memory falls differs from
 * process to process.
 * @param {TestpmdOptions & { rounds?: number, milliseconds?: number }} [options]
 * @returns {Promise<{ unit: string, min: number, median: number, max: number, rounds: TestpmdSample[] }>} nanoseconds per packet
 * @throws {TestpmdError} as `startTestpmd` does, and `no-answer`
 */
export async function measureTestpmd({ rounds = 5, milliseconds = 1000, ...options } = {}) {
  if (!(Number.isInteger(rounds) && rounds >= 1 && Number.isInteger(milliseconds) && milliseconds >= 1)) {
    const got = `${rounds} and ${milliseconds}`;
    throw new TestpmdError('bad-option', `rounds and ms: expected whole numbers of at least 1, got ${got}`);
  }
  /** @type {TestpmdSample[]} */
  const samples = [];
  for (let round = 0; round < rounds; round++) {
    const testpmd = await startTestpmd(options);
    try {
      samples.push(await testpmd.sample(milliseconds));
    } finally {
      await testpmd.stop();
    }
  }
  const sorted = samples.map(({ nanoseconds }) => nanoseconds).sort((a, b) => a - b);
  const at = (/** @type {number} */ index) => sorted[index] ?? NaN;
  const median = (at((rounds - 1) >> 1) + at(rounds >> 1)) / 2;
  return { unit: 'ns/packet', min: at(0), median, max: at(rounds - 1), rounds: samples };
}

const help = `Usage: testpmd.mjs [options]

Runs DPDK's testpmd between two null ports, one forwarding core, and prints nanoseconds per packet.

  --mode MODE      ${modes.join(', ')} (default io)
  --burst N        packets per burst (default 32)
  --copy           the null ports copy each packet in and out
  --size N         bytes per packet (default 64)
  --cores A,B      core of the prompt, core that forwards (default: the first two usable ones)
  --rounds N       rounds, each in a process of its own (default 5)
  --ms N           milliseconds measured per round (default 1000)
  --install        first install Debian's package ${packageName}, if testpmd is missing (as root)
  --json           one JSON object
  --help           this text
`;

async function main() {
  const { values } = parseArgs({
    options: {
      mode: { type: 'string', default: 'io' },
      burst: { type: 'string', default: '32' },
      copy: { type: 'boolean', default: false },
      size: { type: 'string', default: '64' },
      cores: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      ms: { type: 'string', default: '1000' },
      install: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  if (values.install && !findTestpmd()) {
    console.error(`testpmd.mjs: installing ${packageName} with apt-get`);
    await installTestpmd();
  }
  const { mode, copy } = values;
  const [burst, size, rounds, milliseconds] = [values.burst, values.size, values.rounds, values.ms].map(Number);
  const cores = values.cores?.split(',').map(Number);
  const work = complete({ mode, copy, burst: Number(burst), size: Number(size), ...(cores && { cores }) });
  const result = await measureTestpmd({ ...work, rounds: Number(rounds), milliseconds: Number(milliseconds) });
  if (values.json) {
    console.log(JSON.stringify({ ...work, milliseconds, ...result }));
    return;
  }
  const { min, median, max } = result;
  const range = `${min.toFixed(1)}..${max.toFixed(1)}, ${values.rounds} rounds`;
  const what = `${mode}, burst ${values.burst}, ${values.size} B${copy ? ', copied' : ''}`;
  console.log(
    `testpmd null->null ${what}: ${median.toFixed(1)} ns per packet (${range}), ${(1e3 / median).toFixed(1)} Mpps`,
  );
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main().catch((/** @type {unknown} */ error) => {
    console.error(`testpmd.mjs: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
}
