/*
 * The end of the group's cable in a worker: what its NIC is plugged into. A burst that the NIC sends is written straight into the
 * burst ring's memory; one that arrives is handed to it where it lies there. The link is up while the main thread says that the
 * cable is and this end's transceiver is on.
 */

import type { Alarm, Clock } from '@netcx/clock';
import { ALL_ABILITIES, type Duplex, type LinkEnd, type LinkPartner, type LinkSpeed } from '@netcx/hardware';
import { BurstInbox } from './burst-inbox.ts';
import { BurstOutbox } from './burst-outbox.ts';
import type { BurstReceiver } from './burst-receiver.ts';
import type { BurstSender } from './burst-sender.ts';
import type { LinkNews, Report } from './messages.ts';

/** What the end works with. */
export interface SharedEndParts {
  readonly clock: Clock;
  readonly sender: BurstSender;
  readonly receiver: BurstReceiver;
  /** Nanoseconds from a burst's sending to its arrival; `undefined` = free-running. */
  readonly delay: number | undefined;
  /** Tells the main thread. */
  readonly report: (report: Report) => void;
  /** The main thread has written what cannot be. */
  readonly failed: (error: unknown) => void;
}

/** A worker's end of the cable. */
export class SharedEnd implements LinkEnd {
  readonly #parts: SharedEndParts;
  readonly #inbox: BurstInbox;
  readonly #outbox: BurstOutbox;
  readonly #tell: Alarm;
  #partner: LinkPartner | undefined;
  #enabled = false;
  #cable: LinkNews = { up: false, speed: 1000, duplex: 'full', partnerAbilities: 0 };
  /** The link went down since the partner was told last. */
  #fell = false;
  /** What the partner was told last. */
  #told = false;
  #lost = 0;

  /**
   * @param parts - what it works with
   */
  constructor(parts: SharedEndParts) {
    const { clock, sender, receiver, delay, report, failed } = parts;
    const wake = (): void => report({ kind: 'wake' });
    this.#parts = parts;
    this.#tell = clock.alarm(() => this.#tellPartner());
    this.#inbox = new BurstInbox({
      ...{ clock, receiver, delay, wake, failed },
      deliver: (offset, frames) => {
        if (this.up) this.#partner?.receive(offset, frames);
        else this.#lost += frames;
        return true;
      },
    });
    this.#outbox = new BurstOutbox({
      ...{ clock, sender, wake, freeRunning: delay === undefined },
      room: () => this.#partner?.room(),
    });
    this.look();
  }

  get up(): boolean {
    return this.#enabled && this.#cable.up;
  }

  get speed(): LinkSpeed {
    return this.#cable.speed;
  }

  get duplex(): Duplex {
    return this.#cable.duplex;
  }

  get partnerAbilities(): number {
    return this.#cable.partnerAbilities;
  }

  get available(): number {
    return this.#outbox.available;
  }

  /** Frames that came or went while the link was down. */
  get lost(): number {
    return this.#lost;
  }

  attach(partner: LinkPartner): void {
    this.#partner = partner;
    this.#told = false;
    this.#tell.soon();
  }

  enable(enabled: boolean, abilities = ALL_ABILITIES): void {
    const was = this.up;
    this.#enabled = enabled;
    this.#changed(was);
    this.#parts.report({ kind: 'transceiver', enabled, abilities: enabled ? abilities : 0 });
  }

  reserve(bytes: number): number {
    return this.#outbox.reserve(bytes);
  }

  commit(frames: number, bytes: number): void {
    if (frames === 0) return;
    if (this.up) this.#outbox.commit(frames, bytes);
    else this.#lost += frames;
  }

  /**
   * @param cable - the cable now
   */
  setCable(cable: LinkNews): void {
    const was = this.up;
    this.#cable = cable;
    this.#changed(was);
  }

  /** The main thread says that there is something, or that its turn is over. */
  look(): void {
    this.#inbox.look();
    this.#outbox.look();
  }

  #changed(was: boolean): void {
    if (was && !this.up) this.#fell = true;
    this.#tell.soon();
  }

  /** Tells the partner of the link's state if it was told otherwise, and of a fall even if the link is up again. */
  #tellPartner(): void {
    const fell = this.#fell || !this.up;
    this.#fell = false;
    if (this.#told && fell) {
      this.#told = false;
      this.#partner?.changed(false);
    }
    if (!this.up || this.#told) return;
    this.#told = true;
    this.#partner?.changed(true);
  }
}
