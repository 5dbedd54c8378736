/*
 * A QEMU that runs nothing: no firmware, no processor that executes, time that stands still until it is stepped. It ends
 * with whoever started it: the process is killed by its id when it is closed, and when this process exits.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LinePipe, type OtherEnd } from './line-pipe.ts';
import { QemuMonitor } from './qemu-monitor.ts';
import { QtestChannel, type IrqListener } from './qtest-channel.ts';
import { QtestError } from './qtest-error.ts';
import type { Ram } from './ram.ts';

const MEBIBYTE = 1024 * 1024;
let machines = 0;

/** How QEMU is started. */
export interface QemuOptions {
  /** The QEMU program, version 11.1 or later with its qtest accelerator. */
  readonly program: string;
  /** The machine's RAM. */
  readonly ram: Ram;
  /** More arguments: devices and what they are connected to. */
  readonly devices: readonly string[];
}

/** A running QEMU. */
export class QemuProcess implements OtherEnd {
  /** The conversation with it. */
  readonly channel: QtestChannel;
  /** Its monitor. */
  readonly monitor: QemuMonitor;
  readonly #pipes: readonly LinePipe[];
  readonly #log: string;
  readonly #child: ChildProcess;
  readonly #kill: () => void;

  /**
   * @param options - program, RAM, devices
   * @param onIrq - told of interrupt lines
   * @throws QtestError `NOT_STARTED` when the program is not there; `GONE` with its own words when it ends at once
   */
  constructor(options: QemuOptions, onIrq: IrqListener) {
    const { program, ram } = options;
    if (!existsSync(program)) throw new QtestError('NOT_STARTED', `${program}: there is no such program`);
    const path = join(ram.folder, `qemu${String(++machines)}`);
    const qtest = new LinePipe(`${path}-qtest`, this);
    const monitor = new LinePipe(`${path}-monitor`, this);
    this.#pipes = [qtest, monitor];
    // Into a file: nothing but commands and answers is ever waited for.
    this.#log = `${path}.log`;
    const errors = openSync(this.#log, 'w');
    const child = spawn(program, argumentsOf(options, qtest, monitor), { stdio: ['ignore', 'ignore', errors] });
    closeSync(errors);
    child.on('error', () => undefined); // told by the first command that gets no answer
    child.unref();
    this.#child = child;
    this.#kill = () => child.kill('SIGKILL');
    process.once('exit', this.#kill);
    this.channel = new QtestChannel(qtest, onIrq);
    this.monitor = new QemuMonitor(monitor);
    try {
      this.channel.ping();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get errors(): string {
    return readFileSync(this.#log, 'utf8');
  }

  /** Ends it. */
  close(): void {
    process.removeListener('exit', this.#kill);
    this.#child.kill('SIGKILL');
    for (const pipe of this.#pipes) pipe.close();
  }
}

function argumentsOf({ ram, devices }: QemuOptions, qtest: LinePipe, monitor: LinePipe): readonly string[] {
  const size = `${String(ram.bytes / MEBIBYTE)}M`;
  return [
    '-nodefaults',
    ...['-display', 'none', '-accel', 'qtest', '-m', size, '-machine', 'q35,memory-backend=ram'],
    ...['-object', `memory-backend-file,id=ram,size=${size},mem-path=${ram.path},share=on`],
    ...['-qtest', `pipe:${qtest.path}`, '-qtest-log', 'none'],
    ...['-chardev', `pipe,id=monitor,path=${monitor.path}`, '-mon', 'chardev=monitor,mode=control'],
    ...devices,
  ];
}
