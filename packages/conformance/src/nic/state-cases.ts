/*
 * Cases about what a NIC must let go of: a reset brings it back to power-on, a removal ends it, memory that it may not
 * reach is a fault for the host to see and nothing else, and two of a kind share nothing.
 */

import { notStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { CapabilityId, Configuration, enableDevice, findCapability, PciExpress } from '@netcx/bus';
import { MILLISECOND, SECOND } from '@netcx/clock';
import { PAGE_BYTES } from '@netcx/dma';
import type { NicCase } from './nic-case.ts';
import type { NicRig } from './nic-rig.ts';
import type { ResetKind } from './nic-under-test.ts';
import { scramble } from './scramble.ts';

const { COMMAND_STATUS } = Configuration;
const { EXP_DEVCAP, EXP_DEVCTL } = PciExpress;
const CONFIG_BYTES = 256;

const hex = (value: number): string => `0x${value.toString(16)}`;

/** What a driver finds: configuration space, then every register, in lines that can be compared. */
function snapshot(rig: NicRig, kind: ResetKind): readonly string[] {
  const { fn, nic } = rig;
  const lines: string[] = [];
  for (let offset = 0; offset < CONFIG_BYTES; offset += 4) {
    const isBar = offset >= Configuration.BAR.offset && offset < Configuration.BAR.at(Configuration.BAR.count);
    if (!isBar) lines.push(`configuration ${hex(offset)}: ${hex(fn.readConfig(offset, 4))}`);
  }
  enableDevice(fn);
  for (const { bar, offset } of rig.places()) {
    const value = fn.read32(bar, offset);
    if (nic.survivesReset?.(bar, offset, kind) !== true) lines.push(`BAR ${bar} ${hex(offset)}: ${hex(value)}`);
  }
  return lines;
}

function sameAsAtPowerOn(after: readonly string[], powerOn: readonly string[], what: string): void {
  strictEqual(after.length, powerOn.length, `as many registers after ${what} as at power-on`);
  const different = after.filter((line, index) => line !== powerOn[index]);
  const first = different
    .slice(0, 5)
    .map((line) => `${line} instead of ${powerOn[after.indexOf(line)]?.split(': ')[1] ?? ''}`);
  ok(different.length === 0, `${different.length} registers differ after ${what} from power-on: ${first.join('; ')}`);
}

async function comesOutOfBusReset(rig: NicRig, another: () => Promise<NicRig>): Promise<void> {
  const powerOn = snapshot(await another(), 'bus');
  enableDevice(rig.fn);
  scramble(rig, 2000);
  rig.nic.endpoint.reset();
  sameAsAtPowerOn(snapshot(rig, 'bus'), powerOn, 'a bus reset');
}

async function comesOutOfFunctionReset(rig: NicRig, another: () => Promise<NicRig>): Promise<void> {
  const { fn } = rig;
  const express = findCapability(fn, CapabilityId.pciExpress);
  if (express === undefined) rig.context.skip('the NIC is no PCI Express function');
  if (EXP_DEVCAP.FLR.get(fn.readConfig(express + EXP_DEVCAP.offset, 4)) === 0) {
    rig.context.skip('the NIC has no function-level reset');
  }
  const powerOn = snapshot(await another(), 'function');
  enableDevice(fn);
  scramble(rig, 2000);
  fn.writeConfig(express + EXP_DEVCTL.offset, 2, EXP_DEVCTL.FLR.mask);
  rig.clock.advance(100 * MILLISECOND);
  strictEqual(EXP_DEVCTL.FLR.get(fn.readConfig(express + EXP_DEVCTL.offset, 2)), 0, 'the reset bit reads as zero');
  const other = await another();
  other.clock.advance(100 * MILLISECOND);
  // Time passes after power-on as well; what it changes there it may change here.
  const later = snapshot(other, 'function');
  const steady = powerOn.map((line, index) => line === later[index]);
  const keep = (lines: readonly string[]): readonly string[] => lines.filter((_line, index) => steady[index] === true);
  sameAsAtPowerOn(keep(snapshot(rig, 'function')), keep(powerOn), 'a function-level reset');
}

async function sharesNothing(rig: NicRig, another: () => Promise<NicRig>): Promise<void> {
  enableDevice(rig.fn);
  const fill = (value: number): void => {
    for (const { bar, offset } of rig.places()) rig.fn.write32(bar, offset, value);
  };
  fill(0);
  const powerOn = snapshot(await another(), 'bus');
  const other = await another();
  scramble(rig, 2000);
  fill(0xffff_ffff);
  sameAsAtPowerOn(snapshot(other, 'bus'), powerOn, "another NIC's accesses");
}

function faultsOnMemoryThatIsNotThere(rig: NicRig): void {
  const { fn, iommu, nic } = rig;
  if (nic.startDma === undefined) rig.context.skip('the NIC was given without a way to start a DMA');
  enableDevice(fn);
  nic.startDma(fn, rig.map(PAGE_BYTES));
  rig.clock.advance(SECOND);
  notStrictEqual(rig.watch.accesses, 0, 'the NIC reaches memory when it is told to');
  strictEqual(iommu.faultCount, 0, 'memory that is mapped is no fault');
  nic.endpoint.reset();
  enableDevice(fn);
  nic.startDma(fn, 0x7_0000_0000);
  rig.clock.advance(SECOND);
  notStrictEqual(iommu.faultCount, 0, 'memory that is not mapped is a fault');
  nic.endpoint.reset();
  enableDevice(fn);
  const faults = iommu.faultCount;
  nic.startDma(fn, rig.map(PAGE_BYTES));
  rig.clock.advance(SECOND);
  strictEqual(iommu.faultCount, faults, 'a NIC that was reset after a fault works again');
}

function reachesNothingWithoutBusMastering(rig: NicRig): void {
  const { fn, nic, watch } = rig;
  if (nic.startDma === undefined) rig.context.skip('the NIC was given without a way to start a DMA');
  fn.writeConfig(COMMAND_STATUS.offset, 2, COMMAND_STATUS.MEMORY.mask);
  nic.startDma(fn, rig.map(PAGE_BYTES));
  rig.clock.advance(SECOND);
  strictEqual(watch.accesses, 0, 'accesses to memory while bus mastering is off');
}

function isGoneOnceRemoved(rig: NicRig): void {
  const { fn, nic, watch } = rig;
  enableDevice(fn);
  scramble(rig, 200);
  const places = rig.places();
  rig.slot.remove();
  const { accesses, pinChanges } = watch;
  const messages = watch.messages.length;
  for (const { bar, offset } of places) {
    strictEqual(nic.endpoint.read32(bar, offset), 0xffff_ffff, `BAR ${bar} ${hex(offset)} of a NIC that is gone`);
  }
  for (const { bar, offset } of places) nic.endpoint.write32(bar, offset, 0xffff_ffff);
  for (let offset = 0; offset < CONFIG_BYTES; offset += 4) nic.endpoint.writeConfig(offset, 4, 0xffff_ffff);
  nic.endpoint.reset();
  enableDevice(fn);
  rig.peer.send(Array.from({ length: 50 }, () => new Uint8Array(60).fill(0xff)));
  rig.clock.advance(10 * SECOND);
  strictEqual(watch.accesses - accesses, 0, 'accesses to memory of a NIC that is gone');
  strictEqual(watch.messages.length - messages, 0, 'messages of a NIC that is gone');
  strictEqual(watch.pinChanges - pinChanges, 0, 'changes of the interrupt pin of a NIC that is gone');
}

/** Cases about resets, removal and memory. */
export const STATE_CASES: readonly NicCase[] = [
  { name: 'comes out of a bus reset as from power-on', run: comesOutOfBusReset },
  { name: 'comes out of a function-level reset as from power-on', run: comesOutOfFunctionReset },
  { name: 'shares nothing with another of its kind', run: sharesNothing },
  {
    name: 'makes a fault of memory that is not mapped, and works again after a reset',
    run: faultsOnMemoryThatIsNotThere,
  },
  { name: 'reaches no memory while bus mastering is off', run: reachesNothingWithoutBusMastering },
  { name: 'is gone once it was removed: all ones, and nothing on the bus', run: isGoneOnceRemoved },
];
