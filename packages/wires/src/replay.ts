/*
 * A capture's frames, put on the link at the times at which they were captured, counted from when the link came up. The
 * file is read a piece ahead and without waiting, so that virtual time stands still meanwhile.
 */

import { closeSync, openSync, readSync } from 'node:fs';
import { MICROSECOND, MILLISECOND, type Alarm, type Clock } from '@netcx/clock';
import type { LinkEnd } from '@netcx/hardware';
import { CaptureParser, isEthernet, type CapturePacket } from '@netcx/pcap';
import { Partner } from './partner.ts';
import type { WireBackend, WireEvent } from './wire.ts';
import type { ReplayDescription } from './wire-description.ts';
import { messageOf, WireError } from './wire-error.ts';

/** Bytes that are read at a time. */
const PIECE = 64 * 1024;
/** Nanoseconds between two turns, so that time passes even with a capture whose packets all have the same time. */
const PAUSE = MILLISECOND;
/** Nanoseconds until a full outbox is looked at again. */
const PATIENCE = 100 * MICROSECOND;

/** Puts a capture's frames on a link. */
export class Replay implements WireBackend {
  readonly descriptors = [];
  readonly busy = false;
  readonly #clock: Clock;
  readonly #description: ReplayDescription;
  readonly #onEvent: (event: WireEvent) => void;
  readonly #partner: Partner;
  readonly #alarm: Alarm;
  #descriptor: number | undefined;
  #position = 0;
  #parser = new CaptureParser();
  /** Packets that were read and not yet sent, from `#next` on. */
  #packets: readonly CapturePacket[] = [];
  #next = 0;
  #left: number;
  /** The clock's time at which the capture's first packet was sent, in this turn; and that packet's own. */
  #base = 0;
  #first: bigint | undefined;
  #started = false;
  #skipped = 0;
  #cut = 0;
  #turns = 0;

  /**
   * @param clock - the link's
   * @param end - where it stands
   * @param description - file, how often, how fast
   * @param onEvent - told when the file cannot be read to its end
   * @throws WireError `FILE` when there is no such file, or it is no capture
   */
  constructor(clock: Clock, end: LinkEnd, description: ReplayDescription, onEvent: (event: WireEvent) => void) {
    this.#clock = clock;
    this.#description = description;
    this.#onEvent = onEvent;
    this.#left = description.repeat;
    this.#alarm = clock.alarm(() => this.#send());
    try {
      this.#descriptor = openSync(description.file, 'r');
      this.#fill();
    } catch (error) {
      this.#shut();
      throw new WireError('FILE', `replay: expected a capture at ${description.file}: ${messageOf(error)}`, error);
    }
    this.#partner = new Partner(clock, end, () => undefined, { changed: (up) => this.#linkChanged(up) });
  }

  counters(): Record<string, number> {
    return { ...this.#partner.counters(), skipped: this.#skipped, cut: this.#cut, turns: this.#turns };
  }

  close(): Promise<void> {
    this.#alarm.cancel();
    this.#partner.outbox.clear();
    this.#shut();
    return Promise.resolve();
  }

  #linkChanged(up: boolean): void {
    if (!up || this.#started) return;
    this.#started = true;
    this.#base = this.#clock.now();
    this.#alarm.soon();
  }

  /** Sends what is due, and waits for what is next. */
  #send(): void {
    const now = this.#clock.now();
    for (let packet = this.#peek(); packet !== undefined; packet = this.#peek()) {
      this.#first ??= packet.timestamp;
      const since = Number(packet.timestamp - this.#first) / this.#description.speed;
      // A capture may have times that go back: such a packet goes at once.
      const due = this.#base + Math.max(0, Math.round(since));
      // A capture faster than the link waits for it.
      if (due > now || !this.#partner.outbox.open) {
        this.#alarm.at(due > now ? due : now + PATIENCE);
        return;
      }
      this.#next++;
      if (!isEthernet(packet.linkType)) this.#skipped++;
      else if (packet.data.length < packet.originalLength) this.#cut++;
      else this.#partner.outbox.send(packet.data.slice());
    }
  }

  /** The next packet: of this turn, or the first one of the next turn. */
  #peek(): CapturePacket | undefined {
    while (this.#next >= this.#packets.length) {
      try {
        if (this.#fill()) continue;
      } catch (error) {
        this.#onEvent({ kind: 'failed', message: `replay: ${this.#description.file}: ${messageOf(error)}` });
        this.#shut();
        return undefined;
      }
      if (this.#descriptor === undefined) return undefined;
      // The file's end is the end of a turn.
      this.#turns++;
      this.#left--;
      // A capture without packets would turn for ever.
      if (this.#left <= 0 || this.#first === undefined) {
        this.#shut();
        return undefined;
      }
      this.#parser = new CaptureParser();
      this.#base = this.#clock.now() + PAUSE;
      this.#first = undefined;
      this.#position = 0;
    }
    return this.#packets[this.#next];
  }

  /** Reads until there are packets; false at the end of the file. */
  #fill(): boolean {
    if (this.#descriptor === undefined) return false;
    for (;;) {
      const piece = new Uint8Array(PIECE);
      const length = readSync(this.#descriptor, piece, 0, PIECE, this.#position);
      this.#position += length;
      if (length === 0) {
        this.#parser.end();
        return false;
      }
      this.#packets = this.#parser.push(piece.subarray(0, length));
      this.#next = 0;
      if (this.#packets.length > 0) return true;
    }
  }

  #shut(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
