/*
 * Every rule that a driver or a protocol can break, by its number: the 100 of NetAdapterCx's verifier (0x00 to 0x63,
 * reference netadaptercx §5.11) and those of this house (from 0x80 on). A rule has a page in docs/verifier, named as its
 * code is; a test keeps both complete.
 */

import { INTERFACE_RULES } from './interface-rules.ts';
import { OWN_RULES } from './own-rules.ts';
import { RING_RULES } from './ring-rules.ts';

/**
 * Whether a rule can be broken here: `checked` is looked for when the program runs; `typedAway` cannot be written, and what
 * JavaScript could still get wrong is refused; `notApplicable` has no counterpart here.
 */
export type Standing = 'checked' | 'typedAway' | 'notApplicable';

/** A row of the tables: number, the original's name, our code, whether it applies, what it means, and how it applies here. */
export type RuleRow = readonly [number, string, string, Standing, string, string];

/** The string codes of {@link ViolationError}. */
export type ViolationCode =
  (typeof INTERFACE_RULES)[number][2] | (typeof RING_RULES)[number][2] | (typeof OWN_RULES)[number][2];

/** A rule of the contract. */
export interface Rule {
  /** 0x00 to 0x63 as in NetAdapterCx, from 0x80 on this house's own. */
  readonly number: number;
  /** NetAdapterCx's name for it; one of ours from 0x80 on. */
  readonly name: string;
  /** What a {@link ViolationError} of it has as `code`. */
  readonly code: ViolationCode;
  /** Whether it can be broken here. */
  readonly standing: Standing;
  /** What was done wrong, in a few words. */
  readonly meaning: string;
  /** Where it is checked, or why it cannot be. */
  readonly here: string;
  /** The page that explains it. */
  readonly page: string;
}

/** All rules, by number. */
export const RULES: readonly Rule[] = [...INTERFACE_RULES, ...RING_RULES, ...OWN_RULES]
  .map(([number, name, code, standing, meaning, here]) => {
    const page = `docs/verifier/${code.toLowerCase().replaceAll('_', '-')}.md`;
    return { number, name, code, standing, meaning, here, page };
  })
  .toSorted((a, b) => a.number - b.number);

const BY_NUMBER = new Map(RULES.map((rule) => [rule.number, rule]));

/**
 * @param number - a rule's number
 * @returns the rule
 * @throws RangeError when there is none of that number
 * @example
 * ```ts
 * ruleOf(0x4e).name; // 'FragmentLengthInvalid'
 * ```
 */
export function ruleOf(number: number): Rule {
  const rule = BY_NUMBER.get(number);
  if (rule === undefined) throw new RangeError(`no rule has the number ${String(number)}`);
  return rule;
}
