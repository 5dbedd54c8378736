/*
 * What `ethtool -t eth0 offline` does with Linux's igb, and what `-d`, `-e` and `-S` read (nic-82576 reference §8): the five
 * parts of the self-test against the register interface, with the driver's own lists of registers, masks and waits.
 */

import { beforeEach, describe, expect, it } from 'vitest';
import { disableDevice } from '@netcx/bus';
import { DmaEnabler, type CommonBuffer } from '@netcx/dma';
import { u8 as host, i32 as memory } from '@netcx/dma/memory';
import type { Register } from '@netcx/layout';
import { CAPABILITY, REGISTERS, RxReadDescriptor, RxWriteBack, TX_COMMAND, TxData } from '../src/registers/index.ts';
import { LinuxAccesses } from './linux-accesses.ts';
import { MAC, Machine } from './machine.ts';
import { hex } from './traffic.ts';

const R = REGISTERS;
const ONES = 0xffff_ffff;

let machine: Machine;
let linux: LinuxAccesses;

beforeEach(() => {
  machine = new Machine();
  linux = new LinuxAccesses(machine);
  linux.reset();
  linux.setUpLink();
  linux.sleep(1000);
});

/** `count` registers, `stride` bytes apart: which bits are compared, which are written. */
type Pattern = readonly [first: number, stride: number, count: number, mask: number, written: number];

/** Registers of queues: the first four at their second address, the others where the driver finds them. */
const queues = (register: Register, mask: number, written: number): readonly Pattern[] => [
  [register.aliases[0]!.offset, 0x100, 4, mask, written],
  [register.at(4), 0x40, 12, mask, written],
];

const single = (register: Register, mask: number, written = mask): Pattern => [register.offset, 4, 1, mask, written];

// prettier-ignore
const PATTERNS: readonly Pattern[] = [
  single(R.FCAL, ONES), single(R.FCAH, 0xffff, ONES), single(R.FCT, 0xffff, ONES), single(R.VET, ONES),
  ...queues(R.RDBAL, 0xffff_ff80, ONES), ...queues(R.RDBAH, ONES, ONES), ...queues(R.RDLEN, 0xf_fff0, 0xf_ffff),
  single(R.FCRTH, 0xfff0), single(R.FCTTV, 0xffff), single(R.TIPG, 0x3fff_ffff),
  ...queues(R.TDBAL, 0xffff_ff80, ONES), ...queues(R.TDBAH, ONES, ONES), ...queues(R.TDLEN, 0xf_fff0, 0xf_ffff),
  [R.RAL.offset, 8, 16, ONES, ONES], [R.RAH.offset, 8, 16, 0x83ff_ffff, ONES],
  [R.RAL2.offset, 8, 8, ONES, ONES], [R.RAH2.offset, 8, 8, 0x83ff_ffff, ONES],
  [R.MTA.offset, 4, 128, ONES, ONES],
];

function expectPattern([first, stride, count, mask, written]: Pattern): void {
  for (let index = 0; index < count; index++) {
    const offset = first + index * stride;
    for (const pattern of [0x5a5a_5a5a, 0xa5a5_a5a5, 0, ONES]) {
      linux.writeAt(offset, pattern & written);
      expect((linux.readAt(offset) & mask) >>> 0, offset.toString(16)).toBe((pattern & written & mask) >>> 0);
    }
  }
}

describe('registers', () => {
  it('STATUS cannot be toggled', () => {
    const toggle = 0x7fff_f3ff;
    const before = linux.read(R.STATUS);
    linux.write(R.STATUS, toggle);
    expect(linux.read(R.STATUS) & toggle).toBe(before & toggle);
    linux.write(R.STATUS, before);
  });

  it('keep patterns in the bits that they have', () => {
    for (const pattern of PATTERNS) expectPattern(pattern);
    // The receive queues are enabled for the tails, and disabled again.
    for (let queue = 0; queue < 16; queue++) linux.write(R.RXDCTL, R.RXDCTL.ENABLE.mask, queue);
    for (const pattern of queues(R.RDT, 0xffff, 0xffff)) expectPattern(pattern);
    for (let queue = 0; queue < 16; queue++) linux.write(R.RXDCTL, 0, queue);
    machine.clock.run();
    expect(machine.nic.dma.masterAborts).toBe(0);
  });

  it.each([
    [R.RCTL, ONES, 0],
    [R.RCTL, 0x04cf_b0fe, 0x003f_fffb],
    [R.RCTL, 0x04cf_b0fe, ONES],
    [R.TCTL, ONES, 0],
  ])('$name can be set and read', (register, mask, value) => {
    const written = (value & mask) >>> 0;
    linux.write(register, written);
    expect((linux.read(register) & mask) >>> 0).toBe(written);
    machine.clock.run();
  });
});

it('the EEPROM sums to baba, and reads whole', () => {
  expect(linux.eepromSum()).toBe(0xbaba);
  const words = Array.from({ length: 256 }, (_, address) => linux.eeprom(address));
  expect(words.slice(0, 3)).toEqual([0x0002, 0x0000, 0x0100]);
});

describe('every cause of 77d4fbfd interrupts', () => {
  const causes = Array.from({ length: 31 }, (_, bit) => 2 ** bit).filter((cause) => (0x77d4_fbfd & cause) !== 0);
  let seen: number;

  /** Writes a mask register and ICS, waits, and says what the handler has read from ICR since. */
  function provoke(register: Register, mask: number, raised: number): number {
    seen = 0;
    linux.write(R.ICR, ONES);
    linux.write(register, mask);
    linux.write(R.ICS, raised);
    linux.read(R.STATUS);
    linux.sleep(10);
    return seen;
  }

  /** Alone: masked, enabled, and while all others are raised and masked. */
  function expectCauses(unshared: boolean): void {
    linux.write(R.IMC, ONES);
    linux.sleep(10);
    for (const cause of causes) {
      if (unshared) expect(provoke(R.IMC, cause, cause) & cause).toBe(0);
      expect(provoke(R.IMS, cause, cause) & cause).toBe(cause | 0);
      if (unshared) expect(provoke(R.IMC, ~cause, ~cause) & cause).toBe(0);
    }
    linux.write(R.IMC, ONES);
    linux.sleep(10);
  }

  const handler = (): void => {
    seen |= linux.read(R.ICR);
  };

  it('by MSI-X vector 0', () => {
    const counts = machine.countMessages();
    linux.write(R.IVAR_MISC, 0x8000);
    linux.write(R.EIMS, 1);
    const message = machine.slot.allocateMessage(handler);
    const fn = machine.slot.function;
    for (const [word, value] of [message.addressLow, message.addressHigh, message.data, 0].entries()) {
      fn.write32(3, word * 4, value);
    }
    expectCauses(false);
    expect(counts.every((count) => count === 0)).toBe(true);
  });

  it('by MSI', () => {
    const { function: fn } = machine.slot;
    const message = machine.slot.allocateMessage(handler);
    fn.writeConfig(CAPABILITY.MSI + 4, 4, message.addressLow);
    fn.writeConfig(CAPABILITY.MSI + 8, 4, message.addressHigh);
    fn.writeConfig(CAPABILITY.MSI + 12, 2, message.data);
    fn.writeConfig(CAPABILITY.MSI + 2, 2, 1);
    expectCauses(true);
  });

  it('by the pin', () => {
    machine.slot.connectIntx(handler);
    expectCauses(true);
  });
});

describe('loopback in the PHY', () => {
  const DESCRIPTORS = 256;
  const BYTES = 256;
  let rx: CommonBuffer;
  let tx: CommonBuffer;
  let buffers: CommonBuffer[];

  beforeEach(() => {
    const enabler = new DmaEnabler(machine.slot.dma, { addressWidth: 64, version: 3 });
    const allocate = (bytes: number): CommonBuffer => enabler.allocateCommonBuffer(bytes);
    [tx, rx] = [allocate(DESCRIPTORS * 16), allocate(DESCRIPTORS * 16)];
    buffers = Array.from({ length: DESCRIPTORS }, () => allocate(2048));
    linux.reset();
    linux.write(R.TXDCTL, 0);
    linux.write(R.TDLEN, DESCRIPTORS * 16);
    linux.write(R.TDBAL, tx.address);
    linux.write(R.TDH, 0);
    linux.write(R.TDT, 0);
    linux.write(R.TXDCTL, R.TXDCTL.ENABLE.mask | (1 << 16) | (1 << 8) | 8);
    linux.write(R.TCTL, R.TCTL.EN.mask | R.TCTL.PSP.mask);
    linux.write(R.MRQC, 0);
    linux.write(R.RCTL, R.RCTL.EN.mask | R.RCTL.BAM.mask | R.RCTL.SECRC.mask | R.RCTL.LPE.mask);
    linux.write(R.RXDCTL, 0);
    linux.write(R.RDBAL, rx.address);
    linux.write(R.RDLEN, DESCRIPTORS * 16);
    linux.write(R.SRRCTL, R.SRRCTL.DESCTYPE.set(2, 1));
    linux.write(R.RXDCTL, R.RXDCTL.ENABLE.mask | (4 << 16) | (8 << 8) | 8);
    for (let index = 0; index < DESCRIPTORS; index++) post(index);
    linux.write(R.RDT, DESCRIPTORS - 1);
    linux.mdi(0, 0x4140);
    linux.write(R.CTRL, linux.read(R.CTRL) | 0x1a41);
    linux.sleep(500);
  });

  function post(index: number): void {
    RxReadDescriptor.packetAddress.set(memory, (rx.offset >> 2) + index * 4, buffers[index]!.address);
    RxReadDescriptor.headerAddress.set(memory, (rx.offset >> 2) + index * 4, 0);
  }

  it('brings back 64 frames within 200 ms, ten times over', () => {
    const frame = new Uint8Array(BYTES).fill(0xff, 0, BYTES / 2).fill(0xaa, BYTES / 2);
    frame[BYTES / 2 + 10] = 0xbe;
    frame[BYTES / 2 + 12] = 0xaf;
    const source = new DmaEnabler(machine.slot.dma, { addressWidth: 64, version: 3 }).allocateCommonBuffer(BYTES);
    host.set(frame, source.offset);
    let sent = 0;
    let clean = 0;
    for (let round = 0; round < 10; round++) {
      for (let count = 0; count < 64; count++, sent++) {
        const at = (tx.offset >> 2) + (sent % DESCRIPTORS) * 4;
        TxData.bufferAddress.set(memory, at, source.address);
        TxData.command.set(memory, at, TX_COMMAND.DTYP_DATA | 0x2b00_0000 | BYTES);
        TxData.status.set(memory, at, BYTES << 14);
        linux.write(R.TDT, (sent + 1) % DESCRIPTORS);
      }
      linux.sleep(200);
      let good = 0;
      for (; RxWriteBack.dd.get(memory, (rx.offset >> 2) + (clean % DESCRIPTORS) * 4) === 1; clean++, good++) {
        const { offset } = buffers[clean % DESCRIPTORS]!;
        expect(hex(host.slice(offset, offset + BYTES))).toBe(hex(frame));
        post(clean % DESCRIPTORS);
      }
      expect(good).toBe(64);
      linux.write(R.RDT, (clean + DESCRIPTORS - 1) % DESCRIPTORS);
    }
    expect(machine.sink.frames).toBe(0);
    // The driver's way out of it.
    linux.mdi(0, linux.mdi(0) & ~0x4000);
    linux.mdi(0, linux.mdi(0) | 0x8000);
    linux.reset();
    linux.setUpLink();
    linux.sleep(1000);
    expect(linux.hasLink()).toBe(true);
  });
});

it('the link is up before the test and after it', () => {
  expect(linux.hasLink()).toBe(true);
  disableDevice(machine.slot.function);
  expect(machine.link.up).toBe(true);
});

describe('what is read', () => {
  // Offsets of the register dump, as first, stride, count.
  // prettier-ignore
  const DUMP: readonly (readonly [first: number, stride: number, count: number])[] = [
    ...[
      0x0, 0x8, 0x18, 0x20, 0x24, 0x34, 0x38, 0xe00, 0x1000, 0x1008, 0x1048, 0x104c, 0x10, 0x1520, 0x1524, 0x1528, 0x152c, 0x1530,
      0xc8, 0xd0, 0xd8, 0x4100, 0xe0, 0x5ac0, 0x28, 0x2c, 0x170, 0x2160, 0x2168, 0x2460, 0x100, 0x5000, 0x5004, 0x5008, 0x5818,
      0x581c, 0x400, 0x404, 0x410, 0x3590, 0x5800, 0x5808, 0x5810, 0x5838, 0x5900, 0x4200, 0x4208, 0x420c, 0x4218, 0x421c, 0x4220,
      0x4224, 0x3410, 0x3418, 0x3420, 0x3430,
    ].map((offset) => [offset, 0, 1] as const),
    ...[0x00, 0x04, 0x08, 0x0c, 0x10, 0x18, 0x28].flatMap((low) => [[0x2800 + low, 0x100, 4], [0xc100 + low, 0x40, 12]] as const),
    ...[0x00, 0x04, 0x08, 0x10, 0x18, 0x28, 0x38, 0x3c].flatMap((low) => [[0x3800 + low, 0x100, 4], [0xe100 + low, 0x40, 12]] as const),
    [0x3814, 0x100, 4], [0x5480, 4, 8], [0x1680, 4, 10], [0x5a80, 4, 8], [0x5aa0, 4, 8], [0x5400, 8, 16], [0x5404, 8, 16],
    [0x5840, 8, 4], [0x5880, 4, 4], [0x5a00, 4, 32], [0x9000, 8, 128], [0x9800, 8, 128], [0x5f00, 8, 4],
  ];

  it('by -d is all there, and nothing is lost by it but IAC', () => {
    linux.write(R.IMS, 0x4);
    linux.write(R.ICS, 0x84);
    const { registers } = machine.nic;
    const before = machine.nic.describe({ registers: ({ name }) => name !== 'IAC' });
    const strays = registers.undefinedReads;
    for (const [first, stride, count] of DUMP) {
      for (let index = 0; index < count; index++) linux.readAt(first + index * stride);
    }
    expect([registers.undefinedReads - strays, registers.lastUndefinedOffset]).toEqual([0, -1]);
    expect(machine.nic.describe({ registers: ({ name }) => name !== 'IAC' })).toBe(before);
    // It reads ICS and EICS for ICR and EICR, since that clears nothing.
    expect([linux.read(R.ICS), linux.read(R.ICR), linux.read(R.ICR)]).toEqual([0x8000_0084, 0x8000_0084, 0]);
  });

  it('by -S is all there', () => {
    const { registers } = machine.nic;
    for (let offset = 0x4000; offset <= 0x4138; offset += 4) {
      if (![0x4024, 0x4044, 0x4084, 0x4098, 0x409c, 0x4108, 0x410c, 0x4110, 0x4114, 0x411c, 0x4120].includes(offset)) {
        linux.readAt(offset);
      }
    }
    linux.readAt(0x4228);
    expect(registers.undefinedReads).toBe(0);
  });

  it('by -P is the address of the EEPROM', () => {
    const bytes = [0, 1, 2].flatMap((address) => [linux.eeprom(address) & 0xff, linux.eeprom(address) >>> 8]);
    expect(bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':')).toBe(MAC);
  });
});
