/*
 * QEMU's monitor, for what happens around the machine rather than in it, such as pulling a cable. It speaks JSON, a line
 * a message; events that it reports are passed over.
 */

import type { LinePipe } from './line-pipe.ts';
import { QtestError } from './qtest-error.ts';

interface Message {
  readonly QMP?: unknown;
  readonly event?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly desc?: unknown };
}

/** The monitor of one QEMU. */
export class QemuMonitor {
  readonly #pipe: LinePipe;
  #ready = false;

  /**
   * @param pipe - leads to QEMU
   */
  constructor(pipe: LinePipe) {
    this.#pipe = pipe;
  }

  /**
   * Pulls a device's cable out, or plugs it in.
   *
   * @param id - the wire's name in QEMU's arguments
   * @param up - whether it is plugged in from now on
   * @throws QtestError `REFUSED`, and whatever a pipe to QEMU may bring
   */
  setLink(id: string, up: boolean): void {
    if (!this.#ready) {
      this.#next('the greeting'); // comes by itself
      this.#execute('qmp_capabilities');
      this.#ready = true;
    }
    this.#execute('set_link', { name: id, up });
  }

  #execute(command: string, parameters: Readonly<Record<string, unknown>> = {}): void {
    this.#pipe.write(JSON.stringify({ execute: command, arguments: parameters }));
    for (;;) {
      const message = this.#next(command);
      if (message.error !== undefined)
        throw new QtestError('REFUSED', `QEMU refuses ${command}: ${JSON.stringify(message.error.desc)}`);
      if ('return' in message) return;
    }
  }

  #next(command: string): Message {
    const line = this.#pipe.read(command);
    try {
      const message: unknown = JSON.parse(line);
      if (typeof message === 'object' && message !== null) return message;
    } catch {
      // No JSON: the same as JSON that is no object.
    }
    throw new QtestError('PROTOCOL', `QEMU's monitor wrote ${JSON.stringify(line.slice(0, 200))}; expected an object`);
  }
}
