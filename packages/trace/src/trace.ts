/*
 * To be said: what this file owns, and one thing that always holds.
 */

/**
 * @returns what this package is, in one sentence
 */
export function describeTrace(): string {
  return 'trace';
}
