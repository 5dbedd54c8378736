/*
 * Cases about configuration space, as any host's enumeration relies on it: identity, BARs that can be sized and placed,
 * a capability list that ends, and switches that switch. After what Linux and firmware do with every function.
 */

import { notStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { Configuration, disableDevice, enableDevice, sizeBars, type AccessSize, type PciFunction } from '@netcx/bus';
import { expectEqual } from '../expectations.ts';
import type { NicCase } from './nic-case.ts';
import type { NicRig } from './nic-rig.ts';

const { BAR, CACHE_HEADER, CAPABILITIES, CLASS_REVISION, COMMAND_STATUS, ID, INTERRUPT, SUBSYSTEM } = Configuration;

/** Class of network controllers. */
const NETWORK = 0x02;
const NOBODY = 0xffff;
/** Bytes of a function's plain configuration space, and of a PCI Express function's. */
const PLAIN_BYTES = 256;
const ALL_BYTES = 4096;
const MOST_CAPABILITIES = 48;

const hex = (value: number): string => `0x${value.toString(16)}`;

function saysWhoItIs({ fn }: NicRig): void {
  const id = fn.readConfig(ID.offset, 4);
  for (const [what, value] of [
    ['vendor', ID.VENDOR.get(id)],
    ['device', ID.DEVICE.get(id)],
  ] as const) {
    ok(value !== 0 && value !== NOBODY, `the ${what} id is ${hex(value)}, which stands for nobody`);
  }
  const deviceClass = CLASS_REVISION.CLASS.get(fn.readConfig(CLASS_REVISION.offset, 4)) >>> 16;
  strictEqual(deviceClass, NETWORK, `class ${hex(deviceClass)} is not that of a network controller, ${hex(NETWORK)}`);
  const type = CACHE_HEADER.HEADER_TYPE.get(fn.readConfig(CACHE_HEADER.offset, 4));
  strictEqual(type, 0, `header type ${hex(type)} is not that of an endpoint`);
}

function keepsItsIdentity({ fn }: NicRig): void {
  const fixed = [ID, CLASS_REVISION, SUBSYSTEM, CAPABILITIES];
  const read = (): readonly string[] => fixed.map(({ name, offset }) => `${name} ${hex(fn.readConfig(offset, 4))}`);
  const before = read();
  const pin = INTERRUPT.PIN.get(fn.readConfig(INTERRUPT.offset, 4));
  for (const value of [0xffff_ffff, 0, 0xa5a5_a5a5]) {
    for (const { offset } of [...fixed, INTERRUPT]) fn.writeConfig(offset, 4, value);
  }
  expectEqual(read(), before, 'the host has written to what is read only');
  strictEqual(INTERRUPT.PIN.get(fn.readConfig(INTERRUPT.offset, 4)), pin, 'the interrupt pin is read only');
}

function readsAlikeInAnySize({ fn }: NicRig): void {
  for (let offset = 0; offset < ALL_BYTES; offset += 4) {
    const whole = fn.readConfig(offset, 4);
    ok(
      Number.isInteger(whole) && whole >= 0 && whole <= 0xffff_ffff,
      `${hex(offset)} reads as ${whole}, no 32-bit number`,
    );
    const assemble = (size: AccessSize): number => {
      let value = 0;
      for (let at = 4 - size; at >= 0; at -= size) value = value * 2 ** (size * 8) + fn.readConfig(offset + at, size);
      return value;
    };
    strictEqual(assemble(2), whole, `${hex(offset)} reads differently in halves than as a whole`);
    strictEqual(assemble(1), whole, `${hex(offset)} reads differently in bytes than as a whole`);
  }
}

/** Sizes one BAR by hand and tries addresses in it: what `sizeBars` takes for granted. */
function checkBar(fn: PciFunction, index: number, size: number, wide: boolean): void {
  const low = BAR.at(index);
  const name = `BAR ${index}`;
  const original = fn.readConfig(low, 4);
  const flags = original & (BAR.IO.get(original) === 1 ? 3 : 15);
  const flagMask = BAR.IO.get(original) === 1 ? 3 : 15;
  ok(Number.isInteger(Math.log2(size)), `${name} has ${size} bytes, which is no power of two`);
  ok(size >= flagMask + 1, `${name} has ${size} bytes, less than the smallest BAR`);
  fn.writeConfig(low, 4, 0);
  strictEqual(fn.readConfig(low, 4), flags, `${name}: the flags cannot be written, and address 0 reads back`);
  for (let bit = 4; bit < 32; bit++) {
    const address = 2 ** bit;
    fn.writeConfig(low, 4, address);
    const kept = (fn.readConfig(low, 4) & ~flagMask) >>> 0;
    const beyondIo = BAR.IO.get(original) === 1 && bit >= 16; // may be wired to zero there
    if (!beyondIo || kept !== 0)
      strictEqual(kept, address >= size ? address : 0, `${name}: address bit ${bit} of ${size} bytes`);
  }
  fn.writeConfig(low, 4, original);
  if (!wide) return;
  const high = BAR.at(index + 1);
  const above = fn.readConfig(high, 4);
  for (const value of [0xffff_ffff, 0, 0x1234_5678]) {
    fn.writeConfig(high, 4, value);
    strictEqual(fn.readConfig(high, 4), value, `${name}: the upper half of its address`);
  }
  fn.writeConfig(high, 4, above);
}

function sizesItsBars({ fn }: NicRig): void {
  const bars = sizeBars(fn);
  ok(
    bars.some(({ kind }) => kind !== 'io'),
    'a NIC has registers in memory space',
  );
  const used = new Set(bars.flatMap(({ index, kind }) => (kind === 'memory64' ? [index, index + 1] : [index])));
  for (const { index, size, kind } of bars) checkBar(fn, index, size, kind === 'memory64');
  for (let index = 0; index < BAR.count; index++) {
    if (used.has(index)) continue;
    fn.writeConfig(BAR.at(index), 4, 0xffff_ffff);
    strictEqual(fn.readConfig(BAR.at(index), 4), 0, `BAR ${index} is not there and reads as zero, whatever is written`);
  }
  expectEqual(sizeBars(fn), bars, 'sizing leaves the BARs as they were');
}

function endsItsCapabilities({ fn }: NicRig): void {
  const listed = COMMAND_STATUS.CAP_LIST.get(fn.readConfig(COMMAND_STATUS.offset, 4)) === 1;
  const first = fn.readConfig(CAPABILITIES.offset, 1);
  if (!listed) strictEqual(first, 0, 'without a capability list there is no pointer to it');
  const seen = new Set<number>();
  for (let offset = listed ? first : 0; offset !== 0; offset = fn.readConfig(offset + 1, 1)) {
    ok(offset >= 0x40 && offset < PLAIN_BYTES && offset % 4 === 0, `a capability lies at ${hex(offset)}`);
    ok(!seen.has(offset), `the capability list runs in a circle through ${hex(offset)}`);
    seen.add(offset);
    ok(seen.size <= MOST_CAPABILITIES, 'the capability list is longer than configuration space');
    const id = fn.readConfig(offset, 1);
    ok(id !== 0 && id !== 0xff, `the capability at ${hex(offset)} has id ${hex(id)}, which stands for nothing`);
  }
}

function isOffAtPowerOn({ fn, watch, clock }: NicRig): void {
  const command = (): number => fn.readConfig(COMMAND_STATUS.offset, 2);
  const switches = COMMAND_STATUS.IO.mask | COMMAND_STATUS.MEMORY.mask | COMMAND_STATUS.MASTER.mask;
  strictEqual(command() & switches, 0, 'I/O space, memory space and bus mastering are off until a driver comes');
  enableDevice(fn);
  const on = COMMAND_STATUS.MEMORY.mask | COMMAND_STATUS.MASTER.mask;
  strictEqual(command() & switches, on, 'memory space and bus mastering can be switched on');
  disableDevice(fn);
  strictEqual(command() & switches, 0, 'memory space and bus mastering can be switched off');
  clock.advance(1_000_000_000);
  strictEqual(watch.doings, 0, 'a NIC that nobody has touched does nothing on the bus');
}

function answersWhileMemorySpaceIsOn(rig: NicRig): void {
  const { fn } = rig;
  const readAll = (): readonly number[] => rig.places().map(({ bar, offset }) => fn.read32(bar, offset));
  const answered = (): number => readAll().filter((value) => value !== 0xffff_ffff).length;
  strictEqual(answered(), 0, 'registers that answer while memory space is off');
  enableDevice(fn);
  notStrictEqual(answered(), 0, 'registers that answer while memory space is on');
  disableDevice(fn);
  strictEqual(answered(), 0, 'registers that answer once memory space is off again');
}

/** Cases about configuration space. */
export const CONFIG_CASES: readonly NicCase[] = [
  { name: 'says who it is: a network controller of somebody', run: saysWhoItIs },
  { name: 'keeps its identity, whatever the host writes', run: keepsItsIdentity },
  { name: 'reads alike in bytes, halves and words', run: readsAlikeInAnySize },
  { name: 'lets its BARs be sized and placed', run: sizesItsBars },
  { name: 'has a list of capabilities that ends', run: endsItsCapabilities },
  { name: 'is off at power-on, and can be switched on and off', run: isOffAtPowerOn },
  { name: 'answers in its BARs while memory space is on, and only then', run: answersWhileMemorySpaceIsOn },
];
