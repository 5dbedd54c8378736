/* What the chip finds of checksums: literal packets, and packets that were made to be right or wrong. */

import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { allocateWire, u8 as wire } from '@netcx/hardware/wire';
import { Headers } from '../src/headers.ts';
import { RX_STATUS } from '../src/registers/index.ts';
import { checkReceived, IP_CHECKED, L4_CHECKED } from '../src/rx-checksum.ts';

const { IPCS, IPE, L4CS, L4E, UDPCS, UDPV } = RX_STATUS;
const UDP = 17;
const TCP = 6;
const at = allocateWire(16 * 1024);

/** Puts a frame into device memory with something else behind it. */
function place(frame: Uint8Array): void {
  wire.fill(0xa5, at, at + frame.length + 64);
  wire.set(frame, at);
}

const bytes = (digits: string): Uint8Array => Buffer.from(digits.replaceAll(' ', ''), 'hex');

/** What is found of `length` bytes that lie at `at`. */
function find(length: number): number {
  const headers = new Headers();
  headers.parse(at, length, 12);
  return checkReceived(headers, IP_CHECKED | L4_CHECKED, true);
}

function check(frame: Uint8Array): number {
  place(frame);
  return find(frame.length);
}

/** The Internet checksum, word by word with the carry taken in at once. */
function naive(data: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < data.length; index += 2) {
    sum += ((data[index] ?? 0) << 8) | (data[index + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return ~sum & 0xffff;
}

const MAC = '020000000001 020000000002 ';

describe('checking literal packets', () => {
  const udp4 = `${MAC}0800 4500001e00000000401166cd0a0000010a000002 00070007000a8a676162`;
  const segment = '0050 1234 00000001 00000000 5018 2000 ';
  const tcp4 = `${MAC}0800 45000029000000004006 66cd 0a0000010a000002 ${segment} 2844 0000 41`;
  const tcp6 = `${MAC}86dd 6000000000150640 fe800000000000000000000000000001 fe800000000000000000000000000002 ${segment} 3f42 0000 41`;
  const udp6 = `${MAC}86dd 60000000000a1140 fe800000000000000000000000000001 fe800000000000000000000000000002 00070007000aa1656162`;

  // prettier-ignore
  it.each([
    ['UDP over IPv4',                 udp4,                                          IPCS | L4CS | UDPCS | UDPV],
    ['with padding behind it',        udp4 + 'ffee'.repeat(8),                       IPCS | L4CS | UDPCS | UDPV],
    ['with a wrong byte',             udp4.replace('6162', '6163'),                  IPCS | L4CS | UDPCS | UDPV | L4E],
    ['with a wrong address',          udp4.replace('0a000002', '0a000003'),          IPCS | IPE | L4CS | UDPCS | UDPV | L4E],
    ['with a wrong header checksum',  udp4.replace('66cd', '66cc'),                  IPCS | IPE | L4CS | UDPCS | UDPV],
    ['without UDP checksum',          udp4.replace('8a67', '0000'),                  IPCS],
    ['UDP over IPv6',                 udp6,                                          L4CS | UDPCS | UDPV],
    ['UDP over IPv6, wrong',          udp6.replace('a165', 'a166'),                  L4CS | UDPCS | UDPV | L4E],
    ['IPv6 cut short',                udp6.slice(0, -2),                             0],
    ['a first fragment',              udp4.replace('00000000401166cd', '00002000401146cd'), IPCS],
    ['a later fragment',              udp4.replace('00000000401166cd', '00000001401166cc'), IPCS],
    ['do not fragment',               udp4.replace('00000000401166cd', '00004000401126cd'), IPCS | L4CS | UDPCS | UDPV],
    ['another protocol',              udp4.replace('00000000401166cd', '000000004032' + '66ac'), IPCS],
    ['IPv4 cut short',                udp4.slice(0, -2),                             0],
    ['a total length below a header', udp4.replace('4500001e', '45000013'),          0],
    ['a header of 16 bytes',          udp4.replace('4500001e', '4400001e'),          0],
    ['version 5',                     udp4.replace('4500001e', '5500001e'),          0],
    ['ARP',                           `${MAC}0806 ${'00'.repeat(46)}`,               0],
    ['no room for a header',          `${MAC}0800 4500`,                             0],
    ['a header of IPv6 cut short',    `${MAC}86dd 60000000000a1140`,                 0],
    ['TCP over IPv4, odd',            tcp4,                                          IPCS | L4CS],
    ['TCP over IPv4, wrong',          tcp4.replace('2844', '2845'),                  IPCS | L4CS | L4E],
    ['TCP over IPv6, odd',            tcp6,                                          L4CS],
    ['a TCP header cut short',        `${MAC}0800 45000016000000004006 66e0 0a0000010a000002 0050`, IPCS],
    ['IPv6 with headers that do not fit', tcp6.replace('00150640', '00150040'),      0],
  ])('%s', (_name, digits, wanted) => {
    expect(check(bytes(digits)).toString(16)).toBe(wanted.toString(16));
  });
});

describe('checking random packets', () => {
  const TYPES = { 4: 0x0800, 6: 0x86dd } as const;

  /** What the chip should say of a packet that is whole, from the parts that it was made of. */
  interface Packet {
    readonly frame: Uint8Array;
    readonly wanted: number;
  }

  /** Builds a packet with right checksums, then spoils what it is told to. */
  function build(parts: {
    version: 4 | 6;
    protocol: number;
    options: number;
    payload: Uint8Array;
    padding: number;
    spoil: 'nothing' | 'header' | 'payload';
    blank: boolean;
  }): Packet {
    const { version, protocol, options, payload, padding, spoil, blank } = parts;
    const least = protocol === TCP ? 20 : 8;
    const l4 = Buffer.concat([Buffer.alloc(least, 0x5a), payload]);
    const field = protocol === TCP ? 16 : 6;
    l4.writeUInt16BE(0, field);
    if (protocol === UDP) l4.writeUInt16BE(l4.length, 4);
    const header = Buffer.alloc(version === 4 ? 20 + 4 * options : 40, 0x11);
    if (version === 4) {
      header[0] = 0x45 + options;
      header.writeUInt16BE(header.length + l4.length, 2);
      header.writeUInt16BE(0, 6);
      header[9] = protocol;
      header.writeUInt16BE(0, 10);
      header.writeUInt16BE(naive(header), 10);
    } else {
      header[0] = 0x60;
      header.writeUInt16BE(l4.length, 4);
      header[6] = protocol;
    }
    const addresses = version === 4 ? header.subarray(12, 20) : header.subarray(8, 40);
    const pseudo = Buffer.concat([addresses, Buffer.from([0, protocol, l4.length >> 8, l4.length & 255])]);
    const sum = naive(Buffer.concat([pseudo, l4]));
    const udp = protocol === UDP;
    const zero = udp && blank;
    l4.writeUInt16BE(zero ? 0 : udp && sum === 0 ? 0xffff : sum, field);
    // Spoilt by one bit: that never turns one representation of zero into the other.
    if (spoil === 'header' && version === 4) header[8] = (header[8] ?? 0) ^ 4;
    if (spoil === 'payload') l4[0] = (l4[0] ?? 0) ^ 1;
    const known = (udp || protocol === TCP) && !zero;
    const l4Wanted = L4CS | (udp ? UDPCS | UDPV : 0) | (spoil === 'payload' ? L4E : 0);
    const ipWanted = version === 4 ? IPCS | (spoil === 'header' ? IPE : 0) : 0;
    const type = Buffer.from([TYPES[version] >> 8, TYPES[version] & 255]);
    return {
      frame: Buffer.concat([Buffer.alloc(12, 2), type, header, l4, Buffer.alloc(padding, 0xee)]),
      wanted: ipWanted | (known ? l4Wanted : 0),
    };
  }

  const packets = fc.record({
    version: fc.constantFrom(4 as const, 6 as const),
    protocol: fc.constantFrom(TCP, UDP, 1, 47),
    options: fc.nat({ max: 10 }),
    payload: fc.uint8Array({ maxLength: 1400 }),
    padding: fc.nat({ max: 20 }),
    spoil: fc.constantFrom('nothing' as const, 'header' as const, 'payload' as const),
    blank: fc.boolean(),
  });

  it('agrees with how they were made (seeded)', () => {
    fc.assert(
      fc.property(packets, (parts) => {
        const { frame, wanted } = build(parts);
        expect(check(frame).toString(16)).toBe(wanted.toString(16));
      }),
      { seed: 768, numRuns: 500 },
    );
  });

  it('never looks behind the end of a frame that is cut or scrambled (seeded)', () => {
    const scramble = fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 255 })), { maxLength: 4 });
    fc.assert(
      fc.property(packets, fc.nat({ max: 120 }), scramble, (parts, cut, changes) => {
        const frame = Uint8Array.from(build(parts).frame);
        for (const [index, value] of changes) frame[index % frame.length] = value;
        const short = frame.slice(0, Math.max(14, frame.length - cut));
        place(short);
        const found = find(short.length);
        wire.fill(0x3c, at + short.length, at + short.length + 64);
        expect(find(short.length)).toBe(found);
      }),
      { seed: 793, numRuns: 500 },
    );
  });
});
