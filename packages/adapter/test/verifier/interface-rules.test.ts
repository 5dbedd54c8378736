/*
 * Each rule of the interfaces, and a program that breaks it: whether a verifier is on or not, it is refused with the rule's
 * number and its page.
 */

import { ExtensionError } from '@netcx/extensions';
import { describe, expect, it } from 'vitest';
import { RULES, ruleOf, ViolationError } from '../../src/index.ts';
import { EXTENSION_MISTAKES, INTERFACE_MISTAKES } from './interface-mistakes.ts';

const hex = (number: number): string => `0x${number.toString(16).padStart(2, '0').toUpperCase()}`;

async function thrownBy(make: () => unknown): Promise<unknown> {
  try {
    await make();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('is refused:', () => {
  for (const { rule, subcode, what, make } of INTERFACE_MISTAKES) {
    it(`${what} (${hex(rule)})`, async () => {
      const error = await thrownBy(make);
      expect(error).toBeInstanceOf(ViolationError);
      const { rule: broken, details, message } = error as ViolationError;
      expect(hex(broken.number)).toBe(hex(rule));
      if (subcode !== undefined) expect(details.subcode).toBe(subcode);
      expect(message).toContain(ruleOf(rule).page);
    });
  }

  for (const { rule, code, what, make } of EXTENSION_MISTAKES) {
    it(`an extension ${what} (${hex(rule)})`, async () => {
      const error = await thrownBy(make);
      expect(error).toBeInstanceOf(ExtensionError);
      expect((error as ExtensionError).code).toBe(code);
    });
  }
});

it('every rule of an interface that is checked has a program that breaks it', () => {
  const broken = new Set([...INTERFACE_MISTAKES, ...EXTENSION_MISTAKES].map(({ rule }) => rule));
  const checked = RULES.filter(({ number, standing }) => standing === 'checked' && number < 0x80);
  const interfaces = checked.filter(({ number }) => number < 0x32 || number > 0x4e);
  expect(interfaces.filter(({ number }) => !broken.has(number)).map(({ number }) => hex(number))).toEqual([]);
});

describe('the table of rules', () => {
  it('has the 100 of NetAdapterCx, and those of this house from 0x80 on, each once', () => {
    const numbers = RULES.map(({ number }) => number);
    expect(numbers.filter((number) => number < 0x80)).toEqual(Array.from({ length: 100 }, (_, number) => number));
    const own = numbers.filter((number) => number >= 0x80);
    expect(own).toEqual(own.map((_, index) => 0x80 + index));
    expect(new Set(RULES.map(({ code }) => code)).size).toBe(RULES.length);
  });

  it('knows no rule of another number', () => {
    expect(() => ruleOf(0x64)).toThrow(RangeError);
  });
});
