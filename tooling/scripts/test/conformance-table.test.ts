// docs/conformance-table.md is true: it has every row, each says how it stands, and each test that it names exists. The tests
// that docs/complaints.md names exist, too.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../lib/paths.js';

interface NamedTest {
  readonly file: string;
  readonly title: string;
}

/** @returns the cells of a table's row */
const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** @returns the tests that are named in a cell */
const testsIn = (cell: string): NamedTest[] =>
  [...cell.matchAll(/`([^`]+)` "([^"]+)"/g)].map(([, file = '', title = '']) => ({ file, title }));

/** @returns what is left of a cell when the tests that it names are taken out */
const restOf = (cell: string): string => cell.replaceAll(/`[^`]+` "[^"]+"(?:; )?/g, '');

const linesOf = (page: string): string[] => readFileSync(join(root, page), 'utf8').split('\n');

const rows = linesOf('docs/conformance-table.md')
  .filter((line) => /^\| \d/.test(line))
  .map(cellsOf)
  .map(([number = '', what = '', stands = '', tests = '', ...more]) => ({
    number: Number(number),
    what,
    stands,
    tests,
    more,
    named: testsIn(tests),
  }));

it('has rows 1 to 109', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 109 }, (_, index) => index + 1));
});

it('says of each row how it stands, and names tests where something is proved', () => {
  for (const { number, what, stands, tests, more, named } of rows) {
    expect(what, `row ${number}`).not.toBe('');
    expect(more, `cells of row ${number}`).toEqual([]);
    expect(`${number}: ${stands}`).toMatch(/^\d+: (Proved|Partly|Replaced by|Not applicable|Not yet)/);
    if (/^(Proved|Partly|Replaced by)/.test(stands)) expect(named.length, `tests of row ${number}`).toBeGreaterThan(0);
    if (stands.startsWith('Not applicable')) expect(stands).toMatch(/: ./);
    // What is no test by file and title would be checked by nobody.
    expect(['', '-'], `tests of row ${number}`).toContain(restOf(tests));
  }
});

const complaints = linesOf('docs/complaints.md')
  .filter((line) => /^\| (?!complaint |-)/.test(line))
  .map(cellsOf)
  .map(([complaint = '', answer = '', tests = '']) => ({ complaint, answer, tests, named: testsIn(tests) }));

it('answers each complaint, and names tests unless it is out of scope', () => {
  expect(complaints.length).toBeGreaterThanOrEqual(18);
  for (const { complaint, answer, tests, named } of complaints) {
    if (/^not (here|applicable)/.test(answer)) expect(tests, complaint).toBe('-');
    else expect(named.length, complaint).toBeGreaterThan(0);
    expect(['', '-'], complaint).toContain(restOf(tests));
  }
});

/** Whether a source has a test of this title, as it stands there: in quotes, where an apostrophe may be escaped. */
function hasTest({ file, title }: NamedTest): boolean {
  const path = join(root, file);
  if (!existsSync(path)) return false;
  const text = readFileSync(path, 'utf8').replaceAll("\\'", "'");
  return ["'", '`', '"'].some((quote) => text.includes(`${quote}${title}${quote}`));
}

it('would find a test that does not exist, or has another title', () => {
  const [known] = rows[0]!.named;
  expect(hasTest(known!)).toBe(true);
  expect(hasTest({ ...known!, title: known!.title.slice(1) })).toBe(false);
  expect(hasTest({ ...known!, file: `${known!.file}.gone` })).toBe(false);
});

const named = [
  ...rows.flatMap(({ number, named: tests }) => tests.map((test) => [`row ${number}`, test.file, test.title] as const)),
  ...complaints.flatMap(({ complaint, named: tests }) =>
    tests.map((test) => [complaint, test.file, test.title] as const),
  ),
];
it.each(named)('%s: %s has "%s"', (_where, file, title) => {
  expect(hasTest({ file, title }), `${file} "${title}"`).toBe(true);
});
