/*
 * What may come from a worker's thread: reports, and anything else that a station says there.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkNumbers, checkReport, type Report } from '../src/messages.ts';
import { remoteError, WorkerError } from '../src/worker-error.ts';
import { seed, testSize } from './test-size.ts';

const runs = testSize('values that are no reports', { quick: 300, ci: 3000, long: 100_000 });
const error = remoteError(Object.assign(new RangeError('too far'), { code: 'FAR' }));
const reports: readonly Report[] = [
  { kind: 'ready' },
  { kind: 'wake' },
  { kind: 'done', id: 3, numbers: { one: 1 } },
  { kind: 'failed', id: 3, error },
  { kind: 'refused', error },
  { kind: 'broken', error },
  { kind: 'transceiver', enabled: true, abilities: 7 },
];

describe('a report', () => {
  it('is what it was when it is one', () => {
    for (const report of reports) expect(checkReport('w', structuredClone(report))).toEqual(report);
  });

  it('is refused without one of its fields, or with one of another kind', () => {
    for (const report of reports) {
      for (const field of Object.keys(report)) {
        const value = report[field as keyof Report] as unknown;
        for (const other of [undefined, null, typeof value === 'string' ? 7 : 'seven', [], { nothing: {} }]) {
          const said = { ...report, [field]: other };
          expect(() => checkReport('w', said), JSON.stringify(said)).toThrow('BAD_MESSAGE: w sent ');
        }
      }
    }
  });

  it('is refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(() => checkReport('w', value)).toThrow(WorkerError);
      }),
      { seed, numRuns: runs },
    );
  });
});

describe('numbers', () => {
  it('are copied, and nothing else is sent', () => {
    const numbers = { one: 1, infinite: Infinity };
    expect(checkNumbers('w', numbers)).toEqual(numbers);
    expect(checkNumbers('w', numbers)).not.toBe(numbers);
    for (const other of ['1', true, undefined, null, {}])
      expect(() => checkNumbers('w', { other: other as number })).toThrow('BAD_OPTION: w: other is ');
  });
});

it('an error of another thread keeps what can be sent of it', () => {
  expect(error).toMatchObject({ name: 'RangeError', message: 'too far', code: 'FAR' });
  expect(error.stack).toContain('RangeError: too far');
  expect(remoteError('a string')).toMatchObject({ name: 'Error', message: 'a string', code: undefined });
});
