// Owns: the DHCP server (RFC 2131): literal messages of a client that boots, every kind of message, and nonsense.
// Invariant: messages are built here byte by byte; the server's own builder is never asked.
import { SECOND } from '@netcx/clock';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DhcpServer } from '../src/responder/dhcp-server.ts';
import { hex, toHex } from './station.ts';

const ADDRESS = 0x0a000202;
const make = (bootfile?: string, first = 0x0a00020f, prefix = 24): DhcpServer =>
  new DhcpServer({ address: ADDRESS, prefix, first, bootfile });

interface Client {
  readonly mac?: string;
  readonly flags?: string;
  readonly ciaddr?: string;
  readonly giaddr?: string;
}

/** A message of a client: fixed part, cookie, options in hexadecimal. */
function message(options: string, client: Client = {}): Uint8Array {
  const { mac = '02000000000a', flags = '0000', ciaddr = '00000000', giaddr = '00000000' } = client;
  const fixed = `01 01 06 00 deadbeef 0001 ${flags} ${ciaddr} 00000000 00000000 ${giaddr} ${mac}`;
  return hex(`${toHex(hex(fixed)).padEnd(236 * 2, '0')} 63825363 ${options}`);
}

/** Fields and options of a reply, in hexadecimal. */
function read(reply: Uint8Array | undefined) {
  if (reply === undefined) throw new Error('no reply');
  const options: Record<number, string> = {};
  for (let at = 240; reply[at] !== 255; at += 2 + (reply[at + 1] ?? 0)) {
    options[reply[at] ?? 0] = toHex(reply.subarray(at + 2, at + 2 + (reply[at + 1] ?? 0)));
  }
  const field = (from: number, to: number): string => toHex(reply.subarray(from, to));
  return {
    fixed: field(0, 12),
    yiaddr: field(16, 20),
    siaddr: field(20, 24),
    chaddr: field(28, 34),
    file: Buffer.from(reply.subarray(108, 236)).toString('latin1').replace(/\0+$/, ''),
    options,
  };
}

const DISCOVER = '35 01 01 ff';
const request = (address: string, server = '0a000202'): string => `35 01 03 32 04 ${address} 36 04 ${server} ff`;

describe('a client that boots', () => {
  it('is offered an address and given it, with everything that it needs', () => {
    const server = make('ipxe.efi');
    const offer = server.answer(message(DISCOVER), 0);
    expect([offer?.destination, offer?.broadcast]).toEqual([0x0a00020f, false]);
    const settings = {
      1: 'ffffff00',
      3: '0a000202',
      28: '0a0002ff',
      51: '00015180',
      54: '0a000202',
      66: toHex(Buffer.from('10.0.2.2')),
      67: toHex(Buffer.from('ipxe.efi')),
    };
    const rest = { yiaddr: '0a00020f', siaddr: '0a000202', chaddr: '02000000000a', file: 'ipxe.efi' };
    const fixed = '02010600deadbeef00000000';
    expect(read(offer?.message)).toEqual({ fixed, ...rest, options: { 53: '02', ...settings } });
    const ack = server.answer(message(request('0a00020f')), 0);
    expect(read(ack?.message)).toEqual({ fixed, ...rest, options: { 53: '05', ...settings } });
    expect(ack?.message.length).toBeGreaterThanOrEqual(300);
    expect(server.counters).toEqual({ leases: 1, malformed: 0, exhausted: 0 });
  });

  it('without a boot file is told of none', () => {
    const { file, options } = read(make().answer(message(DISCOVER), 0)?.message);
    expect([file, options[66], options[67]]).toEqual(['', undefined, undefined]);
  });

  it('is answered where it can hear', () => {
    const server = make();
    const to = (text: string, client: Client): [number | undefined, boolean | undefined] => {
      const answer = server.answer(message(text, client), 0);
      return [answer?.destination, answer?.broadcast];
    };
    expect(to(DISCOVER, { flags: '8000' })).toEqual([0xffffffff, true]);
    expect(toHex(server.answer(message(DISCOVER, { flags: '8000' }), 0)!.message.subarray(10, 12))).toBe('8000');
    expect(to(request('0a00020f'), {})).toEqual([0x0a00020f, false]);
    // One that renews has its address already, and no server is named.
    expect(to('35 01 03 ff', { ciaddr: '0a00020f' })).toEqual([0x0a00020f, false]);
    // A refusal goes to everybody.
    expect(to(request('0a000299'), {})).toEqual([0xffffffff, true]);
    expect(to(DISCOVER, { giaddr: '0a000201' })).toEqual([undefined, undefined]);
  });
});

describe('addresses', () => {
  const offered = (server: DhcpServer, client: Client, options = DISCOVER, now = 0): string | undefined => {
    const answer = server.answer(message(options, client), now);
    return answer === undefined ? undefined : read(answer.message).yiaddr;
  };
  const A = { mac: '02000000000a' };
  const B = { mac: '02000000000b' };

  it('are one for each client, the same one again', () => {
    const server = make();
    expect([offered(server, A), offered(server, B), offered(server, A)]).toEqual(['0a00020f', '0a000210', '0a00020f']);
    // By the name that a client gives itself, if it does.
    const named = '35 01 01 3d 07 01 02000000000a ff';
    expect([offered(server, A, named), offered(server, B, named)]).toEqual(['0a000211', '0a000211']);
  });

  it('are those that a client asks for, when they can be', () => {
    const server = make();
    const asking = (address: string): string => `35 01 01 32 04 ${address} ff`;
    expect(offered(server, A, asking('0a000250'))).toBe('0a000250');
    for (const [index, wrong] of ['0a000250', '0a000202', '0a0002ff', '0a000301', '0a000201'].entries()) {
      expect(offered(server, { mac: `0200000001${String(10 + index)}` }, asking(wrong))).toBe(
        `0a0002${(15 + index).toString(16).padStart(2, '0')}`,
      );
    }
  });

  it('that were offered and not taken are free after a minute, those taken after a day', () => {
    const server = make(undefined, 0x0a0002fe);
    expect([offered(server, A), offered(server, B)]).toEqual(['0a0002fe', undefined]);
    expect(server.counters.exhausted).toBe(1);
    expect(offered(server, B, DISCOVER, 61 * SECOND)).toBe('0a0002fe');
    server.answer(message(request('0a0002fe'), B), 61 * SECOND);
    expect(offered(server, A, DISCOVER, 200 * SECOND)).toBeUndefined();
    expect(offered(server, A, DISCOVER, 25 * 3600 * SECOND)).toBe('0a0002fe');
  });

  it('come back when a client releases them, takes another offer, or finds them in use', () => {
    const server = make(undefined, 0x0a0002fe);
    offered(server, A);
    server.answer(message('35 01 07 ff', { ...A, ciaddr: '0a0002fd' }), 0);
    expect(offered(server, B)).toBeUndefined();
    server.answer(message('35 01 07 ff', { ...A, ciaddr: '0a0002fe' }), 0);
    expect(offered(server, B)).toBe('0a0002fe');
    expect(server.answer(message(request('0a0002fe', '0a000203'), B), 0)).toBeUndefined();
    expect(offered(server, A)).toBe('0a0002fe');
    server.answer(message('35 01 04 32 04 0a0002fe ff', A), 0);
    expect([offered(server, A), offered(server, B, DISCOVER, 3600 * SECOND)]).toEqual([undefined, undefined]);
  });

  it('are confirmed only to those who were given them', () => {
    const server = make();
    expect(server.answer(message(request('0a00020f')), 0)).toBeUndefined();
    offered(server, A);
    const nak = server.answer(message(request('0a000210')), 0);
    expect(read(nak?.message)).toMatchObject({ yiaddr: '00000000', siaddr: '00000000', options: { 53: '06' } });
    expect(Object.keys(read(nak?.message).options)).toEqual(['53', '54']);
  });

  it('of a client that has one already are left alone', () => {
    const inform = make().answer(message('35 01 08 ff', { ciaddr: '0a000263' }), 0);
    expect([inform?.destination, inform?.broadcast]).toEqual([0x0a000263, false]);
    const { yiaddr, options } = read(inform?.message);
    expect([yiaddr, options[53], options[51]]).toEqual(['00000000', '05', undefined]);
  });
});

describe('what is no message of a client', () => {
  it.each([
    ['too short', message(DISCOVER).slice(0, 239)],
    ['without cookie', message(DISCOVER).fill(0, 236, 240)],
    ['a reply', message(DISCOVER).fill(2, 0, 1)],
    ['not on Ethernet', message(DISCOVER).fill(6, 1, 2)],
    ['of an address with another length', message(DISCOVER).fill(16, 2, 3)],
    ['without a type', message('ff')],
    ['with a type of two bytes', message('35 02 01 01 ff')],
    ['with an option that runs over the end', message('35 01 01 32 09 01')],
    ['with an option without length', message('35 01 01 32')],
  ])('%s', (_what, bytes) => {
    const server = make();
    expect(server.answer(bytes, 0)).toBeUndefined();
    expect(server.counters).toEqual({ leases: 0, malformed: 1, exhausted: 0 });
  });

  it('options may be padded, cut in pieces, and end without an end', () => {
    expect(read(make().answer(message('00 00 35 01 01 32 02 0a00 32 02 0250'), 0)?.message).yiaddr).toBe('0a000250');
  });

  it('any bytes: no exception, and as many leases as there are addresses', () => {
    const server = make();
    const option = fc
      .tuple(fc.constantFrom(50, 53, 54, 55, 61, 82), fc.uint8Array({ maxLength: 8 }))
      .map(([code, value]) => `${toHex(Uint8Array.of(code, value.length))}${toHex(value)}`);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc
        .tuple(fc.constantFrom('01', '03', '04', '07', '08'), fc.array(option, { maxLength: 4 }), fc.nat(0xffffffff))
        .map(([type, options, station]) => {
          const mac = `0200${station.toString(16).padStart(8, '0')}`;
          return message(`35 01 ${type} ${options.join('')} ff`, { mac });
        }),
    );
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1, maxLength: 20 }), (messages) => {
        for (const one of messages) server.answer(one, 0);
        expect(server.counters.leases).toBeLessThanOrEqual(240);
      }),
      { numRuns: 500 },
    );
    expect(server.counters.leases).toBeGreaterThan(100);
  });
});
