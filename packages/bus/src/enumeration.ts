/*
 * What firmware and operating systems do with every function before a driver sees it, and the few steps that a driver
 * takes itself: walking the capability list, sizing and placing the BARs, switching the function on. What is read from
 * the device is not trusted: a capability list that loops ends.
 */

import type { AddressAllocator, BarKind } from './bus-addresses.ts';
import { Configuration } from './configuration.ts';
import type { PciFunction } from './pci-function.ts';

const { BAR, CAPABILITIES, COMMAND_STATUS } = Configuration;

/** A BAR as sizing finds it. */
export interface BarInfo {
  /** Its index; a 64-bit BAR takes the next one as well. */
  readonly index: number;
  /** What it decodes. */
  readonly kind: BarKind;
  /** Bytes, a power of two. */
  readonly size: number;
  /** Whether reads have no side effects. */
  readonly prefetchable: boolean;
  /** Where it is placed now; 0 when nowhere. */
  readonly address: number;
}

/** At most this many capabilities fit into 256 bytes; who finds more walks in a circle. */
const MOST_CAPABILITIES = 48;
const FIRST_CAPABILITY = 0x40;

/**
 * @param fn - the function
 * @param id - which capability, one of `CapabilityId`
 * @returns the offset of the first capability with that id in configuration space; `undefined` when there is none
 */
export function findCapability(fn: PciFunction, id: number): number | undefined {
  const status = fn.readConfig(COMMAND_STATUS.offset, 4);
  if (COMMAND_STATUS.CAP_LIST.get(status) === 0) return undefined;
  let offset = fn.readConfig(CAPABILITIES.offset, 1) & ~3;
  for (let count = 0; count < MOST_CAPABILITIES && offset >= FIRST_CAPABILITY; count++) {
    const header = fn.readConfig(offset, 2);
    if (header === 0xffff) return undefined;
    if ((header & 0xff) === id) return offset;
    offset = (header >>> 8) & ~3;
  }
  return undefined;
}

/** Runs something while the function decodes nothing: a BAR that is being sized would answer anywhere. */
function whileNotDecoding<T>(fn: PciFunction, run: () => T): T {
  const command = fn.readConfig(COMMAND_STATUS.offset, 2);
  fn.writeConfig(COMMAND_STATUS.offset, 2, command & ~(COMMAND_STATUS.IO.mask | COMMAND_STATUS.MEMORY.mask));
  const result = run();
  fn.writeConfig(COMMAND_STATUS.offset, 2, command);
  return result;
}

/**
 * @param fn - the function; nothing may use it meanwhile
 * @returns its BARs, by index; those that are not there are left out
 */
export function sizeBars(fn: PciFunction): readonly BarInfo[] {
  return whileNotDecoding(fn, () => {
    const found: BarInfo[] = [];
    for (let index = 0; index < BAR.count; index++) {
      const info = sizeBar(fn, index);
      if (info === undefined) continue;
      found.push(info);
      if (info.kind === 'memory64') index++;
    }
    return found;
  });
}

/** Writes all ones: the bits that stay zero are those below the size. */
function writtenOnes(fn: PciFunction, index: number): { readonly before: number; readonly ones: number } {
  const offset = BAR.at(index);
  const before = fn.readConfig(offset, 4);
  fn.writeConfig(offset, 4, 0xffff_ffff);
  const ones = fn.readConfig(offset, 4);
  fn.writeConfig(offset, 4, before);
  return { before, ones };
}

function sizeBar(fn: PciFunction, index: number): BarInfo | undefined {
  const { before, ones } = writtenOnes(fn, index);
  if (ones === 0 || ones === 0xffff_ffff) return undefined;
  if (BAR.IO.get(ones) === 1) {
    // The upper half may be hardwired to zero: I/O space has 64 KiB on most hosts.
    const mask = (ones | 0xffff_0000) & ~3;
    return { index, kind: 'io', size: -mask, prefetchable: false, address: (before & ~3) >>> 0 };
  }
  const prefetchable = BAR.PREFETCHABLE.get(ones) === 1;
  const low = (ones & ~15) >>> 0;
  const address = (before & ~15) >>> 0;
  if (BAR.TYPE.get(ones) !== 2 || index === BAR.count - 1) {
    if (low === 0) return undefined;
    return { index, kind: 'memory32', size: 0x1_0000_0000 - low, prefetchable, address };
  }
  const high = writtenOnes(fn, index + 1);
  const size = (0xffff_ffff - high.ones) * 0x1_0000_0000 + (0x1_0000_0000 - low);
  return { index, kind: 'memory64', size, prefetchable, address: high.before * 0x1_0000_0000 + address };
}

/**
 * Gives each BAR an address, as firmware does. Decoding stays as it was: a driver switches it on.
 *
 * @param fn - the function
 * @param allocator - where addresses come from
 * @returns the BARs with their new addresses
 * @throws BusError `NO_ADDRESSES` when the allocator has none; then it has back what was taken
 */
export function assignBars(fn: PciFunction, allocator: AddressAllocator): readonly BarInfo[] {
  // The largest first: then natural alignment leaves no gaps.
  const bars = [...sizeBars(fn)].sort((one, other) => other.size - one.size || one.index - other.index);
  const placed: BarInfo[] = [];
  try {
    for (const bar of bars) placed.push({ ...bar, address: allocator.allocate(bar.kind, bar.size) });
  } catch (error) {
    for (const { kind, size, address } of placed) allocator.free(kind, size, address);
    throw error;
  }
  whileNotDecoding(fn, () => {
    for (const { index, kind, address } of placed) {
      fn.writeConfig(BAR.at(index), 4, address % 0x1_0000_0000);
      if (kind === 'memory64') fn.writeConfig(BAR.at(index + 1), 4, Math.floor(address / 0x1_0000_0000));
    }
  });
  return placed.sort((one, other) => one.index - other.index);
}

/**
 * Switches the function on: it answers in its memory BARs and may reach memory and send interrupt messages.
 *
 * @param fn - the function
 */
export function enableDevice(fn: PciFunction): void {
  const command = fn.readConfig(COMMAND_STATUS.offset, 2);
  fn.writeConfig(COMMAND_STATUS.offset, 2, command | COMMAND_STATUS.MEMORY.mask | COMMAND_STATUS.MASTER.mask);
}

/**
 * Switches the function off: it neither answers nor reaches memory any more.
 *
 * @param fn - the function
 */
export function disableDevice(fn: PciFunction): void {
  const command = fn.readConfig(COMMAND_STATUS.offset, 2);
  fn.writeConfig(COMMAND_STATUS.offset, 2, command & ~(COMMAND_STATUS.MEMORY.mask | COMMAND_STATUS.MASTER.mask));
}
