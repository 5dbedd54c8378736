/*
 * QEMU's wire as the far end of a cable: what a conformance suite sends reaches QEMU's device, and what that sends reaches
 * the suite, in bursts as over any link.
 */

import type { Alarm, Clock } from '@netcx/clock';
import { ALL_ABILITIES, type LinkEnd, type LinkPartner } from '@netcx/hardware';
import { allocateWire, Frame, FRAME_BAD_FCS, FRAME_HEADER_BYTES, freeWire, i32, u8 } from '@netcx/hardware/wire';
import type { QemuWire } from '@netcx/qtest';

const ROOM = 1024 * 1024;
/** Shorter frames no transceiver lets through. QEMU has none: it would pad them. */
const SHORTEST = 60;
/** Between two looks whether the socket takes more, in nanoseconds. */
const PAUSE = 50_000;
/** Looks after which the frames that wait are lost: a cable does not hold back what a device does not take. */
const MOST_LOOKS = 20;

/** The far end of a QEMU device's cable. */
export class WireEnd implements LinkEnd {
  readonly speed = 1000;
  readonly duplex = 'full';
  /** QEMU's device negotiates with a partner of its own. */
  readonly partnerAbilities = ALL_ABILITIES;
  available = 0;
  up = false;
  readonly #wire: QemuWire;
  readonly #memory = allocateWire(ROOM);
  readonly #alarm: Alarm;
  #partner: LinkPartner | undefined;
  readonly #retry: Alarm;
  /** What QEMU has sent and the partner has not been shown. */
  #came: Uint8Array[] = [];
  /** What QEMU's socket had no room for. */
  #waiting: Uint8Array[] = [];
  #looks = 0;
  #wanted = false;

  /**
   * @param wire - leads to QEMU
   * @param clock - delivers
   */
  constructor(wire: QemuWire, clock: Clock) {
    this.#wire = wire;
    this.#alarm = clock.alarm(() => {
      this.#deliver();
    });
    this.#retry = clock.alarm(() => {
      this.#flush();
    });
    wire.onFrame = (frame) => {
      this.#came.push(frame);
      this.#alarm.soon();
    };
  }

  attach(partner: LinkPartner): void {
    this.#partner = partner;
  }

  enable(enabled: boolean): void {
    if (enabled !== this.up) this.#wire.plug(enabled);
    if (!enabled) this.#waiting = [];
    this.up = enabled;
    this.#partner?.changed(enabled);
  }

  reserve(bytes: number): number {
    this.#wanted = bytes > ROOM || this.#waiting.length > 0;
    this.available = this.#wanted ? 0 : ROOM;
    return this.#wanted ? -1 : this.#memory;
  }

  commit(frames: number): void {
    let at = this.#memory;
    for (let frame = 0; frame < frames; frame++) {
      const length = Frame.length.get(i32, at >>> 2);
      // A frame with a wrong check sequence, or a fragment of one, ends in the other end's transceiver.
      if (Frame.status.get(i32, at >>> 2) !== FRAME_BAD_FCS && length >= SHORTEST && this.up)
        this.#waiting.push(u8.slice(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length));
      at += (FRAME_HEADER_BYTES + length + 7) & ~7;
    }
    this.#flush();
  }

  #flush(): void {
    while (this.#waiting[0] !== undefined && this.#wire.send(this.#waiting[0])) {
      this.#waiting.shift();
      this.#looks = 0;
    }
    if (this.#looks++ === MOST_LOOKS) {
      this.#looks = 0;
      this.#waiting = [];
    }
    if (this.#waiting.length > 0) this.#retry.after(PAUSE);
    else if (this.#wanted) {
      this.#wanted = false;
      this.#partner?.room();
    }
  }

  #deliver(): void {
    const frames = this.#came;
    this.#came = [];
    const memory = allocateWire(ROOM);
    let at = memory;
    for (const frame of frames) {
      const length = Math.max(frame.length, SHORTEST);
      Frame.length.set(i32, at >>> 2, length);
      Frame.status.set(i32, at >>> 2, 0);
      u8.set(frame, at + FRAME_HEADER_BYTES);
      // QEMU's MAC does not pad, whatever TCTL.PSP says; a cable carries nothing shorter.
      u8.fill(0, at + FRAME_HEADER_BYTES + frame.length, at + FRAME_HEADER_BYTES + length);
      at += (FRAME_HEADER_BYTES + length + 7) & ~7;
    }
    if (this.up) this.#partner?.receive(memory, frames.length);
    freeWire(memory, ROOM);
  }

  /** Gives the memory back. */
  close(): void {
    this.#wire.onFrame = undefined;
    freeWire(this.#memory, ROOM);
  }
}
