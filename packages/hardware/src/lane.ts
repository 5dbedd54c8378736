/*
 * One direction of a link: a ring of bytes in device memory, the bursts that lie in it in the order in which they were
 * sent, and one alarm that delivers the first of them. A burst is one event; what it takes on the wire is arithmetic.
 * Bursts never overtake each other, and each lies in one piece.
 */

import type { Alarm, Clock, Random } from '@netcx/clock';
import { BurstMeter } from './burst-meter.ts';
import { HardwareError } from './hardware-error.ts';
import { ImpairedPath } from './impairments/impaired-path.ts';
import type { Impairment, ImpairmentCounters } from './impairments/impairment.ts';
import type { LinkPartner, LinkSpeed } from './link-end.ts';
import { allocateWire, freeWire } from './wire.ts';

/** Bursts that can be on their way at once. */
const BURSTS = 1024;
/** Bits of a byte, and nanoseconds in the time of one bit at 1 Mbit/s. */
const BIT_NANOSECONDS = 8 * 1000;

/** What passed one direction of a link. */
export interface LaneCounters {
  /** Bursts that arrived. */
  readonly bursts: number;
  /** Frames that arrived. */
  readonly frames: number;
  /** Bytes of those frames, as they lie in memory: without check sequence. */
  readonly bytes: number;
  /** Frames that were sent while the link was down, were on their way when it went down, or that nobody took. */
  readonly lostFrames: number;
}

/** What a lane is made with. */
export interface LaneOptions {
  /** Mbit/s. */
  readonly speed: LinkSpeed;
  /** How many times faster than that the wire carries, more than 0; `Infinity` = frames take no time. */
  readonly speedup: number;
  /** Nanoseconds that the wire's length adds, a whole number. */
  readonly delay: number;
  /** Bytes of device memory for what is on its way, a multiple of 64. */
  readonly capacity: number;
  /** When the wire is free again: shared by two lanes that share a wire. */
  readonly idle: Float64Array;
}

/**
 * Told of a burst that arrives, just before its receiver.
 *
 * @param offset - byte offset of the first frame's header in device memory; the link's, as for the receiver
 * @param frames - how many
 */
export type LaneTap = (offset: number, frames: number) => void;

/** One direction of a link. */
export class Lane {
  /** Who takes what arrives straight from here: nobody while impairments come first. */
  receiver: LinkPartner | undefined;
  /** Who is told that there is room. */
  sender: LinkPartner | undefined;
  /** Bytes behind the last reservation. */
  available = 0;
  /** Told of each burst that arrives. */
  readonly taps = new Set<LaneTap>();
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #meter = new BurstMeter();
  readonly #start: number;
  /** Bytes from there on; 0 once it is closed. */
  #capacity: number;
  readonly #delay: number;
  readonly #speedup: number;
  #nanosecondsPerByte: number;
  /** The bursts on their way, rings of the same order: where each begins, its frames, their bytes, when it arrives. */
  readonly #begins = new Int32Array(BURSTS);
  readonly #bytes = new Int32Array(BURSTS);
  readonly #frames = new Int32Array(BURSTS);
  readonly #arrivals = new Float64Array(BURSTS);
  #first = 0;
  #count = 0;
  /** When the wire is free again. */
  #idle: Float64Array;
  /** Who stands at the other end. */
  #partner: LinkPartner | undefined;
  #impaired: ImpairedPath | undefined;
  /** Where the last burst ends. */
  #tail: number;
  /** Where the reservation begins; -1 when there is none. */
  #reserved = -1;
  #roomWanted = false;
  #delivering = false;
  #up = false;
  #counters = { bursts: 0, frames: 0, bytes: 0, lostFrames: 0 };

  /**
   * @param clock - delivers
   * @param options - speed, delay and memory
   * @throws HardwareError `BAD_LINK` for what no link can be; RangeError when the devices' memory is used up
   */
  constructor(clock: Clock, options: LaneOptions) {
    const { speed, speedup, delay, capacity, idle } = options;
    if (!(speedup > 0)) refuse(`a speedup of ${String(speedup)}: expected a number above 0`);
    if (!Number.isInteger(delay) || delay < 0)
      refuse(`a delay of ${String(delay)} ns: expected a whole number, 0 or more`);
    if (!Number.isInteger(capacity) || capacity <= 0 || capacity % 64 !== 0)
      refuse(`a capacity of ${String(capacity)} bytes: expected a multiple of 64`);
    this.#clock = clock;
    this.#alarm = clock.alarm(() => this.#arrive());
    this.#delay = delay;
    this.#capacity = capacity;
    this.#speedup = speedup;
    this.#nanosecondsPerByte = BIT_NANOSECONDS / speed / speedup;
    this.#idle = idle;
    this.#start = allocateWire(capacity);
    this.#tail = this.#start;
  }

  /**
   * @param partner - takes what arrives, from now on
   */
  connect(partner: LinkPartner): void {
    this.#partner = partner;
    if (this.#impaired === undefined) this.receiver = partner;
  }

  /**
   * Puts impairments in front of whoever takes what arrives, in place of those before, which lose what they hold.
   *
   * @param impairments - the first one first; none takes them away
   * @param random - decides what is left to chance
   * @throws RangeError when the devices' memory is used up
   */
  impair(impairments: readonly Impairment[], random: Random): void {
    this.#counters.lostFrames += this.#impaired?.clear() ?? 0;
    this.#impaired?.close();
    this.#impaired = undefined;
    this.receiver = this.#partner;
    if (impairments.length === 0) return;
    this.#impaired = new ImpairedPath({
      clock: this.#clock,
      random,
      impairments,
      capacity: this.#capacity,
      deliver: (offset, frames, bytes) => this.#hand(offset, frames, bytes),
    });
    this.receiver = undefined;
  }

  /**
   * @returns what each impairment did so far, the first one first
   */
  impairments(): ImpairmentCounters[] {
    return this.#impaired?.counters() ?? [];
  }

  /**
   * Changes the wire, while frames do not pass.
   *
   * @param speed - Mbit/s
   * @param idle - when the wire is free again
   */
  change(speed: LinkSpeed, idle: Float64Array): void {
    this.#nanosecondsPerByte = BIT_NANOSECONDS / speed / this.#speedup;
    this.#idle = idle;
  }

  /**
   * @param bytes - the least that is of use
   * @returns byte offset of a free piece with `available` bytes; -1 when there is none, and then the sender's `room` is
   * called when something was freed
   */
  reserve(bytes: number): number {
    const end = this.#start + this.#capacity;
    let at = this.#tail;
    let limit = end;
    if (this.#count === 0) {
      at = this.#start;
    } else {
      const head = this.#begins[this.#first]!;
      if (at <= head) limit = head;
      else if (end - at < bytes) {
        at = this.#start;
        limit = head;
      }
    }
    if (limit - at < bytes || this.#count === BURSTS) {
      this.#reserved = -1;
      this.available = 0;
      this.#roomWanted = true;
      return -1;
    }
    this.#reserved = at;
    this.available = limit - at;
    return at;
  }

  /**
   * Sends what was written into the reservation.
   *
   * @param frames - how many
   * @param bytes - how many bytes they take with headers and padding
   * @throws HardwareError `BAD_BURST` when there is no reservation or the frames do not take that many bytes
   */
  commit(frames: number, bytes: number): void {
    const begin = this.#reserved;
    if (begin < 0) {
      if (this.#capacity > 0)
        throw new HardwareError('BAD_BURST', `${String(frames)} frames were committed without a reservation`);
      this.#counters.lostFrames += frames; // the cable was taken away under a burst
      return;
    }
    if (frames === 0) return;
    const meter = this.#meter;
    meter.measure(begin, frames);
    const end = begin + bytes;
    if (meter.end !== end || bytes > this.available) {
      throw new HardwareError(
        'BAD_BURST',
        `${String(frames)} frames take ${String(meter.end - begin)} bytes, not ${String(bytes)} of ${String(this.available)}`,
      );
    }
    this.#reserved = -1;
    if (!this.#up) {
      this.#counters.lostFrames += frames;
      return;
    }
    const now = this.#clock.now();
    const idle = Math.max(now, this.#idle[0]!) + Math.ceil(meter.wireBytes * this.#nanosecondsPerByte);
    this.#idle[0] = idle;
    const last = (this.#first + this.#count) % BURSTS;
    this.#begins[last] = begin;
    this.#bytes[last] = meter.frameBytes;
    this.#frames[last] = frames;
    this.#arrivals[last] = idle + this.#delay;
    this.#tail = end;
    this.#count++;
    if (this.#count === 1) this.#alarm.after(idle + this.#delay - now);
  }

  /**
   * @param up - whether frames pass; those on their way are lost when they do not
   */
  setUp(up: boolean): void {
    this.#up = up;
    if (up) return;
    // The burst that is being delivered has arrived.
    const keep = this.#delivering ? 1 : 0;
    for (; this.#count > keep; this.#count--) {
      this.#counters.lostFrames += this.#frames[(this.#first + this.#count - 1) % BURSTS]!;
    }
    this.#counters.lostFrames += this.#impaired?.clear() ?? 0;
    this.#idle[0] = 0;
    if (this.#roomWanted) this.#alarm.soon();
    else this.#alarm.cancel();
  }

  /**
   * @returns what passed so far
   */
  counters(): LaneCounters {
    return { ...this.#counters };
  }

  /** Gives the memory back. What is on its way is lost; the lane takes nothing afterwards. */
  close(): void {
    if (this.#capacity === 0) return;
    this.setUp(false);
    this.#alarm.cancel();
    this.#impaired?.close();
    this.#impaired = undefined;
    freeWire(this.#start, this.#capacity);
    this.#capacity = 0;
    this.#reserved = -1;
  }

  #arrive(): void {
    if (this.#count > 0) {
      this.#delivering = true;
      try {
        this.#deliver(this.#first);
      } finally {
        this.#delivering = false;
        this.#first = (this.#first + 1) % BURSTS;
        this.#count--;
        if (this.#count > 0) this.#alarm.after(Math.max(0, this.#arrivals[this.#first]! - this.#clock.now()));
      }
    }
    if (!this.#roomWanted) return;
    this.#roomWanted = false;
    this.sender?.room();
  }

  #deliver(burst: number): void {
    const counters = this.#counters;
    const offset = this.#begins[burst]!;
    const frames = this.#frames[burst]!;
    if (this.receiver === undefined) {
      if (this.#impaired !== undefined) this.#impaired.receive(offset, frames);
      else counters.lostFrames += frames;
      return;
    }
    counters.bursts++;
    counters.frames += frames;
    counters.bytes += this.#bytes[burst]!;
    if (this.taps.size > 0) for (const tap of this.taps) tap(offset, frames);
    this.receiver.receive(offset, frames);
  }

  /** What came through the impairments arrives. */
  #hand(offset: number, frames: number, bytes: number): void {
    const counters = this.#counters;
    if (this.#partner === undefined) {
      counters.lostFrames += frames;
      return;
    }
    counters.bursts++;
    counters.frames += frames;
    counters.bytes += bytes;
    for (const tap of this.taps) tap(offset, frames);
    this.#partner.receive(offset, frames);
  }
}

function refuse(why: string): never {
  throw new HardwareError('BAD_LINK', why);
}
