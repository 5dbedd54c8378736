// Owns: what a suite works in: its folder of logs, its server, its guest, its checks; and that all of it ends.
// Invariant: with `control` the NIC is QEMU's own instead of ours, and nothing else differs: so a failure tells whose it is.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initramfs } from '../fetch/initramfs.js';
import { Guest } from './guest.js';
import { qemuPair, qemuWithNetwork, servedNics } from './nics.js';
import { SuiteOver } from './report.js';
import { Server } from './server.js';

/** @import { Series, ThirdParty } from '../fetch/parts.js' */
/** @import { Report } from './report.js' */

/**
 * @typedef {object} Settings for all suites of a run
 * @property {ThirdParty} thirdParty
 * @property {string[]} netcx the command line's words
 * @property {boolean} control QEMU's own NIC takes our model's place
 * @property {string} logs
 */

/**
 * @typedef {object} Machine
 * @property {Series} series
 * @property {'pair' | 'responder'} wire
 * @property {number} [processors]
 * @property {string} [append] to the kernel's command line
 * @property {boolean} [sharedMemory] whether the server may map the guest's memory; true unless told
 * @property {string[]} [serve] further options of the server
 * @property {string} [files] folder that is offered by TFTP
 */

export class Lab {
  #settings;
  /** @type {(() => Promise<void>)[]} */
  #ends = [];

  /**
   * @param {Settings} settings
   * @param {string} name of the suite
   * @param {Report} report
   */
  constructor(settings, name, report) {
    this.#settings = settings;
    this.report = report;
    this.logs = join(settings.logs, name);
    mkdirSync(this.logs, { recursive: true });
    // Sockets have short paths, which a folder for logs need not have.
    this.folder = mkdtempSync(join(tmpdir(), 'netcx-linux-'));
    const remove = () => rmSync(this.folder, { recursive: true, force: true });
    process.once('exit', remove);
    this.#ends.push(async () => {
      process.off('exit', remove);
      remove();
      return Promise.resolve();
    });
  }

  get thirdParty() {
    return this.#settings.thirdParty;
  }

  get isControl() {
    return this.#settings.control;
  }

  /**
   * Starts a server for the wire, unless the NIC is QEMU's.
   * @param {Pick<Machine, 'wire' | 'serve' | 'files'>} machine
   * @returns {Promise<{ server: Server | undefined, devices: string[] }>} QEMU's options for the NICs
   */
  async nics({ wire, serve = [], files }) {
    if (this.isControl) {
      return { server: undefined, devices: wire === 'pair' ? qemuPair(this.folder) : qemuWithNetwork(files) };
    }
    const count = wire === 'pair' ? 2 : 1;
    const sockets = Array.from({ length: count }, (_, index) => join(this.folder, `nic${index}.sock`));
    const spec = wire === 'responder' && files !== undefined ? `responder:tftp=${files}` : wire;
    const server = await Server.start({
      ...{ command: this.#settings.netcx, sockets, wire: spec, options: serve },
      log: join(this.logs, 'server.log'),
    }).catch((/** @type {unknown} */ error) => {
      throw new SuiteOver(error instanceof Error ? error.message : String(error));
    });
    this.#ends.push(async () => {
      // Told once, whoever asks first.
      if (!this.#serverEnded) await this.endServer(server);
    });
    return { server, devices: servedNics(sockets) };
  }

  #serverEnded = false;

  /** Whether the suite makes a NIC lose its memory or its frames on purpose. */
  accidents = false;

  /** @param {Server} server */
  async endServer(server) {
    this.#serverEnded = true;
    await server.stop();
    if (!this.accidents) server.foundNothingWrong();
  }

  /**
   * Serves NICs and boots Linux on them.
   * @param {Machine} machine
   */
  async boot(machine) {
    const { server, devices } = await this.nics(machine);
    const archive = join(this.folder, 'initramfs.cpio');
    writeFileSync(archive, await initramfs(this.thirdParty, machine.series));
    const guest = await Guest.boot({
      ...{ thirdParty: this.thirdParty, series: machine.series, initramfs: archive, devices },
      append: machine.append ?? '',
      processors: machine.processors ?? 1,
      sharedMemory: machine.sharedMemory ?? true,
      log: join(this.logs, 'guest'),
    }).catch((/** @type {unknown} */ error) => {
      throw new SuiteOver(error instanceof Error ? error.message : String(error));
    });
    this.#ends.push(() => guest.stop());
    return { guest, server };
  }

  /** Ends everything, last started first; the first failure is thrown when all has ended. */
  async close() {
    /** @type {unknown[]} */
    const failures = [];
    for (let end = this.#ends.pop(); end; end = this.#ends.pop())
      await end().catch((/** @type {unknown} */ error) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}
