/* Waking the host: asleep in D3, the chip writes nothing to memory, but frames that it is told to look for wake the host. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CapabilityId, enableDevice, findCapability, PowerManagement } from '@netcx/bus';
import { REGISTERS } from '../src/registers/index.ts';
import { RX, RxBench } from './rx-bench.ts';
import { frame } from './traffic.ts';

const R = REGISTERS;
const STATION = '020000000001';
const { LNKC, MAG, EX, MC, BC, ARP, IPV4, IPV6 } = R.WUFC;
const ANY = [LNKC, MAG, EX, MC, BC, ARP, IPV4, IPV6].reduce((mask, field) => mask | field.mask, 0);

let rx: RxBench;
/** How often the host was woken. */
let woken: number;

beforeEach(() => {
  rx = new RxBench(RX | R.RCTL.BAM.mask);
  woken = 0;
  rx.traffic.machine.slot.onWake(() => woken++);
  rx.supply(0, 7);
});
afterEach(() => {
  rx.close();
});

const power = (): number =>
  (findCapability(rx.traffic.machine.slot.function, CapabilityId.powerManagement) ?? 0) +
  PowerManagement.PM_CTRL.offset;

/** Goes to sleep with these filters, with waking enabled in configuration space or not. */
function sleep(filters: number, { enable = true, control = 0 } = {}): void {
  const { machine } = rx.traffic;
  machine.write(R.WUFC, filters);
  machine.write(R.WUC, control);
  machine.slot.function.writeConfig(power(), 2, 3 | (enable ? 0x100 : 0));
}

/** Wakes up again, and looks what it was. */
function wake(): { reasons: number; status: number; length: number; beginning: number } {
  const { function: fn } = rx.traffic.machine.slot;
  const status = fn.readConfig(power(), 2) >>> 15;
  fn.writeConfig(power(), 2, 0);
  enableDevice(fn);
  const [reasons = 0, length = 0, beginning = 0] = rx.read(R.WUS, R.WUPL, R.WUPM);
  return { reasons, status, length, beginning };
}

const bytes = (digits: string, length = 60): Uint8Array =>
  new Uint8Array(Buffer.from(digits.replaceAll(' ', '').padEnd(2 * length, '0'), 'hex'));

const MAGIC = `${'ff'.repeat(6)}${STATION.repeat(16)}`;
const from = '020000000002';
const magic = (to: string, payload = MAGIC): Uint8Array => bytes(`${to}${from} 0842 ${payload}`, 116);
const arp = (target: string, operation = '0001'): Uint8Array =>
  bytes(`ffffffffffff ${from} 0806 0001 0800 0604 ${operation} ${from} 0a000002 000000000000 ${target}`);
const ip = (to: string): Uint8Array => bytes(`${STATION}${from} 0800 45000014 00000000 40010000 0a000002 ${to}`);
const ip6 = (to: string): Uint8Array => bytes(`${STATION}${from} 86dd 60000000 00003b40 ${'00'.repeat(16)} ${to}`);

describe('a magic packet', () => {
  // prettier-ignore
  it.each([
    ['to the station',                  magic(STATION),                                        1],
    ['to all',                          magic('ffffffffffff'),                                 1],
    ['somewhere in the frame',          bytes(`${STATION}${from} 0800 4500 ff ${MAGIC} 99`, 130), 1],
    ['to another station',              magic('020000000009'),                                 0],
    ['to a group that is not let in',   magic('01005e000001'),                                 0],
    ['for another station',             magic(STATION, MAGIC.replaceAll('0001', '0002')),      0],
    ['one repetition short',            magic(STATION, MAGIC.slice(0, -12)),                   0],
    ['cut by the end of the frame',     bytes(`${STATION}${from} 0842 ${MAGIC}`, 116).subarray(0, 115), 0],
  ])('%s', (_name, packet, wakes) => {
    sleep(MAG.mask);
    rx.arrive([packet]);
    expect(woken).toBe(wakes);
    expect(wake()).toMatchObject({ reasons: wakes * MAG.mask, status: wakes });
  });

  it('is kept for the driver, its first 128 bytes; later ones are not', () => {
    sleep(MAG.mask);
    rx.arrive([magic(STATION)]);
    rx.arrive([magic('ffffffffffff')]);
    expect(wake()).toEqual({ reasons: MAG.mask, status: 1, length: 116, beginning: 0x0000_0002 });
    expect([28, 29, 31].map((index) => rx.traffic.machine.read(R.WUPM, index))).toEqual([0x0100_0000, 0, 0]);
    expect(woken).toBe(2);
  });

  it('wakes with WUC.APME as well, and with WUC.PME_EN instead of PM_CTRL.PME_ENABLE', () => {
    sleep(0, { enable: false, control: R.WUC.APME.mask | R.WUC.PME_EN.mask });
    rx.arrive([magic(STATION)]);
    expect(woken).toBe(1);
    expect(wake().reasons).toBe(MAG.mask);
    expect(rx.read(R.WUC)).toEqual([R.WUC.APME.mask | R.WUC.PME_EN.mask | R.WUC.PME_STATUS.mask]);
  });

  it('only leaves a mark where waking is not enabled', () => {
    sleep(MAG.mask, { enable: false });
    rx.arrive([magic(STATION)]);
    expect(woken).toBe(0);
    expect(wake()).toMatchObject({ reasons: MAG.mask, status: 1 });
  });
});

describe('other filters', () => {
  // prettier-ignore
  it.each([
    ['a frame to the station',        EX,   frame(60),                                       1],
    ['a frame to another',            EX,   frame(60, 0, [2, 0, 0, 0, 0, 9]),                0],
    ['a broadcast',                   BC,   frame(60, 0, [255, 255, 255, 255, 255, 255]),    1],
    ['a frame to the station',        BC,   frame(60),                                       0],
    ['a multicast that is let in',    MC,   frame(60, 0, [1, 0, 94, 0, 0, 1]),               1],
    ['a broadcast',                   MC,   frame(60, 0, [255, 255, 255, 255, 255, 255]),    0],
    ['a request for its address',     ARP,  arp('0a000001'),                                 1],
    ['a request for the other one',   ARP,  arp('0a000005'),                                 1],
    ['a request for one not valid',   ARP,  arp('0a000006'),                                 0],
    ['an answer',                     ARP,  arp('0a000001', '0002'),                         0],
    ['a packet to its address',       IPV4, ip('0a000001'),                                  1],
    ['a packet to another',           IPV4, ip('0a000009'),                                  0],
    ['an IPv6 packet to its address', IPV6, ip6('fe80000000000000 0000000000000001'),        1],
    ['an IPv6 packet to another',     IPV6, ip6('fe80000000000000 0000000000000002'),        0],
  ])('%s, asked for %o', (_name, field, packet, wakes) => {
    const { machine } = rx.traffic;
    machine.write(R.MTA, 0x1_0000); // 01:00:5e:00:00:01 hashes to 0010 with MO 0
    machine.write(R.IPAV, 0x1_0003);
    machine.write(R.IP4AT, 0x0100_000a, 0);
    machine.write(R.IP4AT, 0x0500_000a, 1);
    machine.write(R.IP4AT, 0x0600_000a, 2);
    [0x0000_80fe, 0, 0, 0x0100_0000].forEach((word, index) => machine.write(R.IP6AT, word, index));
    sleep(field.mask);
    rx.arrive([packet]);
    expect([woken, wake().reasons]).toEqual([wakes, wakes * field.mask]);
  });

  it('the link', () => {
    sleep(LNKC.mask);
    rx.traffic.machine.link.b.enable(false);
    rx.traffic.machine.clock.run();
    expect([woken, wake().reasons]).toEqual([1, LNKC.mask]);
  });
});

it('damaged frames and frames in D0 wake nobody, and nothing reaches memory in D3', () => {
  const { machine } = rx.traffic;
  machine.write(R.WUFC, ANY);
  rx.arrive([magic(STATION)]);
  expect([rx.read(R.WUS, R.GPRC), woken]).toEqual([[0, 1], 0]);
  sleep(ANY);
  rx.arrive([magic(STATION)], 1);
  expect(woken).toBe(0);
  rx.arrive([magic(STATION)]);
  expect(woken).toBe(1);
  expect(rx.traffic.machine.nic.dma.masterAborts).toBe(0);
  expect(wake().reasons).toBe(MAG.mask | EX.mask);
  machine.write(R.WUS, EX.mask);
  expect(rx.read(R.WUS)).toEqual([MAG.mask]);
});
