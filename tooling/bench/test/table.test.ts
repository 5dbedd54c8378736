// The table of goals: what rounds come to, which bound decides, what happens to a contender that is not there, and that
// docs/performance.md is made of its template and its figures.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lastLine, program, type Surroundings } from '../table/contender.mjs';
import { renderDocument, type Results } from '../table/document.mjs';
import { rows, type Row } from '../table/goals.mjs';
import { measureSeries, roundsOf } from '../table/rounds.mjs';
import { series } from '../table/series.mjs';
import { shown, spreadOf } from '../table/statistics.mjs';
import { verdictOf } from '../table/verdict.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('a spread', () => {
  it('has half of the values on each side of its median', () => {
    const value = fc.double({ noNaN: true, min: -1e9, max: 1e9 }).map((any) => any + 0); // -0 stands nowhere in an order
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 20 }), (values) => {
        const { median, least, most } = spreadOf(values);
        expect(values.filter((each) => each < median).length).toBeLessThanOrEqual(values.length / 2);
        expect(values.filter((each) => each > median).length).toBeLessThanOrEqual(values.length / 2);
        expect([least, most]).toEqual([Math.min(...values), Math.max(...values)]);
      }),
    );
  });

  it('shows three digits or so', () => {
    expect([0.1234, 1.5, 45.67, 456.7, 4567.8, 100000].map(shown)).toEqual([
      '0.12',
      '1.50',
      '45.7',
      '457',
      '4,568',
      '100,000',
    ]);
  });
});

describe('a row', () => {
  const row = (changes: Partial<Row>): Row => ({
    ...{ what: 'it', series: 'any', bound: 'least', goal: 2, floor: 1, unit: 'x' },
    figure: (ask) => ask('theirs') / ask('ours'),
    ...changes,
  });
  const outcomes = (ours: number[], theirs: number[]) => ({
    ours: { command: '', samples: ours.map((nanoseconds) => ({ nanoseconds })) },
    theirs: { command: '', samples: theirs.map((nanoseconds) => ({ nanoseconds })) },
  });

  it('is decided by the median of the ratios of its rounds', () => {
    // The median of each, 10 and 20, would say 2; inside the rounds it is 1.5.
    const { spread, outcome } = verdictOf(row({}), outcomes([10, 20, 8], [15, 20, 40]));
    expect(spread).toEqual({ median: 1.5, least: 1, most: 5 });
    expect(outcome).toBe('floor');
  });

  it('is met, has its floor met, or is missed, whichever way it is bound', () => {
    const at = (value: number, bound: 'least' | 'most') =>
      verdictOf(
        row({ bound, goal: bound === 'least' ? 2 : 1, floor: bound === 'least' ? 1 : 2 }),
        outcomes([1], [value]),
      ).outcome;
    expect([2, 1.999, 1, 0.999].map((value) => at(value, 'least'))).toEqual(['met', 'floor', 'floor', 'missed']);
    expect([1, 1.001, 2, 2.001].map((value) => at(value, 'most'))).toEqual(['met', 'floor', 'floor', 'missed']);
  });

  it('is not measured when a contender is missing, and says why', () => {
    const one = { ...outcomes([1], [1]), theirs: { command: '', samples: [], missing: 'it is not installed' } };
    expect(verdictOf(row({}), one)).toMatchObject({
      outcome: 'unmeasured',
      spread: undefined,
      why: 'it is not installed',
    });
    expect(verdictOf(row({}), undefined).outcome).toBe('unmeasured');
    const none = { ours: { command: '', samples: [], missing: 'it failed' } };
    expect(verdictOf(row({}), none)).toMatchObject({ outcome: 'unmeasured', spread: undefined, why: 'it failed' });
  });

  it('asks for contenders that its series has', () => {
    for (const { what, series: name, figure } of rows) {
      if (name === '') continue;
      const asked: string[] = [];
      figure((contender) => (asked.push(contender), 1));
      expect(asked.length, what).toBeGreaterThan(0);
      expect(Object.keys(series[name]?.contenders ?? {}), what).toEqual(expect.arrayContaining(asked));
    }
  });
});

describe('contenders', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'netcx-table-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const surroundings = (): Surroundings => ({ root: folder, scratch: folder, quick: true });
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return name;
  };

  it('take turns, each in a process of its own', async () => {
    const note = (name: string): string =>
      `import { appendFileSync } from 'node:fs'; appendFileSync('turns', '${name}'); console.log('words\\n{"nanoseconds":1}');`;
    const contenders = { a: program(write('a.mjs', note('a'))), b: program(write('b.mjs', note('b'))) };
    const found = await measureSeries(contenders, {
      rounds: 3,
      surroundings: surroundings(),
      progress: () => undefined,
    });
    expect(readFileSync(join(folder, 'turns'), 'utf8')).toBe('ababab');
    expect(roundsOf(found)).toEqual(Array(3).fill({ a: { nanoseconds: 1 }, b: { nanoseconds: 1 } }));
  });

  it('may be missing, which is said once, and the others go on', async () => {
    const said: string[] = [];
    const contenders = {
      gone: program(write('gone.mjs', "console.error('no such thing is installed'); process.exit(77);")),
      here: program(write('here.mjs', 'console.log(\'{"nanoseconds":2}\');')),
    };
    const found = await measureSeries(contenders, {
      rounds: 2,
      surroundings: surroundings(),
      progress: (text) => said.push(text),
    });
    expect(found['gone']).toMatchObject({ samples: [], missing: 'no such thing is installed' });
    expect(found['here']?.samples).toHaveLength(2);
    expect(said).toEqual(['  NOT MEASURED: gone: no such thing is installed']);
  });

  it('that fail are no part of the series either, which is no excuse', async () => {
    const said: string[] = [];
    const contenders = { bad: program(write('bad.mjs', "throw new Error('it broke');")) };
    const progress = (text: string): void => void said.push(text);
    const found = await measureSeries(contenders, { rounds: 2, surroundings: surroundings(), progress });
    expect(found['bad']).toMatchObject({ samples: [], missing: 'it failed', failed: true });
    expect(said.join()).toContain('it broke');
  });

  it('must print numbers', () => {
    expect(lastLine('it', 'a line\n{"nanoseconds":1.5,"clean":true}\n')).toEqual({ nanoseconds: 1.5 });
    for (const text of ['', 'words', '{}', 'null', '{"nanoseconds":"1"}'])
      expect(() => lastLine('it', text), text).toThrow(/^it: /);
  });
});

describe('docs/performance.md', () => {
  const results = JSON.parse(read('tooling/bench/table/results.json')) as Results;
  const template = read('tooling/bench/table/performance.template.md');

  it('is what its template and the last figures make: npm run bench -- --render', () => {
    expect(read('docs/performance.md')).toBe(renderDocument(template, results));
  });

  it('has each series of the table, and no figure of another', () => {
    const placed = [...template.matchAll(/^<!-- series ([\w-]+) -->$/gm)].map(([, name]) => name);
    expect(placed.toSorted()).toEqual(Object.keys(series).toSorted());
    for (const name of Object.keys(results.series)) expect(series).toHaveProperty(name);
  });

  it('refuses a place that nothing goes to', () => {
    expect(() => renderDocument('<!-- nothing -->', results)).toThrow(/nothing goes to/);
    expect(() => renderDocument('<!-- series none -->', results)).toThrow(/no series none/);
  });
});
