/*
 * The PHY behind MDIC (nic-82576 reference §7): identification, autonegotiation, power-down, loopback. Its transceiver is
 * off while it negotiates and on afterwards, so a link comes up when the slower of its two ends is done. It runs at the
 * link's speed, full duplex, or not at all.
 */

import type { Alarm, Clock } from '@netcx/clock';
import { RegisterFile, type LinkEnd } from '@netcx/hardware';
import { MDI_OPERATION, PHY, PHY_ADDRESS, REGISTERS } from './registers/index.ts';

const { MDIC } = REGISTERS;
const { ANAR, ANER, ANLPAR, BMCR, BMSR, GBCR, GBSR, PAGE_SELECT, PORT_CONFIG, PORT_STATUS } = PHY;

/** What a link partner advertises that can do everything: the values that hardware shows. */
const PARTNER_ABILITY = 0x7de1;
const PARTNER_1000 = GBSR.LP_1000_HALF.mask | GBSR.LP_1000_FULL.mask | GBSR.REMOTE_OK.mask | GBSR.LOCAL_OK.mask;
/** PORT_STATUS.SPEED for each speed of a link. */
const PORT_SPEED = { 10: 1, 100: 2, 1000: 3 } as const;
/** Page numbers up to here select the page on which every register stands; vendor pages lie above. */
const LAST_PLAIN_PAGE = 31;

/** What a PHY is connected to. */
export interface PhySurroundings {
  /** The MAC's registers: MDIC leads here. */
  readonly registers: RegisterFile;
  /** The wire. */
  readonly link: LinkEnd;
  /** Measures autonegotiation. */
  readonly clock: Clock;
  /** Nanoseconds that autonegotiation takes. */
  readonly autonegotiationTime: number;
  /** Called when `linked` or `loopback` may have changed. */
  readonly changed: () => void;
  /** Called when an MDIC access is done whose driver asked for an interrupt. */
  readonly accessDone: () => void;
}

/** A copper PHY for 10, 100 and 1000 Mbit/s. */
export class Phy {
  readonly #parts: PhySurroundings;
  readonly #file: RegisterFile;
  readonly #negotiation: Alarm;
  #held = false;
  #lost = false;

  /**
   * @param parts - what it is connected to
   */
  constructor(parts: PhySurroundings) {
    this.#parts = parts;
    this.#file = new RegisterFile('82576 PHY', PHY, 128);
    this.#negotiation = parts.clock.alarm(() => this.#finish());
    this.#file.onRead(BMSR, () => this.#readStatus());
    this.#file.onRead(PORT_STATUS, () => (this.linked ? PORT_STATUS.SPEED.set(0, PORT_SPEED[parts.link.speed]) : 0));
    this.#file.onWrite(BMCR, (_value, _index, written) => this.#control(written));
    parts.registers.onWrite(MDIC, (_value, _index, written) => this.#access(written));
  }

  /** Whether there is a link over the wire: never while the transceiver is off. */
  get linked(): boolean {
    return this.#parts.link.up;
  }

  /** Whether what the MAC sends comes back to it. */
  get loopback(): boolean {
    return !this.#held && BMCR.LOOPBACK.get(this.#file.get(BMCR)) === 1;
  }

  /** Puts every register back to its reset value and negotiates anew. */
  reset(): void {
    this.#file.reset();
    this.#restart();
  }

  /**
   * @param held - whether the reset line of the PHY is asserted; letting go of it resets the PHY
   */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    if (held) this.#off();
    else this.reset();
  }

  /** The device is gone: the transceiver goes dark for good. */
  remove(): void {
    this.#off();
  }

  /** The other end of the link came or went. */
  signal(): void {
    if (!this.linked) this.#lost = true;
    this.#parts.changed();
  }

  /**
   * @returns every register with its fields, one a line
   */
  describe(): string {
    return this.#file.describe();
  }

  #control(written: number): void {
    if (BMCR.RESET.get(written) === 1) {
      this.reset();
      return;
    }
    this.#restart();
  }

  /** Starts over after a change of BMCR: off, at once on, or on after negotiating. */
  #restart(): void {
    const control = this.#file.get(BMCR);
    this.#off();
    if (this.#held || BMCR.POWER_DOWN.get(control) === 1 || BMCR.LOOPBACK.get(control) === 1) return;
    if (BMCR.AN_ENABLE.get(control) === 1) this.#negotiation.after(this.#parts.autonegotiationTime);
    else if (this.#forcedSpeed(control) === this.#parts.link.speed) this.#turnOn();
  }

  #off(): void {
    this.#negotiation.cancel();
    if (this.linked) this.#lost = true;
    this.#file.set(ANLPAR, 0);
    this.#file.set(ANER, 0);
    this.#file.set(GBSR, 0);
    this.#parts.link.enable(false);
    this.#parts.changed();
  }

  #turnOn(): void {
    this.#parts.link.enable(true);
    this.#parts.changed();
  }

  /** Negotiation is over: it agrees on the link's speed, or there is no link. */
  #finish(): void {
    if (!this.#advertises(this.#parts.link.speed)) return;
    this.#file.set(ANLPAR, PARTNER_ABILITY);
    this.#file.set(ANER, ANER.LP_AN_ABLE.mask);
    this.#file.set(GBSR, this.#parts.link.speed === 1000 ? PARTNER_1000 : 0);
    this.#turnOn();
  }

  #advertises(speed: 10 | 100 | 1000): boolean {
    if (speed === 1000) return GBCR.T1000_FULL.get(this.#file.get(GBCR)) === 1;
    const offered = this.#file.get(ANAR);
    return (speed === 100 ? ANAR.TX100_FULL : ANAR.T10_FULL).get(offered) === 1;
  }

  #forcedSpeed(control: number): number {
    if (BMCR.SPEED_1000.get(control) === 1) return 1000;
    return BMCR.SPEED_100.get(control) === 1 ? 100 : 10;
  }

  /** The link bit shows a loss until it has been read once, so that a short one is not missed. */
  #readStatus(): number {
    const linked = this.linked && !this.#lost;
    this.#lost = false;
    const negotiated = this.linked && BMCR.AN_ENABLE.get(this.#file.get(BMCR)) === 1;
    return BMSR.reset | BMSR.LINK.set(0, Number(linked)) | BMSR.AN_COMPLETE.set(0, Number(negotiated));
  }

  #access(written: number): void {
    const { registers, accessDone } = this.#parts;
    registers.set(MDIC, this.#transfer(written) | MDIC.READY.mask);
    if (MDIC.INT_EN.get(written) === 1) accessDone();
  }

  /** Carries out one access; what comes back in MDIC, READY left out. */
  #transfer(written: number): number {
    const request = written & ~(MDIC.READY.mask | MDIC.ERROR.mask);
    const operation = MDIC.OP.get(written);
    const offset = MDIC.REGADD.get(written) * 4;
    if (MDIC.PHYADD.get(written) !== PHY_ADDRESS) return request | MDIC.ERROR.mask;
    if (operation === MDI_OPERATION.WRITE) {
      if (this.#onPlainPage(offset)) this.#file.write32(offset, MDIC.DATA.get(written));
      return request;
    }
    if (operation !== MDI_OPERATION.READ) return request | MDIC.ERROR.mask;
    return MDIC.DATA.set(request, this.#onPlainPage(offset) ? this.#file.read32(offset) : 0);
  }

  /** The page applies to the vendor's registers only, and its own register is on every page. */
  #onPlainPage(offset: number): boolean {
    if (offset < PORT_CONFIG.offset || offset === PAGE_SELECT.offset) return true;
    return this.#file.get(PAGE_SELECT) <= LAST_PLAIN_PAGE;
  }
}
