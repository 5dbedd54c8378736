/*
 * A broken rule of the contract, with the number that NetAdapterCx's verifier gives it: what rule, where, what was expected
 * and what was found, and the page that explains it. Rules of this house's own have numbers from 0x80 on.
 */

import { AdapterError, type AdapterErrorCode } from '../adapter-error.ts';
import { ruleOf, type Rule } from './codes.ts';

/** Where a rule was broken, and how: whatever is known of it. */
export interface ViolationDetails {
  /** Which of several ways to break the rule, as the original numbers them. */
  readonly subcode?: number;
  /** What the rule was broken on: an adapter, a device, a ring, by its name. */
  readonly object?: string;
  /** Number of the queue. */
  readonly queue?: number;
  /** Index of the element in its ring. */
  readonly index?: number;
  /** Field of the element, the header or the structure. */
  readonly field?: string;
  /** What would have been right. */
  readonly expected?: unknown;
  /** What was there. */
  readonly found?: unknown;
  /** The string code in place of the rule's own, where an interface has always thrown another. */
  readonly as?: AdapterErrorCode;
}

/**
 * Thrown for misuse of an interface, and reported for misuse of a ring.
 *
 * @example
 * ```ts
 * const error = violation(0x13, 'the MTU cannot be 0', { object: 'nic 0', field: 'mtu', expected: '1 or more', found: 0 });
 * error.code; // 'MTU_MUST_BE_GREATER_THAN_ZERO'
 * error.rule.page; // 'docs/verifier/mtu-must-be-greater-than-zero.md'
 * ```
 */
export class ViolationError extends AdapterError {
  /** The rule that was broken: its number, its name, what it means, its page. */
  readonly rule: Rule;
  /** Where it was broken, and how. */
  readonly details: ViolationDetails;

  /**
   * @param rule - the rule that was broken
   * @param message - what happened, in a sentence
   * @param details - where, and how
   */
  constructor(rule: Rule, message: string, details: ViolationDetails) {
    super(details.as ?? rule.code, sentence(rule, message, details));
    this.name = 'ViolationError';
    this.rule = rule;
    this.details = details;
  }
}

/**
 * @param code - the rule's number: 0x00 to 0x63 as in NetAdapterCx, from 0x80 on this house's own
 * @param message - what happened, in a sentence; the rule's meaning, object, field, expected and found are added
 * @param details - where, and how
 * @returns the error, to be thrown by whoever owns the interface that was misused
 * @throws RangeError when there is no such rule
 * @example
 * ```ts
 * if (mtu === 0) throw violation(0x13, 'the MTU cannot be 0', { object: name, field: 'mtu', expected: '1 or more', found: mtu });
 * ```
 */
export function violation(code: number, message: string, details: ViolationDetails = {}): ViolationError {
  return new ViolationError(ruleOf(code), message, details);
}

function sentence(rule: Rule, message: string, details: ViolationDetails): string {
  const { subcode, object, queue, index, field, expected, found } = details;
  const number = `0x${rule.number.toString(16).toUpperCase().padStart(2, '0')}`;
  const where = [
    ...(object === undefined ? [] : [object]),
    ...(queue === undefined ? [] : [`queue ${String(queue)}`]),
    ...(index === undefined ? [] : [`index ${String(index)}`]),
    ...(field === undefined ? [] : [field]),
  ].join(', ');
  const values = [
    ...('expected' in details ? [`expected ${shown(expected)}`] : []),
    ...('found' in details ? [`found ${shown(found)}`] : []),
  ].join(', ');
  const facts = [where, values].filter((part) => part !== '').join(': ');
  const kind = `${rule.name} (${number}${subcode === undefined ? '' : `.${String(subcode)}`}: ${rule.meaning})`;
  return `${message}. ${kind}${facts === '' ? '' : `; ${facts}`}; see ${rule.page}`;
}

/** A value for people: text as it is, numbers as they are, anything else as JSON would have it, or by its type. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return typeof value === 'function' ? 'a function' : String(value);
}
