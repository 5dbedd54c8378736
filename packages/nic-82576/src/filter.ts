/*
 * The receive filter: which frames the MAC takes (nic-82576 reference §5). Registers are read when they change, not when
 * a frame comes: the engine asks for two words of the destination address and gets yes or no. What VLAN tags have to do
 * with it is in `vlan`.
 */

import type { RegisterFile } from '@netcx/hardware';
import { u8 as wire } from '@netcx/hardware/wire';
import { FCS_BYTES, MAXIMUM_FRAME, REGISTERS, STANDARD_FRAME, VLAN_TAG_BYTES } from './registers/index.ts';
import { VlanFilter } from './vlan-filter.ts';

const { MTA, RAH, RAH2, RAL, RAL2, RCTL, RLPML, VET } = REGISTERS;

/** How far RCTL.MO shifts the last two bytes of an address before the low twelve bits select a bit of MTA. */
const HASH_SHIFTS = [4, 3, 2, 0] as const;
const ETHER_TYPE_OFFSET = 12;
const SERVICE_TAG = 0x88a8;
const MOST_TAGS = 2;

/** Answers for the frames that arrive; its fields are for the engine to read once a burst. */
export class Filter {
  /** Every address passes: nothing needs to be asked. */
  everything = false;
  /** Bytes 0 to 3 of the first station address, as the signed word in which they arrive. */
  ownLow = 0;
  /** Bytes 4 and 5 of the first station address; -1 when no address is valid. */
  ownHigh = -1;
  /** Bytes of the longest frame, without frame check sequence, that passes whatever it holds. */
  longest = STANDARD_FRAME - FCS_BYTES;
  /** Goes up whenever any of these changes. */
  edition = 0;
  /** What is done with VLAN tags. */
  readonly vlan: VlanFilter;

  readonly #registers: RegisterFile;
  readonly #lows: number[] = [];
  readonly #highs: number[] = [];
  #unicast = false;
  #multicast = false;
  #broadcast = false;
  #longFrames = false;
  #hashShift = 4;
  #tag = 0;
  #outerTag = 0;

  /**
   * @param registers - the MAC's registers; whoever writes the ones that matter here calls `rebuild`
   */
  constructor(registers: RegisterFile) {
    this.#registers = registers;
    this.vlan = new VlanFilter(registers);
    for (const register of [RAL, RAH, RAL2, RAH2]) registers.onWrite(register, () => this.rebuild());
  }

  /** Reads the registers anew: after a reset, and when RCTL, RLPML, VET, CTRL or CTRL_EXT were written. */
  rebuild(): void {
    const registers = this.#registers;
    const control = registers.get(RCTL);
    this.#unicast = RCTL.UPE.get(control) === 1;
    this.#multicast = RCTL.MPE.get(control) === 1;
    this.#broadcast = RCTL.BAM.get(control) === 1;
    this.everything = this.#unicast && this.#multicast && this.#broadcast;
    this.#hashShift = HASH_SHIFTS[RCTL.MO.get(control)] ?? 0;
    this.#longFrames = RCTL.LPE.get(control) === 1;
    const limit = Math.min(RLPML.LPML.get(registers.get(RLPML)), MAXIMUM_FRAME);
    this.longest = Math.max(0, (this.#longFrames ? limit : STANDARD_FRAME) - FCS_BYTES);
    this.#tag = VET.VET.get(registers.get(VET));
    this.#outerTag = VET.VET_EXT.get(registers.get(VET));
    this.vlan.rebuild();
    this.#readAddresses();
    this.edition++;
  }

  /**
   * @param low - bytes 0 to 3 of the destination as a signed word, byte 0 lowest
   * @param high - bytes 4 and 5, byte 4 lowest
   * @returns whether it is one of the valid receive addresses
   */
  isStation(low: number, high: number): boolean {
    for (let entry = 0; entry < this.#lows.length; entry++) {
      if (this.#lows[entry] === low && this.#highs[entry] === high) return true;
    }
    return false;
  }

  /**
   * @param low - bytes 0 to 3 of the destination as a signed word, byte 0 lowest
   * @param high - bytes 4 and 5, byte 4 lowest
   * @returns whether the MAC takes frames to that address
   */
  accepts(low: number, high: number): boolean {
    if (this.isStation(low, high)) return true;
    if ((low & 1) === 0) return this.#unicast;
    if (low === -1 && high === 0xffff) return this.#broadcast;
    return this.#multicast || this.#hashed(high);
  }

  /**
   * The answer for a frame above `longest`: without RCTL.LPE each VLAN tag adds four bytes to the limit.
   *
   * @param at - byte offset of the frame's first byte in device memory
   * @param length - its bytes, without frame check sequence
   * @returns whether the MAC takes a frame of that length
   */
  acceptsLong(at: number, length: number): boolean {
    if (this.#longFrames) return length <= this.longest;
    let allowed = this.longest;
    for (let tags = 0; tags < MOST_TAGS; tags++) {
      const type = at + ETHER_TYPE_OFFSET + tags * VLAN_TAG_BYTES;
      if (!this.#isTag((wire[type]! << 8) | wire[type + 1]!)) break;
      allowed += VLAN_TAG_BYTES;
    }
    return length <= allowed;
  }

  #hashed(high: number): boolean {
    const hash = (high >>> this.#hashShift) & 0xfff;
    return ((this.#registers.get(MTA, hash >>> 5) >>> (hash & 31)) & 1) === 1;
  }

  #isTag(type: number): boolean {
    return type === this.#tag || type === this.#outerTag || type === SERVICE_TAG;
  }

  #readAddresses(): void {
    this.#lows.length = 0;
    this.#highs.length = 0;
    this.#readBank(RAL, RAH);
    this.#readBank(RAL2, RAH2);
    this.ownLow = this.#lows[0] ?? 0;
    this.ownHigh = this.#highs[0] ?? -1;
  }

  #readBank(lowRegister: typeof RAL | typeof RAL2, highRegister: typeof RAH | typeof RAH2): void {
    for (let entry = 0; entry < highRegister.count; entry++) {
      const high = this.#registers.get(highRegister, entry);
      if (highRegister.AV.get(high) === 0) continue;
      this.#lows.push(this.#registers.get(lowRegister, entry) | 0);
      this.#highs.push(highRegister.RAH.get(high));
    }
  }
}
