/*
 * The MAC's side of the link: STATUS as software sees it, link changes, and loopback (nic-82576 reference §2, §7). The
 * MAC sees the PHY's link only while CTRL.SLU is set. In loopback what is sent goes into a lane of the chip's own and
 * comes back; the wire is not touched.
 */

import type { Clock } from '@netcx/clock';
import { LoopbackLink, type LinkEnd, type LinkPartner, type RegisterFile } from '@netcx/hardware';
import type { Receiver, Transmitter } from './engine.ts';
import type { Phy } from './phy.ts';
import { LOOPBACK_MODE, REGISTERS } from './registers/index.ts';

const { CTRL, RCTL, STATUS } = REGISTERS;

/** STATUS.SPEED and CTRL.SPEED for each speed. */
const SPEED_CODE = { 10: 0, 100: 1, 1000: 2 } as const;
/** Device memory for frames that loop back. */
const LOOPBACK_BYTES = 128 * 1024;

/** What the port is connected to inside the chip. */
export interface PortNeighbours {
  /** The PHY. */
  readonly phy: Phy;
  /** The receive engine. */
  readonly rx: Receiver;
  /** The transmit engine. */
  readonly tx: Transmitter;
  /** Called when STATUS.LU has changed. */
  readonly linkChanged: () => void;
}

/** Where frames leave the MAC and come from. */
export class MacPort implements LinkPartner {
  /** Where frames go now; read once a burst. */
  end: LinkEnd;
  /** Whether frames can go: there is a link, or they loop back. */
  up = false;
  /** Whether frames loop back. */
  loopback = false;
  #linkUp = false;
  /** Where frames go that come. */
  #receiver: Receiver | undefined;
  readonly #registers: RegisterFile;
  readonly #link: LinkEnd;
  readonly #clock: Clock;
  #inner: LoopbackLink | undefined;
  #neighbours: PortNeighbours | undefined;
  #phyWasReset = true;

  /**
   * @param registers - the MAC's registers
   * @param link - the wire
   * @param clock - carries frames that loop back
   */
  constructor(registers: RegisterFile, link: LinkEnd, clock: Clock) {
    this.#registers = registers;
    this.#link = link;
    this.#clock = clock;
    this.end = link;
    registers.onRead(STATUS, () => this.status());
    registers.onWrite(STATUS, (_value, _index, written) => {
      if (STATUS.PHYRA.get(written) === 0) this.#phyWasReset = false;
    });
  }

  /**
   * @param neighbours - what it is connected to inside the chip, from now on
   */
  connect(neighbours: PortNeighbours): void {
    this.#neighbours = neighbours;
    this.#receiver = neighbours.rx;
    this.#link.attach(this);
  }

  receive(offset: number, frames: number): void {
    if (this.#linkUp === true && this.loopback !== true) this.#receiver?.receive(offset, frames);
  }

  room(): void {
    this.#neighbours?.tx.room();
  }

  changed(up: boolean): void {
    this.#neighbours?.phy.signal(up);
  }

  /**
   * The link's partner asks for silence.
   *
   * @param until - when frames may leave again, in nanoseconds of the clock; a time that has passed ends the silence
   */
  pause(until: number): void {
    this.#neighbours?.tx.pause(until);
  }

  /** The PHY was reset by the MAC: STATUS.PHYRA says so until software clears it. */
  phyReset(): void {
    this.#phyWasReset = true;
  }

  /** Looks anew at CTRL, RCTL and the PHY, and tells the engines and the driver what has changed. */
  update(): void {
    if (this.#neighbours === undefined) return;
    const { phy, rx, tx, linkChanged } = this.#neighbours;
    const wasUp = this.up;
    const wasLinkUp = this.#linkUp;
    const wasLoopback = this.loopback;
    const forced = CTRL.SLU.get(this.#registers.get(CTRL)) === 1;
    this.loopback = phy.loopback || RCTL.LBM.get(this.#registers.get(RCTL)) !== LOOPBACK_MODE.NONE;
    this.#linkUp = forced && (phy.linked || phy.loopback);
    this.up = this.#linkUp || this.loopback;
    this.end = this.loopback ? this.#loop() : this.#link;
    if (this.#linkUp !== wasLinkUp) linkChanged();
    if (this.up === wasUp && this.loopback === wasLoopback) return;
    rx.refresh();
    tx.refresh();
  }

  /**
   * @returns what STATUS reads as
   */
  status(): number {
    const control = this.#registers.get(CTRL);
    const full = !this.#link.up || this.#link.duplex === 'full';
    const duplex = CTRL.FRCDPX.get(control) === 1 ? CTRL.FD.get(control) : Number(full);
    const speed = CTRL.FRCSPD.get(control) === 1 ? CTRL.SPEED.get(control) : SPEED_CODE[this.#link.speed];
    let status = STATUS.reset;
    status = STATUS.FD.set(status, duplex);
    status = STATUS.LU.set(status, Number(this.#linkUp));
    status = STATUS.TXOFF.set(status, Number(this.#neighbours?.tx.paused === true));
    status = STATUS.SPEED.set(status, speed);
    status = STATUS.PHYRA.set(status, Number(this.#phyWasReset));
    return STATUS.GIO_MASTER_ENABLE.set(status, 1 - CTRL.GIO_MASTER_DISABLE.get(control));
  }

  /** Gives the memory of loopback back; nothing can loop back afterwards. */
  close(): void {
    this.#inner?.close();
    this.#inner = undefined;
    this.#neighbours = this.#receiver = undefined;
  }

  /** The chip's own lane, made when it is first needed. */
  #loop(): LinkEnd {
    if (this.#inner === undefined) {
      this.#inner = new LoopbackLink(this.#clock, { speed: this.#link.speed, delay: 0, capacity: LOOPBACK_BYTES });
      this.#inner.end.attach({
        receive: (offset, frames) => {
          if (this.loopback) this.#neighbours?.rx.receive(offset, frames);
        },
        room: () => this.room(),
        changed: () => undefined,
      });
      this.#inner.end.enable(true);
    }
    return this.#inner.end;
  }
}
