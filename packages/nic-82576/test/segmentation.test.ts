/* Literal descriptors of packets that are to leave in segments, and the literal frames that leave. */

import { describe, expect, it } from 'vitest';
import { Iommu } from '@netcx/dma';
import { REGISTERS } from '../src/registers/index.ts';
import {
  squeeze,
  bytes,
  TSE,
  LAST,
  BOTH,
  TXSM,
  SLOT_1,
  payload,
  Rig,
  LINK,
  TCP4,
  CONTEXT4,
} from './segmentation-rig.ts';
import { little, poke, Traffic } from './traffic.ts';

const R = REGISTERS;
const { TDH, TDT } = R;
const CONTRADICTORY = 'nic: transmit descriptors and context that contradict each other';

const TCP4_FRAMES = [
  '4500002cfffe4000400626cb0a0000010a000002 00501234fffffffe000000005090 2000 a4040000 61626364',
  '4500002cffff4000400626ca0a0000010a000002 0050123400000002000000005010 2000 9c790000 65666768',
  '4500002a00004000400626cc0a0000010a000002 0050123400000006000000005019 2000 ffd20000 696a',
].map((digits) => squeeze(`${LINK}0800${digits}`));

describe('TCP', () => {
  it('over IPv4: each segment has its own lengths, numbers, flags and checksums', () => {
    const rig = new Rig().context(CONTEXT4);
    rig.data(`${TCP4} 6162636465666768696a`, LAST, BOTH | payload(10));
    expect(rig.send()).toEqual(TCP4_FRAMES);
    expect([rig.status(0), rig.status(1)]).toEqual(['00140400', little(BOTH | payload(10) | 1)]);
    expect(rig.t.machine.read(TDH)).toBe(2);
    expect([R.TSCTC, R.GPTC, R.GOTCL].map((register) => rig.t.machine.read(register))).toEqual([
      1,
      3,
      58 + 58 + 56 + 12,
    ]);
  });

  it.each([1, 13, 14, 33, 34, 53, 54, 55, 58, 63])(
    'the same from two buffers, cut at %i, and from an empty one',
    (cut) => {
      const whole = bytes(`${TCP4} 6162636465666768696a`);
      const rig = new Rig().context(CONTEXT4);
      rig.data(whole.subarray(0, cut), TSE, BOTH | payload(10));
      rig.at(0x1000, TSE, 0);
      rig.data(whole.subarray(cut), LAST, 0);
      expect(rig.send()).toEqual(TCP4_FRAMES);
    },
  );

  it('the same through an IOMMU, from a byte a page', () => {
    const t = new Traffic(new Iommu());
    const rig = new Rig(t).context(CONTEXT4);
    const whole = bytes(`${TCP4} 6162636465666768696a`);
    const memory = t.memory(8192 * 2);
    for (let part = 0; part < 4; part++) {
      // Each lies over the end of a page.
      const offset = 4096 * (part % 2 === 0 ? 1 : 3) - 8 + 16 * (part >> 1);
      poke(memory.offset + offset, Buffer.from(whole.subarray(part * 16, part * 16 + 16)).toString('hex'));
      rig.at(memory.address + offset, (part === 3 ? LAST : TSE) | 16, BOTH | payload(10));
    }
    expect(rig.send()).toEqual(TCP4_FRAMES);
  });

  it('over IPv6 with an extension header: the payload length, no header checksum, the second context slot', () => {
    const addresses = 'fe800000000000000000000000000001 fe800000000000000000000000000002 ';
    const header = `${LINK}86dd 60000000 0000 3c40 ${addresses} 0600010400000000 00501234 00000001 00000000 5018 2000 fd0a 0000`;
    const rig = new Rig().context('301c0000 00000000 00082020 10140500'); // IPLEN 48, MSS 5, slot 1
    rig.context('ffffffff 00000000 00002020 00ffffff'); // slot 0 says something else
    rig.data(`${header} 61626364656667`, LAST, TXSM | SLOT_1 | payload(7));
    expect(rig.send()).toEqual(
      [
        `6000000000213c40${addresses}0600010400000000 005012340000000100000000501020 00567f0000 6162636465`,
        `60000000001e3c40${addresses}0600010400000000 005012340000000600000000501820 0019d50000 6667`,
      ].map((digits) => squeeze(`${LINK}86dd${digits}`)),
    );
  });

  it('of one segment keeps all its flags, and a segment that is as long as the rest is the last', () => {
    const rig = new Rig().context(CONTEXT4.replace('00140400', '00140a00'));
    rig.data(`${TCP4} 6162636465666768696a`, LAST, BOTH | payload(10));
    rig.context(CONTEXT4.replace('00140400', '00140500'));
    rig.data(`${TCP4} 6162636465666768696a`, LAST, BOTH | payload(10));
    rig.data(TCP4, LAST, BOTH | payload(0));
    expect(rig.send().map((frame) => frame.slice(92, 96) + frame.slice(108))).toEqual([
      '50996162636465666768696a',
      '50906162636465',
      '5019666768696a',
      '5099',
    ]);
  });

  it('has an 802.3 length in each segment when the context says SNAP', () => {
    // MACLEN 22: addresses, length, LLC and SNAP; SNAP, IPV4, TCP.
    const rig = new Rig().context('142c0000 00000000 000e2020 00140400');
    const snap = TCP4.replace('0800', '0000 aaaa03 000000 0800');
    rig.data(`${snap} 616263646566`, LAST, BOTH | payload(6));
    const lengths = rig.send().map((frame) => frame.slice(24, 44));
    expect(lengths).toEqual(['0034aaaa030000000800', '0032aaaa030000000800']); // 8 + 40 + 4 and 2
  });

  it('in a tunnel: the seed in the outer header cancels out what is behind it', () => {
    // IPv4, GRE, IPv4 and TCP: IPLEN 44 ends with the inner header, which is right for every segment already. The seed
    // f7ff is the complement of 0800 and of a header that sums to ffff.
    const inner = '00000800 4500002c 0001 0000 4006 66c9 0a000001 0a000002 ';
    const outer = '45000000 0007 0000 402f f7ff c0a80001 c0a80002 ';
    const rig = new Rig().context(CONTEXT4.replace('141c', '2c1c'));
    const tcp = '0050 1234 00000001 00000000 5018 2000 1409 0000 ';
    rig.data(`${LINK}0800 ${outer}${inner}${tcp} 6162636465666768`, LAST, BOTH | payload(8));
    expect(rig.send()).toEqual(
      [
        `45000044 0007 0000 402f f930 c0a80001 c0a80002 ${inner} 00501234 00000001 00000000 50102000 a4820000 61626364`,
        `45000044 0008 0000 402f f92f c0a80001 c0a80002 ${inner} 00501234 00000005 00000000 50182000 9c6e0000 65666768`,
      ].map((digits) => squeeze(`${LINK}0800${digits}`)),
    );
  });

  it('leaves checksums alone that are not asked for', () => {
    const rig = new Rig().context(CONTEXT4);
    rig.data(`${TCP4} 61626364 65`, LAST, payload(5));
    expect(rig.send().map((frame) => [frame.slice(48, 52), frame.slice(100, 104)])).toEqual([
      ['ffff', '1409'],
      ['ffff', '1409'],
    ]);
  });
});

it('UDP: each segment is a datagram, with its length and checksum', () => {
  const header = `${LINK}0800 45000000 00004000 40110000 0a000001 0a000002 00070007 0000 1414`;
  const rig = new Rig().context('141c0000 00000000 00042020 00080e00'); // IPV4, UDP; L4LEN 8, MSS 14
  const data = ['30', '31', '32'].map((byte) => byte.repeat(14)).join('') + '33'.repeat(8);
  rig.data(`${header} ${data}`, LAST, BOTH | payload(50));
  expect(rig.send()).toEqual(
    [
      `4500002a00004000401126c10a0000010a000002 0007000700169a60${'30'.repeat(14)}`,
      `4500002a00014000401126c00a0000010a000002 0007000700169359${'31'.repeat(14)}`,
      `4500002a00024000401126bf0a0000010a000002 0007000700168c52${'32'.repeat(14)}`,
      `4500002400034000401126c40a0000010a000002 0007000700101ef1${'33'.repeat(8)}`,
    ].map((digits) => squeeze(`${LINK}0800${digits}`)),
  );
  expect(rig.t.machine.read(R.TSCTC)).toBe(1);
});

/** A packet of so many bytes of payload, and its context for segments of `mss`. */
function long(rig: Rig, length: number, mss: number): Rig {
  rig.context(`141c0000 00000000 000c2020 0014${little(mss).slice(0, 4)}`);
  rig.data(TCP4, TSE, BOTH | payload(length));
  return rig.data(
    Uint8Array.from({ length }, (_, index) => index),
    LAST,
    0,
  );
}

/** The payloads of segments, together. */
const joined = (frames: readonly string[]): string => frames.map((frame) => frame.slice(108)).join('');
const expected = (length: number): string =>
  Buffer.from(Uint8Array.from({ length }, (_, index) => index)).toString('hex');

describe('more segments than a burst', () => {
  it('take turns with other queues, and the head stays until the last one has left', () => {
    const t = new Traffic();
    const rig = long(new Rig(t), 200 * 8, 8);
    const other = long(new Rig(t, 9), 140 * 8, 8);
    t.machine.write(TDT, 3, 9);
    t.machine.write(TDT, 3, 0);
    const heads: number[] = [];
    while (t.machine.clock.step()) heads.push(t.machine.read(TDH));
    expect(t.partner.bursts).toEqual([128, 128, 72, 12]);
    const second = t.partner.frames.filter((_, index) => (index >= 128 && index < 256) || index >= 328);
    expect(joined(second)).toBe(expected(1120));
    expect(heads[0]).toBe(1); // behind the context
    expect(heads.at(-1)).toBe(3);
    expect([rig.status(2), other.status(2)]).toEqual(['01000000', '01000000']);
    expect(t.machine.read(R.TSCTC)).toBe(2);
  });

  it('are not torn where a burst can end between two packets', () => {
    const rig = new Rig();
    for (let packet = 0; packet < 3; packet++) long(rig, 45 * 8, 8);
    expect(joined(rig.send())).toBe(expected(360).repeat(3));
    expect(rig.t.partner.bursts).toEqual([90, 45]);
  });

  it('wait for room on the link', () => {
    const rig = new Rig();
    for (let packet = 0; packet < 4; packet++) long(rig, 60_000, 1400);
    const frames = rig.send();
    expect(frames).toHaveLength(4 * 43);
    expect(joined(frames)).toBe(expected(60_000).repeat(4));
    expect(rig.t.partner.bursts.length).toBeGreaterThan(1); // 128 KiB hold two packets and a half
  });

  it('wait while the cable is out; what was on it is lost', () => {
    const rig = long(new Rig(), 200 * 8, 8);
    const { machine, partner } = rig.t;
    machine.write(TDT, 3);
    machine.clock.run({ until: machine.clock.now() }); // both bursts are on the cable
    machine.link.b.enable(false);
    machine.clock.run();
    expect([partner.frames.length, machine.read(TDH)]).toEqual([0, 3]);
    const more = long(rig, 200 * 8, 8);
    machine.write(TDT, 6);
    machine.clock.run();
    expect([machine.read(TDH), more.status(5)]).toEqual([3, little(0)]);
    machine.link.b.enable(true);
    machine.clock.run();
    expect(joined(partner.frames)).toBe(expected(1600));
  });

  it('all leave when the queue is switched off meanwhile, and nothing behind them', () => {
    const rig = long(new Rig(), 200 * 8, 8);
    rig.data(TCP4, (LAST & 0x7fff_ffff) | 0, 0);
    rig.t.machine.write(TDT, 4);
    rig.t.machine.clock.step(); // one burst
    rig.t.machine.write(R.TXDCTL, 0);
    rig.t.machine.write(TDT, 4);
    rig.t.machine.clock.run();
    expect(rig.t.partner.frames).toHaveLength(200);
    expect(rig.t.machine.read(TDH)).toBe(3);
    rig.t.machine.write(R.TXDCTL, R.TXDCTL.ENABLE.mask);
    rig.t.machine.clock.run();
    expect(rig.t.partner.frames).toHaveLength(201);
    expect(rig.t.machine.read(TDH)).toBe(4);
  });

  it.each(['TDH', 'TDLEN', 'TDBAL', 'CTRL'] as const)('are forgotten when %s is written', (name) => {
    const rig = long(new Rig(), 200 * 8, 8);
    const { machine, partner } = rig.t;
    machine.write(TDT, 3);
    machine.clock.step();
    const left = partner.frames.length + partner.bursts.length;
    expect(left).toBe(0); // the first burst is on its way
    if (name === 'TDH') machine.write(TDH, 3);
    else if (name === 'CTRL') machine.write(R.CTRL, R.CTRL.RST.mask);
    else machine.write(R[name], 0);
    machine.write(TDT, 3);
    machine.clock.run();
    expect(partner.frames.length).toBeLessThanOrEqual(128);
    expect(rig.t.machine.nic.drops()[CONTRADICTORY]).toBe(0);
  });
});

describe('what cannot be segmented is dropped, counted, and told by DOUTSYNC', () => {
  // prettier-ignore
  it.each([
    ['a segment size of 0',          CONTEXT4.replace('00140400', '00140000'), 10, 64],
    ['SCTP',                         CONTEXT4.replace('000c2020', '00142020'), 10, 64],
    ['the reserved protocol',        CONTEXT4.replace('000c2020', '001c2020'), 10, 64],
    ['a TCP header of 19 bytes',     CONTEXT4.replace('00140400', '00130400'), 11, 64],
    ['an IPv4 header of 19 bytes',   CONTEXT4.replace('141c0000', '131c0000'), 11, 64],
    ['an IPv6 header of 39 bytes',   '271c0000 00000000 00082020 00140400',    10, 83],
    ['a MAC header of 13 bytes',     CONTEXT4.replace('141c0000', '141a0000'), 11, 64],
    ['a PAYLEN that is too small',   CONTEXT4,                                  9, 64],
    ['a PAYLEN that is too large',   CONTEXT4,                                 11, 64],
    ['buffers shorter than headers', CONTEXT4,                                 10, 30],
  ])('%s', (_what, context, length, total) => {
    const rig = new Rig().context(context);
    rig.t.machine.write(R.IMS, R.ICR.DOUTSYNC.mask);
    rig.data(new Uint8Array(total), LAST, BOTH | payload(length));
    rig.data(TCP4, (LAST & 0x7fff_ffff) | 0, 0);
    expect(rig.send()).toEqual([squeeze(TCP4)]); // what follows leaves
    expect(rig.t.machine.nic.drops()[CONTRADICTORY]).toBe(1);
    expect(rig.t.machine.read(R.ICR) & R.ICR.DOUTSYNC.mask).not.toBe(0);
    expect(rig.status(1).startsWith('01')).toBe(true);
    expect(rig.t.machine.read(R.TSCTC)).toBe(0);
  });

  it('a context in the middle of a packet', () => {
    const rig = new Rig().context(CONTEXT4);
    rig.data(TCP4, TSE, BOTH | payload(10));
    rig.context(CONTEXT4);
    rig.data(`${TCP4} 6162636465666768696a`, LAST, BOTH | payload(10));
    expect(rig.send()).toEqual(TCP4_FRAMES);
    expect(rig.t.machine.nic.drops()[CONTRADICTORY]).toBe(1);
  });

  it('segments longer than any frame; those that just fit leave', () => {
    const rig = new Rig();
    long(rig, 9671, 9671);
    long(rig, 9670, 9670);
    expect(rig.send().map((frame) => frame.length / 2)).toEqual([9724]);
    expect(rig.t.machine.nic.drops()[CONTRADICTORY]).toBe(1);
  });
});

describe('memory that the device does not reach', () => {
  it('in the middle of a packet: what has left has left, the rest never does, and the queue goes on', () => {
    const t = new Traffic(new Iommu());
    const rig = new Rig(t).context(CONTEXT4);
    rig.data(`${TCP4} 61626364`, TSE, BOTH | payload(10));
    rig.at(0x7f_0000_0000, LAST | 6, 0);
    rig.data(TCP4, (LAST & 0x7fff_ffff) | 0, 0);
    expect(rig.send()).toEqual([TCP4_FRAMES[0], squeeze(TCP4)]);
    expect(rig.status(2)).toBe('01000000');
    expect(t.machine.nic.dma.masterAborts).toBe(1);
    expect(t.machine.read(R.TSCTC)).toBe(0);
  });

  it('in the headers: nothing leaves', () => {
    const t = new Traffic(new Iommu());
    const rig = new Rig(t).context(CONTEXT4);
    rig.at(0x7f_0000_0000, LAST | 64, BOTH | payload(10));
    expect(rig.send()).toEqual([]);
    expect(t.machine.nic.dma.masterAborts).toBe(1);
    expect(t.machine.read(TDH)).toBe(2);
  });
});
