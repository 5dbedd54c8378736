import { describe, expect, it } from 'vitest';
import { enableDevice, HostBridge } from '@netcx/bus';
import { MILLISECOND, VirtualClock } from '@netcx/clock';
import { IdentityMap } from '@netcx/dma';
import { Link } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import { Nic82576, NicError } from '../src/index.ts';
import { PHY, phyNumber, REGISTERS } from '../src/registers/index.ts';
import { Machine } from './machine.ts';

const { CTRL, ICR, MDIC, STATUS } = REGISTERS;
const { ANAR, ANLPAR, BMCR, BMSR, GBCR, GBSR, PAGE_SELECT, PHYID1, PHYID2, PORT_CTRL, PORT_STATUS } = PHY;
const SLU = 0x40;
const LU = 2;
const LSC = 4;

describe('MDIC', () => {
  it('identifies the PHY at address 1', () => {
    const machine = new Machine();
    expect([machine.readPhy(PHYID1), machine.readPhy(PHYID2)]).toEqual([0x02a8, 0x0391]);
    machine.write(MDIC, 0x0822_0000); // read register 2 of PHY 1
    expect(machine.read(MDIC)).toBe(0x1822_02a8);
  });

  it('writes what can be written', () => {
    const machine = new Machine();
    machine.writePhy(ANAR, 0x0101);
    machine.writePhy(PHYID1, 0x1234);
    machine.writePhy(BMSR, 0xffff);
    expect([machine.readPhy(ANAR), machine.readPhy(PHYID1), machine.readPhy(BMSR)]).toEqual([0x0101, 0x02a8, 0x7949]);
    machine.write(MDIC, 0x0432_0000 | 0x1000); // write 1000h to register 18 of PHY 1
    expect(machine.read(MDIC)).toBe(0x1432_1000);
    expect(machine.readPhy(PORT_CTRL)).toBe(0x1000);
  });

  it.each([
    ['another address', 0x0842_0000],
    ['no operation', 0x0022_0000],
    ['both operations', 0x0c22_0000],
  ])('answers %s with an error, and is ready again', (_what, request) => {
    const machine = new Machine();
    machine.write(MDIC, request);
    expect(machine.read(MDIC)).toBe((request | 0x5000_0000) >>> 0);
    expect(machine.readPhy(PHYID1)).toBe(0x02a8);
  });

  it('does not let software set the bits that it answers with', () => {
    const machine = new Machine();
    machine.write(MDIC, 0x4822_0000);
    expect(machine.read(MDIC)).toBe(0x1822_02a8);
  });

  it('interrupts when asked to', () => {
    const machine = new Machine();
    machine.write(MDIC, 0x2822_0000);
    expect(machine.read(ICR)).toBe(0x200);
    machine.write(MDIC, 0x0822_0000);
    expect(machine.read(ICR)).toBe(0);
  });

  it('finds nothing on the vendor pages', () => {
    const machine = new Machine();
    machine.writePhy(PORT_CTRL, 0x1234);
    machine.writePhy(PAGE_SELECT, 0x11b1);
    machine.writePhy(PORT_CTRL, 0xffff);
    expect(machine.readPhy(PORT_CTRL)).toBe(0);
    expect(machine.readPhy(BMCR)).toBe(0x1140);
    machine.writePhy(PAGE_SELECT, 0x12);
    expect(machine.readPhy(PORT_CTRL)).toBe(0x1234);
  });
});

describe('autonegotiation', () => {
  it('brings the link up by itself, after 20 ms of virtual time and not before', () => {
    const machine = new Machine();
    machine.write(CTRL, machine.read(CTRL) | SLU);
    machine.clock.advance(20 * MILLISECOND - 1);
    expect(machine.readPhy(BMSR)).toBe(0x7949);
    expect(machine.read(STATUS)).toBe(0x8008_0481);
    expect(machine.readPhy(ANLPAR)).toBe(0);
    machine.clock.advance(1);
    expect(machine.readPhy(BMSR)).toBe(0x796d);
    expect(machine.read(STATUS)).toBe(0x8008_0483);
    expect(machine.readPhy(ANLPAR)).toBe(0x7de1);
    expect(machine.readPhy(GBSR)).toBe(0x3c00);
    expect(machine.readPhy(PORT_STATUS) >>> 14).toBe(3);
    expect(machine.read(ICR)).toBe(LSC);
    expect(machine.nic.linkUp).toBe(true);
  });

  it('takes the time that the model is made with', () => {
    const machine = new Machine({ autonegotiationTime: 500 * MILLISECOND });
    machine.write(CTRL, SLU);
    machine.clock.advance(500 * MILLISECOND - 1);
    expect(machine.read(STATUS) & LU).toBe(0);
    machine.clock.advance(1);
    expect(machine.read(STATUS) & LU).toBe(LU);
    expect(() => new Machine({ autonegotiationTime: -1 })).toThrow(
      expect.objectContaining({ code: 'AUTONEGOTIATION_TIME' }) as NicError,
    );
  });

  it('starts anew when software says so, and the link goes down meanwhile', () => {
    const machine = new Machine();
    machine.linkUp();
    machine.read(ICR);
    machine.writePhy(BMCR, 0x1340);
    expect(machine.readPhy(BMCR)).toBe(0x1140); // restart clears itself
    expect(machine.read(STATUS) & LU).toBe(0);
    expect(machine.read(ICR)).toBe(LSC);
    machine.clock.advance(20 * MILLISECOND);
    expect(machine.read(STATUS) & LU).toBe(LU);
    expect(machine.read(ICR)).toBe(LSC);
  });

  it('shows the MAC no link before CTRL.SLU', () => {
    const machine = new Machine();
    machine.clock.run();
    expect(machine.readPhy(BMSR)).toBe(0x796d);
    expect(machine.read(STATUS) & LU).toBe(0);
    machine.write(CTRL, machine.read(CTRL) | SLU);
    expect(machine.read(STATUS) & LU).toBe(LU);
    expect(machine.read(ICR)).toBe(LSC);
  });

  it('can be left out: a forced mode is the link’s mode', () => {
    const machine = new Machine();
    machine.write(CTRL, SLU);
    machine.writePhy(BMCR, 0x0140);
    expect(machine.read(STATUS) & 0xc3).toBe(0x83);
    expect(machine.readPhy(BMSR) & 0x24).toBe(0x04);
    machine.writePhy(BMCR, 0x2100);
    expect([machine.read(STATUS) & 0xc3, machine.link.speed]).toEqual([0x43, 100]);
    machine.writePhy(BMCR, 0x0000);
    expect([machine.read(STATUS) & 0xc3, machine.link.speed, machine.link.duplex]).toEqual([0x02, 10, 'half']);
    expect(machine.readPhy(ANLPAR)).toBe(0);
  });

  it('is not started over by a write that changes nothing', () => {
    const machine = new Machine();
    machine.linkUp();
    machine.read(ICR);
    machine.writePhy(BMCR, 0x1140);
    expect([machine.read(STATUS) & LU, machine.read(ICR)]).toEqual([LU, 0]);
  });

  it('loses the link with the partner, and remembers that until BMSR was read', () => {
    const machine = new Machine();
    machine.linkUp();
    machine.read(ICR);
    machine.link.b.enable(false);
    machine.clock.run();
    expect(machine.read(ICR)).toBe(LSC);
    expect(machine.read(STATUS) & LU).toBe(0);
    machine.link.b.enable(true);
    machine.clock.run();
    expect(machine.read(ICR)).toBe(LSC);
    expect(machine.read(STATUS) & LU).toBe(LU);
    expect(machine.readPhy(BMSR) & 4).toBe(0);
    expect(machine.readPhy(BMSR) & 4).toBe(4);
  });

  it('goes dark when it is powered down', () => {
    const machine = new Machine();
    machine.linkUp();
    machine.writePhy(BMCR, 0x1940);
    machine.clock.run();
    expect(machine.read(STATUS) & LU).toBe(0);
    expect(machine.link.up).toBe(false);
    machine.writePhy(BMCR, 0x1140);
    machine.clock.run();
    expect(machine.read(STATUS) & LU).toBe(LU);
  });
});

describe('two ends', () => {
  const clock = new VirtualClock();
  const link = new Link(clock);
  const nics = [link.a, link.b].map(
    (end, index) => new Nic82576({ clock, link: end, macAddress: [2, 0, 0, 0, 0, index + 1] }),
  );
  const bridge = new HostBridge(clock);
  const functions = nics.map((nic) => bridge.attach(nic, { dma: new IdentityMap() }).function);
  const mdi = (end: number, register: Register, value?: number): number => {
    const address = (1 << 21) | (phyNumber(register) << 16);
    functions[end]!.write32(
      0,
      MDIC.offset,
      value === undefined ? address | 0x0800_0000 : address | 0x0400_0000 | value,
    );
    return functions[end]!.read32(0, MDIC.offset) & 0xffff;
  };
  const status = (end: number): number => functions[end]!.read32(0, STATUS.offset) & 0xc3;
  /** What one end advertises, from the fastest mode down; the others are left out. */
  const advertise = (end: number, anar: number, gigabit = 0): void => {
    mdi(end, ANAR, 0x0c01 | anar);
    mdi(end, GBCR, gigabit);
    mdi(end, BMCR, 0x1340);
    clock.run();
  };
  for (const fn of functions) {
    enableDevice(fn);
    fn.write32(0, CTRL.offset, SLU);
  }
  clock.run();

  it.each([
    // what end 0 advertises, STATUS of both, what end 1 sees: ANLPAR, GBSR
    ['everything', 0x1e0, 0x200, 0x83, 0x7de1, 0x3800],
    ['100 Mbit/s at most', 0x1e0, 0, 0x43, 0x7de1, 0],
    ['100 Mbit/s half duplex at most', 0x0e0, 0, 0x42, 0x7ce1, 0],
    ['10 Mbit/s at most', 0x060, 0, 0x03, 0x7c61, 0],
    ['10 Mbit/s half duplex only', 0x020, 0, 0x02, 0x7c21, 0],
  ])('agree on the best mode in common when one advertises %s', (_what, anar, gigabit, wanted, anlpar, gbsr) => {
    advertise(0, anar, gigabit);
    expect([status(0), status(1)]).toEqual([wanted, wanted]);
    expect([mdi(1, ANLPAR), mdi(1, GBSR)]).toEqual([anlpar, gbsr]);
    expect([mdi(0, ANLPAR), mdi(0, GBSR) & 0xc00]).toEqual([0x7de1, 0x800]);
    expect(mdi(0, PORT_STATUS) >>> 14).toBe([1, 2, 3][wanted >> 6]);
  });

  it('have no link without a mode in common', () => {
    advertise(0, 0x060);
    advertise(1, 0x180);
    expect([status(0) & LU, status(1) & LU, mdi(0, ANLPAR)]).toEqual([0, 0, 0]);
    advertise(1, 0x1e0, 0x200);
    expect([status(0), status(1)]).toEqual([0x03, 0x03]);
    advertise(0, 0x1e0, 0x200);
    expect([status(0), status(1)]).toEqual([0x83, 0x83]);
  });

  it('say who is master when software decides', () => {
    advertise(0, 0x1e0, 0x1a00);
    expect([mdi(0, GBSR) >>> 14, mdi(1, GBSR) >>> 14]).toEqual([1, 0]);
    advertise(0, 0x1e0, 0x1200);
    expect(mdi(0, GBSR) >>> 14).toBe(0);
  });

  it('hear of a loss that was over before they looked', () => {
    for (const fn of functions) fn.read32(0, ICR.offset);
    link.plug(false);
    link.plug(true);
    clock.run();
    expect(functions.map((fn) => fn.read32(0, ICR.offset))).toEqual([LSC, LSC]);
    expect([status(0), mdi(0, BMSR) & 4, mdi(0, BMSR) & 4]).toEqual([0x83, 0, 4]);
  });
});

describe('resets of the PHY', () => {
  it('BMCR.RESET puts the registers back and negotiates anew', () => {
    const machine = new Machine();
    machine.linkUp();
    machine.writePhy(ANAR, 0x0101);
    machine.writePhy(BMCR, 0x8000);
    expect([machine.readPhy(BMCR), machine.readPhy(ANAR)]).toEqual([0x1140, 0x0de1]);
    expect(machine.read(STATUS) & LU).toBe(0);
    machine.clock.advance(20 * MILLISECOND);
    expect(machine.read(STATUS) & LU).toBe(LU);
  });

  it('CTRL.PHY_RST holds it until software lets go, and STATUS.PHYRA tells', () => {
    const machine = new Machine();
    machine.linkUp();
    machine.write(STATUS, 0);
    expect(machine.read(STATUS)).toBe(0x8008_0083);
    const control = machine.read(CTRL);
    machine.write(CTRL, (control | 0x8000_0000) >>> 0);
    machine.clock.advance(100 * MILLISECOND);
    expect(machine.read(STATUS)).toBe(0x8008_0481);
    machine.write(CTRL, control);
    machine.clock.advance(20 * MILLISECOND - 1);
    expect(machine.read(STATUS)).toBe(0x8008_0481);
    machine.clock.advance(1);
    expect(machine.read(STATUS)).toBe(0x8008_0483);
    machine.write(STATUS, 0xffff_ffff);
    expect(machine.read(STATUS)).toBe(0x8008_0483);
    machine.write(STATUS, 0);
    expect(machine.read(STATUS)).toBe(0x8008_0083);
  });
});

describe('loopback', () => {
  it('of the PHY gives the MAC a link of its own and takes the wire down', () => {
    const machine = new Machine();
    machine.linkUp();
    machine.writePhy(BMCR, 0x4140);
    machine.write(CTRL, SLU | 0x1a01); // forced to 1000 Mbit/s, full duplex
    machine.clock.run();
    expect(machine.read(STATUS) & 0xc3).toBe(0x83);
    expect(machine.link.up).toBe(false);
    expect(machine.nic.describe()).toContain('looped back');
    machine.writePhy(BMCR, 0x9140);
    machine.clock.run();
    expect(machine.link.up).toBe(true);
    expect(machine.nic.describe()).not.toContain('looped back');
  });
});

describe('STATUS', () => {
  it('shows forced speed and duplex', () => {
    const machine = new Machine();
    machine.write(CTRL, 0x0800 | 0x0100); // FRCSPD, 100 Mbit/s
    expect(machine.read(STATUS) & 0xc1).toBe(0x41);
    machine.write(CTRL, 0x1000); // FRCDPX, half
    expect(machine.read(STATUS) & 0xc1).toBe(0x80);
  });

  it('shows at once that the driver stopped bus mastering', () => {
    const machine = new Machine();
    machine.write(CTRL, machine.read(CTRL) | 4);
    expect(machine.read(STATUS) & 0x8_0000).toBe(0);
    machine.write(CTRL, machine.read(CTRL) & ~4);
    expect(machine.read(STATUS) & 0x8_0000).toBe(0x8_0000);
  });
});
