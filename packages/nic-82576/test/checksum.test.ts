/* Checksums: the example of RFC 1071, literal packets, and a naive implementation over random ones. */

import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { allocateWire, i32 as words, u8 as wire } from '@netcx/hardware/wire';
import { checkReceived, crc32, insertChecksums } from '../src/checksum.ts';
import { RX_STATUS, TX_STATUS, TxContext } from '../src/registers/index.ts';

const { IPCS, IPE, L4CS, L4E, UDPCS, UDPV } = RX_STATUS;
const { IXSM, TXSM } = TX_STATUS;
const UDP = 17;
const TCP = 6;
const at = allocateWire(16 * 1024);
const context = allocateWire(64) >> 2;

/** Puts a frame into device memory with something else behind it. */
function place(frame: Uint8Array): void {
  wire.fill(0xa5, at, at + frame.length + 16);
  wire.set(frame, at);
}

const bytes = (digits: string): Uint8Array => Buffer.from(digits.replaceAll(' ', ''), 'hex');
const check = (frame: Uint8Array): number => {
  place(frame);
  return checkReceived(at, frame.length);
};

/** The Internet checksum, word by word with the carry taken in at once. */
function naive(data: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < data.length; index += 2) {
    sum += ((data[index] ?? 0) << 8) | (data[index + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return ~sum & 0xffff;
}

/** Inserts as the context says and returns the frame. */
function insert(frame: Uint8Array, wanted: number, fields: { maclen: number; iplen: number; l4t: number }): string {
  place(frame);
  for (const [name, value] of Object.entries(fields)) TxContext[name as keyof typeof fields].set(words, context, value);
  insertChecksums(at, frame.length, wanted, context);
  expect(wire[at + frame.length]).toBe(0xa5);
  return Buffer.from(wire.slice(at, at + frame.length)).toString('hex');
}

const MAC = '020000000001 020000000002 ';
/** Header from RFC 1071's times that everybody uses: checksum b861. */
const HEADER = '4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7';

describe('inserting', () => {
  it('sums the example of RFC 1071 §3, its last two bytes being the seed', () => {
    const frame = bytes('0001 f203 f4f5 f6f7');
    expect(insert(frame, TXSM, { maclen: 0, iplen: 0, l4t: 0 })).toBe('0001f203f4f5220d'); // ~ddf2
  });

  it('replaces an IPv4 header checksum whatever was there', () => {
    const frame = bytes(`${MAC}0800 ${HEADER.replace('b861', '1234')}`);
    expect(insert(frame, IXSM, { maclen: 14, iplen: 20, l4t: 0 })).toContain('40004011b861c0a8');
    const options = bytes(`${MAC}0800 46000018 00000000 4011ffff 0a000001 0a000002 94040000`);
    // 4600+0018+4011+0a00+0001+0a00+0002+9404 = 12e30, so 2e31, so d1ce
    expect(insert(options, IXSM, { maclen: 14, iplen: 24, l4t: 0 })).toContain('4011d1ce');
  });

  it('goes over what lies in the field, to the end of the frame, odd or even', () => {
    const even = bytes('0007 0007 000a 141e 6162');
    expect(insert(even, TXSM, { maclen: 0, iplen: 0, l4t: 0 })).toBe('00070007000a8a676162');
    const odd = bytes('0007 0007 0009 141d 61');
    expect(insert(odd, TXSM, { maclen: 0, iplen: 0, l4t: 0 })).toBe('0007000700098acb61'); // 61 counts as 6100
    const tcp = bytes('0050 1234 00000001 00000000 5002 2000 ff00 0000');
    // 0050+1234+0001+5002+2000+ff00 = 18187, so 8188, so 7e77
    expect(insert(tcp, TXSM, { maclen: 0, iplen: 0, l4t: 1 })).toContain('50022000' + '7e77');
  });

  it('sends zero as all ones for UDP, and as zero for TCP', () => {
    expect(insert(bytes('fffe 0001 0000 0000'), TXSM, { maclen: 0, iplen: 0, l4t: 0 })).toBe('fffe00010000ffff');
    const tcp = bytes(`fffe 0001 ${'0000'.repeat(8)}`);
    expect(insert(tcp, TXSM, { maclen: 0, iplen: 0, l4t: 1 })).toBe(`fffe0001${'0000'.repeat(8)}`);
  });

  it('leaves a frame alone that is too short for its context', () => {
    const frame = bytes(`${MAC}0800 4500 0014 0000`);
    const same = Buffer.from(frame).toString('hex');
    for (const [maclen, iplen, l4t] of [
      [14, 20, 0],
      [14, 20, 1],
      [127, 511, 1],
      [0, 19, 1],
      [14, 0, 0],
    ] as const) {
      expect(insert(frame, IXSM | TXSM, { maclen, iplen, l4t })).toBe(same);
    }
    expect(insert(bytes('00'.repeat(17)), TXSM, { maclen: 0, iplen: 0, l4t: 1 })).toBe('00'.repeat(17));
    expect(insert(bytes('00'.repeat(18)), TXSM, { maclen: 0, iplen: 0, l4t: 1 })).toBe('00'.repeat(16) + 'ffff');
  });

  it('agrees with a naive sum for any frame (seeded)', () => {
    const frames = fc.record({
      data: fc.uint8Array({ minLength: 64, maxLength: 1514 }),
      maclen: fc.constantFrom(14, 18, 22),
      iplen: fc.constantFrom(20, 24, 40),
      l4t: fc.constantFrom(0, 1),
    });
    fc.assert(
      fc.property(frames, ({ data, maclen, iplen, l4t }) => {
        const wanted = Uint8Array.from(data);
        const transport = maclen + iplen;
        const field = transport + (l4t === 0 ? 6 : 16);
        wanted.set([0, 0], maclen + 10);
        const header = naive(wanted.slice(maclen, transport));
        wanted.set([header >> 8, header & 255], maclen + 10);
        if (field + 2 <= data.length) {
          const sum = naive(wanted.slice(transport));
          const sent = sum === 0 && l4t === 0 ? 0xffff : sum;
          wanted.set([sent >> 8, sent & 255], field);
        }
        expect(insert(data, IXSM | TXSM, { maclen, iplen, l4t })).toBe(Buffer.from(wanted).toString('hex'));
      }),
      { seed: 1071, numRuns: 300 },
    );
  });
});

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
    ['IPv6 with an extension header', tcp6.replace('00150640', '00150040'),          0],
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
    protocol: fc.constantFrom(TCP, UDP, 1, 132),
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
        const found = checkReceived(at, short.length);
        wire.fill(0x3c, at + short.length, at + short.length + 64);
        expect(checkReceived(at, short.length)).toBe(found);
      }),
      { seed: 793, numRuns: 500 },
    );
  });
});

it('the frame check sequence of "123456789" is cbf43926', () => {
  place(Buffer.from('123456789'));
  expect(crc32(at, 9)).toBe(0xcbf43926);
  expect(crc32(at, 0)).toBe(0);
});
