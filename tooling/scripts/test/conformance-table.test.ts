// docs/conformance-table.md is true: it has every row, each says how it stands, and each test that it names exists.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../lib/paths.js';

const rows = readFileSync(join(root, 'docs/conformance-table.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| \d/.test(line))
  .map((line) => {
    const [number = '', what = '', stands = '', tests = ''] = line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1);
    const named = [...tests.matchAll(/`([^`]+)` "([^"]+)"/g)].map(([, file = '', title = '']) => ({ file, title }));
    return { number: Number(number), what, stands, tests, named };
  });

it('has rows 1 to 70, and 104 to 107', () => {
  expect(rows.map(({ number }) => number)).toEqual([
    ...Array.from({ length: 70 }, (_, index) => index + 1),
    104,
    105,
    106,
    107,
  ]);
});

it('says of each row how it stands, and names tests where something is proved', () => {
  for (const { number, stands, named } of rows) {
    expect(`${number}: ${stands}`).toMatch(/^\d+: (Proved|Partly|Replaced by|Not applicable|Not yet)/);
    if (/^(Proved|Partly|Replaced by)/.test(stands)) expect(named.length, `tests of row ${number}`).toBeGreaterThan(0);
    if (stands.startsWith('Not applicable')) expect(stands).toMatch(/: ./);
  }
});

const named = rows.flatMap(({ number, named: tests }) =>
  tests.map(({ file, title }) => [number, file, title] as const),
);
it.each(named)('row %d: %s has "%s"', (_number, file, title) => {
  expect(existsSync(join(root, file)), file).toBe(true);
  // As it stands in the source, where an apostrophe may be escaped.
  const text = readFileSync(join(root, file), 'utf8').replaceAll("\\'", "'");
  expect(
    ["'", '`', '"'].some((quote) => text.includes(`${quote}${title}${quote}`)),
    title,
  ).toBe(true);
});
