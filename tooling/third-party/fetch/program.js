// Owns: running a program to its end, with a time limit, and naming it when it fails.
// Invariant: what the program wrote reaches the error message; nothing waits longer than its limit.
import { spawn } from 'node:child_process';

/** A program that failed, was not there or took too long: `words` is its command line, `output` what it wrote. */
export class ProgramError extends Error {
  /**
   * @param {string[]} words
   * @param {string} why
   * @param {string} output
   */
  constructor(words, why, output) {
    super(`${words.join(' ')}: ${why}\n${output.trim().split('\n').slice(-12).join('\n')}`);
    this.name = 'ProgramError';
    this.words = words;
    this.output = output;
  }
}

/**
 * Runs a program.
 * @param {string[]} words the program and its arguments
 * @param {{ env?: Record<string, string>, cwd?: string, seconds?: number, input?: Uint8Array }} [options] two minutes unless told
 * @returns {Promise<Buffer>} its standard output
 * @throws {ProgramError} when it cannot be started, ends with anything but 0, or its time is up
 */
export function run(words, { env = {}, cwd, seconds = 120, input } = {}) {
  return new Promise((resolve, reject) => {
    const [program = '', ...rest] = words;
    const child = spawn(program, rest, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, LC_ALL: 'C', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: seconds * 1000,
      killSignal: 'SIGKILL',
    });
    /** @type {Buffer[]} */
    const output = [];
    let complaints = '';
    child.stdout.on('data', (/** @type {Buffer} */ bytes) => output.push(bytes));
    child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => (complaints += text));
    child.stdin.on('error', () => undefined); // it ended before it read everything: its exit code says how
    child.stdin.end(input);
    child.on('error', (error) => reject(new ProgramError(words, error.message, '')));
    child.on('close', (code, signal) => {
      const bytes = Buffer.concat(output);
      if (code === 0) {
        resolve(bytes);
        return;
      }
      const said = `${bytes.length < 100_000 ? bytes.toString('utf8') : ''}${complaints}`;
      reject(new ProgramError(words, signal ? `killed after ${seconds} s` : `ended with ${code}`, said));
    });
  });
}
