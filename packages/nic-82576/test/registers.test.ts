import { describe, expect, it } from 'vitest';
import type { Register } from '@netcx/layout';
import { BAR, EEPROM_WORDS, PHY, PHY_IDENTIFIER, REGISTERS, phyNumber } from '../src/registers/index.ts';
import { FILTERS } from '../src/registers/filters.ts';
import { GENERAL } from '../src/registers/general.ts';
import { INERT } from '../src/registers/inert.ts';
import { INTERRUPTS } from '../src/registers/interrupts.ts';
import { RECEIVE } from '../src/registers/receive.ts';
import { STATISTICS } from '../src/registers/statistics.ts';
import { TIME_SYNC } from '../src/registers/time-sync.ts';
import { TRANSMIT } from '../src/registers/transmit.ts';

const table = Object.values(REGISTERS) as readonly Register[];

/** Offset and reset value of each register, as the reference gives them. */
// prettier-ignore
const expected: readonly (readonly [name: keyof typeof REGISTERS, offset: number, reset: number])[] = [
  ['CTRL', 0x00000, 0x00100209], ['STATUS', 0x00008, 0x80080481], ['EECD', 0x00010, 0x1310], ['EERD', 0x00014, 0],
  ['CTRL_EXT', 0x00018, 0], ['MDIC', 0x00020, 0], ['FCAL', 0x00028, 0], ['FCAH', 0x0002c, 0], ['FCT', 0x00030, 0],
  ['VET', 0x00038, 0x81008100], ['FCTTV', 0x00170, 0], ['LEDCTL', 0x00e00, 0x07068302], ['PBS', 0x01008, 0],
  ['RXPBS', 0x02404, 0x40], ['TXPBS', 0x03404, 0x28], ['FCRTL', 0x02160, 0], ['FCRTH', 0x02168, 0], ['GCR', 0x05b00, 0x40000],
  ['FACTPS', 0x05b30, 0], ['MANC', 0x05820, 0], ['SWSM', 0x05b50, 0], ['SW_FW_SYNC', 0x05b5c, 0], ['FWSM', 0x05b54, 0],
  ['SYSTIML', 0x0b600, 0], ['TIMINCA', 0x0b608, 0], ['TSYNCRXCTL', 0x0b620, 0], ['TSYNCTXCTL', 0x0b614, 0],
  ['TXSTMPL', 0x0b618, 0], ['TXSTMPH', 0x0b61c, 0], ['RXSTMPL', 0x0b624, 0], ['RXSTMPH', 0x0b628, 0],
  ['ICR', 0x000c0, 0], ['ICS', 0x000c8, 0], ['IMS', 0x000d0, 0], ['IMC', 0x000d8, 0], ['IAM', 0x000e0, 0], ['GPIE', 0x01514, 0],
  ['EICS', 0x01520, 0], ['EIMS', 0x01524, 0], ['EIMC', 0x01528, 0], ['EIAC', 0x0152c, 0], ['EIAM', 0x01530, 0], ['EICR', 0x01580, 0],
  ['EITR', 0x01680, 0], ['IVAR', 0x01700, 0], ['IVAR_MISC', 0x01740, 0], ['PBACL', 0x05b68, 0],
  ['RCTL', 0x00100, 0], ['RXCSUM', 0x05000, 0x300], ['RLPML', 0x05004, 0x2600], ['RFCTL', 0x05008, 0], ['MTA', 0x05200, 0],
  ['UTA', 0x0a000, 0], ['RAL', 0x05400, 0], ['RAH', 0x05404, 0], ['RAL2', 0x054e0, 0], ['VFTA', 0x05600, 0], ['MRQC', 0x05818, 0],
  ['VT_CTL', 0x0581c, 0], ['RETA', 0x05c00, 0], ['RSSRK', 0x05c80, 0], ['RPLOLR', 0x05af0, 0x80000000], ['VFRE', 0x00c8c, 0xff],
  ['VFTE', 0x00c90, 0xff], ['ETQF', 0x05cb0, 0], ['FTQF', 0x059e0, 0], ['VMOLR', 0x05ad0, 0x80002600],
  ['RDBAL', 0x0c000, 0], ['RDBAH', 0x0c004, 0], ['RDLEN', 0x0c008, 0], ['SRRCTL', 0x0c00c, 0], ['RDH', 0x0c010, 0],
  ['RXCTL', 0x0c014, 0], ['RDT', 0x0c018, 0], ['RXDCTL', 0x0c028, 0x10000], ['RQDPC', 0x0c030, 0],
  ['TCTL', 0x00400, 0xa40400f8], ['TCTL_EXT', 0x00404, 0x10840], ['TIPG', 0x00410, 0x00601008], ['DTXCTL', 0x03590, 0x44],
  ['TDBAL', 0x0e000, 0], ['TDBAH', 0x0e004, 0], ['TDLEN', 0x0e008, 0], ['TDH', 0x0e010, 0], ['TXCTL', 0x0e014, 0x2a00],
  ['TDT', 0x0e018, 0], ['TXDCTL', 0x0e028, 0], ['TDWBAL', 0x0e038, 0], ['TDWBAH', 0x0e03c, 0],
  ['MPC', 0x04010, 0], ['GPRC', 0x04074, 0], ['BPRC', 0x04078, 0], ['MPRC', 0x0407c, 0], ['GPTC', 0x04080, 0],
  ['GORCL', 0x04088, 0], ['GORCH', 0x0408c, 0], ['GOTCL', 0x04090, 0], ['GOTCH', 0x04094, 0], ['RNBC', 0x040a0, 0],
  ['RUC', 0x040a4, 0], ['ROC', 0x040ac, 0], ['TORL', 0x040c0, 0], ['TORH', 0x040c4, 0], ['TOTL', 0x040c8, 0], ['TOTH', 0x040cc, 0],
  ['TPR', 0x040d0, 0], ['TPT', 0x040d4, 0], ['PTC64', 0x040d8, 0], ['PTC1522', 0x040ec, 0], ['PRC64', 0x0405c, 0],
  ['PRC1522', 0x04070, 0], ['MPTC', 0x040f0, 0], ['BPTC', 0x040f4, 0], ['TSCTC', 0x040f8, 0], ['RPTHC', 0x04104, 0],
  ['HGPTC', 0x04118, 0], ['HGORCL', 0x04128, 0], ['HGORCH', 0x0412c, 0], ['HGOTCL', 0x04130, 0], ['HGOTCH', 0x04134, 0],
];

describe('the register table', () => {
  it.each(expected)('%s stands at %i and resets to %i', (name, offset, reset) => {
    expect(REGISTERS[name]).toMatchObject({ offset, reset, name });
  });

  it('says what each register is, and lies inside its BAR', () => {
    for (const register of table) {
      expect(register.title.length).toBeGreaterThan(0);
      expect(register.at(register.count - 1) + 4).toBeLessThanOrEqual(BAR.REGISTERS.bytes);
    }
  });

  it('never gives one offset to two registers, second windows included', () => {
    const seen = new Map<number, string>();
    for (const { name, offset, stride, count, aliases } of table) {
      for (const window of [{ offset, stride, count }, ...aliases]) {
        for (let index = 0; index < window.count; index++) {
          const at = window.offset + index * window.stride;
          expect(seen.get(at), `${name} at 0x${at.toString(16)}`).toBeUndefined();
          seen.set(at, name);
        }
      }
    }
    expect(seen.size).toBeGreaterThan(900);
  });

  it('has each name in one table only', () => {
    const tables = [GENERAL, INTERRUPTS, RECEIVE, TRANSMIT, STATISTICS, FILTERS, TIME_SYNC, INERT];
    const names = tables.flatMap((rows) => Object.keys(rows));
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(names.sort()).toEqual(Object.keys(REGISTERS).sort());
  });

  it('shows the first four queues of each direction a second time', () => {
    for (const [name, low] of [
      ['RDBAL', 0x2800],
      ['RDT', 0x2818],
      ['RXDCTL', 0x2828],
      ['TDBAL', 0x3800],
      ['TDT', 0x3818],
      ['TDWBAH', 0x383c],
    ] as const) {
      expect(REGISTERS[name].aliases).toEqual([{ offset: low, stride: 0x100, count: 4 }]);
      expect(REGISTERS[name]).toMatchObject({ count: 16, stride: 0x40 });
    }
    expect(REGISTERS.CTRL.aliases).toEqual([{ offset: 4, stride: 4, count: 1 }]);
  });

  it('repeats what repeats', () => {
    const counts = {
      MTA: 128,
      UTA: 128,
      VFTA: 128,
      RAL: 16,
      RAH: 16,
      RAL2: 8,
      RAH2: 8,
      RETA: 32,
      RSSRK: 10,
      ETQF: 8,
      EITR: 25,
      IVAR: 8,
    };
    for (const [name, count] of Object.entries(counts)) {
      expect(REGISTERS[name as keyof typeof counts].count, name).toBe(count);
    }
    expect(REGISTERS.RAL.at(15)).toBe(0x5478);
    expect(REGISTERS.RAH2.at(7)).toBe(0x551c);
    expect(REGISTERS.RDT.at(15)).toBe(0xc3d8);
    expect(REGISTERS.EITR.at(24)).toBe(0x16e0);
  });

  it('keeps to the bits that a write can change', () => {
    const masks = {
      FCAH: 0xffff,
      FCT: 0xffff,
      FCTTV: 0xffff,
      FCRTL: 0x8000fff8,
      FCRTH: 0xfff8,
      TIPG: 0x3fffffff,
      RAH: 0x83ffffff,
      RDBAL: 0xffffff80,
      TDBAL: 0xffffff80,
      RDLEN: 0xffff0,
      TDLEN: 0xffff0,
      RDT: 0xffff,
      TDT: 0xffff,
      TDH: 0xffff,
      IMS: 0x77d4fbfd,
      ICS: 0x77d4fbfd,
    };
    for (const [name, writable] of Object.entries(masks)) {
      expect(REGISTERS[name as keyof typeof masks].writable, name).toBe(writable);
    }
  });

  it('has the fields where the reference puts them', () => {
    // prettier-ignore
    const fields: readonly (readonly [mask: number, expected: number])[] = [
      [REGISTERS.CTRL.SLU.mask, 1 << 6], [REGISTERS.CTRL.SPEED.mask, 3 << 8], [REGISTERS.CTRL.RST.mask, 1 << 26],
      [REGISTERS.CTRL.PHY_RST.mask, 1 << 31], [REGISTERS.CTRL.VME.mask, 1 << 30], [REGISTERS.CTRL.GIO_MASTER_DISABLE.mask, 1 << 2],
      [REGISTERS.STATUS.LU.mask, 2], [REGISTERS.STATUS.PHYRA.mask, 1 << 10], [REGISTERS.STATUS.GIO_MASTER_ENABLE.mask, 1 << 19],
      [REGISTERS.EECD.GNT.mask, 0x80], [REGISTERS.EECD.AUTO_RD.mask, 0x200], [REGISTERS.EECD.SIZE.mask, 0x7800],
      [REGISTERS.EERD.ADDR.mask, 0xfffc], [REGISTERS.EERD.DATA.mask, 0xffff0000 | 0],
      [REGISTERS.CTRL_EXT.LINK_MODE.mask, 0xc00000], [REGISTERS.CTRL_EXT.DRV_LOAD.mask, 1 << 28],
      [REGISTERS.MDIC.OP.mask, 0x0c000000], [REGISTERS.MDIC.READY.mask, 1 << 28], [REGISTERS.MDIC.ERROR.mask, 1 << 30],
      [REGISTERS.ICR.LSC.mask, 4], [REGISTERS.ICR.RXDMT0.mask, 0x10], [REGISTERS.ICR.RXO.mask, 0x40], [REGISTERS.ICR.RXDW.mask, 0x80],
      [REGISTERS.ICR.DRSTA.mask, 1 << 30], [REGISTERS.ICR.INT_ASSERTED.mask, 1 << 31],
      [REGISTERS.GPIE.NSICR.mask, 1], [REGISTERS.GPIE.Multiple_MSIX.mask, 0x10], [REGISTERS.GPIE.EIAME.mask, 1 << 30], [REGISTERS.GPIE.PBA.mask, 1 << 31],
      [REGISTERS.EITR.INTERVAL.mask, 0x7ffc], [REGISTERS.EITR.CNT_IGNR.mask, 1 << 31],
      [REGISTERS.RCTL.EN.mask, 2], [REGISTERS.RCTL.LBM.mask, 0xc0], [REGISTERS.RCTL.MO.mask, 0x3000], [REGISTERS.RCTL.SECRC.mask, 1 << 26],
      [REGISTERS.SRRCTL.DESCTYPE.mask, 0x0e000000], [REGISTERS.SRRCTL.DROP_EN.mask, 1 << 31], [REGISTERS.SRRCTL.BSIZEHEADER.mask, 0x3f00],
      [REGISTERS.RXDCTL.ENABLE.mask, 1 << 25], [REGISTERS.TXDCTL.WTHRESH.mask, 0x1f0000], [REGISTERS.TDWBAL.HEAD_WB_EN.mask, 1],
      [REGISTERS.TCTL.COLD.mask, 0x3ff000], [REGISTERS.RXCSUM.PCSD.mask, 0x2000], [REGISTERS.RAH.AV.mask, 1 << 31], [REGISTERS.RAH.POOL.mask, 0x03fc0000],
    ];
    for (const [mask, wanted] of fields) expect(mask).toBe(wanted);
  });
});

describe('the PHY table', () => {
  it('has each register at its number with the value of the reference', () => {
    // prettier-ignore
    const values: readonly (readonly [keyof typeof PHY, number, number])[] = [
      ['BMCR', 0, 0x1140], ['BMSR', 1, 0x7949], ['PHYID1', 2, 0x02a8], ['PHYID2', 3, 0x0391], ['ANAR', 4, 0x0de1], ['ANLPAR', 5, 0],
      ['ANER', 6, 0], ['GBCR', 9, 0x0e00], ['GBSR', 10, 0], ['ESTATUS', 15, 0x3000], ['PORT_CONFIG', 16, 0x120], ['PORT_STATUS', 17, 0],
      ['PORT_CTRL', 18, 0], ['LINK_HEALTH', 19, 0], ['POWER_MGMT', 25, 0x8d], ['PAGE_SELECT', 31, 0],
    ];
    for (const [name, number, reset] of values) {
      expect(phyNumber(PHY[name]), name).toBe(number);
      expect(PHY[name].reset, name).toBe(reset);
    }
    expect(((PHY.PHYID1.reset << 16) | PHY.PHYID2.reset) & ~0xf).toBe(PHY_IDENTIFIER);
  });
});

it('the EEPROM is as large as EECD says', () => {
  expect(64 << REGISTERS.EECD.SIZE.get(REGISTERS.EECD.reset)).toBe(EEPROM_WORDS);
});
