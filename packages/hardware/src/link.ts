/*
 * A cable: two ends and a lane in each direction. It is up while both ends are switched on; what is sent while it is
 * down is lost and counted, as on a cable that is out.
 */

import type { Alarm, Clock } from '@netcx/clock';
import { Lane, type LaneCounters, type LaneOptions } from './lane.ts';
import type { LinkEnd, LinkSpeed } from './link-end.ts';
import { LinkPort, type LinkState } from './link-port.ts';

/** Which way frames go. */
export type Direction = 'aToB' | 'bToA';

/** Options of a link. */
export interface LinkOptions {
  /** Mbit/s; 1000 when left out. */
  readonly speed?: LinkSpeed;
  /** Nanoseconds that the wire's length adds, a whole number; 500 when left out, which is 100 m. */
  readonly delay?: number;
  /** Bytes of device memory for what is on its way, in each direction; 1 MiB when left out. */
  readonly capacity?: number;
}

/** Options of a lane from those of a link. */
const laneOptions = (options: LinkOptions): LaneOptions => ({
  speed: 1000,
  delay: 500,
  capacity: 1024 * 1024,
  ...options,
});

/**
 * Told of a burst that arrives, just before its receiver.
 *
 * @param direction - which way it goes
 * @param offset - byte offset of the first frame's header in device memory; the link's, as for the receiver
 * @param frames - how many
 * @param time - when its last frame arrives, in nanoseconds of the clock
 */
export type LinkTap = (direction: Direction, offset: number, frames: number, time: number) => void;

/** A cable between two devices. */
export class Link implements LinkState {
  /** One end. */
  readonly a: LinkEnd;
  /** The other end. */
  readonly b: LinkEnd;
  readonly speed: LinkSpeed;
  readonly #clock: Clock;
  readonly #ends: readonly [LinkPort, LinkPort];
  readonly #aToB: Lane;
  readonly #bToA: Lane;
  readonly #tell: Alarm;
  #up = false;

  /**
   * @param clock - delivers
   * @param options - speed, delay, memory
   * @throws HardwareError `BAD_LINK` for what no link can be; RangeError when the devices' memory is used up
   */
  constructor(clock: Clock, options: LinkOptions = {}) {
    const lane = laneOptions(options);
    this.#clock = clock;
    this.speed = lane.speed;
    this.#aToB = new Lane(clock, lane);
    this.#bToA = new Lane(clock, lane);
    const a = new LinkPort(this, this.#aToB, this.#bToA);
    const b = new LinkPort(this, this.#bToA, this.#aToB);
    this.#ends = [a, b];
    this.a = a;
    this.b = b;
    this.#tell = clock.alarm(() => {
      for (const end of this.#ends) end.tell();
    });
  }

  get up(): boolean {
    return this.#up;
  }

  endChanged(): void {
    const [a, b] = this.#ends;
    const up = a.enabled && b.enabled;
    this.#tell.soon();
    if (up === this.#up) return;
    this.#up = up;
    this.#aToB.setUp(up);
    this.#bToA.setUp(up);
  }

  /**
   * Watches what arrives at either end.
   *
   * @param listener - must copy what it wants to keep
   * @returns ends it
   */
  tap(listener: LinkTap): () => void {
    const aToB = (offset: number, frames: number): void => listener('aToB', offset, frames, this.#clock.now());
    const bToA = (offset: number, frames: number): void => listener('bToA', offset, frames, this.#clock.now());
    this.#aToB.taps.add(aToB);
    this.#bToA.taps.add(bToA);
    return () => {
      this.#aToB.taps.delete(aToB);
      this.#bToA.taps.delete(bToA);
    };
  }

  /**
   * @returns what passed so far, each way
   */
  counters(): Readonly<Record<Direction, LaneCounters>> {
    return { aToB: this.#aToB.counters(), bToA: this.#bToA.counters() };
  }

  /** Takes the cable away: what is on its way is lost, and the memory is given back. The link is of no use afterwards. */
  close(): void {
    this.#tell.cancel();
    this.#aToB.close();
    this.#bToA.close();
  }
}

/** A plug that sends everything back: one end, whose frames arrive where they came from. */
export class LoopbackLink implements LinkState {
  /** The only end. */
  readonly end: LinkEnd;
  readonly speed: LinkSpeed;
  readonly #lane: Lane;
  readonly #port: LinkPort;
  readonly #tell: Alarm;
  #up = false;

  /**
   * @param clock - delivers
   * @param options - speed, delay, memory
   * @throws HardwareError `BAD_LINK` for what no link can be; RangeError when the devices' memory is used up
   */
  constructor(clock: Clock, options: LinkOptions = {}) {
    const lane = laneOptions(options);
    this.speed = lane.speed;
    this.#lane = new Lane(clock, lane);
    this.#port = new LinkPort(this, this.#lane, this.#lane);
    this.end = this.#port;
    this.#tell = clock.alarm(() => this.#port.tell());
  }

  get up(): boolean {
    return this.#up;
  }

  endChanged(): void {
    this.#tell.soon();
    if (this.#port.enabled === this.#up) return;
    this.#up = this.#port.enabled;
    this.#lane.setUp(this.#up);
  }

  /**
   * @returns what passed so far
   */
  counters(): LaneCounters {
    return this.#lane.counters();
  }

  /** Takes the plug away: what is on its way is lost, and the memory is given back. The link is of no use afterwards. */
  close(): void {
    this.#tell.cancel();
    this.#lane.close();
  }
}
