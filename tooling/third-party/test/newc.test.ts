// The archive that Linux unpacks first, in literal bytes.
import { expect, it } from 'vitest';
import { newc, readNewc } from '../fetch/newc.js';

const header = (...fields: number[]): string =>
  `070701${fields.map((field) => field.toString(16).toUpperCase().padStart(8, '0')).join('')}`.toLowerCase();

it('writes a file and the trailer byte for byte', () => {
  const archive = newc([{ path: 'a.txt', mode: 0o100644, data: Buffer.from('hello') }]);
  const expected = [
    // inode, mode, owner, group, links, time, size, device (2), its own device (2), length of the name, sum
    `${header(1, 0o100644, 0, 0, 1, 0, 5, 0, 0, 0, 0, 6, 0)}a.txt\0`, // 116 bytes: nothing to fill
    'hello\0\0\0',
    `${header(2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 11, 0)}TRAILER!!!\0\0\0\0`,
  ].join('');
  expect(archive.toString('latin1')).toBe(expected);
});

it('gives the same bytes whatever the order of the entries', () => {
  const entries = ['b', 'a', 'a/c'].map((path) => ({ path, mode: 0o040755 }));
  expect(newc(entries)).toEqual(newc([...entries].reverse()));
});

it('reads back what it wrote: links, devices, and every length up to a filled one', () => {
  const entries = [
    { path: 'dev/console', mode: 0o020600, device: [5, 1] as [number, number], data: Buffer.alloc(0) },
    { path: 'init', mode: 0o120777, device: [0, 0] as [number, number], data: Buffer.from('/guest/init.sh') },
    ...[0, 1, 2, 3, 4, 5].map((length) => ({
      path: `x${'y'.repeat(length)}`,
      mode: 0o100755,
      device: [0, 0] as [number, number],
      data: Buffer.alloc(length, length),
    })),
  ];
  expect(readNewc(newc(entries))).toEqual(entries);
});

it('names the place where an archive is broken', () => {
  expect(() => readNewc(Buffer.alloc(200))).toThrow('expected 070701 at 0');
});
