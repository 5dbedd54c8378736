// A testpmd process and its prompt: commands go in, what comes out is waited for by pattern, and the process is ended in order.
// Invariant: the process never outlives this one, since testpmd ends when its standard input does.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const outputKept = 1 << 16; // characters, for matching and for messages

/** What went wrong, with a stable code: `not-found`, `bad-option`, `start-failed`, `no-answer` or `install-failed`. */
export class TestpmdError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = 'TestpmdError';
    this.code = code;
  }
}

/** The process, from its start to its end. */
export class Prompt {
  #process;
  #ended = false;
  #end;
  #output = '';
  /** @type {(() => void) | undefined} what `expect` waits for */
  #wake;

  /**
   * @param {string} path of the program
   * @param {string[]} words of its command line
   */
  constructor(path, words) {
    // Its C library would keep its answers in a buffer of 4 KiB as long as they go to a pipe: stdbuf makes that a line.
    // And a process group of its own: an interrupt typed at the terminal reaches us alone, and we end it in order.
    this.#process = spawn('stdbuf', ['--output=L', path, ...words], { stdio: 'pipe', detached: true });
    this.#end = new Promise((resolve) => {
      this.#process.once('close', () => resolve(''));
      this.#process.once('error', (error) => resolve(error.message));
    }).then((failure) => {
      this.#ended = true;
      this.#take(String(failure));
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => this.#take(String(text)));
    }
    this.#process.stdin.on('error', () => undefined); // it ended first: `expect` says so
  }

  /**
   * Sends a command; what came before it is forgotten.
   * @param {string} command
   */
  send(command) {
    this.#output = '';
    this.#process.stdin.write(`${command}\n`);
  }

  /**
   * Waits until the output since the last command holds the pattern.
   * @param {RegExp} pattern
   * @param {string} what the pattern stands for, for the message
   * @param {number} [milliseconds] to wait at most
   * @returns {Promise<RegExpExecArray>} the match
   * @throws {TestpmdError} `no-answer`
   */
  async expect(pattern, what, milliseconds = 120_000) {
    const deadline = performance.now() + milliseconds;
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match) return match;
      const left = deadline - performance.now();
      if (this.#ended || left <= 0) {
        const why = this.#ended ? 'testpmd ended' : `nothing like it within ${milliseconds} ms`;
        throw new TestpmdError('no-answer', `expected testpmd's ${what}, got: ${why}\n${this.#lastWords()}`);
      }
      await this.#within(left, new Promise((resolve) => (this.#wake = () => resolve(undefined))));
    }
  }

  /** Ends the process: asked first, then told, then killed. */
  async close() {
    const steps = [
      () => this.#process.stdin.end('quit\n'),
      () => this.#process.kill('SIGTERM'),
      () => this.#process.kill('SIGKILL'),
    ];
    for (const step of steps) {
      if (this.#ended) return;
      step();
      await this.#within(3000, this.#end);
    }
  }

  /** @param {string} text that came out */
  #take(text) {
    this.#output = (this.#output + text).slice(-outputKept);
    this.#wake?.();
  }

  /**
   * Waits for an event, or until the time is up.
   * @param {number} milliseconds
   * @param {Promise<unknown>} event
   */
  async #within(milliseconds, event) {
    const timer = new AbortController();
    await Promise.race([event, sleep(milliseconds, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
  }

  /** What it complained about, or else what it said last. */
  #lastWords() {
    const lines = this.#output.trim().split('\n');
    const complaints = lines.filter((line) => /error|invalid|cannot|fail/i.test(line));
    return (complaints.length > 0 ? complaints : lines).slice(-8).join('\n');
  }
}
