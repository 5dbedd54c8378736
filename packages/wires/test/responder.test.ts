// Owns: the station that answers: ARP, echo and neighbour discovery, with literal bytes; and that nothing harms it.
import { SECOND, VirtualClock } from '@netcx/clock';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { openWire, parseWire, type Wire } from '../src/index.ts';
import { hex, Station, toHex } from './station.ts';

const open: Wire[] = [];
afterEach(async () => {
  for (const wire of open.splice(0)) await wire.close();
});

async function rig(text = 'responder') {
  const clock = new VirtualClock();
  const wire = await openWire(parseWire(text), { clock });
  open.push(wire);
  const station = new Station(wire.ends[0]!);
  clock.run();
  /** Sends frames and gives what comes back. */
  const ask = (...frames: readonly Uint8Array[]): string[] => {
    station.send(...frames);
    clock.advance(SECOND / 10);
    return station.take().map(toHex);
  };
  return { clock, wire, station, ask };
}

/** Text in hexadecimal, padded with zeros to the shortest frame. */
const padded = (text: string): string => toHex(hex(text)).padEnd(120, '0');

// prettier-ignore
const ARP_REQUEST = hex(`
  ffffffffffff 02000000000a 0806
  0001 0800 06 04 0001  02000000000a 0a00020f  000000000000 0a000202`);
// prettier-ignore
const ARP_REPLY = `
  02000000000a 52550a000202 0806
  0001 0800 06 04 0002  52550a000202 0a000202  02000000000a 0a00020f`;

// Checksums by hand: the header's words add up to ffff with it, and so do the message's.
// prettier-ignore
const PING = hex(`
  52550a000202 02000000000a 0800
  45 00 0020 1234 4000 40 01 1099 0a00020f 0a000202
  08 00 3336 0001 0002  61 62 63 64`);
// prettier-ignore
const PONG = `
  02000000000a 52550a000202 0800
  45 00 0020 1234 0000 40 01 5099 0a000202 0a00020f
  00 00 3b36 0001 0002  61 62 63 64`;

/** Writes the Internet checksum, by this test's own arithmetic. */
function checksum(bytes: Uint8Array, at: number): void {
  bytes.set([0, 0], at);
  let sum = 0;
  for (const [index, byte] of bytes.entries()) sum += index % 2 === 0 ? byte * 256 : byte;
  sum = 0xffff - (sum % 0xffff || 0xffff);
  bytes.set([sum >> 8, sum & 255], at);
}

describe('ARP', () => {
  it('answers who asks for its address, also one station at a time', async () => {
    const { ask } = await rig();
    expect(ask(ARP_REQUEST)).toEqual([padded(ARP_REPLY)]);
    const direct = ARP_REQUEST.slice();
    direct.set(hex('52550a000202'));
    expect(ask(direct)).toEqual([padded(ARP_REPLY)]);
  });

  it.each([
    ['for another address', 41, 3],
    ['about another protocol', 16, 9],
    ['with other lengths', 18, 8],
    ['that is an answer', 21, 2],
  ])('does not answer a request %s', async (_what, index, value) => {
    const { ask, wire } = await rig();
    const request = ARP_REQUEST.slice();
    request[index] = value;
    expect(ask(request)).toEqual([]);
    expect(wire.counters()['responder.ignored']).toBe(1);
  });

  it('does not answer frames for other stations, from groups, or cut short', async () => {
    const { ask } = await rig();
    const other = ARP_REQUEST.slice();
    other.set(hex('020000000099'));
    const group = ARP_REQUEST.slice();
    group[6] = 0x03;
    expect(ask(other, group, ARP_REQUEST.slice(0, 41), ARP_REQUEST.slice(0, 14))).toEqual([]);
  });
});

describe('IPv4 echo', () => {
  it('sends back what came', async () => {
    const { ask } = await rig();
    expect(ask(PING)).toEqual([padded(PONG)]);
  });

  it.each([
    ['version', 14, 0x55],
    ['header length', 14, 0x44],
    ['total length', 17, 0xff],
    ['destination', 33, 0x03],
    ['type', 34, 0x0d],
    ['code', 35, 0x01],
    ['protocol', 23, 0x84],
  ])('is silent for another %s', async (_what, index, value) => {
    const { ask } = await rig();
    const request = PING.slice();
    request[index] = value;
    checksum(request.subarray(14, 34), 10);
    checksum(request.subarray(34), 2);
    expect(ask(request)).toEqual([]);
  });

  it.each([24, 25, 36, 37])('is silent for a wrong checksum at %d', async (index) => {
    const { ask } = await rig();
    const request = PING.slice();
    request[index]! ^= 0x10;
    expect(ask(request)).toEqual([]);
  });

  /** A ping in fragments of so many payload bytes, with the naive checksum of this test. */
  function fragments(data: number, step: number): Uint8Array[] {
    const message = new Uint8Array(8 + data);
    message.set([8, 0, 0, 0, 0, 1, 0, 2]);
    for (let at = 8; at < message.length; at++) message[at] = at * 7;
    checksum(message, 2);
    const frames: Uint8Array[] = [];
    for (let from = 0; from < message.length; from += step) {
      const piece = message.subarray(from, from + step);
      const header = Uint8Array.from(PING.subarray(14, 34));
      const fragment = (from / 8) | (from + step < message.length ? 0x2000 : 0);
      header.set([(20 + piece.length) >> 8, (20 + piece.length) & 255], 2);
      header.set([fragment >> 8, fragment & 255], 6);
      checksum(header, 10);
      frames.push(Uint8Array.from([...PING.subarray(0, 14), ...header, ...piece]));
    }
    return frames;
  }

  /** The payloads of IPv4 frames, put together by their offsets. */
  function together(frames: readonly string[]): Uint8Array {
    const whole = new Uint8Array(70_000);
    let end = 0;
    for (const frame of frames.map(hex)) {
      const view = new DataView(frame.buffer);
      const at = (view.getUint16(20) & 0x1fff) * 8;
      const payload = frame.subarray(34, 14 + view.getUint16(16));
      whole.set(payload, at);
      end = Math.max(end, at + payload.length);
    }
    return whole.subarray(0, end);
  }

  it.each([
    [3000, 1480, 'in order'],
    [3000, 1480, 'backwards'],
    [20_000, 1480, 'backwards'],
    [65_507, 1480, 'in order'],
    [600, 8, 'in order'],
  ])('of %d bytes in fragments of %d comes back in fragments no longer, %s', async (data, step, order) => {
    const { ask } = await rig();
    const sent = fragments(data, step);
    const replies = ask(...(order === 'backwards' ? [...sent].reverse() : sent));
    expect(replies.length).toBe(sent.length);
    for (const reply of replies) expect(reply.length / 2).toBeLessThanOrEqual(Math.max(60, 34 + step));
    const message = together(replies);
    const request = together(sent.map(toHex));
    expect(message[0]).toBe(0);
    expect(Buffer.compare(message.subarray(4), request.subarray(4))).toBe(0);
    // Eight less in the type is eight more in the checksum.
    const view = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint16(2);
    expect((view(message) - view(request) - 0x800) % 0xffff).toBe(0);
  });

  it('waits half a minute for what is missing, and takes the same piece twice', async () => {
    const { ask, clock, wire } = await rig();
    const [first, second, third] = fragments(4000, 1480) as [Uint8Array, Uint8Array, Uint8Array];
    expect(ask(first, first, third)).toEqual([]);
    clock.advance(29 * SECOND);
    expect(ask(second)).toHaveLength(3);
    expect(ask(first, third)).toEqual([]);
    clock.advance(31 * SECOND);
    expect(ask(second)).toEqual([]);
    expect(wire.counters()['responder.reassemblyFailed']).toBe(1);
  });

  it('gives up fragments that overlap, do not end on eight bytes, or are too many', async () => {
    const { ask, wire } = await rig();
    const failed = (): number | undefined => wire.counters()['responder.reassemblyFailed'];
    const [first] = fragments(4000, 1480) as [Uint8Array];
    const [, overlapping] = fragments(4000, 1472) as [Uint8Array, Uint8Array];
    expect(ask(first, overlapping)).toEqual([]);
    expect(failed()).toBe(1);
    expect(ask(fragments(4000, 1476)[0]!)).toEqual([]);
    expect(failed()).toBe(2);
    // Forty datagrams of which one piece each comes: sixteen are kept.
    for (let identification = 0; identification < 40; identification++) {
      const piece = first.slice();
      piece[18] = identification;
      // One more here is one less there.
      new DataView(piece.buffer).setUint16(
        24,
        new DataView(piece.buffer).getUint16(24) - ((identification - 0x12) << 8),
      );
      ask(piece);
    }
    expect(failed()).toBeGreaterThanOrEqual(2 + 20);
  });
});

// prettier-ignore
const SOLICITATION = hex(`
  3333ff000002 02000000000a 86dd
  60000000 0020 3a ff fe800000000000000000000000000001 ff0200000000000000000001ff000002
  87 00 4846 00000000 fd000002000000000000000000000002  01 01 02000000000a`);
// prettier-ignore
const ADVERTISEMENT = `
  02000000000a 52550a000202 86dd
  60000000 0020 3a ff fd000002000000000000000000000002 fe800000000000000000000000000001
  88 00 9f90 60000000 fd000002000000000000000000000002  02 01 52550a000202`;

/** Puts the right checksum into a frame of ICMPv6, by this test's own arithmetic. */
function sealed(frame: Uint8Array): Uint8Array {
  const copy = frame.slice();
  copy.set([0, 0], 56);
  const view = new DataView(copy.buffer);
  const length = view.getUint16(18);
  let sum = length + 58;
  for (let at = 22; at < 54 + length; at += 2) sum += at + 1 < 54 + length ? view.getUint16(at) : (copy[at] ?? 0) << 8;
  view.setUint16(56, 0xffff - (sum % 0xffff || 0xffff));
  return copy;
}

describe('IPv6', () => {
  it('tells its station to who asks for one of its addresses', async () => {
    const { ask } = await rig();
    const request = sealed(SOLICITATION);
    expect(ask(request)).toEqual([toHex(sealed(hex(ADVERTISEMENT)))]);
    const own = SOLICITATION.slice();
    // Its link-local address is made of its station's.
    own.set(hex('fe80000000000000 5055 0aff fe00 0202'), 62);
    expect(ask(sealed(own))[0]).toContain('fe8000000000000050550afffe000202');
  });

  it('tells everybody when somebody without an address asks whether it is taken', async () => {
    const { ask } = await rig();
    const request = hex(toHex(SOLICITATION).slice(0, (14 + 40 + 24) * 2));
    request.set([0, 24], 18);
    request.set(new Uint8Array(16), 22);
    const [reply = ''] = ask(sealed(request));
    expect(reply.slice(0, 12)).toBe('333300000001');
    expect(reply.slice(38 * 2, 54 * 2)).toBe('ff020000000000000000000000000001');
    // Not solicited, but overriding.
    expect(reply.slice(58 * 2, 62 * 2)).toBe('20000000');
    // From nowhere with a station's address is a contradiction.
    const contradiction = SOLICITATION.slice();
    contradiction.set(new Uint8Array(16), 22);
    expect(ask(sealed(contradiction))).toEqual([]);
  });

  it.each([
    ['hop limit', 21, 254],
    ['code', 55, 1],
    ['target', 77, 3],
    ['length of an option', 79, 0],
    ['longer option', 79, 2],
    ['version', 14, 0x40],
    ['next header', 20, 17],
    ['source that is a group', 22, 0xff],
  ])('is silent for another %s', async (_what, index, value) => {
    const { ask } = await rig();
    const request = SOLICITATION.slice();
    request[index] = value;
    expect(ask(sealed(request))).toEqual([]);
    const broken = sealed(SOLICITATION);
    broken[56]! ^= 1;
    expect(ask(broken)).toEqual([]);
  });

  it('sends echo back, from the address that was asked, or from its own for the group of all nodes', async () => {
    const { ask } = await rig('responder:ipv6=2001:db8::7');
    const request = (destination: string): Uint8Array =>
      sealed(
        hex(`52550a000202 02000000000a 86dd 60000000 000d 3a 40 fe800000000000000000000000000001 ${destination}
             80 00 0000 0001 0002 68 65 6c 6c 6f`),
      );
    for (const [destination, source] of [
      ['20010db8000000000000000000000007', '20010db8000000000000000000000007'],
      ['ff020000000000000000000000000001', 'fe8000000000000050550afffe000202'],
    ] as const) {
      const expected = hex(`02000000000a 52550a000202 86dd 60000000 000d 3a ff ${source}
        fe800000000000000000000000000001 81 00 0000 0001 0002 68 65 6c 6c 6f`);
      expect(ask(request(destination))).toEqual([toHex(sealed(expected))]);
    }
    expect(ask(request('20010db8000000000000000000000008'))).toEqual([]);
  });
});

describe('whatever it is sent', () => {
  const seeds = [ARP_REQUEST, PING, sealed(SOLICITATION)];

  it('it answers or is silent, and its memory is bounded', async () => {
    const { clock, station, wire } = await rig();
    const mutated = fc
      .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(90), fc.nat(255)), { maxLength: 4 }), fc.nat(100))
      .map(([frame, changes, cut]) => {
        const copy = frame.slice(0, cut < 80 ? undefined : Math.max(14, frame.length - (cut - 80)));
        for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
        return copy;
      });
    const frame = fc.oneof(mutated, fc.uint8Array({ minLength: 14, maxLength: 200 }));
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 20 }), (frames) => {
        station.send(...frames);
        clock.advance(SECOND / 100);
        expect(station.take().length).toBeLessThanOrEqual(frames.length);
      }),
      { numRuns: 1000 },
    );
    expect(wire.counters()['responder.queued']).toBe(0);
    station.send(PING);
    clock.advance(SECOND / 100);
    expect(station.take().map(toHex)).toEqual([padded(PONG)]);
  });
});
