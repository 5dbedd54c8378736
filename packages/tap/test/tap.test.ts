/*
 * What can be seen of a TAP without the right to make one. The rest is shown by frames of real traffic in `test:net`.
 */

import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { PieceMemory, Pieces, Tap, TapError, type TapOptions } from '../src/index.ts';

describe('options that no TAP can have', () => {
  test.each<[TapOptions, string]>([
    [{ name: '' }, 'called'],
    [{ name: 'sixteen_letters_' }, 'called'],
    [{ name: 'a/b' }, 'called'],
    [{ name: '..' }, 'called'],
    [{ name: 'a', macAddress: new Uint8Array(5) }, 'station address'],
    [{ name: 'a', macAddress: Uint8Array.of(1, 0, 0, 0, 0, 1) }, 'station address'],
    [{ name: 'a', mtu: 67 }, 'MTU'],
    [{ name: 'a', mtu: 1e6 }, 'MTU'],
    [{ name: 'a', queues: 0 }, 'queues'],
    [{ name: 'a', queues: 1.5 }, 'queues'],
  ])('%j', (options, what) => {
    expect(() => new Tap(options)).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining(what) as string }) as Error,
    );
  });
});

/** A user who may do nothing. */
const NOBODY = 65_534;

describe.runIf(process.platform === 'linux')('on Linux', () => {
  test('a namespace that is not there is a SYSTEM error with its name', () => {
    const open = (): Tap => new Tap({ name: 'a', namespace: '/run/netns/there-is-none-of-this-name' });
    expect(open).toThrow(TapError);
    expect(open).toThrow(
      '/run/netns/there-is-none-of-this-name: ENOENT: there is no such network namespace; "ip netns',
    );
  });

  test('what is no network namespace is said to be none', () => {
    const open = (): Tap => new Tap({ name: 'a', namespace: '/dev/null' });
    expect(open).toThrow(TapError);
    expect(open).toThrow('setns /dev/null: EINVAL: that is no network namespace');
  });

  test.runIf(existsSync('/dev/net/tun'))('who may not make an interface hears who may', () => {
    const root = process.geteuid?.() === 0;
    if (root) process.seteuid?.(NOBODY);
    try {
      expect(() => new Tap({ name: 'netcx-test' })).toThrow(
        expect.objectContaining({ code: 'NOT_PERMITTED', message: expect.stringMatching(/root/) as string }) as Error,
      );
    } finally {
      if (root) process.seteuid?.(0);
    }
  });

  test('pieces lie inside their memory, and there are so many', () => {
    const memory = new PieceMemory(new Uint8Array(new SharedArrayBuffer(100)));
    const pieces = new Pieces(2);
    expect(() => pieces.add(memory, 90, 11)).toThrow('90 + 11 is not inside 100 bytes');
    expect(() => pieces.add(memory, -1, 1)).toThrow(TapError);
    pieces.add(memory, 0, 100);
    pieces.add(memory, 100, 0);
    expect([pieces.count, pieces.bytes]).toEqual([2, 100]);
    expect(() => pieces.add(memory, 0, 1)).toThrow('more than 2 pieces');
    pieces.clear();
    expect([pieces.count, pieces.bytes]).toEqual([0, 0]);
  });

  test('a list of pieces is an address and a length each', () => {
    const memory = new PieceMemory(new Uint8Array(new SharedArrayBuffer(4096)));
    const pieces = new Pieces(2);
    pieces.add(memory, 0, 12);
    pieces.add(memory, 4000, 96);
    const words = new BigUint64Array(pieces.list.buffer);
    expect([...words]).toEqual([BigInt(memory.address), 12n, BigInt(memory.address) + 4000n, 96n]);
    expect(pieces.address).toBe(new PieceMemory(pieces.list).address);
  });
});
