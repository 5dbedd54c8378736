/*
 * Checks of impairments' parameters: a number that makes no sense is refused when the impairment is made, never when a
 * frame comes by.
 */

import { HardwareError } from '../hardware-error.ts';

/**
 * @param what - the parameter, for the error
 * @param value - the parameter
 * @param lowest - the least that makes sense
 * @param highest - the most
 * @returns the value
 * @throws HardwareError `BAD_IMPAIRMENT` for any other value, and for what is no number
 */
export function within(what: string, value: number, lowest: number, highest: number): number {
  if (!(value >= lowest && value <= highest)) {
    const most = highest === Infinity ? ' or more' : ` to ${String(highest)}`;
    throw new HardwareError(
      'BAD_IMPAIRMENT',
      `${what}: expected a number, ${String(lowest)}${most}, got ${String(value)}`,
    );
  }
  return value;
}

/**
 * @param what - the parameter, for the error
 * @param value - the parameter
 * @param lowest - the least that makes sense
 * @returns the value
 * @throws HardwareError `BAD_IMPAIRMENT` for what is less, not whole or beyond 2^53
 */
export function whole(what: string, value: number, lowest: number): number {
  if (!Number.isSafeInteger(value) || value < lowest) {
    throw new HardwareError(
      'BAD_IMPAIRMENT',
      `${what}: expected a whole number, ${String(lowest)} or more, got ${String(value)}`,
    );
  }
  return value;
}
