/*
 * Owns: one stream of bytes from one station to the other, as TCP segments over IPv4 or IPv6: small ones, ones as long as the MTU
 * allows, and long ones for the NIC to cut. What is lost is sent again from where the other side is, which is looked up and not
 * told by the wire: so nothing but the data path can go wrong.
 * Invariant: both sides hash what was sent and what arrived in order; the hashes agree at any time.
 */

import { createHash } from 'node:crypto';
import type { Random } from '@netcx/clock';
import { Layer2Type, Layer3Type, Layer4Type } from '@netcx/rings';
import { headerBytes, layer3Bytes, parseFrame, TCP_BYTES, writeHeaders } from '../simulation/ip-headers.ts';
import type { Endpoint } from '../test/endpoint.ts';

/** Bytes that repeat in a stream: a prime, so that nothing that is shifted by a buffer looks right. */
const PATTERN_BYTES = 1_000_003;
/** Bytes on their way at most. */
const WINDOW = 256 * 1024;
/** Pauses without progress after which what is missing is sent again. */
const PATIENCE = 200;
const FIRST_PORT = 5000;
/** The checksum extension's byte: layer 4 is required, and layer 3 where it has a checksum. */
const LAYER4_REQUIRED = 2 << 4;
const LAYER3_REQUIRED = 2 << 2;

/** A stream of bytes. */
export class Flow {
  /** Bytes that have arrived in order. */
  arrived = 0;
  /** Frames that arrived too early or again. */
  strays = 0;
  /** Times that something was sent again. */
  repeats = 0;
  readonly #index: number;
  readonly #ipv6: boolean;
  readonly #from: Endpoint;
  readonly #random: Random;
  readonly #pattern: Uint8Array;
  readonly #there = createHash('sha256');
  readonly #here = createHash('sha256');
  #sent = 0;
  #hashed = 0;
  #idle = 0;

  constructor(index: number, from: Endpoint, random: Random) {
    this.#index = index;
    this.#ipv6 = index % 2 === 1;
    this.#from = from;
    this.#random = random;
    this.#pattern = Uint8Array.from({ length: PATTERN_BYTES }, () => random.below(256));
  }

  /** Whether the other side has everything that was sent. */
  get settled(): boolean {
    return this.arrived === this.#sent;
  }

  /** Sends what fits; or, when everything shall arrive, only what is missing. */
  pump(ending: boolean): void {
    if (this.#hashed === this.arrived) this.#idle++;
    else {
      this.#idle = 0;
      for (; this.#hashed < this.arrived; this.#hashed += this.#hashNext(this.arrived - this.#hashed));
    }
    const again = this.#idle >= PATIENCE && this.#sent > this.arrived;
    if (again) {
      this.#idle = 0;
      this.repeats++;
      const end = this.#sent;
      this.#sent = this.arrived;
      this.#fill(ending ? end : Infinity);
    } else if (!ending) this.#fill(Infinity);
  }

  /** Takes a frame's payload. */
  take(sequence: number, payload: Uint8Array): void {
    if (sequence !== this.arrived % 2 ** 32) {
      this.strays++;
      return;
    }
    this.#there.update(payload);
    this.arrived += payload.length;
  }

  /** @returns both hashes of what has arrived: of what came and of what was sent */
  digests(): readonly [string, string] {
    for (; this.#hashed < this.arrived; this.#hashed += this.#hashNext(this.arrived - this.#hashed));
    return [this.#there.copy().digest('hex'), this.#here.copy().digest('hex')];
  }

  #hashNext(most: number): number {
    const at = this.#hashed % PATTERN_BYTES;
    const bytes = Math.min(most, PATTERN_BYTES - at);
    this.#here.update(this.#pattern.subarray(at, at + bytes));
    return bytes;
  }

  #fill(end: number): void {
    const random = this.#random;
    const { adapter } = this.#from.driver;
    const { enabled } = adapter.offloads;
    const largest = adapter.mtu - (this.#ipv6 ? 40 : 20) - TCP_BYTES;
    const family = this.#ipv6 ? 'tcpIPv6' : 'tcpIPv4';
    const queue = this.#index % Math.max(1, adapter.transmitQueues.length);
    if (adapter.transmitQueues[queue] === undefined) return; // the adapter is stopped
    const complete = !(enabled.txChecksum[family] && (this.#ipv6 || enabled.txChecksum.ipv4));
    while (this.#sent < end && this.#sent - this.arrived < WINDOW) {
      const long = enabled.gso[family] && !complete && random.below(4) === 0;
      const wish = long
        ? largest + 1 + random.below(16_000)
        : random.below(3) === 0
          ? largest
          : 1 + random.below(largest);
      const bytes = Math.min(wish, end - this.#sent);
      if (!this.#send(queue, bytes, bytes > largest ? largest : 0, complete)) return;
      this.#sent += bytes;
    }
  }

  /** One frame; false when there is no room for it. */
  #send(queue: number, bytes: number, segmentSize: number, complete: boolean): boolean {
    const ipv6 = this.#ipv6;
    const header = headerBytes({ ipv6, tcp: true });
    const frame = new Uint8Array(header + bytes);
    const edge = this.#from.edge(queue);
    const parts: number[] = [];
    for (let left = frame.length; left > 0; left -= edge.pool.capacity) parts.push(Math.min(left, edge.pool.capacity));
    if (edge.room < parts.length || edge.pool.free < parts.length) return false;
    for (let done = 0; done < bytes;) {
      const at = (this.#sent + done) % PATTERN_BYTES;
      const piece = this.#pattern.subarray(at, at + bytes - done);
      frame.set(piece, header + done);
      done += piece.length;
    }
    const headers = { ipv6, tcp: true, from: this.#index % 4 >= 2 ? 1 : 0, sequence: this.#sent % 2 ** 32 } as const;
    const ports = { sourcePort: 4000, destinationPort: FIRST_PORT + this.#index };
    const sums = complete ? 'complete' : segmentSize > 0 ? 'left for each segment' : 'left';
    writeHeaders(frame, { ...headers, ...ports }, sums);
    const type3 = ipv6 ? Layer3Type.IPv6NoExtensions : Layer3Type.IPv4NoOptions;
    const layout = 14 | (layer3Bytes(ipv6) << 7) | (TCP_BYTES << 16) | (Layer2Type.Ethernet << 24) | (type3 << 28);
    const checksum = LAYER4_REQUIRED | (ipv6 ? 0 : LAYER3_REQUIRED);
    const wishes = complete ? {} : { checksum, segmentSize };
    return this.#from.trySend(frame, { queue, parts, layout, layer4Type: Layer4Type.Tcp, ...wishes });
  }
}

/**
 * Gives an arrived frame to the flow that it belongs to.
 *
 * @returns what is wrong with it, if anything is
 */
export function deliver(frame: Uint8Array, flows: readonly Flow[]): string | undefined {
  const parsed = parseFrame(frame, true);
  if (typeof parsed === 'string') return parsed;
  const flow = flows[parsed.destinationPort - FIRST_PORT];
  if (flow === undefined) return `nobody's frame of ${frame.length} bytes`;
  flow.take(parsed.sequence, parsed.payload);
  return undefined;
}
