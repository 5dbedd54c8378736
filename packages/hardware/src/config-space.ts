/*
 * The configuration space of a type 0 function: what a description of the device says, reached by the host in bytes,
 * halves and words. Bits change only where the register tables of the bus let them; BARs answer sizing as hardware
 * does. It says what was written to whoever listens, and acts on nothing itself.
 */

import { Configuration, type AccessSize, type BarKind } from '@netcx/bus';
import type { Register } from '@netcx/layout';
import { accessMasks } from './access-masks.ts';
import { placeCapabilities, type CapabilityDescription } from './capabilities.ts';
import { HardwareError } from './hardware-error.ts';

const { ID, COMMAND_STATUS, CLASS_REVISION, BAR, SUBSYSTEM, CAPABILITIES, INTERRUPT } = Configuration;

/** Bytes that hold anything; a PCI Express function has 4096 in all, the rest reads as zero. */
const BYTES = 256;
const EXTENDED_BYTES = 4096;

/** A base address register. */
export interface BarDescription {
  /** What it decodes; `memory64` takes the next index as well. */
  readonly kind: BarKind;
  /** Bytes, a power of two. */
  readonly size: number;
  /** Whether reads have no side effects; false when left out. */
  readonly prefetchable?: boolean;
}

/** What a function says about itself. */
export interface ConfigDescription {
  /** Vendor id, 16 bits. */
  readonly vendorId: number;
  /** Device id, 16 bits. */
  readonly deviceId: number;
  /** Revision, 8 bits; 0 when left out. */
  readonly revision?: number;
  /** Class, subclass and interface, 24 bits. */
  readonly classCode: number;
  /** Subsystem vendor id; 0 when left out. */
  readonly subsystemVendorId?: number;
  /** Subsystem id; 0 when left out. */
  readonly subsystemId?: number;
  /** 1 for INTA up to 4 for INTD; 0, when left out, for none. */
  readonly interruptPin?: number;
  /** The BARs by index. */
  readonly bars?: readonly (BarDescription | undefined)[];
  /** The capabilities in the order of the list. */
  readonly capabilities?: readonly CapabilityDescription[];
}

/**
 * Told after a write of the host.
 *
 * @param value - the dword now
 * @param previous - the dword before
 * @param written - what the host wrote, in the dword's bits; zero where it wrote nothing
 */
export type ConfigListener = (value: number, previous: number, written: number) => void;

/** A function's configuration space. */
export class ConfigSpace {
  readonly #words = new Int32Array(BYTES / 4);
  readonly #initial = new Int32Array(BYTES / 4);
  readonly #store = new Int32Array(BYTES / 4);
  readonly #clear = new Int32Array(BYTES / 4);
  readonly #visible = new Int32Array(BYTES / 4).fill(-1);
  readonly #listeners: (ConfigListener | undefined)[] = new Array<undefined>(BYTES / 4).fill(undefined);
  readonly #capabilities = new Map<number, number>();

  /**
   * @param description - the function
   * @throws HardwareError `BAD_BAR` or `BAD_CAPABILITY` when no function can be so
   */
  constructor(description: ConfigDescription) {
    const { vendorId, deviceId, revision = 0, classCode, bars = [], capabilities = [] } = description;
    const { subsystemVendorId = 0, subsystemId = 0, interruptPin = 0 } = description;
    for (const register of Object.values(Configuration)) {
      if (register !== BAR) this.#place(register, register.offset, register.reset);
    }
    this.#set(ID.offset, (deviceId << 16) | vendorId);
    this.#set(CLASS_REVISION.offset, (classCode << 8) | revision);
    this.#set(SUBSYSTEM.offset, (subsystemId << 16) | subsystemVendorId);
    this.#set(INTERRUPT.offset, INTERRUPT.PIN.set(0, interruptPin));
    this.#placeBars(bars);
    const placed = placeCapabilities(capabilities);
    const first = placed[0];
    if (first !== undefined) {
      this.#set(CAPABILITIES.offset, first.offset);
      this.#set(COMMAND_STATUS.offset, COMMAND_STATUS.CAP_LIST.mask);
    }
    for (const { id, offset, registers } of placed) {
      this.#capabilities.set(id, offset);
      for (const [register, value] of registers) this.#place(register, offset + register.offset, value);
    }
    this.reset();
  }

  /** Whether memory BARs are decoded. */
  get memoryEnabled(): boolean {
    return (this.#word(COMMAND_STATUS.offset) & COMMAND_STATUS.MEMORY.mask) !== 0;
  }

  /** Whether I/O BARs are decoded. */
  get ioEnabled(): boolean {
    return (this.#word(COMMAND_STATUS.offset) & COMMAND_STATUS.IO.mask) !== 0;
  }

  /** Whether the host lets the function reach memory and send messages. */
  get masterEnabled(): boolean {
    return (this.#word(COMMAND_STATUS.offset) & COMMAND_STATUS.MASTER.mask) !== 0;
  }

  /** Whether the host keeps the INTx pin silent. */
  get intxDisabled(): boolean {
    return (this.#word(COMMAND_STATUS.offset) & COMMAND_STATUS.INTX_DISABLE.mask) !== 0;
  }

  /**
   * @param id - one of `CapabilityId`
   * @returns where the capability starts; `undefined` when the function has none
   */
  capability(id: number): number | undefined {
    return this.#capabilities.get(id);
  }

  /**
   * @param index - which BAR, 0 to 5
   * @returns where the host placed it: a 64-bit address below 2^53 exactly, above rounded
   */
  barAddress(index: number): number {
    const low = this.#word(BAR.at(index));
    if ((low & BAR.IO.mask) !== 0) return (low & ~3) >>> 0;
    const high = BAR.TYPE.get(low) === 2 ? this.#word(BAR.at(index + 1)) >>> 0 : 0;
    return high * 0x1_0000_0000 + ((low & ~15) >>> 0);
  }

  /**
   * The host reads.
   *
   * @param offset - byte offset, a multiple of `size`
   * @param size - bytes
   * @returns the value, unsigned; all ones outside a function's 4096 bytes
   */
  read(offset: number, size: AccessSize): number {
    const ones = size === 4 ? -1 : (1 << (size * 8)) - 1;
    if (offset >= BYTES) return (offset < EXTENDED_BYTES ? 0 : ones) >>> 0;
    const word = this.#word(offset) & this.#visible[offset >>> 2]!;
    return ((word >>> ((offset & 3) * 8)) & ones) >>> 0;
  }

  /**
   * The host writes: bits change where they may.
   *
   * @param offset - byte offset, a multiple of `size`
   * @param size - bytes
   * @param value - what is written
   */
  write(offset: number, size: AccessSize, value: number): void {
    if (offset >= BYTES) return;
    const index = offset >>> 2;
    const shift = (offset & 3) * 8;
    const lanes = (size === 4 ? -1 : (1 << (size * 8)) - 1) << shift;
    const written = (value << shift) & lanes;
    const previous = this.#words[index]!;
    const store = this.#store[index]! & lanes;
    const next = ((previous & ~store) | (written & store)) & ~(written & this.#clear[index]!);
    this.#words[index] = next;
    this.#listeners[index]?.(next, previous, written);
  }

  /**
   * The device reads its own space.
   *
   * @param offset - byte offset of a dword
   * @returns the dword, as a signed integer
   */
  load(offset: number): number {
    return this.#word(offset);
  }

  /**
   * The device changes its own space: status bits, mostly. Nobody is told.
   *
   * @param offset - byte offset of a dword
   * @param mask - which bits
   * @param value - what they become
   */
  assign(offset: number, mask: number, value: number): void {
    const index = offset >>> 2;
    this.#words[index] = (this.#words[index]! & ~mask) | (value & mask);
  }

  /**
   * @param offset - byte offset of a dword
   * @param listener - told after each write of the host that touches it, in place of the listener before
   */
  onWrite(offset: number, listener: ConfigListener): void {
    this.#listeners[offset >>> 2] = listener;
  }

  /** Everything is as at power-on: BARs nowhere, nothing enabled. Nobody is told. */
  reset(): void {
    this.#words.set(this.#initial);
  }

  #word(offset: number): number {
    return this.#words[offset >>> 2] ?? 0;
  }

  #set(offset: number, value: number): void {
    this.#initial[offset >>> 2] = value;
  }

  #place(register: Register, offset: number, value: number): void {
    const masks = accessMasks(register);
    const index = offset >>> 2;
    this.#initial[index] = value;
    this.#store[index] = masks.store;
    this.#clear[index] = masks.clear;
    this.#visible[index] = masks.visible;
  }

  #placeBars(bars: readonly (BarDescription | undefined)[]): void {
    for (const [index, bar] of bars.entries()) {
      if (bar === undefined) continue;
      checkBar(index, bar, bars);
      const word = BAR.at(index) >>> 2;
      const flags = bar.kind === 'io' ? 1 : (bar.kind === 'memory64' ? 4 : 0) | (bar.prefetchable === true ? 8 : 0);
      this.#initial[word] = flags;
      this.#store[word] = -bar.size;
      if (bar.kind === 'memory64') this.#store[word + 1] = -1;
    }
  }
}

function checkBar(index: number, bar: BarDescription, bars: readonly (BarDescription | undefined)[]): void {
  const { kind, size } = bar;
  const least = kind === 'io' ? 4 : 16;
  const most = kind === 'io' ? 256 : 2 ** 31;
  const refuse = (why: string): never => {
    throw new HardwareError('BAD_BAR', `BAR ${String(index)} (${kind}, ${String(size)} bytes): ${why}`);
  };
  if (index >= BAR.count) refuse('a function has BARs 0 to 5');
  if (!Number.isInteger(Math.log2(size)) || size < least || size > most) {
    refuse(`its size is a power of two from ${String(least)} to ${String(most)}`);
  }
  if (kind === 'memory64' && (index === BAR.count - 1 || bars[index + 1] !== undefined)) {
    refuse('a 64-bit BAR takes the next index, which is not free');
  }
}
