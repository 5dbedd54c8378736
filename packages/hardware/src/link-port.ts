/*
 * One end of a link: what is sent here goes into one lane, what arrives comes out of another. The partner is told of a
 * change of the link's state from an alarm, never from inside the call that made it.
 */

import type { Lane } from './lane.ts';
import type { LinkEnd, LinkPartner, LinkSpeed } from './link-end.ts';

/** What an end needs of its link. */
export interface LinkState {
  /** Whether frames pass. */
  readonly up: boolean;
  /** Mbit/s. */
  readonly speed: LinkSpeed;
  /** An end was switched on or off, or got a partner. */
  endChanged(): void;
}

/** An end of a link. */
export class LinkPort implements LinkEnd {
  /** Whether this end is switched on. */
  enabled = false;
  readonly #link: LinkState;
  readonly #outgoing: Lane;
  readonly #incoming: Lane;
  #partner: LinkPartner | undefined;
  /** What the partner was told last. */
  #told = false;

  /**
   * @param link - the whole
   * @param outgoing - takes what is sent here
   * @param incoming - brings what arrives here
   */
  constructor(link: LinkState, outgoing: Lane, incoming: Lane) {
    this.#link = link;
    this.#outgoing = outgoing;
    this.#incoming = incoming;
  }

  get up(): boolean {
    return this.#link.up;
  }

  get speed(): LinkSpeed {
    return this.#link.speed;
  }

  get available(): number {
    return this.#outgoing.available;
  }

  attach(partner: LinkPartner): void {
    this.#partner = partner;
    this.#told = false;
    this.#outgoing.sender = partner;
    this.#incoming.receiver = partner;
    this.#link.endChanged();
  }

  enable(enabled: boolean): void {
    this.enabled = enabled;
    this.#link.endChanged();
  }

  reserve(bytes: number): number {
    return this.#outgoing.reserve(bytes);
  }

  commit(frames: number, bytes: number): void {
    this.#outgoing.commit(frames, bytes);
  }

  /** Tells the partner of the link's state if it was told otherwise. */
  tell(): void {
    const up = this.#link.up;
    if (this.#partner === undefined || up === this.#told) return;
    this.#told = up;
    this.#partner.changed(up);
  }
}
