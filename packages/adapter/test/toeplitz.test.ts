/*
 * The Toeplitz hash against the vectors that Microsoft publishes for receive-side scaling, and against a naive one that goes
 * bit by bit.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Toeplitz } from '../src/receive-scaling/toeplitz.ts';
import { seeded } from './conservation.ts';

const KEY = Uint8Array.from(
  Buffer.from('6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa', 'hex'),
);

const ipv4 = (text: string): number[] => text.split('.').map(Number);
const port = (value: number): number[] => [value >>> 8, value & 255];
/** The 16 bytes of an address, whose `::` stands for as many zeros as are missing. */
function ipv6(text: string): number[] {
  const [head = '', tail = ''] = text.split('::');
  const words = (part: string): number[] => (part === '' ? [] : part.split(':').map((word) => parseInt(word, 16)));
  const [first, last] = [words(head), words(tail)];
  const zeros = new Array<number>(8 - first.length - last.length).fill(0);
  return [...first, ...zeros, ...last].flatMap((word) => [word >>> 8, word & 255]);
}

// prettier-ignore
const IPV4 = [
  ['161.142.100.80', 1766,  '66.9.149.187', 2794,   0x323e8fc2, 0x51ccc178],
  ['65.69.140.83',   4739,  '199.92.111.2', 14230,  0xd718262a, 0xc626b0ea],
  ['12.22.207.184',  38024, '24.19.198.95', 12898,  0xd2d0a5de, 0x5c2b394a],
  ['209.142.163.6',  2217,  '38.27.205.30', 48228,  0x82989176, 0xafc7327f],
  ['202.188.127.2',  1303,  '153.39.163.191', 44251, 0x5d1809c5, 0x10e828a2],
] as const;
// prettier-ignore
const IPV6 = [
  ['3ffe:2501:200:3::1',        1766,  '3ffe:2501:200:1fff::7',               2794,  0x2cc18cd5, 0x40207d3d],
  ['ff02::1',                   4739,  '3ffe:501:8::260:97ff:fe40:efab',      14230, 0x0f0c461c, 0xdde51bbf],
  ['fe80::200:f8ff:fe21:67cf',  38024, '3ffe:1900:4545:3:200:f8ff:fe21:67cf', 44251, 0x4b61e985, 0x02d1feef],
] as const;

describe('the Toeplitz hash', () => {
  const toeplitz = new Toeplitz(KEY);

  it.each([...IPV4, ...IPV6])('to %s port %d, from %s port %d', (to, toPort, from, fromPort, addresses, ports) => {
    const bytes = to.includes(':') ? ipv6 : ipv4;
    const input = [...bytes(from), ...bytes(to)];
    expect(toeplitz.hash(input)).toBe(addresses);
    const withPorts = [...input, ...port(fromPort), ...port(toPort)];
    expect(toeplitz.hash(withPorts)).toBe(ports);
    expect(toeplitz.hash(Uint8Array.from(withPorts))).toBe(ports);
    expect(toeplitz.hash(Uint8Array.of(9, 9, 9, ...withPorts, 9), 3, withPorts.length)).toBe(ports);
  });

  it('is what a naive one says, for any key and input, anywhere in an array', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 40, maxLength: 40 }),
        fc.oneof(fc.uint8Array({ maxLength: 36 }), fc.uint8Array({ minLength: 12, maxLength: 12 })),
        fc.uint8Array({ maxLength: 4 }),
        (key, input, before) => {
          const within = Uint8Array.of(...before, ...input, 0xff);
          const hash = new Toeplitz(key).hash(within, before.length, input.length);
          expect(hash).toBe(naive(key, input));
        },
      ),
      seeded('Toeplitz', 60),
    );
  });

  it('refuses keys and inputs that it is not for', () => {
    expect(() => new Toeplitz(KEY.subarray(1))).toThrow('HASH_KEY_INVALID: a secret key of 39 bytes; expected 40');
    expect(() => toeplitz.hash(new Uint8Array(37))).toThrow('HASH_INPUT_TOO_LONG: an input of 37 bytes');
    expect(toeplitz.hash([])).toBe(0);
  });
});

function naive(key: Uint8Array, input: Uint8Array): number {
  const bits = [...key].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let hash = 0n;
  for (const [index, byte] of input.entries())
    for (let bit = 0; bit < 8; bit++)
      if (((byte >> (7 - bit)) & 1) === 1) hash ^= BigInt(`0b${bits.slice(index * 8 + bit, index * 8 + bit + 32)}`);
  return Number(hash);
}
