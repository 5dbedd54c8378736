/*
 * How much the long tests do: NETCX_TEST_SIZE is quick, ci or long; ci where CI is set and nothing else is said, else quick.
 */

import { env } from 'node:process';

const sizes = ['quick', 'ci', 'long'] as const;

/** Picks by size. */
export function runsBySize(choices: Readonly<Record<(typeof sizes)[number], number>>): number {
  const asked = env['NETCX_TEST_SIZE'] ?? (env['CI'] === undefined ? 'quick' : 'ci');
  const size = sizes.find((one) => one === asked);
  if (size === undefined) throw new Error(`NETCX_TEST_SIZE is ${asked}; expected one of ${sizes.join(', ')}`);
  return choices[size];
}
