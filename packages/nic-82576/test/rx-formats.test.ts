/* How frames lie in memory: VLAN tags, header split, legacy descriptors. Literal descriptors and bytes. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REGISTERS, RX_DESCRIPTOR_TYPE } from '../src/registers/index.ts';
import { bytes, RxQueues, type Delivered } from './rx-queues.ts';
import { hex } from './traffic.ts';

const R = REGISTERS;
const { EN, LPE, SECRC, VFE, CFIEN, CFI } = R.RCTL;
const RX = EN.mask | SECRC.mask;
const MACS = '020000000001020000000002';
const LEGACY = RX_DESCRIPTOR_TYPE.LEGACY;
const ADVANCED = RX_DESCRIPTOR_TYPE.ADVANCED;
const SPLIT = RX_DESCRIPTOR_TYPE.HEADER_SPLIT;
const ALWAYS = RX_DESCRIPTOR_TYPE.HEADER_SPLIT_ALWAYS;

let rx: RxQueues;
beforeEach(() => {
  rx = new RxQueues(1, 16);
  rx.start({ type: ADVANCED });
  rx.write(R.RCTL, RX);
  rx.write(R.RXCSUM, 0x2000);
});
afterEach(() => {
  rx.close();
});

const words = (all: readonly Delivered[]): string[] => all.map((one) => one.words);
const packet = (one: Delivered | undefined, length: number): string =>
  hex(one?.packet.subarray(0, length) ?? new Uint8Array());
const header = (one: Delivered | undefined, length: number): string =>
  hex(one?.header.subarray(0, length) ?? new Uint8Array());
/** Digits of a frame filled up to `length` bytes. */
const fill = (digits: string, length: number): string => digits.replaceAll(' ', '').padEnd(2 * length, '0');

describe('a VLAN tag', () => {
  const tagged = `${MACS}8100a064 88b5 0102030405`; // priority 5, VLAN 100
  const bare = `${MACS}88b5 0102030405`;

  it('is taken out with CTRL.VME, and stands in the descriptor', () => {
    rx.write(R.CTRL, rx.read(R.CTRL) | R.CTRL.VME.mask);
    const got = rx.arrive(bytes(tagged), bytes(bare));
    expect(words(got)).toEqual(['00000000 00000000 0b000000 380064a0', '00000000 00000000 03000000 3c000000']);
    expect([packet(got[0], 60), packet(got[1], 60)]).toEqual([fill(bare, 60), fill(bare, 60)]);
    expect([rx.read(R.GPRC), rx.read(R.GORCL)]).toEqual([2, 128]); // what was on the wire
  });

  it('stays where it is without', () => {
    expect(words(rx.arrive(bytes(tagged)))).toEqual(['00000000 00000000 03000000 3c000000']);
  });

  it('has the type that VET names', () => {
    rx.write(R.CTRL, rx.read(R.CTRL) | R.CTRL.VME.mask);
    rx.write(R.VET, 0x8100_9100);
    expect(words(rx.arrive(bytes(tagged), bytes(tagged.replace('8100', '9100'))))).toEqual([
      '00000000 00000000 03000000 3c000000',
      '00000000 00000000 0b000000 380064a0',
    ]);
  });

  it('does not hide the packet behind it', () => {
    const udp = '4500001e00000000401166cd0a0000010a000002 00070007000a8a676162';
    rx.write(R.RXCSUM, 0x2300);
    const [kept] = rx.arrive(bytes(`${MACS}81000064 0800 ${udp}`));
    expect(kept?.words).toBe('10020000 00000000 73040000 3c000000');
    rx.write(R.CTRL, rx.read(R.CTRL) | R.CTRL.VME.mask);
    const [stripped] = rx.arrive(bytes(`${MACS}81000064 0800 ${udp}`));
    expect(stripped?.words).toBe('10020000 00000000 7b040000 38006400');
  });

  it('is the inner one with CTRL_EXT.EXTENDED_VLAN; the outer one stays', () => {
    rx.write(R.CTRL, rx.read(R.CTRL) | R.CTRL.VME.mask);
    rx.write(R.CTRL_EXT, R.CTRL_EXT.EXTENDED_VLAN.mask);
    rx.write(R.VET, 0x88a8_8100);
    const got = rx.arrive(
      bytes(`${MACS}88a80001 81000064 88b5 0102`),
      bytes(`${MACS}88a80001 88b5 0102`),
      bytes(`${MACS}81000064 88b5 0102`),
    );
    expect(words(got)).toEqual([
      '00000000 00000000 0b000000 38006400',
      '00000000 00000000 03000000 3c000000',
      '00000000 00000000 03000000 3c000000',
    ]);
    expect(packet(got[0], 24)).toBe(`${MACS}88a8000188b5010200000000`);
  });

  it.each([true, false])(
    'passes the filter when VFTA has its VLAN; frames without pass always (stripping: %s)',
    (strip) => {
      if (strip) rx.write(R.CTRL, rx.read(R.CTRL) | R.CTRL.VME.mask);
      rx.write(R.RCTL, RX | VFE.mask);
      rx.write(R.VFTA, 0x10, 3); // VLAN 100
      const other = tagged.replace('a064', 'a065');
      expect(rx.arrive(bytes(tagged), bytes(other), bytes(bare)).length).toBe(2);
      expect([rx.read(R.GPRC), rx.read(R.TPR)]).toEqual([2, 3]);
      rx.write(R.VFTA, 0x20, 3);
      expect(rx.arrive(bytes(tagged), bytes(other), bytes(bare)).length).toBe(2);
      rx.write(R.VFTA, 0, 3);
      expect(rx.arrive(bytes(tagged), bytes(other), bytes(bare)).length).toBe(1);
    },
  );

  it('passes only with the CFI that RCTL asks for', () => {
    rx.write(R.RCTL, RX | VFE.mask | CFIEN.mask);
    rx.write(R.VFTA, 0x10, 3);
    const withCfi = tagged.replace('a064', 'b064');
    expect(rx.arrive(bytes(tagged), bytes(withCfi)).length).toBe(1);
    rx.write(R.RCTL, RX | VFE.mask | CFIEN.mask | CFI.mask);
    expect(rx.arrive(bytes(tagged), bytes(withCfi), bytes(withCfi)).length).toBe(2);
  });

  it('keeps frames that wait out of the packet buffer too', () => {
    rx.write(R.RCTL, RX | VFE.mask);
    rx.write(R.RXDCTL, 0);
    rx.arrive(bytes(tagged), bytes(bare));
    expect(rx.read(R.RNBC)).toBe(1);
  });
});

describe('header split', () => {
  /** IPv4 and TCP with 12 bytes of options, 20 bytes of payload: headers of 14 + 20 + 32 = 66 bytes. */
  const tcp = fill(
    `${MACS}0800 450000480001000040060000 0a0000010a000002 00500051 00000000 00000000 80100000 00000000 ${'01'.repeat(12)} ${'ab'.repeat(20)}`,
    86,
  );
  const arp = fill(`${MACS}0806 0001080006040001`, 60);
  const { IPV4, IPV4_TCP } = R.PSRTYPE;

  beforeEach(() => {
    rx.write(R.PSRTYPE, IPV4_TCP.mask);
  });

  it('puts headers into one buffer and the rest into the other', () => {
    rx.start({ type: SPLIT, header: 128 });
    const [one] = rx.arrive(bytes(tcp));
    expect(one?.words).toBe('10014088 00000000 03000000 14000000'); // 66 << 21 | SPH, TCP and IPv4, 20 bytes
    expect([header(one, 67), packet(one, 21)]).toEqual([`${tcp.slice(0, 132)}00`, `${'ab'.repeat(20)}00`]);
  });

  it('says that it did not when the header is larger than its buffer', () => {
    rx.start({ type: SPLIT, header: 64 });
    const [one] = rx.arrive(bytes(tcp));
    expect(one?.words).toBe('10014088 00000000 03008000 56000000'); // HBO
    expect([header(one, 4), packet(one, 86)]).toEqual(['00000000', tcp]);
  });

  it('splits what PSRTYPE names, by the innermost header', () => {
    rx.start({ type: SPLIT, header: 128 });
    rx.write(R.PSRTYPE, IPV4.mask);
    const fragment = tcp.replace('0001000040060000', '0001200040060000');
    const [whole, part, other] = rx.arrive(bytes(tcp), bytes(fragment), bytes(arp));
    expect(whole?.words).toBe('10010000 00000000 03000000 56000000');
    expect(part?.words).toBe('10004084 00000000 03000000 34000000'); // 34 << 21 | SPH, IPv4
    expect(other?.words).toBe('00000000 00000000 03000000 3c000000');
    expect([header(part, 35), packet(part, 2)]).toEqual([`${fragment.slice(0, 68)}00`, '0050']);
  });

  it('always fills the header buffer first in the mode of that name', () => {
    rx.start({ type: ALWAYS, header: 64 });
    const long = fill(`${MACS}88b5`, 60) + 'cd'.repeat(40);
    const [short, other, over] = rx.arrive(bytes(arp), bytes(long), bytes(tcp));
    expect(short?.words).toBe('00008007 00000000 03000000 00000000'); // 60 << 21, nothing left
    expect(other?.words).toBe('00000008 00000000 03000000 24000000'); // 64 << 21, 36 left
    expect(over?.words).toBe('10014088 00000000 03008000 16000000'); // 66 << 21 | SPH, HBO, 22 left
    expect([header(short, 60), packet(short, 4)]).toEqual([arp, '00000000']);
    expect([header(other, 64), packet(other, 36)]).toEqual([long.slice(0, 128), long.slice(128)]);
    expect([header(over, 64), packet(over, 22)]).toEqual([tcp.slice(0, 128), tcp.slice(128)]);
  });

  it('counts the header without a tag that is taken out, and uses one header buffer for a frame over several', () => {
    rx.write(R.CTRL, rx.read(R.CTRL) | R.CTRL.VME.mask);
    rx.write(R.RCTL, RX | LPE.mask);
    rx.start({ type: SPLIT, header: 128, kilobytes: 1 });
    const large = tcp.slice(0, 24) + '81000007' + tcp.slice(24, 32) + '05dc' + tcp.slice(36, 132) + 'ab'.repeat(1448);
    const got = rx.arrive(bytes(large));
    expect(words(got)).toEqual(['00004088 00000000 01000000 00040000', '10014088 00000000 0b000000 a8010700']);
    expect(header(got[0], 66)).toBe(tcp.slice(0, 24) + tcp.slice(24, 32) + '05dc' + tcp.slice(36, 132));
    expect(header(got[1], 4)).toBe('00000000');
    expect([packet(got[0], 1024), packet(got[1], 425)]).toEqual(['ab'.repeat(1024), 'ab'.repeat(424) + '00']);
  });
});

describe('a legacy descriptor', () => {
  it('keeps the address, and has length, status, errors and tag behind it', () => {
    rx.write(R.CTRL, rx.read(R.CTRL) | R.CTRL.VME.mask);
    rx.write(R.RXCSUM, 0x300);
    rx.start({ type: LEGACY });
    const udp = '4500001e00000000401166cd0a0000010a000002 00070007000a8a676162';
    const got = rx.arrive(
      bytes(`${MACS}0800 ${udp}`),
      bytes(`${MACS}8100a064 0800 ${udp}`),
      bytes(`${MACS}0800 ${udp.replace('66cd', '66ce').replace('8a67', '8a68')}`),
    );
    expect(words(got).map((text) => text.slice(18))).toEqual([
      '3c000000 73000000',
      '38000000 7b0064a0',
      '3c000000 73600000',
    ]);
    expect(words(got).map((text) => text.slice(9, 17))).toEqual(['00000000', '00000000', '00000000']);
    const [first, second] = words(got).map((text) =>
      parseInt(Buffer.from(text.slice(0, 8), 'hex').reverse().toString('hex'), 16),
    );
    expect((second ?? 0) - (first ?? 0)).toBe(2048); // where the buffers lie
    expect(packet(got[0], 12)).toBe(MACS);
  });

  it('of a frame over several has EOP only in the last, and RCTL.BSIZE says how large they are', () => {
    rx.start({ type: LEGACY, kilobytes: 0 });
    rx.write(R.RCTL, R.RCTL.BSIZE.set(RX, 3)); // 256 bytes
    const long = fill(`${MACS}88b5`, 300);
    const got = rx.arrive(bytes(long));
    expect(words(got).map((text) => text.slice(18))).toEqual(['00010000 01000000', '2c000000 03000000']);
    expect(packet(got[0], 256) + packet(got[1], 44)).toBe(long);
  });

  it('shows damage with RCTL.SBP, and the check sequence without RCTL.SECRC', () => {
    rx.start({ type: LEGACY });
    rx.write(R.RCTL, EN.mask | R.RCTL.SBP.mask);
    rx.traffic.arrive([bytes(`${MACS}88b5`)], 1);
    expect(words(rx.take()).map((text) => text.slice(18))).toEqual(['40000000 03010000']);
  });
});

describe('SCTP', () => {
  // CRC32c of the twelve bytes of header with a checksum of 0 and four bytes of payload: worked out bit by bit elsewhere.
  it('is checked with RXCSUM.CRCOFL alone', async () => {
    const { crc } = await import('./naive-receive.ts');
    const blank = Buffer.from('000100020000000300000000deadbeef', 'hex');
    const right = Buffer.from(blank);
    right.writeUInt32LE(crc(blank, 0x82f6_3b78), 8);
    const frame = (body: Buffer): Uint8Array =>
      bytes(`${MACS}0800 4500002400000000408400000a0000010a000002 ${body.toString('hex')}`);
    rx.write(R.RXCSUM, 0x2800);
    expect(words(rx.arrive(frame(right), frame(blank)))).toEqual([
      '10040000 00000000 23000000 3c000000',
      '10040000 00000000 23000020 3c000000',
    ]);
    rx.write(R.RXCSUM, 0x2200);
    expect(words(rx.arrive(frame(blank)))).toEqual(['10040000 00000000 03000000 3c000000']);
    expect(crc(Buffer.from('123456789'), 0x82f6_3b78)).toBe(0xe306_9283); // the check value of CRC32c
  });
});

describe('thresholds', () => {
  it('SRRCTL.RDMTS raises RXDMT0 when the free descriptors fall to it', () => {
    rx.close();
    rx = new RxQueues(1, 32);
    rx.start({ type: ADVANCED, threshold: 1 }); // 16 descriptors
    rx.write(R.RCTL, RX);
    const one = bytes(`${MACS}88b5`);
    rx.traffic.arrive(Array.from({ length: 14 }, () => one)); // 31 - 14 = 17 are left
    expect(rx.read(R.ICR)).toBe(0x80);
    rx.traffic.arrive([one]);
    expect(rx.read(R.ICR)).toBe(0x90);
    rx.traffic.arrive([one]);
    expect(rx.read(R.ICR)).toBe(0x80);
    rx.take();
    rx.write(R.RXCSUM, 0x300);
    rx.traffic.arrive(Array.from({ length: 15 }, () => one));
    expect(rx.read(R.ICR)).toBe(0x90);
  });

  it('RXDCTL.SWFLUSH finds nothing to flush: bursts are written back whole', () => {
    rx.write(R.RXDCTL, R.RXDCTL.WTHRESH.set(R.RXDCTL.ENABLE.mask, 16));
    rx.traffic.arrive([bytes(`${MACS}88b5`)]);
    rx.write(R.RXDCTL, rx.read(R.RXDCTL) | R.RXDCTL.SWFLUSH.mask);
    expect([rx.read(R.RXDCTL) & R.RXDCTL.SWFLUSH.mask, words(rx.take())]).toEqual([
      0,
      ['00000000 00000000 03000000 3c000000'],
    ]);
  });
});

it('short and long frames are told apart from damaged short and long ones', () => {
  const short = bytes(`${MACS}88b5`).subarray(0, 59);
  const long = bytes(fill(`${MACS}88b5`, 1600));
  rx.traffic.arrive([short, long]);
  rx.traffic.arrive([short, long, bytes(`${MACS}88b5`)], 1);
  expect([R.RUC, R.ROC, R.RFC, R.RJC, R.CRCERRS, R.RLEC].map((register) => rx.read(register))).toEqual([
    1, 1, 1, 1, 1, 2,
  ]);
  rx.traffic.arrive([bytes('020000000009').subarray(0, 59)]);
  expect([R.RUC, R.RLEC].map((register) => rx.read(register))).toEqual([1, 0]); // not for us
});
