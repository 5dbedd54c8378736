/*
 * Steering in front of several functions: the hashes that Microsoft publishes, and the function that follows from the table; what is not
 * hashed goes to the first.
 */

import { allocateWire, freeWire, u8, wireBytesTaken } from '@netcx/hardware/wire';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FlowSteering } from '../src/index.ts';
import { bytes } from './rx-queues.ts';

/** An IPv4 packet with the first four bytes of a TCP or UDP header, and its hash ("Verifying the RSS hash calculation"). */
// prettier-ignore
const VECTORS: readonly (readonly [source: string, destination: string, ports: string, hash: number, addresses: number])[] = [
  ['420995bb', 'a18e6450', '0aea 06e6', 0x51ccc178, 0x323e8fc2],
  ['c75c6f02', '41458c53', '3796 1283', 0xc626b0ea, 0xd718262a],
  ['1813c65f', '0c16cfb8', '3262 9488', 0x5c2b394a, 0xd2d0a5de],
  ['261bcd1e', 'd18ea306', 'bc64 08a9', 0xafc7327f, 0x82989176],
  ['9927a3bf', 'cabc7f02', 'acdb 0517', 0x10e828a2, 0x5d1809c5],
];
const ETHERNET = '020000000001 020000000002';
const packet = (source: string, destination: string, ports: string, protocol: string, tag = ''): Uint8Array =>
  bytes(
    `${ETHERNET} ${tag} 0800 4500002c 00010000 40${protocol}0000 ${source} ${destination} ${ports} 0018 0000 00000000 50020000 00000000 00000000`,
  );

const ROOM = 2048;
let at: number;
let before: number;
beforeEach(() => {
  before = wireBytesTaken();
  at = allocateWire(ROOM);
});
afterEach(() => {
  freeWire(at, ROOM);
  expect(wireBytesTaken()).toBe(before);
});

/** Chooses for one frame. */
function choose(steering: FlowSteering, frame: Uint8Array): number {
  u8.set(frame, at);
  return steering.choose(at, frame.length);
}

it.each(VECTORS)(
  'steers the flow from %s to %s, ports %s, by its published hash',
  (source, destination, ports, hash, addresses) => {
    const steering = new FlowSteering({ targets: 16 });
    for (const protocol of ['06', '11']) {
      for (const tag of ['', '8100 2005']) {
        expect(choose(steering, packet(source, destination, ports, protocol, tag))).toBe((hash & 127) % 16);
        expect(steering.hash | 0).toBe(hash | 0);
      }
    }
    expect(choose(steering, packet(source, destination, ports, '01'))).toBe((addresses & 127) % 16);
    steering.close();
  },
);

it('follows its table and its key', () => {
  const table = Uint8Array.from({ length: 128 }, (_, entry) => (entry === (0x51ccc178 & 127) ? 2 : 1));
  const [[source, destination, ports]] = VECTORS as [(typeof VECTORS)[0]];
  const steering = new FlowSteering({ targets: 3, table });
  expect(choose(steering, packet(source, destination, ports, '06'))).toBe(2);
  steering.close();
  const other = new FlowSteering({ targets: 3, table, key: new Uint8Array(40) });
  expect([choose(other, packet(source, destination, ports, '06')), other.hash]).toEqual([1, 0]); // a key of zeros hashes nothing
  other.close();
});

it('has the first function for what is not hashed, and for what is cut short', () => {
  const steering = new FlowSteering({ targets: 7, table: new Uint8Array(128).fill(6) });
  const arp = bytes(`ffffffffffff 020000000002 0806 0001080006040001`);
  for (const frame of [
    arp,
    new Uint8Array(60),
    new Uint8Array(13),
    packet('420995bb', 'a18e6450', '0aea 06e6', '06').slice(0, 33),
  ])
    expect(choose(steering, frame)).toBe(0);
  steering.close();
});

it('is refused with what no table or key can be', () => {
  const wrong = [
    [{ targets: 0 }, 'STEERING: 0 targets; expected 1 to 16'],
    [{ targets: 17 }, 'STEERING: 17 targets; expected 1 to 16'],
    [{ targets: 2, key: new Uint8Array(39) }, 'STEERING: a key of 39 bytes; expected 40'],
    [{ targets: 2, table: new Uint8Array(127) }, 'STEERING: a table of 127 entries; expected 128 below 2'],
    [{ targets: 2, table: new Uint8Array(128).fill(2) }, 'STEERING: a table of 128 entries; expected 128 below 2'],
  ] as const;
  for (const [options, message] of wrong) expect(() => new FlowSteering(options)).toThrow(message);
});
