// Owns: running other programs: with the terminal handed on, or captured.
// Invariant: a program that cannot be started is an error with its name; one that fails is a result.
import { spawn } from 'node:child_process';
import { root } from './paths.js';

/** A failure that needs no stack: its message is for the person at the terminal. */
export class CommandError extends Error {
  /** @override */
  name = 'CommandError';
}

/**
 * @typedef {object} Options
 * @property {string} [cwd] where it runs; the repository's root unless told
 * @property {Record<string, string>} [env] what to add to the environment
 */

/**
 * @typedef {object} Result
 * @property {number} code exit code; 128 and more for a signal
 * @property {string} output what it wrote to both outputs, in order
 * @property {string} stdout what it wrote to the standard output alone
 */

/** @type {Partial<Record<NodeJS.Signals, number>>} */
const signals = { SIGINT: 2, SIGTERM: 15, SIGKILL: 9 };

/**
 * @param {number | null} code
 * @param {NodeJS.Signals | null} signal
 * @returns {number} what a shell would say
 */
function exitCode(code, signal) {
  return code ?? 128 + (signals[signal ?? 'SIGTERM'] ?? 1);
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {Options} options
 * @param {'inherit' | 'pipe'} outputs
 */
function start(command, args, options, outputs) {
  return spawn(command, args, {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    stdio: [outputs === 'inherit' ? 'inherit' : 'ignore', outputs, outputs],
    shell: process.platform === 'win32',
  });
}

/**
 * Runs a program on this terminal.
 * @param {string} command
 * @param {string[]} args
 * @param {Options} [options]
 * @returns {Promise<number>} its exit code
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = start(command, args, options, 'inherit');
    // The terminal sends Ctrl-C to both: the child decides what it means.
    const ignore = () => undefined;
    process.on('SIGINT', ignore);
    child.on('error', (error) => reject(new CommandError(`${command}: ${error.message}`)));
    child.on('close', (code, signal) => {
      process.off('SIGINT', ignore);
      resolve(exitCode(code, signal));
    });
  });
}

/**
 * Runs a program silently.
 * @param {string} command
 * @param {string[]} args
 * @param {Options} [options]
 * @returns {Promise<Result>}
 */
export function capture(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = start(command, args, options, 'pipe');
    let output = '';
    let stdout = '';
    child.stdout?.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      output += text;
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
    child.on('error', (error) => reject(new CommandError(`${command}: ${error.message}`)));
    child.on('close', (code, signal) => resolve({ code: exitCode(code, signal), output, stdout }));
  });
}

/**
 * Runs a program silently and insists that it succeeds.
 * @param {string} command
 * @param {string[]} args
 * @param {Options} [options]
 * @returns {Promise<string>} its standard output
 */
export async function must(command, args, options) {
  const { code, output, stdout } = await capture(command, args, options);
  if (code !== 0) throw new CommandError(`${[command, ...args].join(' ')} ended with ${code}:\n${output}`);
  return stdout;
}
