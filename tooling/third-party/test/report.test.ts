// A judge that cannot say no is none: what makes a check, a comparison and a suite fail.
import { expect, it } from 'vitest';
import { Report, SuiteOver, hold, same } from '../rig/report.js';

it('counts what passed and what failed, and says why', async () => {
  const lines: string[] = [];
  const report = new Report((line) => lines.push(line));
  expect(await report.check('sound', () => Promise.resolve())).toBe(true);
  expect(await report.check('broken', () => Promise.reject(new Error('first\nsecond')))).toBe(false);
  expect([report.passed, report.failed]).toEqual([1, 1]);
  expect(lines[0]).toMatch(/^ {2}ok .* s {2}sound$/);
  expect(lines[1]).toMatch(/^ {2}FAILED .* s {2}broken\n {6}first\n {6}second$/);
});

it('ends the suite when the machine is gone, and counts that as a failure', async () => {
  const report = new Report(() => undefined);
  await expect(report.check('boot', () => Promise.reject(new SuiteOver('no answer')))).rejects.toThrow('no answer');
  expect(report.failed).toBe(1);
});

it('keeps notes for the summary', () => {
  const report = new Report(() => undefined);
  report.note('500 Mbit/s');
  expect(report.notes).toEqual(['500 Mbit/s']);
});

it('compares by value, and names what differs', () => {
  same('list', [1, ['a']], [1, ['a']]);
  expect(() => same('dmesg', ['a warning'], [])).toThrow('dmesg: expected [], got ["a warning"]');
  hold(true, 'nothing');
  expect(() => hold(false, 'expected more')).toThrow('expected more');
});
