// Owns: wires as a person writes them: what each form means, and what each mistake is told.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseWire, wireEnds, WireError } from '../src/index.ts';
import { hex } from './station.ts';

const standard = {
  kind: 'responder',
  address: 0x0a000202,
  prefix: 24,
  client: 0x0a00020f,
  mac: hex('52550a000202'),
  ipv6: hex('fd00 0002 0000 0000 0000 0000 0000 0002'),
  tftp: undefined,
  bootfile: undefined,
};

describe('what is written', () => {
  it.each([
    ['pair', { kind: 'pair' }],
    ['loopback', { kind: 'loopback' }],
    ['responder', standard],
    ['responder:', standard],
    ['responder:tftp=/boot,bootfile=a b.efi', { ...standard, tftp: '/boot', bootfile: 'a b.efi' }],
    [
      'responder:address=192.168.1.1/16,client=192.168.7.9,mac=02:00:00:00:00:01,ipv6=fe80::1:2/64',
      {
        ...standard,
        address: 0xc0a80101,
        prefix: 16,
        client: 0xc0a80709,
        mac: hex('020000000001'),
        ipv6: hex('fe80 0000 0000 0000 0000 0000 0001 0002'),
      },
    ],
    ['responder:address=10.0.0.15', { ...standard, address: 0x0a00000f, client: 0x0a000010 }],
    ['responder:address=10.0.0.1/30', { ...standard, address: 0x0a000001, prefix: 30, client: 0x0a000002 }],
    ['responder:address=10.0.0.2/30', { ...standard, address: 0x0a000002, prefix: 30, client: 0x0a000001 }],
    ['pcap:a.pcapng', { kind: 'sink', record: 'a.pcapng' }],
    ['pcap:a+b.pcapng', { kind: 'sink', record: 'a+b.pcapng' }],
    ['pcap:a+b.pcapng+pair', { kind: 'pair', record: 'a+b.pcapng' }],
    ['pcap:/x/y+responder:tftp=z', { ...standard, tftp: 'z', record: '/x/y' }],
    ['replay:a.pcap', { kind: 'replay', file: 'a.pcap', repeat: 1, speed: 1 }],
    ['replay:a,b.pcap,repeat=3', { kind: 'replay', file: 'a,b.pcap', repeat: 3, speed: 1 }],
    ['replay:a,speed=0.5,repeat=forever', { kind: 'replay', file: 'a', repeat: Infinity, speed: 0.5 }],
    [
      'dgram:127.0.0.1:5001,127.0.0.1:5002',
      { kind: 'dgram', local: { host: '127.0.0.1', port: 5001 }, remote: { host: '127.0.0.1', port: 5002 } },
    ],
    [
      'dgram:[::1]:0,[::1]:5002',
      { kind: 'dgram', local: { host: '::1', port: 0 }, remote: { host: '::1', port: 5002 } },
    ],
    ['stream:/run/a.sock', { kind: 'stream', place: '/run/a.sock', role: 'listen', trim: false }],
    ['stream:a.sock,connect', { kind: 'stream', place: 'a.sock', role: 'connect', trim: false }],
    ['stream:./a:b,listen', { kind: 'stream', place: './a:b', role: 'listen', trim: false }],
    ['stream:a.sock,connect,trim', { kind: 'stream', place: 'a.sock', role: 'connect', trim: true }],
    ['stream:a.sock,trim', { kind: 'stream', place: 'a.sock', role: 'listen', trim: true }],
    ['stream:127.0.0.1:0', { kind: 'stream', place: { host: '127.0.0.1', port: 0 }, role: 'listen', trim: false }],
    ['stream:[::1]:9,connect', { kind: 'stream', place: { host: '::1', port: 9 }, role: 'connect', trim: false }],
    ['packet:eth0', { kind: 'packet', name: 'eth0', namespace: undefined }],
    ['packet:eth0@blue', { kind: 'packet', name: 'eth0', namespace: '/run/netns/blue' }],
    ['pcap:a+packet:e@/proc/1/ns/net', { kind: 'packet', name: 'e', namespace: '/proc/1/ns/net', record: 'a' }],
  ])('%s', (text, expected) => {
    const description = parseWire(text);
    expect(description).toEqual(expected);
    expect(structuredClone(description)).toEqual(expected);
    expect(wireEnds(description)).toBe(text.endsWith('pair') ? 2 : 1);
  });
});

describe('a mistake is told with its place', () => {
  it.each([
    ['', 1, 'pair, loopback, responder'],
    ['tap', 1, 'pair, loopback, responder'],
    ['pair:x', 6, 'nothing behind pair'],
    ['loopback:', 10, 'nothing behind loopback'],
    ['pcap', 5, 'the name of a file'],
    ['pcap:', 6, 'the name of a file'],
    ['pcap:+pair', 6, 'the name of a file'],
    ['pcap:a+pair:x', 13, 'nothing behind pair'],
    ['responder:x=1', 11, 'one of tftp, address, client, bootfile, mac, ipv6'],
    ['responder:tftp', 15, '= and a value'],
    ['responder:tftp=', 16, '= and a value'],
    ['responder:tftp=a,tftp=b', 18, 'tftp at most once'],
    ['responder:address=10.0.2', 19, 'an IPv4 address'],
    ['responder:address=10.0.2.256', 19, 'an IPv4 address'],
    ['responder:address=010.0.2.2', 19, 'an IPv4 address'],
    ['responder:address=10.0.2.2/31', 28, 'a subnet of 8 to 30 bits'],
    ['responder:address=10.0.2.2/x', 28, 'a subnet of 8 to 30 bits'],
    ['responder:address=10.0.2.2/24/1', 28, 'a subnet of 8 to 30 bits'],
    ['responder:client=10.0.3.1', 18, 'another address of the subnet of 10.0.2.2/24'],
    ['responder:client=10.0.2.2', 18, 'another address of the subnet'],
    ['responder:mac=01:00:00:00:00:01', 15, "a station's address"],
    ['responder:mac=02:00:00:00:00', 15, "a station's address"],
    ['responder:ipv6=fd00::2::1', 16, 'an IPv6 address'],
    ['responder:ipv6=1:2:3:4:5:6:7', 16, 'an IPv6 address'],
    [`responder:bootfile=${'x'.repeat(128)}`, 20, 'a name of at most 127 bytes'],
    ['replay', 7, 'a colon and a value behind replay'],
    ['replay:', 8, 'a colon and a value behind replay'],
    ['replay:,repeat=2', 8, 'the name of a file'],
    ['replay:a,repeat=0', 17, 'a number of times'],
    ['replay:a,repeat=1,repeat=2', 10, 'repeat at most once'],
    ['replay:a,speed=0', 16, 'how much faster'],
    ['dgram:127.0.0.1:1', 7, 'LOCAL,REMOTE'],
    ['dgram:127.0.0.1:1,localhost:2', 19, 'an address such as'],
    ['dgram:127.0.0.1:1,127.0.0.1:65536', 19, 'an address such as'],
    ['dgram:127.0.0.1:1,127.0.0.1:0', 19, 'a port other than 0'],
    ['dgram:127.0.0.1:1,[::1]:2', 19, 'an address of the same family'],
    ['stream:a:b', 8, 'a path or an address'],
    ['stream:,listen', 8, 'a path or an address'],
    ['stream:127.0.0.1:0,connect', 8, 'a port other than 0 to connect to'],
    ['packet', 7, 'a colon and a value behind packet'],
    ['packet:@blue', 8, "an interface's name of 1 to 15 characters"],
    ['packet:sixteen-letters-', 8, "an interface's name of 1 to 15 characters"],
    ['packet:a/b', 8, "an interface's name of 1 to 15 characters"],
    ['packet:a:1', 8, "an interface's name of 1 to 15 characters"],
    ['packet:a@', 10, 'the name or path of a network namespace'],
    [`stream:/${'x'.repeat(107)}`, 8, 'a path of at most 107 bytes'],
  ])('%s', (text, at, expected) => {
    expect(() => parseWire(text)).toThrow(WireError);
    expect(() => parseWire(text)).toThrow(
      `BAD_WIRE: wire ${JSON.stringify(text)}, character ${String(at)}: expected ${expected}`,
    );
  });

  it('whatever is written', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'pair',
        'responder',
        'replay',
        'dgram',
        'stream',
        'packet',
        'pcap',
        '@',
        ':',
        ',',
        '=',
        '+',
        '/',
        '[',
        ']',
      ),
      fc.constantFrom('address', 'client', 'mac', 'ipv6', 'repeat', 'speed', '127.0.0.1', '::1', 'listen'),
      fc.nat().map(String),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        try {
          expect(parseWire(pieces.join('')).kind).not.toBe('');
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
