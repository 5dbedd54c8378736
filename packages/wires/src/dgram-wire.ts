/*
 * QEMU's `-netdev dgram` over UDP: one datagram is one frame, either way, and there is no connection. Datagrams from
 * anybody but the remote address are dropped and counted.
 */

import { createSocket, type Socket } from 'node:dgram';
import type { Clock } from '@netcx/clock';
import type { LinkEnd } from '@netcx/hardware';
import { descriptorOf } from './descriptor.ts';
import { padFrame } from './frame-list.ts';
import { LONGEST_FRAME } from './outbox.ts';
import { Partner } from './partner.ts';
import { formatPlace } from './place.ts';
import type { WireBackend } from './wire.ts';
import type { DgramDescription } from './wire-description.ts';
import { messageOf, WireError } from './wire-error.ts';

/** Datagrams that may wait for the system. */
const MOST_PENDING = 1024;

/** Frames as datagrams. */
export class DgramWire implements WireBackend {
  readonly #socket: Socket;
  readonly #partner: Partner;
  readonly #description: DgramDescription;
  #pending = 0;
  #transmitted = 0;
  #overrun = 0;
  #failed = 0;
  #strangers = 0;
  #closing: Promise<void> | undefined;

  private constructor(clock: Clock, end: LinkEnd, description: DgramDescription, socket: Socket) {
    this.#description = description;
    this.#socket = socket;
    this.#partner = new Partner(clock, end, (frame) => this.#transmit(frame), { heedsPause: true });
    const { remote } = description;
    socket.on('message', (message, from) => {
      if (from.port !== remote.port || from.address !== remote.host) this.#strangers++;
      // Copied: the system's buffer may be part of a larger one.
      else this.#partner.outbox.send(padFrame(Uint8Array.from(message.subarray(0, LONGEST_FRAME + 1))));
    });
    // What the system reports late, such as a port at which nobody listens yet, is a lost datagram.
    socket.on('error', () => this.#failed++);
  }

  /**
   * @param clock - the link's
   * @param end - where it stands
   * @param description - both addresses
   * @returns the wire, once its socket is bound
   * @throws WireError `SOCKET` when the local address cannot be had
   */
  static async open(clock: Clock, end: LinkEnd, description: DgramDescription): Promise<DgramWire> {
    const { local } = description;
    const socket = createSocket(local.host.includes(':') ? 'udp6' : 'udp4');
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind(local.port, local.host, () => {
          socket.removeListener('error', reject);
          resolve();
        });
      });
    } catch (error) {
      socket.close();
      throw new WireError(
        'SOCKET',
        `dgram: expected a free local address, got ${formatPlace(local)}: ${messageOf(error)}`,
        error,
      );
    }
    return new DgramWire(clock, end, description, socket);
  }

  /** The address that it is bound to. */
  get address(): { readonly host: string; readonly port: number } {
    const { address, port } = this.#socket.address();
    return { host: address, port };
  }

  get descriptors(): readonly number[] {
    return descriptorOf(this.#socket);
  }

  get busy(): boolean {
    return this.#pending > 0;
  }

  counters(): Record<string, number> {
    return {
      ...this.#partner.counters(),
      transmitted: this.#transmitted,
      overrun: this.#overrun,
      failed: this.#failed,
      strangers: this.#strangers,
    };
  }

  close(): Promise<void> {
    this.#partner.outbox.clear();
    this.#closing ??= new Promise((resolve) => void this.#socket.close(() => resolve()));
    return this.#closing;
  }

  #transmit(frame: Uint8Array): void {
    if (this.#closing !== undefined) return;
    if (this.#pending >= MOST_PENDING) {
      this.#overrun++;
      return;
    }
    const { remote } = this.#description;
    this.#pending++;
    // Copied: the link's memory is used again before the system has read it.
    this.#socket.send(frame.slice(), remote.port, remote.host, (error) => {
      this.#pending--;
      if (error === null) this.#transmitted++;
      else this.#failed++;
    });
  }
}
