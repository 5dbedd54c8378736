/*
 * A real network behind the link: frames pass between it and an interface of Linux, through a packet socket. What a program of
 * this machine leaves to its NIC is done here, so that only whole frames reach the link, as from a cable.
 */

import type { Clock } from '@netcx/clock';
import type { LinkEnd } from '@netcx/hardware';
import { padFrame } from '../frame-list.ts';
import { Partner } from '../partner.ts';
import type { WireBackend, WireEvent } from '../wire.ts';
import type { PacketDescription } from '../wire-description.ts';
import { finishFrame, NEEDS_CHECKSUM, type Unfinished } from './large-frame.ts';
import { awaitReadable } from './libc.ts';
import { PacketSocket } from './packet-socket.ts';

/** How long a thread waits before it looks whether it still should, in milliseconds: it could not be ended otherwise. */
const PATIENCE = 100;
/** Batches that are taken before others get their turn. */
const TURN = 8;

/** Frames through a packet socket. */
export class PacketWire implements WireBackend {
  /** What is sent has left when `sendmmsg` returns. */
  readonly busy = false;
  readonly #socket: PacketSocket;
  readonly #partner: Partner;
  readonly #name: string;
  readonly #onEvent: (event: WireEvent) => void;
  readonly #take = (frame: Uint8Array, what: Readonly<Unfinished>): void => this.#arrived(frame, what);
  readonly #give = (frame: Uint8Array): void => void this.#partner.outbox.send(padFrame(frame));
  readonly #outcome = { sent: 0, overrun: 0, refused: 0 };
  readonly #counters = { arrived: 0, completed: 0, cut: 0, unsupported: 0 };
  #lost = 0;
  #closing = false;
  readonly #waiting: Promise<void>;
  #closed: Promise<void> | undefined;

  private constructor(clock: Clock, end: LinkEnd, description: PacketDescription, onEvent: (event: WireEvent) => void) {
    this.#name = description.name;
    this.#onEvent = onEvent;
    this.#socket = new PacketSocket(description.name, description.namespace);
    this.#partner = new Partner(clock, end, (frame) => this.#transmit(frame), {
      taken: () => this.#socket.send(this.#outcome),
    });
    this.#waiting = this.#watch();
  }

  /**
   * @param clock - the link's
   * @param end - where it stands
   * @param description - which interface
   * @param onEvent - told when the interface goes down
   * @returns the wire
   * @throws WireError `SOCKET` when there is no such interface, or this system has no packet sockets; `NOT_PERMITTED`
   */
  static open(
    clock: Clock,
    end: LinkEnd,
    description: PacketDescription,
    onEvent: (event: WireEvent) => void,
  ): PacketWire {
    return new PacketWire(clock, end, description, onEvent);
  }

  get descriptors(): readonly number[] {
    return this.#closing ? [] : [this.#socket.descriptor];
  }

  counters(): Record<string, number> {
    if (!this.#closing) this.#lost = this.#socket.dropped();
    const { sent: transmitted, overrun, refused } = this.#outcome;
    return {
      ...this.#partner.counters(),
      ...{ transmitted, overrun, refused },
      ...this.#counters,
      truncated: this.#socket.truncated,
      lost: this.#lost,
    };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#lost = this.#socket.dropped();
    this.#closing = true;
    this.#partner.outbox.clear();
    await this.#waiting;
    this.#socket.close();
  }

  /** Until it is closed: waits for input, takes it, and lets the kernel's buffer fill while the link is full. */
  async #watch(): Promise<void> {
    const { descriptor } = this.#socket;
    const ended = (): boolean => this.#closing;
    while (!ended()) {
      const readable = await new Promise<boolean>((resolve) => {
        awaitReadable(descriptor, PATIENCE, resolve);
      });
      if (!readable || ended()) continue;
      this.#receive();
      await new Promise<void>((resolve) => {
        if (!this.#partner.outbox.press(resolve)) resolve();
      });
    }
  }

  #receive(): void {
    for (let turn = 0; turn < TURN && this.#partner.outbox.open; turn++) {
      const count = this.#socket.receive(this.#take);
      if (count < 0) this.#onEvent({ kind: 'disconnected', message: `packet: ${this.#name} has gone down` });
      if (count < this.#socket.batch) return;
    }
  }

  #arrived(frame: Uint8Array, what: Readonly<Unfinished>): void {
    const counters = this.#counters;
    counters.arrived++;
    if (!finishFrame(frame, what, this.#give)) counters.unsupported++;
    else if (what.segmentation !== 0) counters.cut++;
    else if ((what.flags & NEEDS_CHECKSUM) !== 0) counters.completed++;
  }

  #transmit(frame: Uint8Array): void {
    if (!this.#closing && this.#socket.stage(frame)) this.#socket.send(this.#outcome);
  }
}
