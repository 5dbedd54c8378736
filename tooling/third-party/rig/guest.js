// Owns: a virtual machine that runs Linux, and the line on which the host gives it scripts to run.
// Invariant: every script has a time limit; the machine's console goes to a log of its own, so kernel messages never mix in.
import { Child } from './children.js';

/** @import { ThirdParty, Series } from '../fetch/parts.js' */

/** A script in the guest that did not end with 0. */
class GuestError extends Error {
  /** @override */
  name = 'GuestError';
}

/**
 * @typedef {object} GuestOptions
 * @property {ThirdParty} thirdParty
 * @property {Series} series of the kernel
 * @property {string} initramfs a file
 * @property {string[]} devices QEMU's options for the NICs
 * @property {string} [append] to the kernel's command line
 * @property {number} [processors] one unless told
 * @property {boolean} [sharedMemory] false: who serves a NIC reaches the guest's memory by messages alone; true unless told
 * @property {string} log path of the log without its ending: `.console` and `.agent` are added
 */

/** Who serves a NIC maps this memory, and reaches it by itself. */
const shared = 'memory-backend-memfd,id=memory,size=512M,share=on';

/** Linux is not to complain that the machine below it is slow: this says nothing of a NIC. */
const patient = 'nowatchdog rcupdate.rcu_cpu_stall_suppress=1 workqueue.cpu_intensive_thresh_us=10000000';

export class Guest {
  #qemu;
  #number = 0;

  /** @param {Child} qemu */
  constructor(qemu) {
    this.#qemu = qemu;
  }

  /**
   * Boots a guest and waits until it takes scripts.
   * @param {GuestOptions} options
   */
  static async boot({ thirdParty, series, initramfs, devices, append = '', processors = 1, sharedMemory = true, log }) {
    const words = [
      ...[thirdParty.qemu, '-nodefaults', '-display', 'none', '-no-reboot', '-monitor', 'none'],
      ...['-run-with', 'exit-with-parent=on'],
      ...['-machine', 'q35,accel=tcg,memory-backend=memory', '-cpu', 'qemu64', '-smp', String(processors)],
      ...['-m', '512', '-object', sharedMemory ? shared : 'memory-backend-ram,id=memory,size=512M'],
      ...['-serial', `file:${log}.console`, '-serial', 'stdio'],
      ...['-kernel', thirdParty.kernel(series).image, '-initrd', initramfs],
      ...['-append', `console=ttyS0 loglevel=5 panic=-1 ${patient} ${append}`],
      ...devices,
    ];
    const qemu = new Child(`Linux ${series}`, words, { log: `${log}.agent` });
    try {
      await qemu.expect(/@ready\r?\n/, 300);
    } catch (error) {
      await qemu.stop(1);
      throw error;
    }
    return new Guest(qemu);
  }

  /**
   * Runs a script, whatever its end.
   * @param {string} script for busybox's shell
   * @param {number} [seconds] that it may take, for one that hangs
   * @returns {Promise<{ code: number, output: string }>}
   */
  async attempt(script, seconds = 300) {
    const number = ++this.#number;
    this.#qemu.send(`${number} ${seconds} ${Buffer.from(script).toString('base64')}`);
    await this.#qemu.expect(new RegExp(`@begin ${number}\\r?\\n`), 120);
    // The guest's clock may be slow while this machine is busy: the host's limit is only there for a guest that hangs.
    const end = new RegExp(`\\n@end ${number} (\\d+)\\r?\\n`);
    const { match, before } = await this.#qemu.expect(end, seconds * 2);
    return { code: Number(match[1]), output: before.replaceAll('\r', '').replace(/\n$/, '') };
  }

  /**
   * Runs a script that must end with 0.
   * @param {string} script
   * @returns {Promise<string>} its output
   * @throws {GuestError}
   */
  async run(script) {
    const { code, output } = await this.attempt(script);
    if (code !== 0) {
      const why = code === 137 ? 'was killed: its time was up' : `ended with ${code}`;
      throw new GuestError(`the guest's script\n${indented(script)}\n${why} after\n${indented(output)}`);
    }
    return output;
  }

  /** Ends the machine. */
  async stop() {
    await this.#qemu.stop(2);
  }
}

/** @param {string} text */
function indented(text) {
  const lines = text.trim().split('\n');
  const shown = lines.length > 60 ? [...lines.slice(0, 20), '...', ...lines.slice(-40)] : lines;
  return shown.map((line) => `    ${line}`).join('\n');
}
