/*
 * The capabilities that a function can have, from a description to the registers of its list. Each takes the next free
 * offset from 0x40 on unless its place is given, as a datasheet gives it.
 */

import { CapabilityId, Msi, Msix, PciExpress, PowerManagement } from '@netcx/bus';
import type { Register } from '@netcx/layout';
import { HardwareError } from './hardware-error.ts';

/** Where a capability stands; the next free place when left out. */
interface Placed {
  /** Byte offset in configuration space, a multiple of 4 from 0x40 on. */
  readonly offset?: number;
}

/** A place in a BAR. */
export interface BarPlace {
  /** Which BAR. */
  readonly bar: number;
  /** Byte offset in it, a multiple of 8. */
  readonly offset: number;
}

/** Power states D0 and D3. */
export interface PowerManagementDescription extends Placed {
  /** Which capability. */
  readonly kind: 'powerManagement';
  /** Whether going from D3 back to D0 keeps the function's state; false when left out. */
  readonly keepsState?: boolean;
  /** Whether it can ask to be woken, from D0 and from D3 with power; false when left out. */
  readonly wakes?: boolean;
}

/** MSI with 64-bit addresses. */
export interface MsiDescription extends Placed {
  /** Which capability. */
  readonly kind: 'msi';
  /** How many messages: 1, 2, 4, 8, 16 or 32; 1 when left out. */
  readonly messages?: number;
  /** Whether messages can be masked one by one; false when left out. */
  readonly maskable?: boolean;
}

/** MSI-X. */
export interface MsixDescription extends Placed {
  /** Which capability. */
  readonly kind: 'msix';
  /** How many vectors, 1 to 2048. */
  readonly vectors: number;
  /** Where the table lies. */
  readonly table: BarPlace;
  /** Where the pending bits lie. */
  readonly pending: BarPlace;
}

/** PCI Express endpoint. */
export interface PciExpressDescription extends Placed {
  /** Which capability. */
  readonly kind: 'pciExpress';
  /** Whether the host can reset this function alone; true when left out. */
  readonly functionLevelReset?: boolean;
  /** Link generation, 1 when left out. */
  readonly generation?: number;
  /** Lanes, 4 when left out. */
  readonly lanes?: number;
}

/** A capability of a function. */
export type CapabilityDescription =
  PowerManagementDescription | MsiDescription | MsixDescription | PciExpressDescription;

/** A register and what it holds at power-on. */
export type RegisterValue = readonly [register: Register, value: number];

/** A capability in configuration space. */
export interface PlacedCapability {
  /** Its id. */
  readonly id: number;
  /** Where it starts. */
  readonly offset: number;
  /** Its registers, relative to that, and their values at power-on. */
  readonly registers: readonly RegisterValue[];
}

const FIRST = 0x40;
const END = 0x100;
const POINTER = 8;

/** PM_CAP.PME_SUPPORT: D0 and D3 with power. */
const WAKES_FROM = 0b0_1001;

interface Shape {
  readonly id: number;
  readonly bytes: number;
  /** The registers in order; the first holds id and pointer as well. */
  readonly registers: readonly [RegisterValue, ...RegisterValue[]];
}

function powerManagement(description: PowerManagementDescription): Shape {
  const { PM_CAP, PM_CTRL } = PowerManagement;
  const control = PM_CTRL.NO_SOFT_RESET.set(0, description.keepsState === true ? 1 : 0);
  const registers = [
    [PM_CAP, PM_CAP.PME_SUPPORT.set(PM_CAP.VERSION.set(0, 3), description.wakes === true ? WAKES_FROM : 0)],
    [PM_CTRL, control],
  ] as const;
  return { id: CapabilityId.powerManagement, bytes: 8, registers };
}

function msi(description: MsiDescription): Shape {
  const { messages = 1, maskable = false } = description;
  const { MSI_CONTROL, MSI_LOW, MSI_HIGH, MSI_DATA, MSI_MASK, MSI_PENDING } = Msi;
  if (![1, 2, 4, 8, 16, 32].includes(messages))
    refuse(description, `${String(messages)} messages: expected 1, 2, 4, 8, 16 or 32`);
  const control =
    MSI_CONTROL.WIDE.mask |
    MSI_CONTROL.CAPABLE.set(0, Math.log2(messages)) |
    (maskable ? MSI_CONTROL.MASKABLE.mask : 0);
  const registers: [RegisterValue, ...RegisterValue[]] = [
    [MSI_CONTROL, control],
    [MSI_LOW, 0],
    [MSI_HIGH, 0],
    [MSI_DATA, 0],
  ];
  if (maskable) registers.push([MSI_MASK, 0], [MSI_PENDING, 0]);
  return { id: CapabilityId.msi, bytes: maskable ? 0x18 : 0x10, registers };
}

function msix(description: MsixDescription): Shape {
  const { vectors, table, pending } = description;
  const { MSIX_CONTROL, MSIX_TABLE, MSIX_PENDING } = Msix;
  if (!Number.isInteger(vectors) || vectors < 1 || vectors > 2048)
    refuse(description, `${String(vectors)} vectors: expected 1 to 2048`);
  for (const { bar, offset } of [table, pending]) {
    if (![0, 1, 2, 3, 4, 5].includes(bar) || offset % 8 !== 0 || offset < 0)
      refuse(description, `BAR ${String(bar)} offset ${String(offset)}: expected BAR 0 to 5 and a multiple of 8`);
  }
  const registers = [
    [MSIX_CONTROL, MSIX_CONTROL.LAST.set(0, vectors - 1)],
    [MSIX_TABLE, table.offset | table.bar],
    [MSIX_PENDING, pending.offset | pending.bar],
  ] as const;
  return { id: CapabilityId.msix, bytes: 12, registers };
}

function pciExpress(description: PciExpressDescription): Shape {
  const { functionLevelReset = true, generation = 1, lanes = 4 } = description;
  const { EXP_FLAGS, EXP_DEVCAP, EXP_DEVCAP2, EXP_DEVCTL, EXP_DEVCTL2, EXP_LNKCAP, EXP_LNKCTL } = PciExpress;
  const device = EXP_DEVCAP.ROLE_BASED.mask | (functionLevelReset ? EXP_DEVCAP.FLR.mask : 0);
  const link = EXP_LNKCAP.SPEED.set(0, generation) | EXP_LNKCAP.WIDTH.set(0, lanes);
  const status = EXP_LNKCTL.SPEED.set(0, generation) | EXP_LNKCTL.WIDTH.set(0, lanes);
  const registers = [
    [EXP_FLAGS, EXP_FLAGS.VERSION.set(0, 2)],
    [EXP_DEVCAP, device],
    [EXP_DEVCTL, 0],
    [EXP_LNKCAP, link],
    [EXP_LNKCTL, status],
    [EXP_DEVCAP2, EXP_DEVCAP2.TIMEOUT_RANGES.set(EXP_DEVCAP2.TIMEOUT_DISABLE.mask, 0xf)],
    [EXP_DEVCTL2, 0],
  ] as const;
  return { id: CapabilityId.pciExpress, bytes: 0x3c, registers };
}

function shape(description: CapabilityDescription): Shape {
  switch (description.kind) {
    case 'powerManagement':
      return powerManagement(description);
    case 'msi':
      return msi(description);
    case 'msix':
      return msix(description);
    case 'pciExpress':
      return pciExpress(description);
  }
}

function refuse(description: CapabilityDescription, why: string): never {
  throw new HardwareError('BAD_CAPABILITY', `${description.kind}: ${why}`);
}

/**
 * @param descriptions - in the order of the list
 * @returns where each stands and what its registers hold at power-on
 * @throws HardwareError `BAD_CAPABILITY` when one cannot be, comes twice or does not fit its place
 */
export function placeCapabilities(descriptions: readonly CapabilityDescription[]): readonly PlacedCapability[] {
  const shapes = descriptions.map((description) => ({ description, ...shape(description) }));
  const taken = new Set<number>();
  const offsets = shapes.map(({ description, bytes }) =>
    description.offset === undefined ? undefined : take(taken, description, description.offset, bytes),
  );
  // Those with a place of their own come first: nobody else may stand there.
  const places = shapes.map(
    ({ description, bytes }, index) => offsets[index] ?? take(taken, description, nextFree(taken, bytes), bytes),
  );
  return shapes.map(({ description, id, registers }, index) => {
    if (shapes.findIndex((other) => other.id === id) !== index) refuse(description, 'a function has it once');
    const [[header, value], ...others] = registers;
    const next = places[index + 1] ?? 0;
    return { id, offset: places[index] ?? 0, registers: [[header, value | id | (next << POINTER)], ...others] };
  });
}

function take(taken: Set<number>, description: CapabilityDescription, offset: number, bytes: number): number {
  if (offset < FIRST || offset + bytes > END || offset % 4 !== 0) {
    refuse(description, `no place for ${String(bytes)} bytes at ${String(offset)}`);
  }
  for (let byte = offset; byte < offset + bytes; byte += 4) {
    if (taken.has(byte)) refuse(description, `0x${byte.toString(16)} is taken by another capability`);
    taken.add(byte);
  }
  return offset;
}

function nextFree(taken: ReadonlySet<number>, bytes: number): number {
  for (let offset = FIRST; offset + bytes <= END; offset += 4) {
    let free = true;
    for (let byte = offset; byte < offset + bytes && free; byte += 4) free = !taken.has(byte);
    if (free) return offset;
  }
  return END;
}
