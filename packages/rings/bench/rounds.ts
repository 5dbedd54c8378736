/*
 * How the benchmarks of this package measure: each way in processes of its own, in turns, round after round, and of each
 * way the median and the range. A file that compares ways hands them over and calls nothing else.
 */

import { spawnSync } from 'node:child_process';
import { argv, execArgv, execPath, hrtime } from 'node:process';

/** Does `items` items and returns something that depends on all of them. */
export type Work = () => number;

/** Ways to do the same; one that returns a string cannot be measured, and the string says why. */
export type Ways = Readonly<Record<string, () => Work | string | Promise<Work | string>>>;

interface Sample {
  readonly ns?: number;
  readonly sum?: number;
  readonly missing?: string;
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Nanoseconds an item: the median of 21 samples after a warm-up. */
function measure(work: Work, items: number): Sample {
  let sum = 0;
  for (let batch = 0; batch < 2_000; batch++) sum = (sum + work()) | 0;
  const samples = Array.from({ length: 21 }, () => {
    const start = hrtime.bigint();
    for (let batch = 0; batch < 200; batch++) sum = (sum + work()) | 0;
    return Number(hrtime.bigint() - start) / (200 * items);
  });
  return { ns: median(samples), sum };
}

/** Runs the calling program once more, for one way. */
export function inChild(...words: string[]): Sample {
  const child = spawnSync(execPath, [...execArgv, argv[1]!, ...words], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout) as Sample;
}

/** Prints a line for each way: its median, its range, and its ratio to the first one. */
export function printTable(title: string, times: ReadonlyMap<string, readonly number[]>): void {
  console.log(title);
  const first = median([...times.values()][0] ?? []);
  for (const [way, values] of times) {
    const range = `(${Math.min(...values).toFixed(2)}..${Math.max(...values).toFixed(2)})`;
    const ratio = `${(median(values) / first).toFixed(2)} x`;
    console.log(
      `  ${way.padEnd(34)} ${median(values).toFixed(2).padStart(8)} ${range.padEnd(18)} ${ratio.padStart(9)}`,
    );
  }
}

/**
 * Measures ways to do the same, five rounds or as many as the program's argument says.
 *
 * @param title - what is measured
 * @param items - how many items one call does
 * @param ways - the first one is what the others are compared with; all must return the same
 */
export async function compareWays(title: string, items: number, ways: Ways): Promise<void> {
  const way = ways[argv[2] ?? ''];
  if (way !== undefined) {
    const work = await way();
    console.log(JSON.stringify(typeof work === 'string' ? { missing: work } : measure(work, items)));
    return;
  }
  if (argv[2] !== undefined && !/^\d+$/.test(argv[2])) return; // a way of another table in the same file
  const times = new Map<string, number[]>();
  for (let round = 0; round < Number(argv[2] ?? 5); round++) {
    const sums = new Set<number>();
    for (const name of Object.keys(ways)) {
      const { ns, sum, missing } = inChild(name);
      if (missing !== undefined && round === 0) console.log(`NOT MEASURED: ${name}: ${missing}`);
      if (ns === undefined || sum === undefined) continue;
      times.set(name, [...(times.get(name) ?? []), ns]);
      sums.add(sum);
    }
    if (sums.size !== 1) throw new Error('the ways do not do the same');
  }
  printTable(title, times);
}
