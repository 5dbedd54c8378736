/*
 * The PHY, reached through MDIC (nic-82576 reference §7): identification, reset, and autonegotiation. QEMU's chip comes up
 * with its link down and waits for a driver to restart autonegotiation, so this driver always does.
 */

import { MICROSECOND, MILLISECOND } from '@netcx/clock';
import { MDI_OPERATION, PHY, PHY_ADDRESS, PHY_IDENTIFIER, phyNumber, REGISTERS } from '@netcx/nic-82576/registers';
import type { Device } from './device.ts';
import { DriverError } from './driver-error.ts';

const { CTRL, EEMNGCTL, MDIC } = REGISTERS;
const { ANAR, BMCR, GBCR, PHYID1, PHYID2 } = PHY;
/** The low nibble of the identifier is the PHY's revision. */
const REVISION = 0xf;

type PhyRegister = Pick<typeof BMCR, 'offset'>;

async function transfer(device: Device, command: number): Promise<number> {
  device.write(MDIC, command);
  await device.until('the PHY', 2 * MILLISECOND, () => MDIC.READY.get(device.read(MDIC)) === 1);
  const result = device.read(MDIC);
  if (MDIC.ERROR.get(result) === 1)
    throw new DriverError('PHY_ERROR', `${device.name}: MDIC answers ${result.toString(16)}`);
  return MDIC.DATA.get(result);
}

const command = (operation: number, register: PhyRegister): number =>
  MDIC.OP.set(0, operation) | MDIC.PHYADD.set(0, PHY_ADDRESS) | MDIC.REGADD.set(0, phyNumber(register));

/**
 * Asks for what `answerOf` will have, a little later on most chips: for who cannot wait in between.
 *
 * @param device - the device, whose PHY is asked nothing else meanwhile
 * @param register - a register of the PHY
 */
export function askPhy(device: Device, register: PhyRegister): void {
  device.write(MDIC, command(MDI_OPERATION.READ, register));
}

/**
 * @param device - the device, after `askPhy`
 * @returns the register's 16 bits; `undefined` while they are not there, or when the PHY failed
 */
export function answerOf(device: Device): number | undefined {
  const result = device.read(MDIC);
  const good = MDIC.READY.get(result) === 1 && MDIC.ERROR.get(result) === 0;
  return good ? MDIC.DATA.get(result) : undefined;
}

/**
 * @param device - the device
 * @param register - a register of the PHY
 * @returns its 16 bits
 * @throws DriverError `PHY_ERROR` or `TIMEOUT`
 */
const readPhy = (device: Device, register: PhyRegister): Promise<number> =>
  transfer(device, command(MDI_OPERATION.READ, register));

/**
 * @param device - the device
 * @param register - a register of the PHY
 * @param value - 16 bits
 * @throws DriverError `PHY_ERROR` or `TIMEOUT`
 */
async function writePhy(device: Device, register: PhyRegister, value: number): Promise<void> {
  await transfer(device, command(MDI_OPERATION.WRITE, register) | value);
}

/**
 * Resets the PHY, checks that it is the one that this driver knows, and restarts autonegotiation of 10, 100 and 1000
 * Mbit/s. The link comes up later, by an interrupt.
 *
 * @param device - the device, after reset
 * @param pause - what is offered of flow control, bits of ANAR
 * @throws DriverError `PHY_UNKNOWN`, `PHY_ERROR` or `TIMEOUT`
 */
export async function startPhy(device: Device, pause: number): Promise<void> {
  const identifier = (await readPhy(device, PHYID1)) * 0x1_0000 + ((await readPhy(device, PHYID2)) & ~REVISION);
  if (identifier !== PHY_IDENTIFIER) {
    throw new DriverError(
      'PHY_UNKNOWN',
      `${device.name}: PHY ${identifier.toString(16)}; expected ${PHY_IDENTIFIER.toString(16)}`,
    );
  }
  const control = device.read(CTRL) | CTRL.SLU.mask;
  device.write(CTRL, control | CTRL.PHY_RST.mask);
  await device.clock.delay(100 * MICROSECOND);
  device.write(CTRL, control & ~CTRL.PHY_RST.mask);
  // QEMU's chip never says so (reference §2, EEMNGCTL): like Linux, wait a while and go on.
  await device.settle(100 * MILLISECOND, () => EEMNGCTL.CFG_DONE_0.get(device.read(EEMNGCTL)) === 1);
  await writePhy(device, ANAR, (ANAR.reset & ~(ANAR.PAUSE.mask | ANAR.ASM_DIR.mask)) | pause);
  await writePhy(device, GBCR, GBCR.T1000_FULL.mask);
  await writePhy(device, BMCR, (await readPhy(device, BMCR)) | BMCR.AN_ENABLE.mask | BMCR.RESTART_AN.mask);
}
