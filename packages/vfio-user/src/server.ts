/*
 * A function at a socket: one peer at a time, the next one waits until it is gone. Whatever a peer does, or however it
 * ends, what it left is cleaned up after, the function is reset, and the next one finds it as the first one did.
 */

import { rmSync } from 'node:fs';
import type { PciEndpoint } from '@netcx/bus';
import { Channel } from './channel.ts';
import { DeviceHost, type DeviceHostOptions } from './device-host.ts';
import { libc, watch, type Watch } from './libc.ts';
import { LONGEST_MESSAGE, Session } from './session.ts';
import { acceptUnix, listenUnix } from './unix-socket.ts';

/** Messages that are carried out before others get their turn. */
const BUDGET = 256;

/** What happens at a server, for whoever prints it. */
export interface ServerEvent {
  /** A peer attached or is gone, or, with `trace`, a message was carried out or refused. */
  readonly kind: 'attached' | 'detached' | 'message';
  /** Why it is gone, or what the message was. */
  readonly detail: string;
}

/** Options of a {@link VfioUserServer}. */
export interface VfioUserServerOptions extends DeviceHostOptions {
  /** Path of its socket. */
  readonly socket: string;
  /** The function, not plugged in anywhere else. */
  readonly endpoint: PciEndpoint;
  /** Whether each message is an event. */
  readonly trace?: boolean;
  /**
   * @param event - what happened
   */
  readonly onEvent?: (event: ServerEvent) => void;
}

/** What a server counted since it was made. */
export interface ServerCounters {
  /** Peers that attached. */
  readonly attached: number;
  /** Messages that were carried out. */
  readonly messages: number;
  /** Messages that were refused. */
  readonly refused: number;
  /** Reads and writes of a peer's memory by messages. */
  readonly memoryMessages: number;
  /** Interrupts that reached the peer. */
  readonly interrupts: number;
  /** Interrupts that nobody had asked for. */
  readonly lostInterrupts: number;
  /** Accesses of the function to memory that the peer refused or has not. */
  readonly memoryFaults: number;
  /** Pieces of memory that are mapped now. */
  readonly regions: number;
  /** Bytes of them. */
  readonly memory: number;
}

/** Serves one function at one socket. */
export class VfioUserServer {
  readonly #options: VfioUserServerOptions;
  readonly #device: DeviceHost;
  readonly #listener: number;
  readonly #totals = { attached: 0, messages: 0, refused: 0, memoryMessages: 0 };
  #session: Session | undefined;
  #channel: Channel | undefined;
  #announced = false;
  #wake: (() => void) | undefined;
  #watch: Watch | undefined;
  /** Whether a peer that does not read is waited for: then what it sends is of no interest. */
  #watchesRoom = false;
  #closed = false;
  /** A thread that falls over leaves nothing open either. */
  readonly #onExit = (): void => this.close();

  /**
   * Listens from now on; peers are served while something calls `turn`.
   *
   * @param options - socket and function
   * @throws VfioUserError `NOT_LINUX` or `SOCKET`
   */
  constructor(options: VfioUserServerOptions) {
    this.#options = options;
    this.#listener = listenUnix(options.socket);
    try {
      this.#device = new DeviceHost(options.endpoint, options);
    } catch (error) {
      this.#stopListening();
      throw error;
    }
    process.on('exit', this.#onExit);
  }

  /** Path of its socket. */
  get socket(): string {
    return this.#options.socket;
  }

  /** Whether a peer is attached. */
  get attached(): boolean {
    return this.#announced;
  }

  /** The descriptor at which something comes next: the peer's, or the one at which peers knock. */
  get fd(): number {
    return this.#channel?.fd ?? this.#listener;
  }

  /**
   * Whether a peer that was asked for its memory has failed, so that a turn cleans up after it, or has sent something else
   * besides its answer, which was received with it.
   */
  get due(): boolean {
    return this.#session?.end !== undefined || (this.#channel?.waiting === true && !this.#channel.blocked);
  }

  /**
   * Says who calls `turn`.
   *
   * @param wake - called from the event loop whenever there is something to do
   */
  onReady(wake: () => void): void {
    this.#wake = wake;
    this.#rewatch();
  }

  /**
   * Lets a peer in, carries out what has come, and cleans up after one that is gone.
   *
   * @returns whether there is more to do at once
   */
  turn(): boolean {
    if (this.#closed) return false;
    if (this.#session === undefined && !this.#accept()) return false;
    const session = this.#session;
    if (session === undefined) return false;
    const more = session.run(BUDGET);
    if (this.#channel?.blocked !== this.#watchesRoom) this.#rewatch();
    if (session.attached && !this.#announced) {
      this.#announced = true;
      this.#totals.attached++;
      this.#options.onEvent?.({ kind: 'attached', detail: '' });
    }
    if (session.end === undefined) return more;
    this.#detach(session.end);
    return true;
  }

  /** Pulls the function out without warning: from now on it reads as all ones, and neither reaches memory nor interrupts. */
  remove(): void {
    this.#device.remove();
  }

  /**
   * Ends the connection of the peer that is attached; the next one may come.
   *
   * @param why - for the event
   */
  disconnect(why: string): void {
    if (this.#session !== undefined) this.#detach(why);
  }

  /**
   * @returns what was counted so far
   */
  counters(): ServerCounters {
    const now = this.#session?.counters;
    const { sent, lost } = this.#device.interrupts.counters;
    const { attached, messages, refused, memoryMessages } = this.#totals;
    return {
      attached,
      messages: messages + (now?.messages ?? 0),
      refused: refused + (now?.refused ?? 0),
      memoryMessages: memoryMessages + (now?.memoryMessages ?? 0),
      interrupts: sent,
      lostInterrupts: lost,
      memoryFaults: this.#device.domain.faultCount,
      regions: this.#device.domain.regions.count,
      memory: this.#device.domain.regions.bytes,
    };
  }

  /** Ends the connection, stops listening and takes the socket away. */
  close(): void {
    if (this.#closed) return;
    this.disconnect('the server ends');
    this.#closed = true;
    process.removeListener('exit', this.#onExit);
    this.#watch?.close();
    this.#stopListening();
  }

  #stopListening(): void {
    libc().close(this.#listener);
    rmSync(this.#options.socket, { force: true }); // somebody may have taken it away already
  }

  #accept(): boolean {
    const fd = acceptUnix(this.#listener);
    if (fd < 0) return false;
    this.#channel = new Channel(fd, LONGEST_MESSAGE);
    const { trace = false, onEvent } = this.#options;
    const tell = (detail: string): void => onEvent?.({ kind: 'message', detail });
    this.#session = new Session(this.#channel, this.#device, { trace: trace ? tell : undefined });
    this.#rewatch();
    return true;
  }

  #detach(why: string): void {
    this.#watch?.close();
    this.#watch = undefined;
    const { messages, refused, memoryMessages } = this.#session?.counters ?? {
      messages: 0,
      refused: 0,
      memoryMessages: 0,
    };
    this.#totals.messages += messages;
    this.#totals.refused += refused;
    this.#totals.memoryMessages += memoryMessages;
    this.#device.detach();
    this.#channel?.close();
    this.#channel = undefined;
    this.#session = undefined;
    if (this.#announced) this.#options.onEvent?.({ kind: 'detached', detail: why });
    this.#announced = false;
    this.#rewatch();
  }

  /** Watches for the peer while there is one, else for the next one: the listener would call all the time otherwise. */
  #rewatch(): void {
    if (this.#wake === undefined) return;
    this.#watch?.close();
    this.#watchesRoom = this.#channel?.blocked ?? false;
    this.#watch = watch(this.fd, this.#watchesRoom ? 'writable' : 'readable', this.#wake);
  }
}
