// Owns: what the guest's programs answer, as numbers by name.
// Invariant: nothing is guessed: a name that is asked for and was not answered is an error that lists what was.

/** @import { Guest } from './guest.js' */

/** Numbers by name, as a program gave them. */
export class Answer {
  #what;
  #values;

  /**
   * @param {string} what for messages
   * @param {Map<string, number>} values
   */
  constructor(what, values) {
    this.#what = what;
    this.#values = values;
  }

  /**
   * @param {string} name
   * @returns {number}
   */
  get(name) {
    const value = this.#values.get(name);
    if (value === undefined) {
      const names = [...this.#values.keys()].slice(0, 100).join(', ');
      throw new Error(`${this.#what}: expected ${name}, got only ${names || 'nothing'}`);
    }
    return value;
  }

  /**
   * @param {RegExp} pattern
   * @returns {[name: string, value: number][]} those whose name matches
   */
  matching(pattern) {
    return [...this.#values].filter(([name]) => pattern.test(name));
  }
}

/**
 * @param {string} what
 * @param {string} text
 * @param {RegExp} line with a name and a number
 */
function numbers(what, text, line) {
  return new Answer(
    what,
    new Map([...text.matchAll(line)].map(([, name = '', value]) => [name.trim(), Number(value)])),
  );
}

/**
 * The statistics of a NIC's driver.
 * @param {Guest} guest
 * @param {string} device
 * @param {string} [namespace]
 */
export async function statistics(guest, device, namespace) {
  const text = await guest.run(`${namespace ? `on ${namespace} ` : ''}ethtool -S ${device}`);
  return numbers(`ethtool -S ${device}`, text, /^ +([\w.]+): (\d+)$/gm);
}

/**
 * What Linux's protocols counted, zeros included.
 * @param {Guest} guest
 * @param {string} namespace
 */
export async function protocols(guest, namespace) {
  const text = await guest.run(
    `on ${namespace} nstat -asz; on ${namespace} sed 's/\\t/ /g' /proc/net/sctp/snmp 2>/dev/null; :`,
  );
  return numbers(`nstat in ${namespace}`, text, /^(\w+) +(\d+)(?: .*)?$/gm);
}

/**
 * How often each interrupt of a device came, over all processors.
 * @param {Guest} guest
 * @param {string} device
 * @returns {Promise<{ count: Answer, kinds: string[] }>} by the name that the driver gave it; the kind is its controller's name
 */
export async function interrupts(guest, device) {
  const text = await guest.run('cat /proc/interrupts');
  const processors = (/CPU.*/.exec(text)?.[0] ?? '').trim().split(/\s+/).length;
  const rows = text.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const name = words.at(-1) ?? '';
    if (name !== device && !name.startsWith(`${device}-`)) return [];
    const total = words.slice(1, 1 + processors).reduce((sum, word) => sum + Number(word), 0);
    return [{ name, total, kind: words.slice(1 + processors, -1).join(' ') }];
  });
  const count = new Answer('/proc/interrupts', new Map(rows.map(({ name, total }) => [name, total])));
  return { count, kinds: rows.map(({ kind }) => kind) };
}

/** What Linux says of a machine that gets too little time of the one it runs on: emulation, not the NIC. */
const slowMachine = [
  /hrtimer: interrupt took/,
  /clocksource: /,
  /perf: interrupt took too long/,
  /TSC found unstable/,
  /sched_clock: /,
];

/** igb resets its NIC, and says so, whenever the link goes while frames wait to be sent: Linux has some to send at any time. */
export const lostLink = [/Reset adapter/];

/**
 * What the kernel said since the driver was loaded first, warnings and worse.
 * @param {Guest} guest
 * @param {RegExp[]} [expected] what real hardware would cause as well
 * @returns {Promise<string[]>}
 */
export async function complaints(guest, expected = []) {
  const log = await guest.run('dmesg -r');
  const since = log.split('\n');
  const begin = since.findIndex((line) => line.includes('Intel(R) Gigabit Ethernet Network Driver'));
  return since
    .slice(Math.max(0, begin))
    .filter((line) => /^<[0-4]>/.test(line) || /Call Trace|cut here|BUG|WARNING|Oops/.test(line))
    .filter((line) => ![...slowMachine, ...expected].some((pattern) => pattern.test(line)));
}
