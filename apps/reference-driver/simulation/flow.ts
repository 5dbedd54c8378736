/*
 * Owns: one flow from one station to the other and the ledger of what arrived of it. A flow is an endless stream of bytes that
 * its number decides; every segment says where in the stream its bytes lie, TCP in its sequence number, UDP in the first word
 * of each datagram, so that whatever arrives can be judged by itself.
 * Invariant: nothing arrives twice, out of order, or other than it was sent. Losses are allowed, and counted.
 */

import { Random } from '@netcx/clock';
import { headerBytes, type Headers, type Parsed } from './ip-headers.ts';

/** Bytes that repeat in a stream: a prime, so that nothing that is shifted looks right. */
const PATTERN_BYTES = 65_521;
/** Twice the pattern and room for the longest frame: any piece of a stream lies in a row there. */
const PATTERN = Uint8Array.from({ length: 2 * PATTERN_BYTES + 65_536 }, (_, at) => {
  const place = at % PATTERN_BYTES;
  return (Math.imul(place + 1, 0x9e37_79b1) >>> 24) & 255;
});
/** Bytes at the start of each datagram: where in the stream the rest lies. */
const PLACE_BYTES = 4;
const FIRST_PORT = 5000;
/** Where a stream begins: its sequence numbers start over soon. */
const FIRST_SEQUENCE = 0xffff_8000;

/** A flow. */
export class Flow {
  readonly number: number;
  readonly from: 0 | 1;
  readonly ipv6: boolean;
  readonly tcp: boolean;
  /** Bytes of the stream that were handed over for sending. */
  sent = 0;
  /** One past the last byte of the stream that arrived. */
  arrived = 0;
  /** Bytes that did not arrive before later ones did. */
  lost = 0;
  /** Another generation has ports of its own, and so a hash. Frames of an earlier one are no longer in order. */
  #generation = 0;
  readonly #salt: number;

  /**
   * @param number - which flow: it decides the bytes
   * @param random - decides the kind
   */
  constructor(number: number, random: Random) {
    this.number = number;
    this.from = number % 2 === 0 ? 0 : 1;
    this.ipv6 = random.chance(0.4);
    this.tcp = random.chance(0.5);
    this.#salt = random.below(PATTERN_BYTES);
  }

  /** Frames of one flow may overtake each other while the other station is told anew which flow goes where. */
  renew(): void {
    this.#generation++;
    this.arrived = this.sent;
  }

  /** It is sent in another thread, where alone is known how much: whatever arrives may have been sent. */
  sendElsewhere(): void {
    this.sent = Infinity;
  }

  /** @returns what a frame with the next bytes of this flow says */
  headers(): Headers {
    const { ipv6, tcp, from } = this;
    return {
      ...{ ipv6, tcp, from, sequence: (FIRST_SEQUENCE + this.sent) >>> 0 },
      ...{ sourcePort: 1024 + (this.#generation & 0x3fff), destinationPort: FIRST_PORT + this.number },
    };
  }

  /**
   * @param payload - bytes that a frame carries
   * @param segment - bytes that each of its segments shall carry
   * @returns a frame with the next bytes of this flow, without headers
   */
  next(payload: number, segment: number): Uint8Array {
    const start = headerBytes(this);
    const frame = new Uint8Array(start + payload);
    let { sent } = this;
    for (let at = start; at < frame.length; at += segment) {
      const end = Math.min(frame.length, at + segment);
      const head = this.tcp ? 0 : PLACE_BYTES;
      if (!this.tcp) new DataView(frame.buffer).setUint32(at, sent);
      frame.set(this.#bytes(sent, end - at - head), at + head);
      sent += end - at - head;
    }
    return frame;
  }

  /** @returns bytes of the stream that a payload has room for */
  streamBytes(payload: number, segment: number): number {
    return this.tcp ? payload : payload - PLACE_BYTES * Math.ceil(payload / segment);
  }

  /**
   * Takes an arrived frame.
   *
   * @param frame - taken apart
   * @param segment - bytes of each segment that was joined into it; of a frame that is one, its payload
   * @returns what is wrong with it, if anything is
   */
  take({ payload, sequence, sourcePort }: Parsed, segment: number): string | undefined {
    if (sourcePort !== 1024 + (this.#generation & 0x3fff)) return undefined;
    if (this.tcp) return this.#takeBytes((sequence - FIRST_SEQUENCE) >>> 0, payload);
    for (let at = 0; at < payload.length; at += segment) {
      const datagram = payload.subarray(at, Math.min(payload.length, at + segment));
      if (datagram.length <= PLACE_BYTES) return `flow ${this.number}: a datagram of ${datagram.length} bytes`;
      const place = new DataView(datagram.buffer, datagram.byteOffset).getUint32(0);
      const fault = this.#takeBytes(place, datagram.subarray(PLACE_BYTES));
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #takeBytes(place: number, bytes: Uint8Array): string | undefined {
    const where = `flow ${this.number}: ${bytes.length} bytes from ${place} on`;
    if (place < this.arrived) return `${where}, again or out of order: ${this.arrived} were there`;
    if (place + bytes.length > this.sent) return `${where}, and only ${this.sent} were sent`;
    if (Buffer.compare(bytes, this.#bytes(place, bytes.length)) !== 0) return `${where} are not as they were sent`;
    this.lost += place - this.arrived;
    this.arrived = place + bytes.length;
    return undefined;
  }

  #bytes(place: number, count: number): Uint8Array {
    const at = (place + this.#salt) % PATTERN_BYTES;
    return PATTERN.subarray(at, at + count);
  }
}

/**
 * @param flows - every flow, by number
 * @param frame - a frame that arrived
 * @returns the flow that it belongs to, if there is one
 */
export const flowOf = (flows: readonly Flow[], frame: Parsed): Flow | undefined =>
  flows[frame.destinationPort - FIRST_PORT];

/** Flows from each worker of a group, and as many to them. */
const FLOWS_OF_A_WORKER = 4;

/**
 * @param seed - decides their kinds
 * @param workers - how many there are
 * @returns the flows of a machine whose sides are in several threads, the same in each
 */
export function flowsOf(seed: number, workers: number): Flow[] {
  const random = new Random(seed, 'flows');
  return Array.from({ length: 2 * FLOWS_OF_A_WORKER * workers }, (_, number) => new Flow(number, random));
}
