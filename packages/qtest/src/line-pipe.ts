/*
 * Lines to and from QEMU over two named pipes, without the event loop. A QEMU that ends or hangs is noticed: every wait
 * has a limit, and looks whether the process is still there.
 */

import { closeSync, constants, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { makeFifo, waitReadable } from './libc.ts';
import { QtestError } from './qtest-error.ts';

/** Between two looks whether QEMU is still there, in milliseconds. */
const LOOK = 50;
/** The longest that QEMU may take for an answer, in milliseconds. */
const PATIENCE = 60_000;
const CHUNK = 65_536;
/** No answer to a command of ours is longer. */
const LONGEST_LINE = 65_536;

/** The process at the other end. */
export interface OtherEnd {
  /** Its process id; 0 before it was started. */
  readonly pid: number;
  /** What it has said on its standard error. */
  readonly errors: string;
}

/** A pair of named pipes. */
export class LinePipe {
  /** Its path, without `.in` and `.out`: what QEMU is told. */
  readonly path: string;
  readonly #other: OtherEnd;
  readonly #in: number;
  readonly #out: number;
  readonly #chunk = Buffer.alloc(CHUNK);
  #text = '';

  /**
   * Makes the pipes.
   *
   * @param path - without `.in` and `.out`
   * @param other - who is at the other end
   * @throws QtestError `SYSTEM`
   */
  constructor(path: string, other: OtherEnd) {
    this.path = path;
    this.#other = other;
    makeFifo(`${path}.in`);
    makeFifo(`${path}.out`);
    // Open for both directions: then neither end's open waits for the other.
    this.#in = openSync(`${path}.in`, constants.O_RDWR);
    this.#out = openSync(`${path}.out`, constants.O_RDWR);
  }

  /**
   * @param line - without its end
   */
  write(line: string): void {
    writeSync(this.#in, `${line}\n`);
  }

  /**
   * @param command - what the line shall answer, for messages
   * @returns the next line, without its end
   * @throws QtestError `GONE`, `TIMEOUT`, or `PROTOCOL` for a line that does not end
   */
  read(command: string): string {
    let waited = 0;
    for (;;) {
      const end = this.#text.indexOf('\n');
      if (end >= 0) {
        const line = this.#text.slice(0, end).trimEnd();
        this.#text = this.#text.slice(end + 1);
        return line;
      }
      if (this.#text.length > LONGEST_LINE)
        throw new QtestError('PROTOCOL', `QEMU answers ${command} with a line that does not end`);
      if (waitReadable(this.#out, LOOK)) {
        const length = readSync(this.#out, this.#chunk);
        this.#text += this.#chunk.toString('latin1', 0, length);
        continue;
      }
      if (!isAlive(this.#other.pid)) {
        const said = this.#other.errors.trim();
        throw new QtestError('GONE', `QEMU ended instead of answering ${command}; it said: ${said}`);
      }
      waited += LOOK;
      if (waited >= PATIENCE)
        throw new QtestError('TIMEOUT', `QEMU did not answer ${command} within ${String(PATIENCE / 1000)} s`);
    }
  }

  /** Closes both. */
  close(): void {
    closeSync(this.#in);
    closeSync(this.#out);
  }
}

/** Whether a child of ours still runs: one that has ended stays a zombie until the event loop turns. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    return false;
  }
}
