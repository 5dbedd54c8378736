/*
 * From loading a driver to the first frames, in the order in which Linux's igb and iPXE touch the chip (nic-82576 reference
 * §8): every wait ends, every read gives what the driver needs to go on.
 */

import { describe, expect, it } from 'vitest';
import { MsixTable } from '@netcx/bus';
import { DmaEnabler } from '@netcx/dma';
import { i32 as memory, u8 as host } from '@netcx/dma/memory';
import { REGISTERS, RxReadDescriptor, RxWriteBack, TX_COMMAND, TxData, TxWriteBack } from '../src/registers/index.ts';
import { LinuxAccesses } from './linux-accesses.ts';
import { Machine } from './machine.ts';
import { frame, hex, Partner } from './traffic.ts';

const R = REGISTERS;
const ONES = 0xffff_ffff;
const DESCRIPTORS = 256;

/** What the driver learns before it resets anything. */
function identify(linux: LinuxAccesses): void {
  expect(linux.read(R.CTRL_EXT) & 0x00c0_0000).toBe(0); // copper
  expect(linux.read(R.STATUS) & 0xc).toBe(0); // the first port
  expect(2 ** (((linux.read(R.EECD) >>> 11) & 0xf) + 6)).toBe(256); // words
  expect(linux.read(R.EECD) & R.EECD.PRES.mask).not.toBe(0);
}

/** The rest of probe. */
function probe(linux: LinuxAccesses): void {
  identify(linux);
  linux.mdi(0); // the PHY answers before the reset too
  linux.reset();
  expect(linux.eepromSum()).toBe(0xbaba);
  expect(linux.eeprom(0x37)).toBe(0xffff); // no alternate address
  expect([linux.read(R.RAL), linux.read(R.RAH)]).toEqual([0x0000_0002, 0x8000_0100]);
  expect(((linux.mdi(2) << 16) | linux.mdi(3)) & ~0xf).toBe(0x02a8_0390);
  for (let index = 0; index < 128; index++) {
    linux.write(R.VFTA, 0, index);
    linux.write(R.MTA, 0, index);
    linux.write(R.UTA, 0, index);
  }
  for (let index = 1; index < 16; index++) {
    linux.write(R.RAL, 0, index);
    linux.write(R.RAH, 0, index);
  }
  linux.setUpLink();
  linux.write(R.FCT, 0x8808);
  linux.write(R.FCAH, 0x0100);
  linux.write(R.FCAL, 0x00c2_8001);
  linux.write(R.FCTTV, 0xffff);
  for (let offset = 0x4000; offset <= 0x4138; offset += 4) linux.readAt(offset);
  expect(linux.read(R.MANC)).toBe(0);
  linux.write(R.CTRL_EXT, linux.read(R.CTRL_EXT) | R.CTRL_EXT.DRV_LOAD.mask);
  // PCI Express: completion timeout by the second control register, since GCR says that there is one.
  expect(linux.read(R.GCR) & R.GCR.CAP_VER2.mask).not.toBe(0);
  linux.machine.slot.function.writeConfig(0xa0 + 0x28, 2, 0x5);
  expect(linux.machine.slot.function.readConfig(0xa0 + 0x28, 2)).toBe(0x5);
}

describe('Linux', () => {
  it('probes, opens, sees the link and passes frames both ways', () => {
    const machine = new Machine();
    const partner = new Partner(machine.link.b);
    const linux = new LinuxAccesses(machine);
    const enabler = new DmaEnabler(machine.slot.dma, { addressWidth: 64, version: 3 });
    const allocate = (bytes: number): ReturnType<typeof enabler.allocateCommonBuffer> =>
      enabler.allocateCommonBuffer(bytes);
    probe(linux);
    const log: string[] = [];
    const table = new MsixTable(machine.slot);
    table.connect(0, () => {
      log.push(`other ${linux.read(R.ICR).toString(16)}`);
      linux.write(R.EIMS, 1);
    });
    table.connect(1, () => log.push('rx'));
    table.connect(2, () => log.push('tx'));
    table.enable();

    // Open: rings, vectors, interrupts.
    const [tx, rx] = [allocate(DESCRIPTORS * 16), allocate(DESCRIPTORS * 16)];
    for (const [base, address] of [
      [R.TDBAL, tx.address],
      [R.RDBAL, rx.address],
    ] as const)
      linux.write(base, address);
    linux.write(R.RCTL, 0x0400_8022); // enabled, broadcast, long packets, check sequence stripped
    linux.write(R.TDLEN, DESCRIPTORS * 16);
    linux.write(R.TXDCTL, R.TXDCTL.ENABLE.mask | 0x0010_0108);
    linux.write(R.TCTL, linux.read(R.TCTL) | R.TCTL.EN.mask);
    for (let word = 0; word < 10; word++) linux.write(R.RSSRK, 0x6d5a_56da, word);
    for (let word = 0; word < 32; word++) linux.write(R.RETA, 0, word);
    linux.write(R.RXCSUM, R.RXCSUM.PCSD.mask | 0x300);
    linux.write(R.RDLEN, DESCRIPTORS * 16);
    linux.write(R.SRRCTL, 0x0200_0402);
    linux.write(R.RXDCTL, R.RXDCTL.ENABLE.mask | 0x0004_0808);
    const buffers = Array.from({ length: DESCRIPTORS }, () => allocate(2048));
    for (const [index, buffer] of buffers.entries()) {
      RxReadDescriptor.packetAddress.set(memory, (rx.offset >> 2) + index * 4, buffer.address);
      RxReadDescriptor.headerAddress.set(memory, (rx.offset >> 2) + index * 4, 0);
    }
    linux.write(R.RDT, DESCRIPTORS - 1);
    linux.write(R.GPIE, 0xc000_0011); // one vector a cause, EIAME, pending bits, NSICR
    linux.write(R.IVAR_MISC, 0x8000);
    linux.write(R.IVAR, 0x8281);
    linux.read(R.ICR);
    linux.write(R.EIAC, linux.read(R.EIAC) | 0x7);
    linux.write(R.EIAM, linux.read(R.EIAM) | 0x7);
    linux.write(R.EIMS, 0x7);
    linux.write(R.IMS, 0x5000_0004);
    linux.write(R.ICS, 0x4);
    linux.sleep(1);
    expect(log.splice(0)).toEqual(['other 4']);

    // The link comes: an interrupt, and what the watchdog looks at.
    linux.sleep(3000);
    expect(log.splice(0)).toEqual(['other 4']);
    expect(linux.hasLink()).toBe(true);
    expect(linux.read(R.STATUS) & 0xc3).toBe(0x83);
    expect(linux.mdi(10) & 0x3000).toBe(0x3000); // both receivers

    partner.send([frame(98, 1)]);
    linux.sleep(1);
    expect(log.splice(0)).toEqual(['rx']);
    expect(linux.read(R.EIMS)).toBe(0x5); // masked by itself while the driver polls
    expect(RxWriteBack.dd.get(memory, rx.offset >> 2)).toBe(1);
    expect(RxWriteBack.length.get(memory, rx.offset >> 2)).toBe(98);
    expect(hex(host.slice(buffers[0]!.offset, buffers[0]!.offset + 98))).toBe(hex(frame(98, 1)));
    linux.write(R.EIMS, 0x2);

    const data = allocate(98);
    host.set(frame(98, 2), data.offset);
    TxData.bufferAddress.set(memory, tx.offset >> 2, data.address);
    TxData.command.set(memory, tx.offset >> 2, TX_COMMAND.DTYP_DATA | 0x2b00_0000 | 98);
    TxData.status.set(memory, tx.offset >> 2, 98 << 14);
    linux.write(R.TDT, 1);
    linux.sleep(1);
    expect(partner.frames).toEqual([hex(frame(98, 2))]);
    expect(TxWriteBack.dd.get(memory, tx.offset >> 2)).toBe(1);
    expect(log.splice(0)).toEqual(['tx']);

    // The watchdog kicks every ring.
    linux.write(R.EIMS, 0x7);
    linux.write(R.EICS, 0x6);
    linux.sleep(1);
    expect(log.splice(0).sort()).toEqual(['rx', 'tx']);
    // Down: queues off, interrupts off, reset, and once more from the beginning.
    linux.write(R.RCTL, linux.read(R.RCTL) & ~R.RCTL.EN.mask);
    linux.write(R.EIMC, ONES);
    linux.write(R.EIAC, 0);
    linux.write(R.EIAM, 0);
    linux.write(R.IMC, ONES);
    probe(linux);
    linux.sleep(1000);
    expect(linux.hasLink()).toBe(true);
    expect(log).toEqual([]);
    machine.nic.close();
    machine.link.close();
  });
});

describe('iPXE', () => {
  it('resets, sets the link up, never negotiates, and polls ICR', () => {
    const machine = new Machine();
    const linux = new LinuxAccesses(machine);
    linux.sleep(100); // firmware came first: the PHY has its link already
    identify(linux);
    linux.reset();
    linux.write(R.CTRL, linux.read(R.CTRL) | R.CTRL.SLU.mask | R.CTRL.FD.mask);
    linux.sleep(20);
    expect(linux.read(R.STATUS) & 0x3).toBe(0x3);
    expect(linux.read(R.ICR) & 0x4).toBe(0x4);
    expect(linux.read(R.ICR)).toBe(0);
  });
});
