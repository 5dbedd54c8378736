/*
 * Which frames the chip lets through (nic-82576 reference §5): the station's own address, broadcasts, groups, VLANs, or
 * everything; and how long they may be. RCTL is written here and nowhere else. Groups have address registers of their own
 * as long as there are some, which is exact; further ones share the bits of a hash table.
 */

import { FCS_BYTES, REGISTERS, STANDARD_FRAME, VLAN_TAG_BYTES } from '@netcx/nic-82576/registers';
import type { Device } from './device.ts';

const { MTA, RAH, RAL, RCTL, RLPML, UTA, VFTA } = REGISTERS;
const ETHERNET_HEADER_BYTES = 14;
/** Bits of the group hash: the upper 12 of the address's last 16 (RCTL.MO is 0). */
const HASH_SHIFT = 4;
const HASH_MASK = 0xfff;

/** Groups that can be named: enough for the hash table to be of use. */
export const MAXIMUM_GROUPS = 128;

/** What passes besides the frames that the tables name. */
export interface FrameKinds {
  /** Frames to the station's own address. */
  readonly directed: boolean;
  /** Frames to the groups that are named. */
  readonly multicast: boolean;
  /** Frames to any group. */
  readonly allMulticast: boolean;
  /** Frames to everybody. */
  readonly broadcast: boolean;
  /** Every good frame, whoever it is for. */
  readonly promiscuous: boolean;
}

/** What a station receives as long as nobody says otherwise. */
export const USUAL_KINDS: FrameKinds = {
  directed: true,
  multicast: false,
  allMulticast: false,
  broadcast: true,
  promiscuous: false,
};

/** The receive filter of the chip, which a reset forgets and this object does not. */
export class Filter {
  readonly #device: Device;
  /** Bits of RCTL: what becomes of MAC control frames, which nobody looks at while this is 0. */
  readonly #macControl: number;
  #station = new Uint8Array(6);
  #kinds: FrameKinds = USUAL_KINDS;
  #groups: readonly Uint8Array[] = [];
  #vlans: readonly number[] | undefined;
  #mtu = 0;
  #enabled = false;

  /**
   * @param device - the device
   * @param pauseEnds - whether PAUSE frames end in the MAC, as where it heeds them; other MAC control frames pass in any case
   */
  constructor(device: Device, pauseEnds: boolean) {
    this.#device = device;
    this.#macControl = pauseEnds ? RCTL.DPF.mask | RCTL.PMCF.mask : 0;
  }

  /**
   * Notes what shall pass, for the next `program`.
   *
   * @param kinds - as for `set`
   * @param vlans - as for `setVlans`
   */
  keep(kinds: FrameKinds, vlans: readonly number[] | undefined): void {
    this.#kinds = kinds;
    this.#vlans = vlans;
  }

  /**
   * @param address - the station's, 6 bytes
   */
  setStation(address: Uint8Array): void {
    this.#station = address.slice();
    this.#writeAddress(0, this.#kinds.directed ? this.#station : undefined);
  }

  /**
   * @param kinds - what passes
   * @param groups - addresses of groups, 6 bytes each, which count while `multicast` is set
   */
  set(kinds: FrameKinds, groups: readonly Uint8Array[] = []): void {
    this.#kinds = kinds;
    this.#groups = groups.map((group) => group.slice());
    this.#writeAddress(0, kinds.directed ? this.#station : undefined);
    this.#writeGroups();
    this.#control();
  }

  /**
   * @param identifiers - VLANs whose frames pass, 0 to 4095; `undefined` lets every tag through. Frames without a tag always
   * pass
   */
  setVlans(identifiers: readonly number[] | undefined): void {
    this.#vlans = identifiers?.slice();
    const rows = new Uint32Array(VFTA.count);
    for (const identifier of this.#vlans ?? []) rows[identifier >>> 5]! |= 1 << (identifier & 31);
    this.#writeTable(VFTA, rows);
    this.#control();
  }

  /** Writes every table anew: the chip comes out of a reset. */
  program(): void {
    this.#enabled = false;
    this.#writeTable(UTA, new Uint32Array(UTA.count));
    this.setVlans(this.#vlans);
    this.set(this.#kinds, this.#groups);
  }

  /**
   * Frames are received from now on, their check sequences taken off.
   *
   * @param mtu - payload of the longest frame
   */
  enable(mtu: number): void {
    this.#mtu = mtu;
    this.#enabled = true;
    this.#device.write(RLPML, mtu + ETHERNET_HEADER_BYTES + VLAN_TAG_BYTES + FCS_BYTES);
    this.#control();
  }

  /** Nothing is received any more; what is in the chip's packet buffer is lost. */
  disable(): void {
    this.#enabled = false;
    this.#control();
  }

  /** Whether frames are received. */
  get enabled(): boolean {
    return this.#enabled;
  }

  #control(): void {
    const { promiscuous, allMulticast, broadcast } = this.#kinds;
    let control = 0;
    if (this.#enabled) {
      const longest = this.#mtu + ETHERNET_HEADER_BYTES + FCS_BYTES;
      control = RCTL.EN.mask | RCTL.SECRC.mask | this.#macControl;
      if (longest > STANDARD_FRAME) control |= RCTL.LPE.mask;
      if (broadcast || promiscuous) control |= RCTL.BAM.mask;
      if (promiscuous) control |= RCTL.UPE.mask;
      if (allMulticast || promiscuous) control |= RCTL.MPE.mask;
      if (this.#vlans !== undefined && !promiscuous) control |= RCTL.VFE.mask;
    }
    this.#device.write(RCTL, control);
  }

  #writeGroups(): void {
    const groups = this.#kinds.multicast ? this.#groups : [];
    const table = new Uint32Array(MTA.count);
    for (let entry = 1; entry < RAL.count; entry++) this.#writeAddress(entry, groups[entry - 1]);
    for (const group of groups.slice(RAL.count - 1)) {
      const hash = (((group[5]! << 8) | group[4]!) >>> HASH_SHIFT) & HASH_MASK;
      table[hash >>> 5]! |= 1 << (hash & 31);
    }
    this.#writeTable(MTA, table);
  }

  #writeTable(register: typeof MTA | typeof UTA | typeof VFTA, rows: Uint32Array): void {
    rows.forEach((row, index) => {
      this.#device.write(register, row, index);
    });
  }

  /** An address register, valid or not: never half of one and half of another. */
  #writeAddress(entry: number, address: Uint8Array | undefined): void {
    const byte = (index: number): number => address?.[index] ?? 0;
    this.#device.write(RAH, 0, entry);
    this.#device.write(RAL, (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)) >>> 0, entry);
    if (address !== undefined) this.#device.write(RAH, (byte(4) | (byte(5) << 8) | RAH.AV.mask) >>> 0, entry);
  }
}
