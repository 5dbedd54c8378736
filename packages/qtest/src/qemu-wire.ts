/*
 * The wire of a QEMU device: two datagram sockets in the machine's folder, one frame a datagram, both ways without the
 * event loop. QEMU looks at its socket in its own loop: after `send` the machine is asked something twice, because an
 * answer to the second question shows that the round in which the frame was due is over.
 */

import { closeSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openDatagramSocket, receiveDatagram, sendDatagram } from './libc.ts';
import { QtestError } from './qtest-error.ts';
import type { Ram } from './ram.ts';

const SHORTEST = 14;
const LONGEST = 65_536;

/** What a wire needs of its machine. */
export interface Surroundings {
  /** Asks the machine something, and looks at what has happened meanwhile. */
  barrier(): void;
  /**
   * @param id - the wire
   * @param up - whether it is plugged in from now on
   */
  setLink(id: string, up: boolean): void;
}

/** One device's wire. */
export class QemuWire {
  /** Its name in QEMU's arguments. */
  readonly id: string;
  /** Takes the frames that the device sends, copies, in order; called from within accesses and while time passes. */
  onFrame: ((frame: Uint8Array) => void) | undefined;
  readonly #fd: number;
  readonly #here: string;
  readonly #there: string;
  readonly #room = new Uint8Array(LONGEST);
  readonly #machine: Surroundings;

  /**
   * @param ram - in whose folder the sockets lie
   * @param id - a name that no other wire of the machine has
   * @param machine - what the wire needs of it
   * @throws QtestError `SYSTEM`
   * @internal
   */
  constructor(ram: Ram, id: string, machine: Surroundings) {
    this.id = id;
    this.#here = join(ram.folder, `${id}.here`);
    this.#there = join(ram.folder, `${id}.there`);
    this.#machine = machine;
    this.#fd = openDatagramSocket(this.#here);
  }

  /** What QEMU is told about this wire. */
  get arguments(): readonly string[] {
    const socket = `local.type=unix,local.path=${this.#there},remote.type=unix,remote.path=${this.#here}`;
    return ['-netdev', `dgram,id=${this.id},${socket}`];
  }

  /**
   * Sends a frame to the device. One that the device has no descriptor for waits in front of it, and frames behind it in
   * its socket.
   *
   * @param frame - without check sequence; QEMU pads what is shorter than 60 bytes
   * @returns false when the socket is full: the device must take something first
   * @throws QtestError `BAD_FRAME` for a length that cannot be
   */
  send(frame: Uint8Array): boolean {
    if (frame.length < SHORTEST || frame.length > LONGEST)
      throw new QtestError(
        'BAD_FRAME',
        `${String(frame.length)} bytes; expected ${String(SHORTEST)} to ${String(LONGEST)}`,
      );
    if (!sendDatagram(this.#fd, frame, this.#there)) return false;
    this.#machine.barrier();
    this.#machine.barrier();
    return true;
  }

  /**
   * Pulls the cable out or plugs it in. The device notices; what is sent to it meanwhile is lost.
   *
   * @param plugged - whether it is plugged in from now on
   */
  plug(plugged: boolean): void {
    this.#machine.setLink(this.id, plugged);
    this.#machine.barrier();
  }

  /** Takes what the device has sent. */
  look(): void {
    for (;;) {
      const length = receiveDatagram(this.#fd, this.#room);
      if (length < 0) return;
      this.onFrame?.(this.#room.slice(0, length));
    }
  }

  /** Closes the socket. */
  close(): void {
    closeSync(this.#fd);
    rmSync(this.#here, { force: true });
    rmSync(this.#there, { force: true });
  }
}
