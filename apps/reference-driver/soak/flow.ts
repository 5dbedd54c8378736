/*
 * Owns: one stream of bytes from one station to the other, as TCP segments over IPv4 or IPv6: small ones, ones as long as the MTU
 * allows, and long ones for the NIC to cut. What is lost is sent again from where the other side is, which is looked up and not
 * told by the wire: so nothing but the data path can go wrong.
 * Invariant: both sides hash what was sent and what arrived in order; the hashes agree at any time.
 */

import { createHash } from 'node:crypto';
import type { Random } from '@netcx/clock';
import { Layer2Type, Layer3Type, Layer4Type } from '@netcx/rings';
import type { Endpoint } from '../test/endpoint.ts';

/** Bytes that repeat in a stream: a prime, so that nothing that is shifted by a buffer looks right. */
const PATTERN_BYTES = 1_000_003;
/** Bytes on their way at most. */
const WINDOW = 256 * 1024;
/** Pauses without progress after which what is missing is sent again. */
const PATIENCE = 200;
const TCP_BYTES = 20;
const CHECKSUM = 16;
const SEQUENCE = 4;
const FIRST_PORT = 5000;
/** The checksum extension's byte: layer 4 is required, and layer 3 where it has a checksum. */
const LAYER4_REQUIRED = 2 << 4;
const LAYER3_REQUIRED = 2 << 2;

/** The one's complement sum, folded (RFC 1071). */
export function onesSum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

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
    const layer3 = this.#ipv6 ? 40 : 20;
    const header = 14 + layer3 + TCP_BYTES;
    const frame = new Uint8Array(header + bytes);
    const edge = this.#from.edge(queue);
    const parts: number[] = [];
    for (let left = frame.length; left > 0; left -= edge.pool.capacity) parts.push(Math.min(left, edge.pool.capacity));
    if (edge.room < parts.length || edge.pool.free < parts.length) return false;
    this.#writeHeaders(frame, layer3, bytes, segmentSize > 0, complete);
    for (let done = 0; done < bytes;) {
      const at = (this.#sent + done) % PATTERN_BYTES;
      const piece = this.#pattern.subarray(at, at + bytes - done);
      frame.set(piece, header + done);
      done += piece.length;
    }
    const type3 = this.#ipv6 ? Layer3Type.IPv6NoExtensions : Layer3Type.IPv4NoOptions;
    const layout = 14 | (layer3 << 7) | (TCP_BYTES << 16) | (Layer2Type.Ethernet << 24) | (type3 << 28);
    if (complete) this.#completeChecksums(frame, layer3);
    const checksum = LAYER4_REQUIRED | (this.#ipv6 ? 0 : LAYER3_REQUIRED);
    const wishes = complete ? {} : { checksum, segmentSize };
    return this.#from.trySend(frame, { queue, parts, layout, layer4Type: Layer4Type.Tcp, ...wishes });
  }

  #writeHeaders(frame: Uint8Array, layer3: number, bytes: number, cut: boolean, complete: boolean): void {
    const view = new DataView(frame.buffer);
    const back = this.#index % 4 >= 2;
    frame.set([2, 0, 0, 0, 0, back ? 1 : 2, 2, 0, 0, 0, 0, back ? 2 : 1, ...(this.#ipv6 ? [0x86, 0xdd] : [8, 0])]);
    const carried = TCP_BYTES + bytes;
    if (this.#ipv6) {
      frame.set([0x60, 0, 0, 0, 0, 0, 6, 64], 14);
      view.setUint16(18, carried);
      for (let word = 0; word < 8; word++) view.setUint32(22 + 4 * word, 0x2001_0db8 + word);
    } else {
      frame.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], 14);
      view.setUint16(16, carried + 20);
    }
    const at = 14 + layer3;
    view.setUint16(at, 4000);
    view.setUint16(at + 2, FIRST_PORT + this.#index);
    view.setUint32(at + SEQUENCE, this.#sent % 2 ** 32);
    view.setUint8(at + 12, (TCP_BYTES / 4) << 4);
    view.setUint8(at + 13, 0x10);
    // What a protocol leaves in the checksum's place: the pseudo-header's sum, without the length when it is to be cut.
    if (!complete) view.setUint16(at + CHECKSUM, pseudoSum(frame, layer3, cut ? 0 : carried));
  }

  #completeChecksums(frame: Uint8Array, layer3: number): void {
    const view = new DataView(frame.buffer);
    if (!this.#ipv6) view.setUint16(24, onesSum(frame.subarray(14, 34)) ^ 0xffff);
    const segment = frame.subarray(14 + layer3);
    view.setUint16(14 + layer3 + CHECKSUM, onesSum(segment, pseudoSum(frame, layer3, segment.length)) ^ 0xffff);
  }
}

function pseudoSum(frame: Uint8Array, layer3: number, length: number): number {
  return onesSum(layer3 === 20 ? frame.subarray(26, 34) : frame.subarray(22, 54), 6 + length);
}

/**
 * Gives an arrived frame to the flow that it belongs to.
 *
 * @returns what is wrong with it, if anything is
 */
export function deliver(frame: Uint8Array, flows: readonly Flow[], coalesced: boolean): string | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const layer3 = view.getUint16(12) === 0x86dd ? 40 : 20;
  const at = 14 + layer3;
  const end = 14 + (layer3 === 20 ? view.getUint16(16) : 40 + view.getUint16(18));
  const flow = flows[view.getUint16(at + 2) - FIRST_PORT];
  if (flow === undefined || end > frame.length) return `nobody's frame of ${frame.length} bytes`;
  const segment = frame.subarray(at, end);
  if (!coalesced) {
    if (layer3 === 20 && onesSum(frame.subarray(14, 34)) !== 0xffff) return 'a wrong IPv4 checksum';
    if (onesSum(segment, pseudoSum(frame, layer3, segment.length)) !== 0xffff) return 'a wrong TCP checksum';
  }
  flow.take(view.getUint32(at + SEQUENCE), segment.subarray(TCP_BYTES));
  return undefined;
}
