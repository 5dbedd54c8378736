/*
 * A driver's hands, as Linux's igb uses them: accesses of whole registers by offset, the way to the PHY and the EEPROM
 * through their semaphores, and waits with a limit that are an error when they run out.
 */

import { MILLISECOND } from '@netcx/clock';
import type { Register } from '@netcx/layout';
import { REGISTERS } from '../src/registers/index.ts';
import type { Machine } from './machine.ts';

const R = REGISTERS;

/** What a driver does to the chip. */
export class LinuxAccesses {
  readonly machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  read(register: Register, index = 0): number {
    return this.machine.read(register, index);
  }

  write(register: Register, value: number, index = 0): void {
    this.machine.write(register, value >>> 0, index);
  }

  readAt(offset: number): number {
    return this.machine.slot.function.read32(0, offset);
  }

  writeAt(offset: number, value: number): void {
    this.machine.slot.function.write32(0, offset, value >>> 0);
  }

  sleep(milliseconds: number): void {
    this.machine.clock.advance(milliseconds * MILLISECOND);
  }

  /** Waits until bits of a register are as wanted, at most so many milliseconds. */
  wait(register: Register, mask: number, wanted: number, milliseconds: number): void {
    for (let waited = 0; (this.read(register) & mask) !== wanted; waited++) {
      if (waited === milliseconds)
        throw new Error(`${register.name} never had ${wanted.toString(16)} in ${mask.toString(16)}`);
      this.sleep(1);
    }
  }

  /** The software semaphore, then the one that firmware shares, then the bit of what is wanted. */
  acquire(resource: number): void {
    this.wait(R.SWSM, R.SWSM.SMBI.mask, 0, 10);
    this.write(R.SWSM, this.read(R.SWSM) | R.SWSM.SWESMBI.mask);
    if ((this.read(R.SWSM) & R.SWSM.SWESMBI.mask) === 0) throw new Error('the firmware holds the semaphore');
    const owners = this.read(R.SW_FW_SYNC);
    if ((owners & (resource | (resource << 16))) !== 0) throw new Error(`resource ${String(resource)} is taken`);
    this.write(R.SW_FW_SYNC, owners | resource);
    this.#releaseSemaphore();
  }

  release(resource: number): void {
    this.wait(R.SWSM, R.SWSM.SMBI.mask, 0, 10);
    this.write(R.SWSM, this.read(R.SWSM) | R.SWSM.SWESMBI.mask);
    this.write(R.SW_FW_SYNC, this.read(R.SW_FW_SYNC) & ~resource);
    this.#releaseSemaphore();
  }

  #releaseSemaphore(): void {
    this.write(R.SWSM, this.read(R.SWSM) & ~(R.SWSM.SMBI.mask | R.SWSM.SWESMBI.mask));
  }

  /** A PHY register. */
  mdi(number: number, value?: number): number {
    this.acquire(2);
    const operation = value === undefined ? 0x0800_0000 : 0x0400_0000 | value;
    this.write(R.MDIC, (1 << 21) | (number << 16) | operation);
    this.wait(R.MDIC, R.MDIC.READY.mask, R.MDIC.READY.mask, 1);
    const answer = this.read(R.MDIC);
    this.release(2);
    if ((answer & R.MDIC.ERROR.mask) !== 0) throw new Error(`PHY register ${String(number)}: error`);
    return answer & 0xffff;
  }

  /** A word of the EEPROM. */
  eeprom(address: number): number {
    this.acquire(1);
    this.write(R.EERD, (address << 2) | 1);
    this.wait(R.EERD, R.EERD.DONE.mask, R.EERD.DONE.mask, 1);
    const word = this.read(R.EERD) >>> 16;
    this.release(1);
    return word;
  }

  eepromSum(): number {
    let sum = 0;
    for (let address = 0; address < 64; address++) sum += this.eeprom(address);
    return sum & 0xffff;
  }

  /** What the driver does before it configures anything. */
  reset(): void {
    this.write(R.CTRL, this.read(R.CTRL) | R.CTRL.GIO_MASTER_DISABLE.mask);
    this.wait(R.STATUS, R.STATUS.GIO_MASTER_ENABLE.mask, 0, 80);
    this.write(R.IMC, 0xffff_ffff);
    this.write(R.RCTL, 0);
    this.write(R.TCTL, R.TCTL.PSP.mask);
    this.sleep(10);
    this.write(R.CTRL, this.read(R.CTRL) | R.CTRL.RST.mask);
    this.wait(R.EECD, R.EECD.AUTO_RD.mask, R.EECD.AUTO_RD.mask, 10);
    this.write(R.IMC, 0xffff_ffff);
    this.read(R.ICR);
  }

  /** Sets the link up and gets the PHY to negotiate everything. */
  setUpLink(): void {
    this.write(R.CTRL, (this.read(R.CTRL) | R.CTRL.SLU.mask) & ~(R.CTRL.FRCSPD.mask | R.CTRL.FRCDPX.mask));
    const control = this.read(R.CTRL);
    this.write(R.CTRL, control | R.CTRL.PHY_RST.mask);
    this.sleep(1);
    this.write(R.CTRL, control);
    this.sleep(1);
    this.wait(R.EEMNGCTL, R.EEMNGCTL.CFG_DONE_0.mask, R.EEMNGCTL.CFG_DONE_0.mask, 100);
    this.mdi(25, this.mdi(25) & ~0x6); // no low-power link
    this.mdi(16, this.mdi(16) & ~0x80); // no smart speed
    this.mdi(18, (this.mdi(18) & ~0x2000) | 0x1000); // MDI-X by itself
    this.mdi(4, this.mdi(4) | 0xde0);
    this.mdi(9, this.mdi(9) | 0x200);
    this.mdi(0, this.mdi(0) | 0x1200);
  }

  /** Whether there is a link; BMSR is read twice, since it remembers a loss. */
  hasLink(): boolean {
    this.mdi(1);
    return (this.mdi(1) & 0x24) === 0x24 && (this.read(R.STATUS) & R.STATUS.LU.mask) !== 0;
  }
}
