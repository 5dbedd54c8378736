/*
 * Each rule of the rings, and a driver that makes exactly that mistake: the verifier names the rule, the queue and the field,
 * stops the queue, and leaves nothing behind.
 */

import { describe, expect, it } from 'vitest';
import { RULES, ViolationError } from '../../src/index.ts';
import type { DriverMistake } from './mistake.ts';
import { OWN_MISTAKES } from './own-mistakes.ts';
import { RECEIVE_MISTAKES } from './receive-mistakes.ts';
import { RING_MISTAKES } from './ring-mistakes.ts';
import { watched } from './watched-rig.ts';

const number = (rule: number): string => `0x${rule.toString(16).toUpperCase()}`;

const ALL = [...RING_MISTAKES, ...RECEIVE_MISTAKES, ...OWN_MISTAKES];

async function breaks({ rule, field, options = {}, make }: DriverMistake): Promise<void> {
  await watched(options, async (rig) => {
    expect(rig.machine.adapter.violations).toEqual([]);
    await make(rig);
    const [first, ...others] = rig.machine.adapter.violations;
    expect(first).toBeInstanceOf(ViolationError);
    expect(number(first!.rule.number)).toBe(number(rule));
    if (field !== undefined) expect(first!.details.field).toBe(field);
    expect(first!.message).toContain(first!.rule.page);
    expect(others).toEqual([]);
    expect(rig.told).toEqual([first]);
  });
}

describe('a driver that', () => {
  for (const mistake of ALL) {
    it(`${mistake.what} breaks ${number(mistake.rule)}`, () => breaks(mistake));
  }
});

it('every rule of the rings has a driver that breaks it', () => {
  const broken = new Set(ALL.map(({ rule }) => rule));
  const rules = RULES.map((rule) => rule.number).filter((n) => (n >= 0x32 && n <= 0x4e) || n >= 0x80);
  expect(rules.filter((n) => !broken.has(n)).map(number)).toEqual([]);
});
