/*
 * The PHY's registers (nic-82576 reference §7): 16 bits each, reached one at a time through MDIC. They are declared as a
 * register table of their own, in which register n stands at byte 4n, so that fields, access modes and dumps work as they
 * do for the MAC's registers; `phyNumber` gives the number back for MDIC.REGADD.
 */

import { defineRegisters, register, type Register } from '@netcx/layout';

const mdi = (number: number): number => number * 4;

/** The address at which the PHY answers. */
export const PHY_ADDRESS = 1;
/** What PHYID1 and PHYID2 say together once the revision in the low nibble is masked. */
export const PHY_IDENTIFIER = 0x02a8_0390;
/** Values of MDIC.OP. */
export const MDI_OPERATION = { WRITE: 1, READ: 2 } as const;

/** The PHY's register table. */
// prettier-ignore
export const PHY = defineRegisters({
  BMCR:        register(mdi(0),  'rw', 0x1140, 'Control', {
    SPEED_1000: 6, DUPLEX: 8, RESTART_AN: [9, 9, 'sc'], POWER_DOWN: 11, AN_ENABLE: 12, SPEED_100: 13, LOOPBACK: 14, RESET: [15, 15, 'sc'],
  }, { writable: 0xffff }),
  BMSR:        register(mdi(1),  'ro', 0x7949, 'Status', { LINK: 2, AN_COMPLETE: 5 }), // LINK stays 0 until read once after a loss
  PHYID1:      register(mdi(2),  'ro', 0x02a8, 'Identifier 1'),
  PHYID2:      register(mdi(3),  'ro', 0x0391, 'Identifier 2'),
  ANAR:        register(mdi(4),  'rw', 0x0de1, 'Autonegotiation Advertisement', {
    T10_HALF: 5, T10_FULL: 6, TX100_HALF: 7, TX100_FULL: 8, PAUSE: 10, ASM_DIR: 11,
  }, { writable: 0xffff }),
  ANLPAR:      register(mdi(5),  'ro', 0x0000, 'Autonegotiation Link Partner Ability'),
  ANER:        register(mdi(6),  'ro', 0x0000, 'Autonegotiation Expansion', { LP_AN_ABLE: 0 }),
  ANNPTR:      register(mdi(7),  'rw', 0x2001, 'Autonegotiation Next Page Transmit', {}, { writable: 0xffff }),
  GBCR:        register(mdi(9),  'rw', 0x0e00, '1000BASE-T Control', { T1000_HALF: 8, T1000_FULL: 9, MS_MASTER: 11, MS_ENABLE: 12 }, { writable: 0xffff }),
  GBSR:        register(mdi(10), 'ro', 0x0000, '1000BASE-T Status', { LP_1000_HALF: 10, LP_1000_FULL: 11, REMOTE_OK: 12, LOCAL_OK: 13, MASTER: 14, MS_FAULT: 15 }),
  ESTATUS:     register(mdi(15), 'ro', 0x3000, 'Extended Status'),
  PORT_CONFIG: register(mdi(16), 'rw', 0x0120, 'Port Configuration', {}, { writable: 0xffff }),
  PORT_STATUS: register(mdi(17), 'ro', 0x0000, 'Port Status', { MDIX: 11, SPEED: [15, 14] }),
  PORT_CTRL:   register(mdi(18), 'rw', 0x0000, 'Port Control', { AUTO_MDIX: 12, FORCE_MDI_MDIX: 13 }, { writable: 0xffff }),
  LINK_HEALTH: register(mdi(19), 'ro', 0x0000, 'Link Health'),
  POWER_MGMT:  register(mdi(25), 'rw', 0x008d, 'Power Management', {}, { writable: 0xffff }),
  PAGE_SELECT: register(mdi(31), 'rw', 0x0000, 'Page Select', {}, { writable: 0xffff }),
});

/**
 * @param phyRegister - a register of {@link PHY}
 * @returns its number, for MDIC.REGADD
 */
export const phyNumber = (phyRegister: Pick<Register, 'offset'>): number => phyRegister.offset / 4;
