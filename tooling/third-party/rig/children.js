// Owns: the processes that a suite starts, and their end.
// Invariant: none outlives this process, however it ends, short of SIGKILL; each is ended by its own id.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';

/** @import { ChildProcessWithoutNullStreams } from 'node:child_process' */

/** @type {Set<ChildProcessWithoutNullStreams>} */
const running = new Set();

process.on('exit', () => {
  for (const child of running) signalGroup(child, 'SIGKILL');
});
for (const [signal, number] of /** @type {const} */ ([
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
])) {
  process.on(signal, () => process.exit(128 + number));
}

/**
 * Signals a process and what it started: it leads a group of its own.
 * @param {ChildProcessWithoutNullStreams} child
 * @param {NodeJS.Signals} signal
 */
function signalGroup(child, signal) {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/** A process with its output in a log, seen line by line. */
export class Child {
  #process;
  #name;
  #lines = '';
  /** Everything that it wrote. */
  output = '';
  /** @type {Set<() => void>} */
  #waiting = new Set();
  /** @type {string | undefined} how it ended */
  ended;

  /**
   * @param {string} name for messages
   * @param {string[]} words program and arguments
   * @param {{ log: string, env?: Record<string, string> }} options `log` receives both outputs
   */
  constructor(name, words, { log, env = {} }) {
    const [program = '', ...rest] = words;
    this.#name = name;
    // A group of its own: an interrupt typed at the terminal reaches us alone, and we end it in order.
    this.#process = spawn(program, rest, { stdio: 'pipe', detached: true, env: { ...process.env, ...env } });
    const child = this.#process;
    running.add(child);
    const file = createWriteStream(log);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('latin1').on('data', (/** @type {string} */ text) => {
        file.write(text, 'latin1');
        this.#lines += text;
        this.output += text;
        this.#wake();
      });
    }
    child.stdin.on('error', () => undefined); // it ended first: whoever waits for its answer is told
    child.on('error', (error) => this.#end(error.message));
    child.on('close', (code, signal) => {
      file.end();
      this.#end(signal ? `killed by ${signal}` : `ended with ${code}`);
    });
  }

  /** @param {string} how */
  #end(how) {
    running.delete(this.#process);
    this.ended ??= how;
    this.#wake();
  }

  #wake() {
    for (const wake of this.#waiting) wake();
  }

  /** @param {string} line */
  send(line) {
    this.#process.stdin.write(`${line}\n`);
  }

  /**
   * Waits for a pattern in what it writes, and takes everything up to the pattern's end. The pattern has no lead-in of its own
   * (`[^]*?`), which would make each look at a long text a square of its length.
   * @param {RegExp} pattern
   * @param {number} seconds to wait at most
   * @returns {Promise<{ match: RegExpExecArray, before: string }>} the match, and what came before it
   */
  async expect(pattern, seconds) {
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      const match = pattern.exec(this.#lines);
      if (match) {
        const before = this.#lines.slice(0, match.index);
        this.#lines = this.#lines.slice(match.index + match[0].length);
        return { match, before };
      }
      const left = deadline - performance.now();
      if (this.ended !== undefined || left <= 0) {
        const why = this.ended ?? `nothing like it within ${seconds} s`;
        const last = this.#lines.trim().split('\n').slice(-15).join('\n');
        throw new Error(`${this.#name}: expected ${String(pattern)}, got: ${why}\n${last}`);
      }
      await this.#change(left);
    }
  }

  /**
   * Asks it to end, then makes it end.
   * @param {number} [seconds] that it has after SIGTERM
   * @returns {Promise<string>} how it ended
   */
  async stop(seconds = 60) {
    if (this.ended === undefined) signalGroup(this.#process, 'SIGTERM');
    await this.exited(seconds);
    if (this.ended === undefined) signalGroup(this.#process, 'SIGKILL');
    await this.exited(5);
    return this.ended ?? 'did not end';
  }

  /**
   * @param {number} seconds to wait at most for its end
   * @returns {Promise<boolean>} whether it ended
   */
  async exited(seconds) {
    const deadline = performance.now() + seconds * 1000;
    while (this.ended === undefined && performance.now() < deadline) await this.#change(deadline - performance.now());
    return this.ended !== undefined;
  }

  /** @param {number} milliseconds to wait at most for output or the end */
  #change(milliseconds) {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve(undefined);
      };
      const timer = setTimeout(wake, milliseconds);
      this.#waiting.add(wake);
    });
  }
}
