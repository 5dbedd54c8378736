/* The chip's clock in virtual time, and the stamps that frames get: literal frames of the Precision Time Protocol. */

import { describe, expect, it } from 'vitest';
import type { Register } from '@netcx/layout';
import { REGISTERS, RX_STAMP_TYPE, RX_STATUS } from '../src/registers/index.ts';
import { descriptor, frame, peek, poke, Traffic } from './traffic.ts';

const R = REGISTERS;
const { TSYNCRXCTL, TSYNCTXCTL } = R;
/** As Linux's driver sets it: 2^19 a nanosecond. */
const LINUX = (1 << 24) | (16 << 19);
const STEP = 2n ** 19n;

const read64 = (t: Traffic, low: Register, high: Register): bigint => {
  const bits = BigInt(t.machine.read(low));
  return bits | (BigInt(t.machine.read(high)) << 32n);
};
const time = (t: Traffic): bigint => read64(t, R.SYSTIML, R.SYSTIMH);

describe('the clock', () => {
  it('stands until it has an increment, then counts cycles of 16 ns', () => {
    const t = new Traffic();
    t.machine.clock.advance(1000);
    expect(time(t)).toBe(0n);
    t.machine.write(R.TIMINCA, LINUX);
    t.machine.clock.advance(1600);
    expect(time(t)).toBe(1600n * STEP);
    t.machine.clock.advance(15);
    expect(time(t)).toBe(1600n * STEP);
    t.machine.clock.advance(1);
    expect(time(t)).toBe(1616n * STEP);
  });

  it('goes on from what it was when its increment changes, and from what is written', () => {
    const t = new Traffic();
    t.machine.write(R.TIMINCA, LINUX);
    t.machine.clock.advance(160);
    t.machine.write(R.TIMINCA, (4 << 24) | 5); // 5 every 64 ns
    expect(time(t)).toBe(160n * STEP);
    t.machine.clock.advance(640);
    expect(time(t)).toBe(160n * STEP + 50n);
    t.machine.write(R.SYSTIML, 0xffff_fffe);
    t.machine.write(R.SYSTIMH, 7);
    t.machine.clock.advance(64);
    expect(time(t)).toBe(0x8_0000_0003n);
    t.machine.write(R.TIMINCA, 0);
    t.machine.clock.advance(64_000);
    expect(time(t)).toBe(0x8_0000_0003n);
  });

  it('keeps the high half while the low one is read, and wraps after 64 bits', () => {
    const t = new Traffic();
    t.machine.write(R.TIMINCA, (1 << 24) | 1);
    t.machine.write(R.SYSTIML, 0xffff_ffff);
    t.machine.write(R.SYSTIMH, 0xffff_ffff);
    expect(t.machine.read(R.SYSTIML)).toBe(0xffff_ffff);
    t.machine.clock.advance(16);
    expect(t.machine.read(R.SYSTIMH)).toBe(0xffff_ffff);
    expect(time(t)).toBe(0n);
  });

  it('is set forward and back by TIMADJ, and stands at 0 after a reset', () => {
    const t = new Traffic();
    t.machine.write(R.SYSTIMH, 1);
    t.machine.write(R.TIMADJL, 5);
    t.machine.write(R.TIMADJH, 0);
    expect(time(t)).toBe(0x1_0000_0005n);
    t.machine.write(R.TIMADJL, 0xffff_fff0);
    t.machine.write(R.TIMADJH, 0xffff_ffff);
    expect(time(t)).toBe(0xffff_fff5n);
    t.machine.write(R.TIMINCA, LINUX);
    t.machine.write(R.CTRL, R.CTRL.RST.mask);
    t.machine.clock.advance(1000);
    expect(time(t)).toBe(0n);
  });
});

describe('a frame sent', () => {
  const STAMPED = '3c00382b 00000f00';

  it('is stamped when its descriptor asks, once until the stamp is read', () => {
    const t = new Traffic();
    const ring = t.txRing(8);
    const data = t.memory(frame(60));
    t.machine.write(R.TIMINCA, LINUX);
    t.machine.write(TSYNCTXCTL, TSYNCTXCTL.EN.mask);
    const start = t.machine.clock.now();
    for (let index = 0; index < 3; index++) {
      poke(ring.offset + index * 16, descriptor(data.address, index === 0 ? '3c00302b 00000f00' : STAMPED));
    }
    t.machine.write(R.TDT, 1);
    t.machine.clock.run();
    expect(t.machine.read(TSYNCTXCTL)).toBe(0x10);
    const then = t.machine.clock.now() - start;
    t.ring(R.TDT, 2);
    expect(t.machine.read(TSYNCTXCTL)).toBe(0x11);
    t.machine.clock.advance(1000);
    t.ring(R.TDT, 3); // the first stamp is not read yet
    expect(read64(t, R.TXSTMPL, R.TXSTMPH)).toBe(BigInt(then - (then % 16)) * STEP);
    expect(t.machine.read(TSYNCTXCTL)).toBe(0x10);
    expect(t.partner.frames).toHaveLength(3);
  });

  it('is not stamped while TSYNCTXCTL says nothing', () => {
    const t = new Traffic();
    const ring = t.txRing(8);
    poke(ring.offset, descriptor(t.memory(frame(60)).address, STAMPED));
    t.ring(R.TDT, 1);
    expect([t.machine.read(TSYNCTXCTL), t.partner.frames.length]).toEqual([0, 1]);
  });

  it('of several segments is stamped with the first', () => {
    const t = new Traffic();
    const ring = t.txRing(8);
    t.machine.write(TSYNCTXCTL, TSYNCTXCTL.EN.mask);
    poke(ring.offset, '141c0000 00000000 000c2020 00140100');
    poke(ring.offset + 16, descriptor(t.memory(new Uint8Array(60)).address, '3c0038ab 00830100'));
    t.ring(R.TDT, 2);
    expect([t.machine.read(TSYNCTXCTL), t.partner.frames.length]).toEqual([0x11, 6]);
  });
});

describe('a frame received', () => {
  const MACS = '020000000001 020000000002 ';
  /** Version 2, with a message type: sync 0, delay request 1, follow-up 8. */
  const v2 = (type: number): string => `0${String(type)}02 002c ${'00'.repeat(40)}`;
  /** Version 1, with a control field: sync 0, delay request 1. */
  const v1 = (control: number): string => `0001 0001 ${'00'.repeat(28)} 0${String(control)} ${'00'.repeat(91)}`;
  const udp4 = (port: string, flags = '0000'): string =>
    `0800 46000000 0000${flags} 40110000 0a000001 0a000002 01010101 ${port}${port} 0000 0000 `;
  const udp6 = `86dd 60000000 0000 1140 ${'11'.repeat(32)} 013f013f 0000 0000 `;
  const EVENT = '013f';

  /** Whether a frame is stamped. */
  function stamped(digits: string, type: number, configuration = 0): boolean {
    const t = new Traffic();
    const ring = t.rxRing(8);
    t.machine.write(R.TIMINCA, LINUX);
    t.machine.write(TSYNCRXCTL, TSYNCRXCTL.EN.mask | TSYNCRXCTL.TYPE.set(0, type));
    t.machine.write(R.TSYNCRXCFG, configuration);
    t.machine.write(R.RCTL, R.RCTL.EN.mask | R.RCTL.SECRC.mask);
    poke(ring.offset, descriptor(t.memory(2048).address));
    t.ring(R.RDT, 1);
    const whole = Buffer.from((MACS + digits).replaceAll(' ', '').padEnd(120, '0'), 'hex');
    t.arrive([whole]);
    const status = Buffer.from(peek(ring.offset).slice(18, 26), 'hex').readUInt32LE();
    const valid = (t.machine.read(TSYNCRXCTL) & 1) === 1;
    expect((status & RX_STATUS.TS) !== 0).toBe(valid);
    expect(read64(t, R.RXSTMPL, R.RXSTMPH) !== 0n).toBe(valid);
    expect(t.machine.read(TSYNCRXCTL) & 1).toBe(0);
    expect(status & RX_STATUS.DD).toBe(1);
    t.close();
    return valid;
  }

  const { ALL, EVENT_V2, L2_L4_V2, L2_V2, L4_V1 } = RX_STAMP_TYPE;
  const PTP = '88f7 ';
  // prettier-ignore
  it.each([
    ['any frame',                             '88b5',                       ALL,      0,      true],
    ['sync in Ethernet',                      PTP + v2(0),                  L2_V2,    0,      true],
    ['sync in Ethernet, with a tag',          `8100 0005 ${PTP}${v2(0)}`,   L2_V2,    0,      true],
    ['delay request, sync wanted',            PTP + v2(1),                  L2_V2,    0,      false],
    ['delay request, wanted',                 PTP + v2(1),                  L2_V2,    0x0100, true],
    ['sync in UDP, Ethernet wanted',          udp4(EVENT) + v2(0),          L2_V2,    0,      false],
    ['sync in UDP',                           udp4(EVENT) + v2(0),          L2_L4_V2, 0,      true],
    ['sync in UDP over IPv6',                 udp6 + v2(0),                 L2_L4_V2, 0,      true],
    ['sync in Ethernet, either wanted',       PTP + v2(0),                  L2_L4_V2, 0,      true],
    ['sync to the port of general messages',  udp4('0140') + v2(0),         L2_L4_V2, 0,      false],
    ['sync in a fragment',                    udp4(EVENT, '2000') + v2(0),  L2_L4_V2, 0,      false],
    ['any event',                             PTP + v2(3),                  EVENT_V2, 0,      true],
    ['a general message',                     PTP + v2(8),                  EVENT_V2, 0,      false],
    ['version 1, version 2 wanted',           udp4(EVENT) + v1(0),          EVENT_V2, 0,      false],
    ['sync of version 1',                     udp4(EVENT) + v1(0),          L4_V1,    0,      true],
    ['delay request of version 1, sync wanted', udp4(EVENT) + v1(1),        L4_V1,    0,      false],
    ['delay request of version 1',            udp4(EVENT) + v1(1),          L4_V1,    1,      true],
    ['version 1 in Ethernet',                 PTP + v1(0),                  L4_V1,    0,      false],
    ['a message cut short',                   PTP + v2(0).slice(0, 60),     L2_V2,    0,      true], // padded to 60 bytes
    ['a datagram cut short',                  udp4(EVENT) + '0002',         L2_L4_V2, 0,      false],
    ['something else',                        '0806' + v2(0),               L2_L4_V2, 0,      false],
  ] as const)('%s', (_what, digits, type, configuration, wanted) => {
    expect(stamped(digits, type, configuration)).toBe(wanted);
  });
});
