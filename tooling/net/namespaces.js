// Owns: network namespaces of this run, and what is run in them.
// Invariant: their names say whose they are, and they are gone when the process ends, whatever ends it.
import { execFileSync, spawn } from 'node:child_process';

/** @type {Set<string>} names of the namespaces that were made here */
const made = new Set();
/** @type {Set<import('node:child_process').ChildProcess>} processes that were started here and still run */
const running = new Set();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const name of made) tryIp('netns', 'del', name);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** @param {...string} args of `ip` */
export function ip(...args) {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** @param {...string} args of `ip`, which may fail */
function tryIp(...args) {
  try {
    ip(...args);
  } catch {
    // It was not there, or is not ours to remove.
  }
}

/** A network namespace with its loopback interface up. */
export class Namespace {
  /** @param {string} name */
  constructor(name) {
    /** @type {string} */
    this.name = `${name}-${String(process.pid)}`;
    ip('netns', 'add', this.name);
    made.add(this.name);
    this.ip('link', 'set', 'lo', 'up');
  }

  /** @param {...string} args of `ip` */
  ip(...args) {
    return ip('-n', this.name, ...args);
  }

  /**
   * @param {string} program
   * @param {...string} args
   */
  start(program, ...args) {
    return new Program('ip', ['netns', 'exec', this.name, program, ...args]);
  }

  /**
   * Runs a program to its end.
   * @param {number} seconds that it may take
   * @param {string} program
   * @param {...string} args
   * @returns {Promise<string>} what it wrote
   */
  async run(seconds, program, ...args) {
    const { code, output } = await this.start(program, ...args).end(seconds);
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${output}`);
    return output;
  }

  remove() {
    tryIp('netns', 'del', this.name);
    made.delete(this.name);
  }
}

/** A program that runs. */
export class Program {
  /**
   * @param {string} program
   * @param {string[]} args
   */
  constructor(program, args) {
    this.output = '';
    this.child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    running.add(this.child);
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on('data', (/** @type {Buffer} */ data) => (this.output += data.toString()));
    /** @type {Promise<number>} */
    this.ended = new Promise((resolve) => {
      this.child.on('error', () => resolve(-1));
      this.child.on('close', (code) => {
        running.delete(this.child);
        resolve(code ?? -1);
      });
    });
  }

  /**
   * @param {string} text to wait for
   * @param {number} seconds
   */
  async says(text, seconds) {
    const end = Date.now() + seconds * 1000;
    while (!this.output.includes(text)) {
      if (this.child.exitCode !== null || Date.now() > end)
        throw new Error(`no ${JSON.stringify(text)} in:\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /**
   * @param {number} seconds that it may still take
   * @param {NodeJS.Signals} [signal] asks it to end
   */
  async end(seconds, signal) {
    if (signal !== undefined) this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), seconds * 1000);
    const code = await this.ended;
    clearTimeout(timer);
    return { code, output: this.output };
  }
}
