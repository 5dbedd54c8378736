/*
 * Waking the host (nic-82576 reference §2 WUC, WUFC, WUS): while the function sleeps, frames go nowhere but through these
 * filters, and the first one that matches is kept in WUPM for the driver to see. A magic packet holds six bytes of ones
 * and behind them the station address sixteen times. Reasons stand in WUS until the driver clears them.
 */

import { Frame, FRAME_HEADER_BYTES, u8 as bytes, i32 as words } from '@netcx/hardware/wire';
import type { EngineParts } from './engine.ts';
import { Headers } from './headers.ts';
import { word16 } from './internet-sum.ts';
import { REGISTERS, RX_PACKET_TYPE } from './registers/index.ts';
import { judge, SOUND } from './verdict.ts';

const { IP4AT, IP6AT, IPAV, RAH, RAL, WUC, WUFC, WUPL, WUPM, WUS } = REGISTERS;

const MAGIC_ONES = 6;
const ADDRESS_BYTES = 6;
const MAGIC_REPEATS = 16;
const MAGIC_BYTES = MAGIC_ONES + MAGIC_REPEATS * ADDRESS_BYTES;
const ETHERTYPE_ARP = 0x0806;
const ARP_REQUEST = 1;
const KEPT_BYTES = 128;

/** The wake-up filters. */
export class WakeFilter {
  readonly #parts: EngineParts;
  readonly #headers = new Headers();

  /**
   * @param parts - what the engine works with
   */
  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  /**
   * Frames have come while the function sleeps.
   *
   * @param offset - byte offset of the first in device memory
   * @param frames - how many
   */
  inspect(offset: number, frames: number): void {
    let at = offset;
    for (let frame = 0; frame < frames; frame++) {
      const length = Frame.length.get(words, at >> 2);
      this.#look(at, length);
      at += FRAME_HEADER_BYTES + ((length + 7) & ~7);
    }
  }

  /** The link has come or gone while the function sleeps. */
  linkChanged(): void {
    if (WUFC.LNKC.get(this.#parts.registers.get(WUFC)) === 1) this.#wake(WUS.LNKC.mask);
  }

  #look(at: number, length: number): void {
    const { filter, registers } = this.#parts;
    const data = at + FRAME_HEADER_BYTES;
    const toAll = words[data >> 2] === -1 && (words[(data >> 2) + 1]! & 0xffff) === 0xffff;
    // A broadcast frame need not pass the filter: RCTL.BAM is about what the driver gets.
    const verdict = judge(filter, false, at, length);
    if (verdict !== SOUND && !toAll) return;
    const wanted = registers.get(WUFC) | (WUC.APME.get(registers.get(WUC)) === 1 ? WUFC.MAG.mask : 0);
    const reasons = wanted & this.#reasons(data, length, wanted, toAll);
    if (reasons === 0) return;
    if (registers.get(WUS) === 0) this.#keep(data, length);
    this.#wake(reasons);
  }

  /** Which of the filters a frame matches. */
  #reasons(data: number, length: number, wanted: number, toAll: boolean): number {
    const group = (bytes[data]! & 1) === 1;
    let reasons = toAll ? WUFC.BC.mask : group ? WUFC.MC.mask : 0;
    if (!group && this.#isForStation(data)) reasons |= WUFC.EX.mask;
    if ((wanted & WUFC.MAG.mask) !== 0 && this.#isMagic(data, length)) reasons |= WUFC.MAG.mask;
    if ((wanted & (WUFC.ARP.mask | WUFC.IPV4.mask | WUFC.IPV6.mask)) === 0) return reasons;
    const headers = this.#headers;
    const { vlan } = this.#parts.filter;
    const type = vlan.typeOf(data, length, vlan.tagOf(data, length));
    headers.parse(data, length, type);
    const arp = data + type + 2;
    if (headers.etherType === ETHERTYPE_ARP && arp + 28 <= data + length && word16(arp + 6) === ARP_REQUEST) {
      if (this.#isIpv4(arp + 24)) reasons |= WUFC.ARP.mask;
    }
    if ((headers.types & RX_PACKET_TYPE.IPV4) !== 0 && this.#isIpv4(headers.network + 16)) reasons |= WUFC.IPV4.mask;
    if ((headers.types & RX_PACKET_TYPE.IPV6) !== 0 && this.#isIpv6(headers.network + 24)) reasons |= WUFC.IPV6.mask;
    return reasons;
  }

  /** Whether the destination is one of the station addresses themselves, and not only let through. */
  #isForStation(data: number): boolean {
    return this.#parts.filter.isStation(words[data >> 2]!, words[(data >> 2) + 1]! & 0xffff);
  }

  #isMagic(data: number, length: number): boolean {
    for (let at = data; at + MAGIC_BYTES <= data + length; at++) if (this.#startsMagic(at)) return true;
    return false;
  }

  #startsMagic(at: number): boolean {
    for (let index = 0; index < MAGIC_BYTES; index++) {
      const wanted = index < MAGIC_ONES ? 0xff : this.#stationByte((index - MAGIC_ONES) % ADDRESS_BYTES);
      if (bytes[at + index] !== wanted) return false;
    }
    return true;
  }

  #stationByte(index: number): number {
    const { registers } = this.#parts;
    return index < 4 ? (registers.get(RAL) >>> (8 * index)) & 255 : (registers.get(RAH) >>> (8 * (index - 4))) & 255;
  }

  #isIpv4(at: number): boolean {
    const { registers } = this.#parts;
    const address = this.#word(at);
    for (let index = 0; index < IP4AT.count; index++) {
      if (((registers.get(IPAV) >>> index) & 1) === 1 && registers.get(IP4AT, index) === address) return true;
    }
    return false;
  }

  #isIpv6(at: number): boolean {
    const { registers } = this.#parts;
    if (IPAV.V60.get(registers.get(IPAV)) === 0) return false;
    for (let index = 0; index < IP6AT.count; index++) {
      if (registers.get(IP6AT, index) !== this.#word(at + 4 * index)) return false;
    }
    return true;
  }

  /** Four bytes as a register holds them, the first one lowest. */
  #word(at: number): number {
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  }

  /** Keeps the beginning of a frame for the driver. */
  #keep(data: number, length: number): void {
    const { registers } = this.#parts;
    registers.set(WUPL, length);
    for (let index = 0; index < WUPM.count; index++) {
      const kept = Math.min(length, KEPT_BYTES) - 4 * index;
      const whole = kept <= 0 ? 0 : this.#word(data + 4 * index);
      registers.set(WUPM, kept >= 4 || kept <= 0 ? whole : whole & (2 ** (8 * kept) - 1), index);
    }
  }

  #wake(reasons: number): void {
    const { power, registers } = this.#parts;
    const control = registers.get(WUC);
    registers.set(WUS, registers.get(WUS) | reasons);
    registers.set(WUC, control | WUC.PME_STATUS.mask);
    power.requestWake(WUC.PME_EN.get(control) === 1);
  }
}
