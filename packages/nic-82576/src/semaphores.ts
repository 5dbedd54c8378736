/*
 * The semaphores between drivers of the two ports and the firmware (nic-82576 reference §2). SWSM.SMBI is taken by
 * reading it: whoever reads 0 has it, and gives it back by writing 0. SW_FW_SYNC and the rest of SWSM just latch.
 */

import type { RegisterFile } from '@netcx/hardware';
import { REGISTERS } from './registers/index.ts';

const { SWSM } = REGISTERS;

/**
 * @param registers - the MAC's registers, whose SWSM tests and sets from now on
 */
export function installSemaphores(registers: RegisterFile): void {
  registers.onRead(SWSM, () => {
    const value = registers.get(SWSM);
    registers.set(SWSM, value | SWSM.SMBI.mask);
    return value;
  });
}
