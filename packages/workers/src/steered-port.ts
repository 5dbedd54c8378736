/*
 * The main thread's end of the cable: frames that arrive are steered to workers by their flow, and what the workers send leaves by the
 * cable in the order in which each of them sent it. To whoever is at the other end it is one NIC.
 */

import type { Clock } from '@netcx/clock';
import type { LinkEnd, LinkPartner } from '@netcx/hardware';
import { copyWithinWire, Frame, FRAME_HEADER_BYTES, i32 } from '@netcx/hardware/wire';
import { BurstInbox } from './burst-inbox.ts';
import { BurstOutbox } from './burst-outbox.ts';
import { BurstReceiver } from './burst-receiver.ts';
import { BurstSender } from './burst-sender.ts';
import type { Member } from './member.ts';
import { remoteError } from './worker-error.ts';

/**
 * Chooses the worker for a frame: all frames of a flow have the same one.
 *
 * @param data - byte offset of its first byte in wire memory
 * @param length - its bytes
 * @returns the worker's number; one that there is not loses the frame
 */
export type Steering = (data: number, length: number) => number;

/** What passed between the cable and the workers. */
export interface PortCounters {
  /** Frames that went to each worker. */
  readonly steered: readonly number[];
  /** Frames that came from each. */
  readonly sent: readonly number[];
  /** Frames for which a worker's ring had no room, its reader being slower than the cable. */
  readonly full: number;
  /** Frames for a worker that is lost, or that there is not. */
  readonly nowhere: number;
}

/** What the port works with. */
export interface SteeredPortParts {
  readonly clock: Clock;
  readonly link: LinkEnd;
  readonly members: readonly Member[];
  readonly steer: Steering;
  /** Nanoseconds from a burst's sending to its arrival; `undefined` = free-running. */
  readonly delay: number | undefined;
}

/** A worker, as the port sees it. */
interface Place {
  readonly member: Member;
  readonly inbox: BurstInbox;
  readonly outbox: BurstOutbox;
  /** Of the burst that is being written: where it begins, where it ends so far, where its room ends, its frames. */
  start: number;
  at: number;
  limit: number;
  frames: number;
  /** Of the burst that is being sent: frames and bytes that have left. */
  leftFrames: number;
  leftBytes: number;
  steered: number;
  sent: number;
}

/** The group's end of the cable. */
export class SteeredPort implements LinkPartner {
  readonly #parts: SteeredPortParts;
  readonly #places: readonly Place[];
  #abilities = 0;
  #full = 0;
  #nowhere = 0;

  /**
   * @param parts - what it works with; the link calls it from now on
   */
  constructor(parts: SteeredPortParts) {
    this.#parts = parts;
    this.#places = parts.members.map((member) => this.#open(member));
    parts.link.attach(this);
    this.changed();
    this.update();
  }

  /** @returns what has passed */
  counters(): PortCounters {
    return {
      steered: this.#places.map(({ steered }) => steered),
      sent: this.#places.map(({ sent }) => sent),
      full: this.#full,
      nowhere: this.#nowhere,
    };
  }

  /** The workers' transceivers may have been switched: the cable sees one, which can do what any of them can. */
  update(): void {
    const abilities = this.#places.reduce((all, { member }) => all | member.abilities, 0);
    if (abilities === this.#abilities) return;
    this.#abilities = abilities;
    this.#parts.link.enable(abilities !== 0, abilities);
  }

  changed(): void {
    const { up, speed, duplex, partnerAbilities } = this.#parts.link;
    for (const { member } of this.#places) member.tell({ up, speed, duplex, partnerAbilities });
  }

  /** Looks at every worker's rings: one of them has woken, or a turn is over. */
  look(): void {
    for (const { inbox } of this.#places) inbox.look();
  }

  /**
   * A worker is lost: its rings are looked at no more, since their memory goes back when its thread has ended.
   *
   * @param index - its number
   */
  leave(index: number): void {
    this.#places[index]?.inbox.close();
  }

  room(): void {
    this.look();
  }

  receive(offset: number, frames: number): void {
    const { steer } = this.#parts;
    let at = offset;
    for (let left = frames; left > 0; left--) {
      const length = Frame.length.get(i32, at >>> 2);
      const bytes = (FRAME_HEADER_BYTES + length + 7) & ~7;
      const place = this.#places[steer(at + FRAME_HEADER_BYTES, length)];
      if (place === undefined || place.member.failure !== undefined) this.#nowhere++;
      else this.#steer(place, at, bytes);
      at += bytes;
    }
    for (const place of this.#places) this.#commit(place);
  }

  /** Nothing passes any more, and the cable is free for others. */
  close(): void {
    for (const { inbox } of this.#places) inbox.close();
    this.#parts.link.enable(false);
  }

  #open(member: Member): Place {
    const { clock, delay } = this.#parts;
    const wake = (): void => member.wake();
    const failed = (error: unknown): void => member.lose('BAD_BURST', 'it sent what cannot be', remoteError(error));
    const sender = new BurstSender(member.toWorker.place, `${member.name} in`);
    const receiver = new BurstReceiver(member.fromWorker.place, `${member.name} out`);
    const deliver = (offset: number, frames: number, bytes: number): boolean =>
      this.#send(place, offset, frames, bytes);
    const place: Place = {
      member,
      inbox: new BurstInbox({ clock, receiver, delay, wake, failed, deliver }),
      // What finds no room is lost, as in a NIC whose buffer is full: nobody waits.
      outbox: new BurstOutbox({ clock, sender, wake, freeRunning: false, room: () => undefined }),
      ...{ start: 0, at: 0, limit: 0, frames: 0, leftFrames: 0, leftBytes: 0, steered: 0, sent: 0 },
    };
    place.inbox.look();
    return place;
  }

  #steer(place: Place, from: number, bytes: number): void {
    if (place.at + bytes > place.limit) {
      this.#commit(place);
      const start = place.outbox.reserve(bytes);
      if (start < 0) {
        this.#full++;
        return;
      }
      place.start = place.at = start;
      place.limit = start + place.outbox.available;
    }
    copyWithinWire(place.at, from, bytes);
    place.at += bytes;
    place.frames++;
  }

  #commit(place: Place): void {
    const { frames, start, at, member } = place;
    if (frames > 0) {
      place.outbox.commit(frames, at - start);
      place.steered += frames;
      member.expectAt(this.#parts.clock.now() + (this.#parts.delay ?? 0));
    }
    place.start = place.at = place.limit = place.frames = 0;
  }

  /** Sends a burst of a worker's, as far as the cable has room. Whether all of it has left. */
  #send(place: Place, offset: number, frames: number, bytes: number): boolean {
    const { link } = this.#parts;
    while (place.leftFrames < frames) {
      const from = offset + place.leftBytes;
      const first = bytesOf(from);
      const to = link.reserve(first);
      if (to < 0) return false; // room() comes
      let count = 0;
      let taken = 0;
      const most = frames - place.leftFrames;
      for (let next = first; count < most && taken + next <= link.available; next = bytesOf(from + taken)) {
        taken += next;
        count++;
        if (count === most) break;
      }
      copyWithinWire(to, from, taken);
      link.commit(count, taken);
      place.leftFrames += count;
      place.leftBytes += taken;
      place.sent += count;
    }
    if (place.leftBytes !== bytes) throw new RangeError('a burst of another length than was checked');
    place.leftFrames = place.leftBytes = 0;
    return true;
  }
}

/** Bytes that the frame at this offset takes in wire memory. */
const bytesOf = (at: number): number => (FRAME_HEADER_BYTES + Frame.length.get(i32, at >>> 2) + 7) & ~7;
