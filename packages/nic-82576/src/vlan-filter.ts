/*
 * VLAN tags as the receive side sees them (nic-82576 reference §5): which tag of a frame counts, whether it is taken out,
 * and whether the filter lets it pass. With CTRL_EXT.EXTENDED_VLAN frames have an outer tag of type VET.VET_EXT, which is
 * neither taken out nor filtered, and the tag that counts is the one behind it.
 */

import type { RegisterFile } from '@netcx/hardware';
import { word16 } from './internet-sum.ts';
import { REGISTERS, VLAN_TAG_BYTES } from './registers/index.ts';

const { CTRL, CTRL_EXT, RCTL, VET, VFTA } = REGISTERS;

const ETHER_TYPE_OFFSET = 12;
/** The least that a frame must hold behind its Ether type for a tag to be whole: the tag, and another Ether type. */
const TAG_AND_TYPE = VLAN_TAG_BYTES + 2;
const VID = 0xfff;
/** Where a tag has the bit that RCTL.CFI is compared with. */
const CFI_SHIFT = 12;

/** The receive side's VLAN settings. */
export class VlanFilter {
  /** Whether tags are taken out of frames. */
  strips = false;
  /** Whether frames are filtered by their tags. */
  filters = false;
  readonly #registers: RegisterFile;
  #extended = false;
  #type = 0;
  #outerType = 0;
  /** The value that RCTL.CFI demands; -1 when it demands none. */
  #cfi = -1;

  /**
   * @param registers - the MAC's registers
   */
  constructor(registers: RegisterFile) {
    this.#registers = registers;
  }

  /** Reads CTRL, CTRL_EXT, RCTL and VET anew; VFTA is read when it is asked. */
  rebuild(): void {
    const registers = this.#registers;
    const control = registers.get(RCTL);
    const types = registers.get(VET);
    this.strips = CTRL.VME.get(registers.get(CTRL)) === 1;
    this.filters = RCTL.VFE.get(control) === 1;
    this.#extended = CTRL_EXT.EXTENDED_VLAN.get(registers.get(CTRL_EXT)) === 1;
    this.#type = VET.VET.get(types);
    this.#outerType = VET.VET_EXT.get(types);
    this.#cfi = RCTL.CFIEN.get(control) === 1 ? RCTL.CFI.get(control) : -1;
  }

  /**
   * Looks behind the addresses of a frame.
   *
   * @param data - byte offset of its first byte in device memory
   * @param length - its bytes
   * @returns how far into the frame the tag that counts begins, with its type; 0 when there is none
   */
  tagOf(data: number, length: number): number {
    let at = ETHER_TYPE_OFFSET;
    if (this.#extended) {
      if (at + TAG_AND_TYPE > length || word16(data + at) !== this.#outerType) return 0;
      at += VLAN_TAG_BYTES;
    }
    return at + TAG_AND_TYPE <= length && word16(data + at) === this.#type ? at : 0;
  }

  /**
   * @param data - byte offset of a frame's first byte in device memory
   * @param length - its bytes
   * @param tag - what `tagOf` says of it
   * @returns how far into the frame the Ether type behind all tags stands
   */
  typeOf(data: number, length: number, tag: number): number {
    if (tag !== 0) return tag + VLAN_TAG_BYTES;
    const outer = this.#extended && ETHER_TYPE_OFFSET + TAG_AND_TYPE <= length;
    const tagged = outer && word16(data + ETHER_TYPE_OFFSET) === this.#outerType;
    return tagged ? ETHER_TYPE_OFFSET + VLAN_TAG_BYTES : ETHER_TYPE_OFFSET;
  }

  /**
   * @param data - byte offset of a frame's first byte in device memory
   * @param length - its bytes
   * @returns whether the filter lets it pass; frames without a tag always do
   */
  accepts(data: number, length: number): boolean {
    const tag = this.tagOf(data, length);
    if (tag === 0) return true;
    const control = word16(data + tag + 2);
    if (this.#cfi >= 0 && ((control >>> CFI_SHIFT) & 1) !== this.#cfi) return false;
    const vid = control & VID;
    return ((this.#registers.get(VFTA, vid >>> 5) >>> (vid & 31)) & 1) === 1;
  }
}
