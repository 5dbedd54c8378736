/*
 * A PCI function of QEMU's machine as its host sees it: configuration space through the two ports that every PC has for
 * it, BARs where they were placed. Accesses are what a processor would do; what QEMU does about them it has done when
 * they return.
 */

import { Configuration, type AccessSize, type PciFunction } from '@netcx/bus';
import type { QtestChannel } from './qtest-channel.ts';

const ADDRESS_PORT = 0xcf8;
const DATA_PORT = 0xcfc;
const ENABLE = 0x8000_0000;
const DEVICE_SHIFT = 11;
/** The ports reach the first 256 bytes; no driver here needs the others. */
const REACHABLE = 256;
const ALL = 0xffff_ffff;
const { BAR, COMMAND_STATUS } = Configuration;

/** A function on QEMU's root bus. */
export class QtestFunction implements PciFunction {
  readonly name: string;
  readonly #channel: QtestChannel;
  readonly #device: number;
  readonly #afterAccess: () => void;
  /** Where each BAR was placed, 0 = nowhere; read anew when the function's decoding changes. */
  #bases: readonly number[] = [];

  /**
   * @param channel - the conversation with QEMU
   * @param device - its device number on bus 0
   * @param afterAccess - looks at what QEMU did meanwhile
   */
  constructor(channel: QtestChannel, device: number, afterAccess: () => void) {
    this.name = `qemu 00:${device.toString(16).padStart(2, '0')}.0`;
    this.#channel = channel;
    this.#device = device;
    this.#afterAccess = afterAccess;
  }

  readConfig(offset: number, size: AccessSize): number {
    if (offset >= REACHABLE) return cut(ALL, size);
    this.#select(offset);
    return cut(this.#channel.inl(DATA_PORT) >>> ((offset & 3) * 8), size);
  }

  writeConfig(offset: number, size: AccessSize, value: number): void {
    if (offset >= REACHABLE) return;
    this.#select(offset);
    this.#channel.out(DATA_PORT + (offset & 3), size, cut(value, size));
    if (offset === COMMAND_STATUS.offset) this.#bases = [];
    this.#afterAccess();
  }

  read32(bar: number, offset: number): number {
    const base = this.#base(bar);
    const value = base === 0 ? ALL : this.#channel.readl(base + offset);
    this.#afterAccess();
    return value;
  }

  write32(bar: number, offset: number, value: number): void {
    const base = this.#base(bar);
    if (base !== 0) this.#channel.writel(base + offset, value >>> 0);
    this.#afterAccess();
  }

  #select(offset: number): void {
    this.#channel.out(ADDRESS_PORT, 4, (ENABLE | (this.#device << DEVICE_SHIFT) | (offset & ~3)) >>> 0);
  }

  #base(bar: number): number {
    if (this.#bases.length === 0) this.#bases = this.#readBases();
    return this.#bases[bar] ?? 0;
  }

  /** Memory BARs; while memory space is off they are nowhere. */
  #readBases(): readonly number[] {
    const bases = new Array<number>(BAR.count).fill(0);
    if (COMMAND_STATUS.MEMORY.get(this.readConfig(COMMAND_STATUS.offset, 4)) === 0) return bases;
    for (let index = 0; index < BAR.count; index++) {
      const low = this.readConfig(BAR.at(index), 4);
      if (BAR.IO.get(low) === 1) continue;
      bases[index] = (low & ~15) >>> 0;
      if (BAR.TYPE.get(low) !== 2) continue;
      bases[index] = (bases[index] ?? 0) + this.readConfig(BAR.at(index + 1), 4) * 0x1_0000_0000;
      index++;
    }
    return bases;
  }
}

/** As many bytes of a value as an access has, unsigned. */
const cut = (value: number, size: AccessSize): number => (size === 4 ? value : value & ((1 << (size * 8)) - 1)) >>> 0;
