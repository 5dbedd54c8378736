/* Tables on terminals of every width: nothing wider than the terminal, and not a character lost. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { drawTable } from '../src/table.ts';
import { foldersForTests, frame, netcx, writePcap } from './cli.ts';

foldersForTests();

const seed = Number(process.env['NETCX_TEST_SEED'] ?? 1);

/** What stands in each column, whatever lines and spaces it was broken into. */
const columnsOf = (table: string): string[] =>
  table
    .split('\n')
    .filter((line) => line.startsWith('│'))
    .map((line) => line.slice(1, -1).split('│'))
    .reduce<string[]>((columns, cells) => cells.map((cell, at) => (columns[at] ?? '') + cell.replaceAll(' ', '')), []);

it(`is no wider than the terminal, and has all that it has in a wide one, seed ${seed}`, () => {
  const cell = fc
    .array(fc.stringMatching(/^[a-z/.-]{1,30}$/), { minLength: 1, maxLength: 6 })
    .map((words) => words.join(' '));
  const rows = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 28, max: 160 }), (cells, width) => {
      const table = drawTable(cells, { width, aligns: ['left', 'right', 'left'] });
      for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(width);
      expect(columnsOf(table)).toEqual(columnsOf(drawTable(cells)));
      expect(columnsOf(table)).toEqual(
        [0, 1, 2].map((at) => cells.map((row) => row[at]!.replaceAll(' ', '')).join('')),
      );
    }),
    { seed, numRuns: 100 },
  );
});

it('breaks between words, and keeps what stands in front', () => {
  expect(drawTable([['  two words', '1']], { width: 16 }).split('\n')).toEqual([
    '┌───────┬───┐',
    '│   two │ 1 │',
    '│ words │   │',
    '└───────┴───┘',
  ]);
});

it.each([
  ['replay', ['replay', 'a-capture-with-a-name-that-is-longer-than-others.pcap']],
  ['doctor', ['doctor']],
])('of %s fits, and is not folded where there is no terminal', async (_, args) => {
  writePcap('a-capture-with-a-name-that-is-longer-than-others.pcap', [{ data: frame(64) }]);
  const table = (out: string): string[] => out.split('\n').filter((line) => /^[│┌├└]/.test(line));
  const [narrow, wide] = [await netcx(args, { columns: 60 }), await netcx(args)];
  for (const line of table(narrow.out)) expect(line.length).toBeLessThanOrEqual(60);
  expect(table(wide.out)[0]!.length).toBeGreaterThan(60);
  expect(table(wide.out).length).toBeLessThan(table(narrow.out).length);
});
