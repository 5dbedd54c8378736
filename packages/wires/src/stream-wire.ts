/*
 * QEMU's `-netdev stream`: a connection, over a local socket or TCP, on which each frame has its length in front. One peer
 * at a time; when it goes, the next may come, or the wire connects again. The link is down while there is none, so that nobody asks
 * for an address, or for a neighbour's, where nobody hears it.
 */

import { rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { SECOND, type Alarm, type Clock } from '@netcx/clock';
import type { LinkEnd } from '@netcx/hardware';
import { descriptorOf } from './descriptor.ts';
import { padFrame, trimFrame } from './frame-list.ts';
import { LONGEST_FRAME } from './outbox.ts';
import { Partner } from './partner.ts';
import { formatPlace } from './place.ts';
import { LENGTH_BYTES, StreamDecoder } from './stream-decoder.ts';
import type { WireBackend, WireEvent } from './wire.ts';
import type { StreamDescription } from './wire-description.ts';
import { messageOf, WireError } from './wire-error.ts';

/** Bytes that may wait for the peer. */
const MOST_PENDING = 4 * 1024 * 1024;
/** Nanoseconds between two tries to connect. */
const AGAIN = SECOND;

/** Frames over a connection. */
export class StreamWire implements WireBackend {
  readonly #description: StreamDescription;
  readonly #onEvent: (event: WireEvent) => void;
  readonly #partner: Partner;
  readonly #retry: Alarm;
  #server: Server | undefined;
  #peer: Socket | undefined;
  /** A connection that is being made. */
  #attempt: Socket | undefined;
  #closed = false;
  #counters = { transmitted: 0, noPeer: 0, overrun: 0, connections: 0, refused: 0, oversize: 0, truncated: 0 };

  private constructor(clock: Clock, end: LinkEnd, description: StreamDescription, onEvent: (event: WireEvent) => void) {
    this.#description = description;
    this.#onEvent = onEvent;
    this.#retry = clock.alarm(() => this.#connect());
    this.#partner = new Partner(clock, end, (frame) => this.#transmit(frame), {
      connected: false,
      heedsPause: true,
    });
  }

  /**
   * @param clock - the link's
   * @param end - where it stands
   * @param description - where, and whether it listens or connects
   * @param onEvent - told of peers that come and go
   * @returns the wire: listening, or trying to connect
   * @throws WireError `SOCKET` when it cannot listen there
   */
  static async open(
    clock: Clock,
    end: LinkEnd,
    description: StreamDescription,
    onEvent: (event: WireEvent) => void,
  ): Promise<StreamWire> {
    const wire = new StreamWire(clock, end, description, onEvent);
    if (description.role === 'connect') wire.#connect();
    else await wire.#listen();
    return wire;
  }

  /** The address that it listens at; `undefined` on a local socket, or when it connects. */
  get address(): { readonly host: string; readonly port: number } | undefined {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? { host: address.address, port: address.port } : undefined;
  }

  get descriptors(): readonly number[] {
    return [this.#server, this.#peer, this.#attempt].flatMap((socket) => [...descriptorOf(socket)]);
  }

  get busy(): boolean {
    return this.#attempt !== undefined || (this.#peer?.writableLength ?? 0) > 0;
  }

  counters(): Record<string, number> {
    return { ...this.#partner.counters(), ...this.#counters };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#retry.cancel();
    this.#partner.outbox.clear();
    this.#attempt?.destroy();
    this.#peer?.destroy();
    const server = this.#server;
    if (server !== undefined) await new Promise<void>((resolve) => void server.close(() => resolve()));
  }

  async #listen(): Promise<void> {
    const { place } = this.#description;
    if (typeof place === 'string') await removeStaleSocket(place);
    const server = createServer((socket) => this.#accept(socket));
    this.#server = server;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        const options = typeof place === 'string' ? { path: place } : { host: place.host, port: place.port };
        server.listen(options, () => {
          server.removeListener('error', reject);
          resolve();
        });
      });
    } catch (error) {
      this.#server = undefined;
      throw new WireError(
        'SOCKET',
        `stream: expected a place to listen at, got ${formatPlace(place)}: ${messageOf(error)}`,
        error,
      );
    }
    server.on('error', (error) => this.#onEvent({ kind: 'failed', message: `stream: ${error.message}` }));
  }

  #accept(socket: Socket): void {
    if (this.#peer !== undefined || this.#closed) {
      this.#counters.refused++;
      socket.on('error', () => undefined);
      socket.destroy();
      this.#onEvent({ kind: 'refused', message: 'stream: a second peer came while one is connected' });
      return;
    }
    this.#adopt(socket);
  }

  #connect(): void {
    if (this.#closed) return;
    const { place } = this.#description;
    const socket = connect(typeof place === 'string' ? { path: place } : { host: place.host, port: place.port });
    this.#attempt = socket;
    const failed = (): void => {
      this.#attempt = undefined;
      socket.destroy();
      if (!this.#closed) this.#retry.after(AGAIN);
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      this.#attempt = undefined;
      socket.removeListener('error', failed);
      this.#adopt(socket);
    });
  }

  #adopt(socket: Socket): void {
    this.#peer = socket;
    this.#counters.connections++;
    this.#onEvent({ kind: 'connected', message: `stream: a peer at ${formatPlace(this.#description.place)}` });
    // A frame is not to wait for the next one.
    socket.setNoDelay(true);
    this.#partner.connect(true);
    const decoder = new StreamDecoder(LONGEST_FRAME, (frame) => void this.#partner.outbox.send(padFrame(frame)));
    let reason = 'it closed the connection';
    socket.on('data', (chunk) => {
      if (decoder.push(chunk)) {
        // The connection itself makes the peer wait, so that nothing is lost for want of room.
        if (this.#partner.outbox.press(() => void socket.resume())) socket.pause();
        return;
      }
      this.#counters.oversize++;
      reason = `expected a frame of 1 to ${String(LONGEST_FRAME)} bytes, got one of ${String(decoder.broken ?? 0)}`;
      socket.destroy();
    });
    socket.on('error', (error) => {
      reason = error.message;
    });
    socket.on('close', () => {
      if (!decoder.between && decoder.broken === undefined) this.#counters.truncated++;
      this.#peer = undefined;
      if (this.#closed) return;
      this.#partner.connect(false);
      this.#onEvent({ kind: 'disconnected', message: `stream: ${reason}` });
      if (this.#description.role === 'connect') this.#retry.after(AGAIN);
    });
  }

  #transmit(whole: Uint8Array): void {
    const frame = this.#description.trim ? trimFrame(whole) : whole;
    const peer = this.#peer;
    if (peer?.writable !== true) {
      this.#counters.noPeer++;
      return;
    }
    // A peer that does not read gets no more, as at a switch's port whose queue is full.
    if (peer.writableLength + LENGTH_BYTES + frame.length > MOST_PENDING) {
      this.#counters.overrun++;
      return;
    }
    const bytes = new Uint8Array(LENGTH_BYTES + frame.length);
    new DataView(bytes.buffer).setUint32(0, frame.length);
    bytes.set(frame, LENGTH_BYTES);
    peer.write(bytes);
    this.#counters.transmitted++;
  }
}

/** A socket that a process left behind when it died is in nobody's way; anything else at that path stays. */
async function removeStaleSocket(path: string): Promise<void> {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isSocket() !== true) return;
  const refused = await new Promise<boolean>((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED'));
  });
  if (refused) rmSync(path, { force: true });
}
