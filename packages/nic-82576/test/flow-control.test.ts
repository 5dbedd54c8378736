/* PAUSE frames, both ways: what a frame from the partner does to the transmitter, and what a full packet buffer sends. NETCX_TEST_SEED sets the seed. */

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { enableDevice, HostBridge } from '@netcx/bus';
import { VirtualClock } from '@netcx/clock';
import { IdentityMap } from '@netcx/dma';
import { Link } from '@netcx/hardware';
import { Nic82576 } from '../src/index.ts';
import { REGISTERS, TX_COMMAND } from '../src/registers/index.ts';
import { seed, testSize } from './test-size.ts';
import { descriptor, frame, little, Partner, poke, Traffic } from './traffic.ts';

const R = REGISTERS;
const RUNS = testSize('random series of bursts with PAUSE frames, each way', { quick: 50, ci: 1000, long: 20_000 });
const { DTYP_DATA, EOP, IFCS, RS, DEXT } = TX_COMMAND;
const PAUSE_ADDRESS = '0180c2000001';
const STATION = '020000000001';
/** Time of one unit of a pause time at 1 Gbit/s, in nanoseconds. */
const QUANTUM = 512;

let t: Traffic;
beforeEach(() => {
  t = new Traffic();
  write(R.FCAL, 0x00c2_8001);
  write(R.FCAH, 0x0100);
  write(R.FCT, 0x8808);
  write(R.RCTL, R.RCTL.EN.mask | R.RCTL.SECRC.mask);
});
afterEach(() => {
  t.close();
});

const write = (register: (typeof R)[keyof typeof R], value: number): void => t.machine.write(register, value);
const read = (register: (typeof R)[keyof typeof R]): number => t.machine.read(register);
const control = (bits: number): void => write(R.CTRL, read(R.CTRL) | bits);

/** A MAC control frame from the partner. */
function macControl(quanta: number, { to = PAUSE_ADDRESS, opcode = 1 } = {}): Uint8Array {
  const digits = `${to}0200000000028808${opcode.toString(16).padStart(4, '0')}${quanta.toString(16).padStart(4, '0')}`;
  return new Uint8Array(Buffer.from(digits.padEnd(120, '0'), 'hex'));
}

describe('received', () => {
  /** Posts one frame of 60 bytes. */
  function post(index: number): void {
    poke(
      ring.offset + index * 16,
      descriptor(data.address, `${little(DTYP_DATA | EOP | IFCS | RS | DEXT | 60)} ${little(60 << 14)}`),
    );
    write(R.TDT, index + 1);
  }

  let ring: ReturnType<Traffic['memory']>;
  let data: ReturnType<Traffic['memory']>;
  beforeEach(() => {
    ring = t.txRing(16);
    data = t.memory(frame(60));
  });

  /** The partner sends, and only so much time passes. */
  function arrive(control: Uint8Array): void {
    t.partner.send([control]);
    t.machine.clock.advance(10_000);
  }

  it.each([PAUSE_ADDRESS, STATION])('to %s it stops the transmitter for its time', (to) => {
    control(R.CTRL.RFCE.mask);
    arrive(macControl(1000, { to }));
    expect(read(R.STATUS) & R.STATUS.TXOFF.mask).toBe(R.STATUS.TXOFF.mask);
    post(0);
    t.machine.clock.advance(1000 * QUANTUM - 20_000);
    expect(t.partner.frames).toEqual([]);
    t.machine.clock.advance(20_000);
    expect([t.partner.frames.length, read(R.STATUS) & R.STATUS.TXOFF.mask]).toEqual([1, 0]);
    expect([read(R.XOFFRXC), read(R.XONRXC), read(R.FCRUC)]).toEqual([1, 0, 0]);
  });

  it('with a time of 0 lets it go on', () => {
    control(R.CTRL.RFCE.mask);
    arrive(macControl(0xffff));
    post(0);
    arrive(macControl(0));
    expect(t.partner.frames.length).toBe(1);
    expect([read(R.XOFFRXC), read(R.XONRXC)]).toEqual([1, 1]);
  });

  it('does nothing without CTRL.RFCE, to another address, or damaged', () => {
    arrive(macControl(0xffff));
    control(R.CTRL.RFCE.mask);
    arrive(macControl(0xffff, { to: '020000000009' }));
    t.partner.send([macControl(0xffff)], 1);
    t.machine.clock.advance(10_000);
    post(0);
    t.machine.clock.advance(10_000);
    expect([t.partner.frames.length, read(R.XOFFRXC)]).toEqual([1, 0]);
  });

  it('lasts as long as its bits take on a slower link', () => {
    const clock = new VirtualClock();
    const link = new Link(clock, { speed: 100 });
    const nic = new Nic82576({ clock, link: link.a, macAddress: '02:00:00:00:00:01' });
    const partner = new Partner(link.b);
    link.b.enable(true);
    const { function: fn } = new HostBridge(clock).attach(nic, { dma: new IdentityMap() });
    enableDevice(fn);
    const put = (register: (typeof R)[keyof typeof R], value: number): void => fn.write32(0, register.offset, value);
    put(R.CTRL, R.CTRL.reset | R.CTRL.SLU.mask | R.CTRL.RFCE.mask);
    put(R.FCAL, 0x00c2_8001);
    put(R.FCAH, 0x0100);
    put(R.FCT, 0x8808);
    put(R.RCTL, R.RCTL.EN.mask);
    clock.run();
    const paused = (): boolean => (fn.read32(0, R.STATUS.offset) & R.STATUS.TXOFF.mask) !== 0;
    partner.send([macControl(100)]);
    clock.advance(10_000);
    expect(paused()).toBe(true);
    clock.advance(100 * QUANTUM * 10 - 20_000);
    expect(paused()).toBe(true);
    clock.advance(20_000);
    expect(paused()).toBe(false);
    nic.close();
    link.close();
  });

  it('knows MAC control frames by the Ether type in FCT, also when that changes', () => {
    control(R.CTRL.RFCE.mask);
    write(R.FCT, 0x1234);
    arrive(macControl(0xffff));
    const other = macControl(0xffff);
    other.set([0x12, 0x34], 12);
    expect(read(R.XOFFRXC)).toBe(0);
    arrive(other);
    expect(read(R.XOFFRXC)).toBe(1);
  });

  it.each([
    ['written as they are', 0],
    ['classified', 1],
  ])(
    'acts once and at once wherever in a burst it stands, and however many descriptors there are: frames are %s',
    (_how, hashes) => {
      control(R.CTRL.RFCE.mask);
      write(R.RCTL, R.RCTL.EN.mask | R.RCTL.SECRC.mask | R.RCTL.DPF.mask);
      write(R.RXCSUM, hashes * R.RXCSUM.PCSD.mask);
      write(R.MRQC, hashes * 0x37_0002);
      const rx = t.rxRing(16);
      const memory = t.memory(16 * 2048);
      const kinds = {
        plain: frame(60),
        foreign: frame(60, 0, [2, 0, 0, 0, 0, 9]),
        pause: macControl(1, { to: STATION }),
      };
      const kind = fc.oneof(
        { arbitrary: fc.constant('plain' as const), weight: 4 },
        fc.constantFrom('foreign' as const, 'pause' as const),
      );
      let tail = 0;
      let spare = 0; // descriptors that are left when all frames have theirs; below 0: frames that wait
      const supply = (count: number): void => {
        for (let left = Math.min(count, (read(R.RDH) - tail + 31) % 16); left > 0; left--) {
          poke(rx.offset + tail * 16, descriptor(memory.address + tail * 2048));
          tail = (tail + 1) % 16;
          spare++;
        }
        write(R.RDT, tail);
        t.machine.clock.advance(10_000);
      };
      fc.assert(
        fc.property(fc.array(fc.tuple(fc.array(kind, { maxLength: 12 }), fc.nat(15)), { maxLength: 6 }), (bursts) => {
          let wanted = 0;
          for (const [burst, descriptors] of bursts) {
            supply(descriptors);
            expect(read(R.XOFFRXC)).toBe(0);
            if (burst.length > 0) t.partner.send(burst.map((each) => kinds[each]));
            t.machine.clock.advance(50_000);
            expect(read(R.XOFFRXC)).toBe(burst.filter((each) => each === 'pause').length);
            const plain = burst.filter((each) => each === 'plain').length;
            wanted += plain;
            spare -= plain;
          }
          while (spare < 0) supply(-spare); // and not one more: the next burst may find none
          expect([read(R.XOFFRXC), read(R.GPRC), read(R.MPC)]).toEqual([0, wanted, 0]);
        }),
        { seed, numRuns: RUNS },
      );
    },
  );

  it('acts where every frame is lost, since the ring lies nowhere', () => {
    control(R.CTRL.RFCE.mask);
    t.rxRing(8);
    write(R.RDBAH, 0x1000);
    write(R.RDT, 7);
    arrive(macControl(1000, { to: STATION }));
    expect([read(R.XOFFRXC), read(R.RDH), t.machine.nic.dma.masterAborts > 0]).toEqual([1, 0, true]);
  });

  it('counts operations that nobody knows', () => {
    control(R.CTRL.RFCE.mask);
    arrive(macControl(0xffff, { opcode: 2 }));
    expect([read(R.FCRUC), read(R.XOFFRXC), read(R.TPR)]).toEqual([1, 0, 1]);
  });

  it.each([
    ['neither', 0, [1, 0]],
    ['DPF', R.RCTL.DPF.mask, [0, 0]],
    ['PMCF', R.RCTL.PMCF.mask, [1, 1]],
    ['DPF and PMCF', R.RCTL.DPF.mask | R.RCTL.PMCF.mask, [0, 1]],
  ])(
    'with %s the driver gets PAUSE frames and other MAC control frames that pass the filter: %j',
    (_name, bits, wanted) => {
      control(R.CTRL.RFCE.mask);
      t.rxRing(8);
      write(R.RCTL, R.RCTL.EN.mask | R.RCTL.SECRC.mask | R.RCTL.MPE.mask | bits);
      const memory = t.memory(8 * 2048);
      const rx = t.rxRing(8);
      for (let index = 0; index < 7; index++) poke(rx.offset + index * 16, descriptor(memory.address + index * 2048));
      write(R.RDT, 7);
      arrive(macControl(0));
      const pause = read(R.GPRC);
      arrive(macControl(0, { opcode: 5 }));
      expect([pause, read(R.GPRC)]).toEqual(wanted);
    },
  );
});

describe('sent', () => {
  const XOFF = `${PAUSE_ADDRESS}${STATION}880800010100`.padEnd(120, '0');
  const XON = `${PAUSE_ADDRESS}${STATION}880800010000`.padEnd(120, '0');
  let ring: ReturnType<Traffic['memory']>;
  let memory: ReturnType<Traffic['memory']>;

  beforeEach(() => {
    control(R.CTRL.TFCE.mask);
    write(R.FCTTV, 0x100);
    write(R.FCRTH, 8192);
    write(R.FCRTL, 4096 + R.FCRTL.XONE.mask);
    ring = t.rxRing(16);
    memory = t.memory(16 * 2048);
  });

  const arrive = (count: number): void => {
    t.partner.send(Array.from({ length: count }, (_, index) => frame(1000, index)));
    t.machine.clock.advance(20_000 * count);
  };

  /** Gives the chip so many descriptors, and takes what that brings. */
  function supply(first: number, count: number): void {
    for (let number = first; number < first + count; number++) {
      poke(ring.offset + (number % 16) * 16, descriptor(memory.address + (number % 16) * 2048));
    }
    write(R.RDT, (first + count) % 16);
    t.machine.clock.advance(10_000);
  }

  it('when the packet buffer is as full as FCRTH says, and once more when it is as empty as FCRTL says', () => {
    arrive(8); // 8 * 1016 = 8128
    expect(t.partner.frames).toEqual([]);
    arrive(1);
    expect(t.partner.frames).toEqual([XOFF]);
    supply(0, 4); // 5 * 1016 = 5080 are left
    expect(read(R.XONTXC)).toBe(0);
    supply(4, 1);
    expect(t.partner.frames.at(-1)).toBe(XON);
    expect(read(R.XONTXC)).toBe(1);
    expect(new Set(t.partner.frames)).toEqual(new Set([XOFF, XON]));
    expect(read(R.XOFFTXC)).toBe(t.partner.frames.length - 1);
  });

  it('again and again while it stays full: when the time is over, or FCRTV before that', () => {
    arrive(9);
    const first = t.partner.frames.length;
    t.machine.clock.advance(10 * 0x100 * QUANTUM);
    expect(t.partner.frames.length).toBe(first + 10);
    write(R.FCRTV, 0x80);
    t.machine.clock.advance(0x100 * QUANTUM);
    const second = t.partner.frames.length;
    t.machine.clock.advance(10 * 0x80 * QUANTUM);
    expect(t.partner.frames.length).toBe(second + 10);
    supply(0, 10);
    t.partner.frames.length = 0;
    t.machine.clock.run();
    expect(t.partner.frames).toEqual([]);
  });

  it('not without CTRL.TFCE, and no XON without FCRTL.XONE', () => {
    write(R.FCRTL, 4096);
    arrive(9);
    supply(0, 9);
    expect(t.partner.frames).not.toContain(XON);
    t.partner.frames.length = 0;
    write(R.CTRL, read(R.CTRL) & ~R.CTRL.TFCE.mask);
    arrive(9);
    t.machine.clock.run();
    expect(t.partner.frames).toEqual([]);
  });

  it('no more after reception was switched off, or the chip reset', () => {
    arrive(9);
    write(R.RCTL, 0);
    t.partner.frames.length = 0;
    t.machine.clock.run();
    expect(t.partner.frames).toEqual([]);
  });

  it('holds the partner up: two chips that stop each other lose nothing', () => {
    // The partner does as it is told: it sends only while it is not asked to stop.
    let sent = 0;
    let seen = 0;
    for (let round = 0; round < 200; round++) {
      const last = t.partner.frames.at(-1);
      if (last === undefined || last === XON) {
        arrive(4);
        sent += 4;
      }
      if (round % 3 === 2) supply(seen % 16, 4);
      seen += (read(R.RDH) - (seen % 16) + 16) % 16;
      t.machine.clock.advance(50_000);
    }
    expect(read(R.MPC)).toBe(0);
    expect(sent).toBeGreaterThan(100);
    expect(seen).toBeGreaterThan(100);
    expect(t.partner.frames.filter((one) => one === XON).length).toBeGreaterThan(5);
  });
});
