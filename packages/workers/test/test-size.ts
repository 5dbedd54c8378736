/*
 * How much the long tests do: NETCX_TEST_SIZE is quick, ci or long; ci where CI is set and nothing else is said, else
 * quick. The choice and the seed are printed.
 */

const sizes = ['quick', 'ci', 'long'] as const;
type TestSize = (typeof sizes)[number];

/** Seed of everything random here; NETCX_TEST_SEED replays another one. */
export const seed = Number(process.env['NETCX_TEST_SEED'] ?? 1);

/** Picks by size, and says what it picked. */
export function testSize(what: string, choices: Readonly<Record<TestSize, number>>): number {
  const asked = process.env['NETCX_TEST_SIZE'] ?? (process.env['CI'] === undefined ? 'quick' : 'ci');
  const size = sizes.find((one) => one === asked);
  if (size === undefined) throw new Error(`NETCX_TEST_SIZE is ${asked}; expected one of ${sizes.join(', ')}`);
  process.stderr.write(`${what}: ${choices[size]} (NETCX_TEST_SIZE=${size}, NETCX_TEST_SEED=${seed})\n`);
  return choices[size];
}
