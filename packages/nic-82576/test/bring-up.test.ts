/* What an unmodified driver does to bring the chip up, in its order (nic-82576 reference §8), through a bus. */

import { describe, expect, it } from 'vitest';
import { CapabilityId, findCapability, HostBridge, MsixTable, sizeBars } from '@netcx/bus';
import { MILLISECOND, VirtualClock } from '@netcx/clock';
import { IdentityMap } from '@netcx/dma';
import { Link } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import { Nic82576, NicError } from '../src/index.ts';
import { PHY, REGISTERS } from '../src/registers/index.ts';
import { MAC, Machine } from './machine.ts';

const R = REGISTERS;

describe('the function', () => {
  const machine = new Machine();
  const fn = machine.slot.function;

  it('says what it is', () => {
    expect(fn.readConfig(0x00, 4)).toBe(0x10c9_8086);
    expect(fn.readConfig(0x08, 4)).toBe(0x0200_0001);
    expect(fn.readConfig(0x2c, 4)).toBe(0xa03c_8086);
    expect(fn.readConfig(0x3d, 1)).toBe(1);
  });

  it('has its capabilities where silicon has them', () => {
    const { powerManagement, msi, msix, pciExpress } = CapabilityId;
    expect([powerManagement, msi, msix, pciExpress].map((id) => findCapability(fn, id))).toEqual([
      0x40, 0x50, 0x70, 0xa0,
    ]);
    expect(fn.readConfig(0x70, 4)).toBe(0x0018_a011);
    expect([fn.readConfig(0x74, 4), fn.readConfig(0x78, 4)]).toEqual([0x0000_0003, 0x0000_2003]);
  });

  it('has its BARs', () => {
    const bars = sizeBars(fn).map(({ index, kind, size }) => [index, kind, size]);
    expect(bars).toEqual([
      [0, 'memory32', 0x2_0000],
      [2, 'io', 0x20],
      [3, 'memory32', 0x4000],
    ]);
  });

  it('has as many vectors as it is made with', () => {
    expect(new MsixTable(new Machine({ vectors: 10 }).slot).size).toBe(10);
    for (const vectors of [0, 26, 1.5]) {
      expect(() => new Machine({ vectors })).toThrow(expect.objectContaining({ code: 'VECTORS' }) as NicError);
    }
  });

  it('is reached indirectly through the I/O BAR', () => {
    fn.writeConfig(0x04, 2, fn.readConfig(0x04, 2) | 1);
    fn.write32(2, 0, 0x28);
    fn.write32(2, 4, 0x00c2_8001);
    expect([fn.read32(2, 0), fn.read32(2, 4), fn.read32(0, 0x28)]).toEqual([0x28, 0x00c2_8001, 0x00c2_8001]);
    for (const nowhere of [0x2_0000, 0x2a]) {
      fn.write32(2, 0, nowhere);
      fn.write32(2, 4, 1);
      expect(fn.read32(2, 4)).toBe(0);
    }
    expect([machine.nic.registers.undefinedReads, machine.nic.registers.undefinedWrites]).toEqual([0, 0]);
  });

  it('answers nothing until memory space is on', () => {
    const clock = new VirtualClock();
    const nic = new Nic82576({ clock, link: new Link(clock, { capacity: 65536 }).a, macAddress: MAC });
    const slot = new HostBridge(clock).attach(nic, { dma: new IdentityMap() });
    expect(slot.function.read32(0, 8)).toBe(0xffff_ffff);
  });
});

it('comes up as a driver brings it up', () => {
  const machine = new Machine();
  const { clock } = machine;
  const read = (register: Register, index = 0): number => machine.read(register, index);
  const write = (register: Register, value: number, index = 0): void => machine.write(register, value, index);
  const sw = 0x1;

  // 1, 2: what is it; stop bus mastering and see it stopped.
  expect(read(R.CTRL_EXT) & 0x00c0_0000).toBe(0);
  expect(read(R.STATUS)).toBe(0x8008_0481);
  expect(read(R.EECD) & 0x7800).toBe(0x1000);
  write(R.CTRL, read(R.CTRL) | 0x4);
  expect(read(R.STATUS) & 0x8_0000).toBe(0);

  // 3: mask, stop, reset; the EEPROM was read by then.
  write(R.IMC, 0xffff_ffff);
  write(R.RCTL, 0);
  write(R.TCTL, 0x8);
  write(R.CTRL, read(R.CTRL) | 0x0400_0000);
  expect(read(R.CTRL)).toBe(0x0010_0209);
  expect(read(R.EECD) & 0x200).toBe(0x200);
  write(R.IMC, 0xffff_ffff);
  expect(read(R.ICR)).toBe(0);

  // 4, 5: under the semaphores, the EEPROM's sum, the address, no alternate address.
  expect(read(R.SWSM) & 1).toBe(0);
  expect(read(R.SWSM) & 1).toBe(1); // taken
  write(R.SWSM, read(R.SWSM) | 2);
  expect(read(R.SWSM) & 2).toBe(2);
  write(R.SW_FW_SYNC, read(R.SW_FW_SYNC) | sw);
  write(R.SWSM, 0);
  expect(read(R.SWSM) & 3).toBe(0);
  write(R.SWSM, 0);
  const words = Array.from({ length: 64 }, (_, address) => {
    write(R.EERD, (address << 2) | 1);
    const value = read(R.EERD);
    expect(value & 2).toBe(2);
    return value >>> 16;
  });
  expect(words.reduce((sum, word) => (sum + word) & 0xffff)).toBe(0xbaba);
  expect(words.slice(0, 3)).toEqual([0x0002, 0x0000, 0x0100]);
  expect(words[0x37]).toBe(0xffff);
  write(R.SW_FW_SYNC, read(R.SW_FW_SYNC) & ~sw);
  expect(read(R.SW_FW_SYNC)).toBe(0);

  // 6: the PHY: who is it, reset, configured, negotiate.
  expect(((machine.readPhy(PHY.PHYID1) << 16) | machine.readPhy(PHY.PHYID2)) & ~0xf).toBe(0x02a8_0390);
  const control = read(R.CTRL) | 0x40;
  write(R.CTRL, (control | 0x8000_0000) >>> 0);
  clock.advance(MILLISECOND / 10);
  write(R.CTRL, control);
  expect(read(R.EEMNGCTL) & 0x4_0000).toBe(0x4_0000);
  for (const register of [PHY.PORT_CTRL, PHY.PORT_CONFIG, PHY.POWER_MGMT])
    machine.writePhy(register, machine.readPhy(register));
  machine.writePhy(PHY.ANAR, 0x0de1);
  machine.writePhy(PHY.GBCR, 0x0200);
  machine.writePhy(PHY.BMCR, machine.readPhy(PHY.BMCR) | 0x1200);

  // 7, 8: clear the tables and the statistics, claim the device.
  for (const register of [R.VFTA, R.MTA, R.UTA]) for (let n = 0; n < 128; n++) write(register, 0, n);
  for (let n = 1; n < 16; n++) for (const register of [R.RAL, R.RAH]) write(register, 0, n);
  for (let at = 0x4000; at <= 0x4138; at += 4) machine.slot.function.read32(0, at);
  write(R.CTRL_EXT, read(R.CTRL_EXT) | 0x1000_0000);

  // open(): rings, filters, vectors.
  write(R.RCTL, 0x0400_8002);
  for (const [register, value] of [
    [R.TDLEN, 4096],
    [R.TDBAL, 0x10_0000],
    [R.TDBAH, 0],
    [R.TDH, 0],
    [R.TDT, 0],
    [R.TXDCTL, 0x0200_0000],
  ] as const)
    write(register, value);
  for (let n = 0; n < 10; n++) write(R.RSSRK, 0x6d5a_56da, n);
  for (let n = 0; n < 32; n++) write(R.RETA, 0, n);
  write(R.RXCSUM, 0x2b00);
  write(R.MRQC, 0x0037_0002);
  write(R.RXDCTL, 0);
  for (const [register, value] of [
    [R.RDBAL, 0x11_0000],
    [R.RDBAH, 0],
    [R.RDLEN, 4096],
    [R.SRRCTL, 0x0200_0402],
    [R.RXDCTL, 0x0201_0000],
  ] as const)
    write(register, value);
  const counts = machine.countMessages();
  write(R.GPIE, 0xc000_0011);
  write(R.IVAR_MISC, 0x8000);
  write(R.IVAR, 0x8281);
  write(R.EIAC, 7);
  write(R.EIAM, 7);
  write(R.EIMS, 7);
  write(R.IMS, 0x5000_0004);
  write(R.ICS, 0x4);

  // The watchdog that the driver set off by ICS finds no link yet; 20 ms later the link's own change comes.
  clock.advance(0);
  expect(counts.slice(0, 3)).toEqual([1, 0, 0]);
  expect(read(R.ICR)).toBe(4);
  expect(read(R.STATUS) & 2).toBe(0);
  write(R.EIMS, 7);
  clock.advance(20 * MILLISECOND);
  expect(counts.slice(0, 3)).toEqual([2, 0, 0]);
  expect(read(R.ICR)).toBe(4);
  expect(machine.readPhy(PHY.BMSR) & 0x24).toBe(0x24);
  expect(read(R.STATUS)).toBe(0x8008_0483);
  expect(machine.nic.registers.undefinedWrites).toBe(0);
});
