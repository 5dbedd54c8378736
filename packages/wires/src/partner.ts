/*
 * The half that every wire behind a link shares: it switches its end on, counts what comes off the link, and has an outbox
 * for what goes onto it. A wire says what it does with a frame.
 */

import type { Clock } from '@netcx/clock';
import { ALL_ABILITIES, ALL_MODES, type LinkEnd, type LinkPartner } from '@netcx/hardware';
import { forEachFrame } from './frame-list.ts';
import { Outbox } from './outbox.ts';

/** What a wire does besides. */
export interface PartnerOptions {
  /** Told when the link comes up or goes down. */
  readonly changed?: (up: boolean) => void;
  /** Told behind the last frame of each burst that comes off the link. */
  readonly taken?: () => void;
  /** Whether there is something behind the wire from the first: else the link is down until `connect`. True when left out. */
  readonly connected?: boolean;
  /** Whether PAUSE frames get to a station that heeds them: the partner is offered flow control then. False when left out. */
  readonly heedsPause?: boolean;
}

/** One end of a link, with a wire behind it. */
export class Partner implements LinkPartner {
  /** What goes onto the link. */
  readonly outbox: Outbox;
  readonly #take: (frame: Uint8Array) => void;
  readonly #changed: (up: boolean) => void;
  readonly #taken: () => void;
  readonly #end: LinkEnd;
  readonly #abilities: number;
  #received = 0;
  #badFcs = 0;

  /**
   * @param clock - the link's
   * @param end - where it stands
   * @param take - given each good frame that comes off the link: a view, the link's own until it returns
   * @param options - what else it does
   */
  constructor(clock: Clock, end: LinkEnd, take: (frame: Uint8Array) => void, options: PartnerOptions = {}) {
    const { changed = () => undefined, taken = () => undefined, connected = true, heedsPause = false } = options;
    this.outbox = new Outbox(clock, end);
    this.#take = take;
    this.#changed = changed;
    this.#taken = taken;
    this.#end = end;
    this.#abilities = heedsPause ? ALL_ABILITIES : ALL_MODES;
    end.attach(this);
    this.connect(connected);
  }

  /**
   * @param connected - whether something is behind the wire: the link is up, if the other end is switched on, or down
   */
  connect(connected: boolean): void {
    this.#end.enable(connected, this.#abilities);
  }

  receive(offset: number, frames: number): void {
    const bad = forEachFrame(offset, frames, this.#take);
    this.#badFcs += bad;
    this.#received += frames - bad;
    this.#taken();
  }

  room(): void {
    this.outbox.room();
  }

  changed(up: boolean): void {
    this.#changed(up);
  }

  /**
   * @returns frames taken off the link, those with a wrong check sequence, and the outbox's counters
   */
  counters(): Record<string, number> {
    return { received: this.#received, badFcs: this.#badFcs, ...this.outbox.counters() };
  }
}
