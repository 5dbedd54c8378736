/*
 * A plug that sends everything back: a link with one end.
 */

import type { Alarm, Clock, Random } from '@netcx/clock';
import type { Impairment, ImpairmentCounters } from './impairments/impairment.ts';
import { Lane, type LaneCounters } from './lane.ts';
import type { LinkEnd, LinkSpeed } from './link-end.ts';
import { laneOptions, randomFor, type LinkOptions, type LinkTap } from './link.ts';
import { LinkPort, type LinkState } from './link-port.ts';
import { linkMode } from './negotiation.ts';
import { allOrNone } from './wire.ts';

/** Options of a plug. Impairments are those on the way back, where frames pass once. */
export type LoopbackOptions = Omit<LinkOptions, 'duplex' | 'impairments'> & {
  /** What goes wrong on the way. */
  readonly impairments?: readonly Impairment[];
};

/** A plug that sends everything back: one end, whose frames arrive where they came from. */
export class LoopbackLink implements LinkState {
  /** The only end. */
  readonly end: LinkEnd;
  readonly speed: LinkSpeed;
  readonly duplex = 'full';
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #lane: Lane;
  readonly #port: LinkPort;
  readonly #tell: Alarm;
  #up = false;
  #plugged = true;

  /**
   * @param clock - delivers
   * @param options - speed, delay, memory, impairments
   * @throws HardwareError `BAD_LINK` for what no link can be; RangeError when the devices' memory is used up
   */
  constructor(clock: Clock, options: LoopbackOptions = {}) {
    const lane = laneOptions(options);
    this.#clock = clock;
    this.#random = randomFor(clock, options);
    this.speed = linkMode(lane.speed, this.duplex).speed;
    this.#lane = allOrNone(() => {
      const only = new Lane(clock, lane);
      only.impair(options.impairments ?? [], this.#random.fork('aToB'));
      return only;
    });
    this.#port = new LinkPort(this, this.#lane, this.#lane);
    this.end = this.#port;
    this.#tell = clock.alarm(() => this.#port.tell());
  }

  get up(): boolean {
    return this.#up;
  }

  facing(): number {
    return this.#port.abilities;
  }

  endChanged(): void {
    const up = this.#port.abilities !== 0 && this.#plugged;
    this.#tell.soon();
    if (up === this.#up) return;
    this.#up = up;
    if (!up) this.#port.fell = true;
    this.#lane.setUp(up);
  }

  /**
   * Pulls the plug out, or puts it in again.
   *
   * @param plugged - whether it is in; a new one is
   */
  plug(plugged: boolean): void {
    this.#plugged = plugged;
    this.endChanged();
  }

  /**
   * Puts impairments into the plug, in place of those before, which lose what they hold.
   *
   * @param impairments - the first one first
   * @throws RangeError when the devices' memory is used up
   */
  impair(impairments: readonly Impairment[]): void {
    this.#lane.impair(impairments, this.#random.fork('aToB'));
  }

  /**
   * @returns what each impairment did so far
   */
  impairments(): readonly ImpairmentCounters[] {
    return this.#lane.impairments();
  }

  /**
   * Watches what arrives.
   *
   * @param listener - is told that it goes from a to b; must copy what it wants to keep
   * @returns ends it
   */
  tap(listener: LinkTap): () => void {
    const seen = (offset: number, frames: number): void => listener('aToB', offset, frames, this.#clock.now());
    this.#lane.taps.add(seen);
    return () => void this.#lane.taps.delete(seen);
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
