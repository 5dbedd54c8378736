/*
 * What an interface refuses, in one word.
 */

import { AdapterError, ViolationError } from '../src/index.ts';

/** What it throws: the number of the rule, or the code. */
export function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ViolationError)
      return `0x${error.rule.number.toString(16)}${error.details.subcode === undefined ? '' : `.${error.details.subcode}`}`;
    if (error instanceof AdapterError) return error.code;
    throw error;
  }
  return 'accepted';
}
