/* Frames that the chip sends to itself: by RCTL.LBM inside the MAC, and by BMCR inside the PHY as a self-test does it. */

import { expect, it } from 'vitest';
import { DmaEnabler, type CommonBuffer } from '@netcx/dma';
import { i32 as memory, u8 as bytes } from '@netcx/dma/memory';
import {
  PHY,
  REGISTERS,
  RxReadDescriptor,
  RxWriteBack,
  TX_COMMAND,
  TxData,
  TxWriteBack,
} from '../src/registers/index.ts';
import { Machine } from './machine.ts';

const R = REGISTERS;
const DESCRIPTORS = 8;
const LENGTH = 100;
const { DTYP_DATA, EOP, IFCS, RS, DEXT } = TX_COMMAND;

/** A machine with one ring in each direction, a frame in memory and a buffer for it. */
function ready(): {
  machine: Machine;
  send: () => void;
  tx: CommonBuffer;
  rx: CommonBuffer;
  frame: CommonBuffer;
  buffer: CommonBuffer;
} {
  const machine = new Machine();
  const enabler = new DmaEnabler(machine.slot.dma, { addressWidth: 64, version: 3 });
  const [tx, rx, frame, buffer] = [128, 128, LENGTH, 2048].map((size) => enabler.allocateCommonBuffer(size)) as [
    CommonBuffer,
    CommonBuffer,
    CommonBuffer,
    CommonBuffer,
  ];
  for (let index = 0; index < LENGTH; index++) bytes[frame.offset + index] = index < 6 ? 0xff : index;
  RxReadDescriptor.packetAddress.set(memory, rx.offset >> 2, buffer.address);
  machine.write(R.RDBAL, rx.address);
  machine.write(R.RDLEN, DESCRIPTORS * 16);
  machine.write(R.SRRCTL, R.SRRCTL.DESCTYPE.set(2, 1));
  machine.write(R.RXDCTL, R.RXDCTL.ENABLE.mask);
  machine.write(R.RDT, 1);
  TxData.bufferAddress.set(memory, tx.offset >> 2, frame.address);
  TxData.command.set(memory, tx.offset >> 2, DTYP_DATA | EOP | IFCS | RS | DEXT | LENGTH);
  TxData.paylen.set(memory, tx.offset >> 2, LENGTH);
  machine.write(R.TDBAL, tx.address);
  machine.write(R.TDLEN, DESCRIPTORS * 16);
  machine.write(R.TXDCTL, R.TXDCTL.ENABLE.mask);
  machine.write(R.TCTL, R.TCTL.EN.mask | R.TCTL.PSP.mask);
  const send = (): void => machine.write(R.TDT, 1);
  return { machine, send, tx, rx, frame, buffer };
}

const RCTL = R.RCTL.EN.mask | R.RCTL.BAM.mask | R.RCTL.SECRC.mask;

it('RCTL.LBM brings a frame back without the wire, and without a link', () => {
  const { machine, send, tx, rx, frame, buffer } = ready();
  machine.link.b.enable(false);
  machine.write(R.RCTL, RCTL | R.RCTL.LBM.set(0, 1));
  send();
  machine.clock.run();
  expect(TxWriteBack.dd.get(memory, tx.offset >> 2)).toBe(1);
  expect(RxWriteBack.dd.get(memory, rx.offset >> 2)).toBe(1);
  expect(RxWriteBack.length.get(memory, rx.offset >> 2)).toBe(LENGTH);
  expect([...bytes.slice(buffer.offset, buffer.offset + LENGTH)]).toEqual([
    ...bytes.slice(frame.offset, frame.offset + LENGTH),
  ]);
  expect(machine.sink.frames).toBe(0);
});

it('PHY loopback brings a frame back as well', () => {
  const { machine, send, rx } = ready();
  machine.writePhy(PHY.BMCR, 0x4140);
  machine.write(R.CTRL, 0x1a41);
  machine.write(R.RCTL, RCTL);
  send();
  machine.clock.run();
  expect(RxWriteBack.dd.get(memory, rx.offset >> 2)).toBe(1);
  expect(machine.read(R.GPTC)).toBe(1);
  expect(machine.read(R.GPRC)).toBe(1);
});

it('otherwise the frame leaves, once there is a link', () => {
  const { machine, send, tx, rx } = ready();
  machine.write(R.RCTL, RCTL);
  send();
  machine.clock.run();
  expect([machine.sink.frames, TxWriteBack.dd.get(memory, tx.offset >> 2)]).toEqual([0, 0]); // no CTRL.SLU
  machine.linkUp();
  expect([machine.sink.frames, TxWriteBack.dd.get(memory, tx.offset >> 2)]).toEqual([1, 1]);
  expect(RxWriteBack.dd.get(memory, rx.offset >> 2)).toBe(0);
});
