/*
 * The chip's resets: what each one puts back (nic-82576 reference §2). None of them takes time; drivers wait anyway.
 * CTRL.RST keeps the packet buffers' sizes, as silicon does, and the intervals of EITR, as QEMU does, and leaves the PHY
 * and its link alone; CTRL.PHY_RST is the PHY's own affair.
 */

import type { RegisterFile, ResetKind } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import { REGISTERS } from './registers/index.ts';

const { EITR, IP4AT, IP6AT, IPAV, PBS, RXDCTL, RXPBS, TXDCTL, TXPBS, WUC, WUFC, WUPL, WUPM, WUS } = REGISTERS;

/** What woke the host outlives the reset that waking is, and a reset by the driver. */
const WAKE = [WUC, WUFC, WUS, WUPL, WUPM, IPAV, IP4AT, IP6AT];

/** Who resets the chip: power, the host in one of three ways, or the driver by CTRL.RST. */
export type NicReset = 'powerOn' | ResetKind | 'device';

/** What a reset does besides putting the registers back. */
export interface ResetScope {
  /** Registers that keep their value. */
  readonly keeps: readonly Register[];
  /** Whether the PHY is reset too, which takes the link down. */
  readonly phy: boolean;
}

/** What each reset does. */
// prettier-ignore
export const RESETS: Readonly<Record<NicReset, ResetScope>> = {
  powerOn:  { keeps: [],                                   phy: true },
  bus:      { keeps: [],                                   phy: true },
  function: { keeps: [],                                   phy: false },
  power:    { keeps: WAKE,                                 phy: false }, // from D3 to D0
  device:   { keeps: [PBS, RXPBS, TXPBS, EITR, ...WAKE], phy: false }, // CTRL.RST
};

/**
 * Gives registers their values after reset. Of the queues only number 0 comes up enabled.
 *
 * @param registers - the MAC's registers
 * @param scope - which reset
 */
export function resetRegisters(registers: RegisterFile, scope: ResetScope): void {
  registers.reset((register) => scope.keeps.includes(register));
  registers.set(RXDCTL, RXDCTL.ENABLE.set(RXDCTL.reset, 1), 0);
  registers.set(TXDCTL, TXDCTL.ENABLE.set(TXDCTL.reset, 1), 0);
}
