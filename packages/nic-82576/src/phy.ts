/*
 * The PHY behind MDIC (nic-82576 reference §7): identification, autonegotiation, power-down, loopback. Its transceiver is
 * off while it negotiates and on afterwards, with what it has on offer, so a link comes up when the slower of its two ends
 * is done, in the best mode that both have. A forced mode is an offer of one.
 */

import type { Alarm, Clock } from '@netcx/clock';
import { LINK_ABILITY, RegisterFile, type LinkEnd } from '@netcx/hardware';
import { MDI_OPERATION, PHY, PHY_ADDRESS, REGISTERS } from './registers/index.ts';

const { MDIC } = REGISTERS;
const { ANAR, ANER, ANLPAR, BMCR, BMSR, GBCR, GBSR, PAGE_SELECT, PORT_CONFIG, PORT_CTRL, PORT_STATUS } = PHY;

/** What a link partner advertises that can do everything: the values that hardware shows. */
const PARTNER_ABILITY = 0x7de1;
/** The bit of ANAR and ANLPAR for each mode up to 100 Mbit/s, and for flow control. */
const ADVERTISED = [
  [ANAR.T10_HALF.mask, LINK_ABILITY.HALF_10],
  [ANAR.T10_FULL.mask, LINK_ABILITY.FULL_10],
  [ANAR.TX100_HALF.mask, LINK_ABILITY.HALF_100],
  [ANAR.TX100_FULL.mask, LINK_ABILITY.FULL_100],
  [ANAR.PAUSE.mask, LINK_ABILITY.PAUSE],
  [ANAR.ASM_DIR.mask, LINK_ABILITY.ASYMMETRIC_PAUSE],
] as const;
/** Bits of BMCR that decide about the link: when one changes, it starts over. */
const DECISIVE =
  BMCR.AN_ENABLE.mask |
  BMCR.POWER_DOWN.mask |
  BMCR.LOOPBACK.mask |
  BMCR.SPEED_1000.mask |
  BMCR.SPEED_100.mask |
  BMCR.DUPLEX.mask;
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
  /** How many faults hold the cable out. */
  #unplugged = 0;
  #gone = false;
  /** The decisive bits of BMCR by which it started last. */
  #decided = 0;
  /** The link went down and up so fast that only the loss is left to be seen. */
  #blink = false;

  /**
   * @param parts - what it is connected to
   */
  constructor(parts: PhySurroundings) {
    this.#parts = parts;
    this.#file = new RegisterFile('82576 PHY', PHY, 128);
    this.#negotiation = parts.clock.alarm(() => this.#turnOn(this.#advertised));
    this.#file.onRead(BMSR, () => this.#readStatus());
    this.#file.onRead(ANLPAR, () => this.#partnerAbility());
    this.#file.onRead(ANER, () => (this.#negotiated ? ANER.LP_AN_ABLE.mask : 0));
    this.#file.onRead(GBSR, () => this.#gigabitStatus());
    this.#file.onRead(PORT_STATUS, () => this.#portStatus());
    this.#file.onWrite(BMCR, (_value, _index, written) => this.#control(written));
    parts.registers.onWrite(MDIC, (_value, _index, written) => this.#access(written));
  }

  /** Whether there is a link over the wire: never while the transceiver is off. */
  get linked(): boolean {
    return this.#parts.link.up && !this.#blink;
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
    this.#gone = true;
    this.#off();
  }

  /**
   * A fault of the cable.
   *
   * @param out - whether it is pulled out, or plugged in again as often
   */
  unplug(out: boolean): void {
    this.#unplugged += out ? 1 : -1;
    if (this.#unplugged === 0) this.#restart();
    else this.#off();
  }

  /**
   * The link came or went.
   *
   * @param up - what became of it, even if the opposite has happened since
   */
  signal(up: boolean): void {
    if (!up) {
      this.#lost = true;
      this.#blink = true;
      this.#parts.changed();
      this.#blink = false;
    }
    this.#parts.changed();
  }

  /**
   * @returns every register with its fields, one a line
   */
  describe(): string {
    this.#file.set(BMSR, this.#status());
    this.#file.set(ANLPAR, this.#partnerAbility());
    this.#file.set(ANER, Number(this.#negotiated));
    this.#file.set(GBSR, this.#gigabitStatus());
    this.#file.set(PORT_STATUS, this.#portStatus());
    return this.#file.describe();
  }

  #control(written: number): void {
    if (BMCR.RESET.get(written) === 1) {
      this.reset();
      return;
    }
    const control = this.#file.get(BMCR);
    const again = BMCR.RESTART_AN.get(written) === 1 && BMCR.AN_ENABLE.get(control) === 1;
    if (again || (control & DECISIVE) !== this.#decided) this.#restart();
  }

  /** Starts over after a change of BMCR: off, at once on, or on after negotiating. */
  #restart(): void {
    const control = this.#file.get(BMCR);
    this.#decided = control & DECISIVE;
    this.#off();
    if (this.#dark || BMCR.POWER_DOWN.get(control) === 1 || BMCR.LOOPBACK.get(control) === 1) return;
    if (BMCR.AN_ENABLE.get(control) === 1) this.#negotiation.after(this.#parts.autonegotiationTime);
    else this.#turnOn(forcedAbility(control));
  }

  /** Whether nothing that software writes can bring the transceiver up. */
  get #dark(): boolean {
    return this.#held || this.#gone || this.#unplugged > 0;
  }

  #off(): void {
    this.#negotiation.cancel();
    if (this.linked) this.#lost = true;
    this.#parts.link.enable(false);
    this.#parts.changed();
  }

  #turnOn(abilities: number): void {
    this.#parts.link.enable(true, abilities);
    this.#parts.changed();
  }

  /** What it advertises while it negotiates, as the link counts it. */
  get #advertised(): number {
    const offered = this.#file.get(ANAR);
    const gigabit = GBCR.T1000_FULL.get(this.#file.get(GBCR)) === 1 ? LINK_ABILITY.FULL_1000 : 0;
    return ADVERTISED.reduce((sum, [bit, ability]) => ((offered & bit) === 0 ? sum : sum | ability), gigabit);
  }

  get #negotiated(): boolean {
    return this.linked && BMCR.AN_ENABLE.get(this.#file.get(BMCR)) === 1;
  }

  #partnerAbility(): number {
    if (!this.#negotiated) return 0;
    const theirs = this.#parts.link.partnerAbilities;
    return ADVERTISED.reduce((sum, [bit, ability]) => ((theirs & ability) === 0 ? sum & ~bit : sum), PARTNER_ABILITY);
  }

  /** Who is master is the partner's affair unless software decides. */
  #gigabitStatus(): number {
    if (!this.#negotiated) return 0;
    const theirs = this.#parts.link.partnerAbilities;
    const control = this.#file.get(GBCR);
    let status = GBSR.LP_1000_HALF.set(0, Number((theirs & LINK_ABILITY.HALF_1000) !== 0));
    status = GBSR.LP_1000_FULL.set(status, Number((theirs & LINK_ABILITY.FULL_1000) !== 0));
    if (this.#parts.link.speed < 1000) return status;
    status = GBSR.MASTER.set(status, GBCR.MS_ENABLE.get(control) & GBCR.MS_MASTER.get(control));
    return status | GBSR.REMOTE_OK.mask | GBSR.LOCAL_OK.mask;
  }

  #portStatus(): number {
    if (!this.linked) return 0;
    const crossed = this.#file.get(PORT_CTRL);
    const mdix = PORT_CTRL.AUTO_MDIX.get(crossed) === 0 ? PORT_CTRL.FORCE_MDI_MDIX.get(crossed) : 0;
    return PORT_STATUS.MDIX.set(PORT_STATUS.SPEED.set(0, PORT_SPEED[this.#parts.link.speed]), mdix);
  }

  /** The link bit shows a loss until it has been read once, so that a short one is not missed. */
  #readStatus(): number {
    const status = this.#status();
    this.#lost = false;
    return status;
  }

  #status(): number {
    const linked = this.linked && !this.#lost;
    return BMSR.reset | BMSR.LINK.set(0, Number(linked)) | BMSR.AN_COMPLETE.set(0, Number(this.#negotiated));
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

/** The one mode that BMCR forces, as the link counts it. */
function forcedAbility(control: number): number {
  const full = BMCR.DUPLEX.get(control) === 1;
  if (BMCR.SPEED_1000.get(control) === 1) return full ? LINK_ABILITY.FULL_1000 : LINK_ABILITY.HALF_1000;
  if (BMCR.SPEED_100.get(control) === 1) return full ? LINK_ABILITY.FULL_100 : LINK_ABILITY.HALF_100;
  return full ? LINK_ABILITY.FULL_10 : LINK_ABILITY.HALF_10;
}
