/*
 * A cable: two ends and a lane in each direction. It is up while both ends are switched on and it is plugged in; what is
 * sent while it is down is lost and counted, as on a cable that is out.
 */

import { Random, VirtualClock, type Alarm, type Clock } from '@netcx/clock';
import type { Impairment, ImpairmentCounters } from './impairments/impairment.ts';
import { Lane, type LaneCounters, type LaneOptions } from './lane.ts';
import type { Duplex, LinkEnd, LinkSpeed } from './link-end.ts';
import { LinkPort, type LinkState } from './link-port.ts';
import { agree, linkMode, type LinkMode } from './negotiation.ts';
import { allOrNone } from './wire.ts';

/** Which way frames go. */
export type Direction = 'aToB' | 'bToA';

/** Options of a link. */
export interface LinkOptions {
  /** The most that the cable carries, in Mbit/s; 1000 when left out. */
  readonly speed?: LinkSpeed;
  /**
   * How many times faster than the ends say the cable carries, more than 0; `Infinity` = frames take no time. 1 when left out.
   * The ends still report their speed: it is for hosts that want more through a NIC than it was ever built for.
   */
  readonly speedup?: number;
  /** Nanoseconds that the wire's length adds, a whole number; 500 when left out, which is 100 m. */
  readonly delay?: number;
  /** Bytes of device memory for what is on its way, in each direction; 1 MiB when left out. */
  readonly capacity?: number;
  /** The most that the cable carries; `full` when left out. With `half` the ends send one after the other; they never collide. */
  readonly duplex?: Duplex;
  /** What goes wrong on the way, the same in both directions, or in each; nothing when left out. */
  readonly impairments?: Impairments;
  /** Decides what is left to chance; the stream `link` of a virtual clock, or the seed 1, when left out. */
  readonly random?: Random;
}

/** What goes wrong on a link, the first to go wrong first. */
export type Impairments =
  | readonly Impairment[]
  | { readonly aToB?: readonly Impairment[] | undefined; readonly bToA?: readonly Impairment[] | undefined };

/**
 * @param options - a link's
 * @returns its lanes'
 */
export const laneOptions = (options: Pick<LinkOptions, 'speed' | 'speedup' | 'delay' | 'capacity'>): LaneOptions => ({
  speed: options.speed ?? 1000,
  speedup: options.speedup ?? 1,
  delay: options.delay ?? 500,
  capacity: options.capacity ?? 1024 * 1024,
  idle: new Float64Array(1),
});

/**
 * Two links on one clock have the same luck unless each is given numbers of its own.
 *
 * @param clock - the link's
 * @param options - the link's
 * @returns what decides about chance there
 */
export const randomFor = (clock: Clock, options: Pick<LinkOptions, 'random'>): Random =>
  options.random ?? (clock instanceof VirtualClock ? clock.random('link') : new Random(1, 'link'));

const isList = (impairments: Impairments): impairments is readonly Impairment[] => Array.isArray(impairments);

function impairLanes(lanes: readonly [Lane, Lane], impairments: Impairments, random: Random): void {
  const { aToB = [], bToA = [] } = isList(impairments) ? { aToB: impairments, bToA: impairments } : impairments;
  lanes[0].impair(aToB, random.fork('aToB'));
  lanes[1].impair(bToA, random.fork('bToA'));
}

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
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #ends: readonly [LinkPort, LinkPort];
  readonly #aToB: Lane;
  readonly #bToA: Lane;
  readonly #tell: Alarm;
  /** The most that the cable carries. */
  #cable: LinkMode;
  /** What both ends run at, while the link is up. */
  #mode: LinkMode;
  #up = false;
  #plugged = true;
  /** Down for a moment, because it is another cable. */
  #changing = false;

  /**
   * @param clock - delivers
   * @param options - speed, duplex, delay, memory, impairments
   * @throws HardwareError `BAD_LINK` for what no link can be; RangeError when the devices' memory is used up:
   * nothing of it is taken then
   */
  constructor(clock: Clock, options: LinkOptions = {}) {
    const lane = laneOptions(options);
    this.#clock = clock;
    this.#random = randomFor(clock, options);
    this.#cable = linkMode(lane.speed, options.duplex ?? 'full');
    this.#mode = this.#cable;
    [this.#aToB, this.#bToA] = allOrNone(() => {
      const lanes = [new Lane(clock, lane), new Lane(clock, lane)] as const;
      if (options.impairments !== undefined) impairLanes(lanes, options.impairments, this.#random);
      return lanes;
    });
    this.#run();
    const a = new LinkPort(this, this.#aToB, this.#bToA);
    const b = new LinkPort(this, this.#bToA, this.#aToB);
    this.#ends = [a, b];
    this.a = a;
    this.b = b;
    this.#tell = clock.alarm(() => {
      for (const end of this.#ends) end.tell();
      if (!this.#changing) return;
      this.#changing = false;
      this.endChanged();
    });
  }

  get up(): boolean {
    return this.#up;
  }

  /** What both ends run at, in Mbit/s; while they do not, the most that the cable carries. */
  get speed(): LinkSpeed {
    return this.#up ? this.#mode.speed : this.#cable.speed;
  }

  /** Whether both ends can send at once. */
  get duplex(): Duplex {
    return this.#up ? this.#mode.duplex : this.#cable.duplex;
  }

  facing(end: LinkEnd): number {
    const [a, b] = this.#ends;
    return (end === a ? b : a).abilities;
  }

  endChanged(): void {
    const [a, b] = this.#ends;
    const mode = this.#plugged && !this.#changing ? agree(a.abilities, b.abilities, this.#cable) : undefined;
    this.#tell.soon();
    if (this.#up && mode !== this.#mode) this.#fall();
    if (this.#up || mode === undefined) return;
    this.#up = true;
    this.#mode = mode;
    this.#run();
    this.#aToB.setUp(true);
    this.#bToA.setUp(true);
  }

  #fall(): void {
    this.#up = false;
    for (const end of this.#ends) end.fell = true;
    this.#aToB.setUp(false);
    this.#bToA.setUp(false);
  }

  /** Both lanes run as the ends have agreed. */
  #run(): void {
    const { speed, duplex } = this.#mode;
    const idle = new Float64Array(1);
    this.#aToB.change(speed, idle);
    this.#bToA.change(speed, duplex === 'half' ? idle : new Float64Array(1));
  }

  /**
   * Pulls the cable out, or plugs it in again.
   *
   * @param plugged - whether it is in; a new link is
   */
  plug(plugged: boolean): void {
    this.#plugged = plugged;
    this.endChanged();
  }

  /**
   * Changes what the cable carries. The link goes down for it, and what is on its way is lost; both ends hear that it is
   * down, and up again if they still have a mode in common.
   *
   * @param mode - what changes
   * @throws HardwareError `BAD_LINK` for a mode that is none; nothing has changed then
   */
  change(mode: Partial<LinkMode>): void {
    this.#cable = linkMode(mode.speed ?? this.#cable.speed, mode.duplex ?? this.#cable.duplex);
    this.#changing = true;
    this.endChanged();
  }

  /**
   * Puts impairments into the cable, in place of those before, which lose what they hold.
   *
   * @param impairments - for both directions, or for each; a direction that is not named has none
   * @throws RangeError when the devices' memory is used up
   */
  impair(impairments: Impairments): void {
    impairLanes([this.#aToB, this.#bToA], impairments, this.#random);
  }

  /**
   * @returns what each impairment did so far, each way
   */
  impairments(): Readonly<Record<Direction, readonly ImpairmentCounters[]>> {
    return { aToB: this.#aToB.impairments(), bToA: this.#bToA.impairments() };
  }

  /**
   * Watches what arrives at either end, after whatever goes wrong on the way.
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
