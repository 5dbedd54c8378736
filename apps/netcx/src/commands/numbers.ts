/*
 * Owns: numbers on the command line: what is taken, and what is said about what is not.
 * Invariant: plain decimal digits; anything else is refused with what was expected.
 */
import { InvalidArgumentError } from 'commander';

/**
 * @param least - the least that is taken
 * @param most - the most
 * @returns parses a whole number between the two
 */
export const parseWhole =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };

/**
 * @param text - what was typed
 * @returns how many times faster a wire carries
 */
export function parseSpeedup(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= 0.001 && value <= 1e6) return value;
  throw new InvalidArgumentError('Expected how many times faster, 0.001 to 1000000.');
}
