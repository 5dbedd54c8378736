// Owns: `netcx serve` as a process: its start, the commands that it reads, and its end.
// Invariant: it must end with 0 when asked to end; anything else is a failure of the suite that used it.
import { join } from 'node:path';
import { Child } from './children.js';

const app = join(import.meta.dirname, '../../../apps/netcx');

/**
 * How the command line is run: the built one, or from sources while one works on it.
 * @param {boolean} fromSources
 * @returns {string[]}
 */
export function netcxCommand(fromSources) {
  const loader = ['--conditions=@netcx/source', '--import', 'tsx', join(app, 'src/main.ts')];
  return [process.execPath, ...(fromSources ? loader : [join(app, 'dist/main.js')])];
}

const faults =
  /server\.(refused|lostInterrupts|memoryFaults)$|wrong frame check|undersized|oversized|longer than any|not modelled|contradict|out of reach/;

/**
 * @typedef {object} ServerOptions
 * @property {string[]} command that runs netcx
 * @property {string[]} sockets one a NIC
 * @property {string} wire
 * @property {string[]} [options] further words
 * @property {string} log
 */

export class Server {
  #child;

  /** @param {Child} child */
  constructor(child) {
    this.#child = child;
  }

  /**
   * Starts it and waits until it listens on every socket.
   * @param {ServerOptions} options
   */
  static async start({ command, sockets, wire, options = [], log }) {
    const places = sockets.flatMap((path) => ['--socket', path]);
    const words = [...command, 'serve', 'nic-82576', ...places, '--wire', wire, ...options];
    const child = new Child('netcx serve', words, { log });
    try {
      for (const _ of sockets) await child.expect(/listen[^\n]*\n/i, 120);
    } catch (error) {
      await child.stop(1);
      throw error;
    }
    return new Server(child);
  }

  /** @returns {boolean} */
  get isRunning() {
    return this.#child.ended === undefined;
  }

  /**
   * @param {string} command that the server reads from its standard input
   */
  send(command) {
    this.#child.send(command);
  }

  /** @returns {string} everything that it wrote so far */
  words() {
    return this.#child.output;
  }

  /** Ends it; must find it alive and end it with 0. */
  async stop() {
    const early = this.#child.ended;
    const how = await this.#child.stop();
    if (early !== undefined)
      throw new Error(`netcx serve: expected it to run until told, got: it ${early}\n${this.#tail()}`);
    if (how !== 'ended with 0') throw new Error(`netcx serve: expected it to end with 0, got: ${how}\n${this.#tail()}`);
  }

  /** The model's and the server's own counters of what a driver and a QEMU in order never cause are all 0. */
  foundNothingWrong() {
    const counters = [...this.words().matchAll(/^counter (.+) (\d+)$/gm)];
    const wrong = counters.filter(([, name = '', value]) => faults.test(name) && value !== '0');
    if (!counters.some(([, name = '']) => faults.test(name)))
      throw new Error('netcx serve: expected counters, got none');
    if (wrong.length > 0) throw new Error(`netcx serve: expected 0, got\n${wrong.map(([line]) => line).join('\n')}`);
  }

  #tail() {
    return this.words().trim().split('\n').slice(-15).join('\n');
  }
}
