/*
 * One end of a link: what is sent here goes into one lane, what arrives comes out of another. The partner is told of a
 * change of the link's state from an alarm, never from inside the call that made it.
 */

import type { Lane } from './lane.ts';
import { ALL_ABILITIES } from './negotiation.ts';
import type { Duplex, LinkEnd, LinkPartner, LinkSpeed } from './link-end.ts';

/** What an end needs of its link. */
export interface LinkState {
  /** Whether frames pass. */
  readonly up: boolean;
  /** Mbit/s. */
  readonly speed: LinkSpeed;
  /** Whether both ends can send at once. */
  readonly duplex: Duplex;
  /**
   * @param end - one of its ends
   * @returns what the other end has on offer now
   */
  facing(end: LinkEnd): number;
  /** An end was switched on or off, or got a partner. */
  endChanged(): void;
}

/** An end of a link. */
export class LinkPort implements LinkEnd {
  /** What this end has on offer: `LINK_ABILITY` bits, none while it is switched off. */
  abilities = 0;
  /** The link went down since the partner was told last. */
  fell = false;
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

  get duplex(): Duplex {
    return this.#link.duplex;
  }

  get partnerAbilities(): number {
    return this.#link.facing(this);
  }

  get available(): number {
    return this.#outgoing.available;
  }

  attach(partner: LinkPartner): void {
    this.#partner = partner;
    this.#told = false;
    this.#outgoing.sender = partner;
    this.#incoming.connect(partner);
    this.#link.endChanged();
  }

  enable(enabled: boolean, abilities = ALL_ABILITIES): void {
    this.abilities = enabled ? abilities : 0;
    this.#link.endChanged();
  }

  reserve(bytes: number): number {
    return this.#outgoing.reserve(bytes);
  }

  commit(frames: number, bytes: number): void {
    this.#outgoing.commit(frames, bytes);
  }

  /** Tells the partner of the link's state if it was told otherwise, and of a fall even if the link is up again. */
  tell(): void {
    const { up } = this.#link;
    const fell = this.fell || !up;
    this.fell = false;
    if (this.#partner === undefined) return;
    if (this.#told && fell) {
      this.#told = false;
      this.#partner.changed(false);
    }
    // The partner may have changed the link meanwhile: then it is told again.
    if (!up || this.#told || !this.#link.up) return;
    this.#told = true;
    this.#partner.changed(true);
  }
}
