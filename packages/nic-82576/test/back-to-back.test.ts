/* Two chips at the ends of one cable, a fast sender and a slow receiver: with flow control nothing is lost. */

import { afterEach, beforeEach, expect, it } from 'vitest';
import { enableDevice, HostBridge } from '@netcx/bus';
import { VirtualClock } from '@netcx/clock';
import { DmaEnabler, IdentityMap, type CommonBuffer } from '@netcx/dma';
import { i32 as memory } from '@netcx/dma/memory';
import { Link } from '@netcx/hardware';
import { Nic82576 } from '../src/index.ts';
import { REGISTERS, RxReadDescriptor, TX_COMMAND, TxData } from '../src/registers/index.ts';

const R = REGISTERS;
const DESCRIPTORS = 256;
const FRAME = 1500;
const { DTYP_DATA, EOP, IFCS, RS, DEXT } = TX_COMMAND;
const BOTH_WAYS = R.CTRL.RFCE.mask | R.CTRL.TFCE.mask;

let clock: VirtualClock;
let link: Link;
let sender: Chip;
let receiver: Chip;

/** One of the two, with a ring in each direction. */
class Chip {
  readonly nic: Nic82576;
  readonly ring: CommonBuffer;
  readonly buffers: CommonBuffer;
  readonly write: (register: (typeof R)[keyof typeof R], value: number) => void;
  readonly read: (register: (typeof R)[keyof typeof R]) => number;

  constructor(end: Link['a'], number: number, flowControl: number) {
    const dma = new IdentityMap();
    const enabler = new DmaEnabler(dma, { addressWidth: 64, version: 3 });
    this.nic = new Nic82576({ clock, link: end, macAddress: `02:00:00:00:00:0${String(number)}` });
    this.ring = enabler.allocateCommonBuffer(DESCRIPTORS * 16);
    this.buffers = enabler.allocateCommonBuffer(DESCRIPTORS * 2048);
    const { function: fn } = new HostBridge(clock).attach(this.nic, { dma });
    this.write = (register, value) => fn.write32(0, register.offset, value);
    this.read = (register) => fn.read32(0, register.offset);
    enableDevice(fn);
    this.write(R.CTRL, R.CTRL.reset | R.CTRL.SLU.mask | flowControl);
    this.write(R.FCAL, 0x00c2_8001);
    this.write(R.FCAH, 0x0100);
    this.write(R.FCT, 0x8808);
    this.write(R.FCTTV, 0xffff);
    this.write(R.FCRTH, 48 * 1024);
    this.write(R.FCRTL, 16 * 1024 + R.FCRTL.XONE.mask);
  }
}

/** Makes both chips, the one ready to send broadcasts, the other to receive them. */
function start(flowControl: number): void {
  sender = new Chip(link.a, 1, flowControl);
  receiver = new Chip(link.b, 2, flowControl);
  clock.run();
  memory.fill(-1, sender.buffers.offset >> 2, (sender.buffers.offset + FRAME) >> 2);
  for (let index = 0; index < DESCRIPTORS; index++) {
    const d = (sender.ring.offset >> 2) + index * 4;
    TxData.bufferAddress.set(memory, d, sender.buffers.address);
    TxData.command.set(memory, d, DTYP_DATA | EOP | IFCS | RS | DEXT | FRAME);
    TxData.paylen.set(memory, d, FRAME);
  }
  sender.write(R.TDBAL, sender.ring.address);
  sender.write(R.TDLEN, DESCRIPTORS * 16);
  sender.write(R.TXDCTL, R.TXDCTL.ENABLE.mask);
  sender.write(R.TCTL, R.TCTL.EN.mask);
  sender.write(R.RCTL, R.RCTL.EN.mask); // a receiver that is off hears no PAUSE frames
  receiver.write(R.RDBAL, receiver.ring.address);
  receiver.write(R.RDLEN, DESCRIPTORS * 16);
  receiver.write(R.SRRCTL, R.SRRCTL.DESCTYPE.set(2, 1));
  receiver.write(R.RXDCTL, R.RXDCTL.ENABLE.mask);
  receiver.write(R.RCTL, R.RCTL.EN.mask | R.RCTL.SECRC.mask | R.RCTL.BAM.mask);
}

/** The sender has always something to send; the receiver takes a few frames a millisecond. Frames sent and received. */
function run(milliseconds: number, perMillisecond: number): { sent: number; received: number } {
  let sent = 0;
  let received = 0;
  let posted = 0;
  for (let step = 0; step < milliseconds; step++) {
    const done = sender.read(R.TDH);
    sent += (done - (sent % DESCRIPTORS) + DESCRIPTORS) % DESCRIPTORS;
    sender.write(R.TDT, (done + DESCRIPTORS - 1) % DESCRIPTORS);
    for (let count = 0; count < perMillisecond; count++, posted++) {
      const index = posted % DESCRIPTORS;
      const d = (receiver.ring.offset >> 2) + index * 4;
      RxReadDescriptor.packetAddress.set(memory, d, receiver.buffers.address + index * 2048);
      RxReadDescriptor.headerAddress.set(memory, d, 0);
    }
    receiver.write(R.RDT, posted % DESCRIPTORS);
    clock.advance(1_000_000);
    received += (receiver.read(R.RDH) - (received % DESCRIPTORS) + DESCRIPTORS) % DESCRIPTORS;
  }
  return { sent, received };
}

beforeEach(() => {
  clock = new VirtualClock();
  link = new Link(clock);
});
afterEach(() => {
  sender.nic.close();
  receiver.nic.close();
  link.close();
});

it('with PAUSE frames the sender is held up, and nothing is missed', () => {
  start(BOTH_WAYS);
  const { sent, received } = run(400, 5);
  expect([receiver.read(R.MPC), receiver.read(R.RQDPC)]).toEqual([0, 0]);
  expect(received).toBe(400 * 5);
  expect(sent - received).toBeLessThan(1000); // what is on the wire and in the packet buffer
  expect(receiver.read(R.XOFFTXC)).toBeGreaterThan(3);
  expect(receiver.read(R.XONTXC)).toBeGreaterThan(0);
  expect([sender.read(R.XOFFRXC) > 3, sender.read(R.XONRXC) > 0]).toEqual([true, true]);
});

it('without them most is missed', () => {
  start(0);
  const { received } = run(400, 5);
  expect(received).toBe(400 * 5);
  expect(receiver.read(R.MPC)).toBeGreaterThan(10_000);
});
