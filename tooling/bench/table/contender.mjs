// What takes part in a series: a program that prints one JSON object of numbers as its last line, or DPDK's testpmd, which
// stays up and is measured again and again.
// Invariant: between two measurements a contender does nothing, so the next one has the machine to itself.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findTestpmd, startTestpmd } from '../dpdk/testpmd.mjs';
import { unlessDisturbed } from '../timing.mjs';

/** A program ends with it when what it compares with is not installed; its last words say what. */
const SKIPPED = 77;
/** Milliseconds that a program may take. */
const LIMIT = 300_000;

/**
 * What one measurement came to: its figures by name.
 * @typedef {Readonly<Record<string, number>>} Sample
 */

/**
 * @typedef {object} Surroundings
 * @property {string} root of the repository
 * @property {string} scratch a folder for what programs compile, kept for the whole run
 * @property {boolean} quick whether measurements shall be short
 */

/**
 * @typedef {object} Contender
 * @property {string} command how one would run it by hand
 * @property {(surroundings: Surroundings) => Promise<Opened>} open
 */

/**
 * @typedef {object} Opened
 * @property {() => Promise<Sample>} measure
 * @property {() => Promise<void>} close
 */

/** It cannot take part here: something is not installed. */
export class Missing extends Error {
  /** @override */
  name = 'Missing';
}

/**
 * A program of the repository, in a process of its own for each measurement.
 * @param {string} file from the root on; `.ts` goes through tsx
 * @param {...string} args
 * @returns {Contender}
 */
export function program(file, ...args) {
  const words = file.endsWith('.ts') ? ['--import', 'tsx', file, ...args] : [file, ...args];
  return {
    command: `node ${words.join(' ')}`,
    open: ({ root, scratch, quick }) => {
      const env = { ...process.env, NETCX_BENCH_SCRATCH: scratch, NETCX_BENCH_SIZE: quick ? 'quick' : 'full' };
      const measure = async () => lastLine(file, await output(words, { cwd: root, env, timeout: LIMIT }));
      return Promise.resolve({ measure: quick ? measure : unlessDisturbed(measure), close: () => Promise.resolve() });
    },
  };
}

/**
 * @param {string[]} words
 * @param {import('node:child_process').ExecFileOptions} options
 * @returns {Promise<string>}
 */
async function output(words, options) {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, words, { ...options, encoding: 'utf8' });
    return stdout;
  } catch (error) {
    const { code, stderr } = /** @type {{ code?: number, stderr: string }} */ (error);
    if (code === SKIPPED) throw new Missing(stderr.trim().split('\n').at(-1));
    throw error;
  }
}

/**
 * @param {string} file for messages
 * @param {string} text
 * @returns {Sample} the numbers in the JSON object on its last line
 */
export function lastLine(file, text) {
  /** @type {unknown} */
  let found;
  try {
    found = JSON.parse(text.trim().split('\n').at(-1) ?? '');
  } catch {
    throw new Error(`${file}: expected a JSON object on the last line, got: ${text.slice(-200)}`);
  }
  const numbers = Object.entries(found ?? {}).filter(([, value]) => typeof value === 'number');
  if (numbers.length === 0) throw new Error(`${file}: no number in its result: ${text.slice(-200)}`);
  return Object.fromEntries(numbers);
}

/**
 * DPDK's testpmd between two null ports.
 * @param {import('../dpdk/testpmd.mjs').TestpmdOptions} options
 * @returns {Contender}
 */
export function testpmd(options) {
  const words = [
    `--mode ${options.mode ?? 'io'}`,
    ...(options.copy ? ['--copy'] : []),
    ...(options.size === undefined ? [] : [`--size ${options.size}`]),
  ];
  return {
    command: `node tooling/bench/dpdk/testpmd.mjs ${words.join(' ')}`,
    open: async ({ quick }) => {
      if (!findTestpmd()) throw new Missing('dpdk-testpmd is not installed (Debian: dpdk-dev)');
      const running = await startTestpmd(options);
      return {
        measure: async () => {
          const { nanoseconds, all, cycles } = await running.sample(quick ? 500 : 2000);
          return { nanoseconds, all, cycles };
        },
        close: () => running.stop(),
      };
    },
  };
}
