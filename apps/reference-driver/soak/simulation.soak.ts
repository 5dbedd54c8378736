/*
 * Simulated machines, one seed after the other: random faults, schedules, settings and stops. Ends at the first that breaks a
 * promise, and names its seed, which replays it.
 *
 *     npm run soak -- simulation [--runs 10000] [--seed 1] [--minutes 60]
 */

import { parseArgs } from 'node:util';
import { Simulation } from '../simulation/simulation.ts';

const standard = process.env['NETCX_TEST_SIZE'] === 'ci' ? '100' : '10000';
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: standard },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '60' },
  },
});
const runs = Number(values.runs);
const first = Number(values.seed);
const minutes = Number(values.minutes);
if (!(Number.isSafeInteger(runs) && runs > 0 && Number.isSafeInteger(first) && first >= 0 && minutes > 0))
  throw new RangeError(
    `--runs ${values.runs} --seed ${values.seed} --minutes ${values.minutes}: expected numbers, of runs and minutes more than none`,
  );

/** Seeds between two lines. */
const LINE = Math.max(1, Math.floor(runs / 20));
const began = performance.now();
const total = { events: 0, frames: 0, bytes: 0, lost: 0 };
const happened = new Map<string, number>();

for (let seed = first; seed < first + runs; seed++) {
  try {
    const report = await new Simulation(seed).run();
    for (const name of ['events', 'frames', 'bytes', 'lost'] as const) total[name] += report[name];
    // A mishap is a word, such as `mtu:1500`; what a machine was made with is JSON.
    for (const word of report.story.split(' ').filter((each) => /^[a-z]/i.test(each))) {
      const what = word.replace(/[:(].*/, '');
      happened.set(what, (happened.get(what) ?? 0) + 1);
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(`replay it: npm run soak -- simulation --runs 1 --seed ${seed}`);
    process.exit(1);
  }
  const done = seed - first + 1;
  const late = performance.now() - began > minutes * 60_000;
  if (done % LINE === 0 || done === runs || late)
    console.log(
      `${done} of ${runs} machines, the last one from seed ${seed}: ${total.events} events, ${total.frames} frames, ` +
        `${(total.bytes / 2 ** 20).toFixed(0)} MiB in order, ${(total.lost / 2 ** 20).toFixed(0)} MiB lost; ${((performance.now() - began) / 1000).toFixed(0)} s`,
    );
  if (late) break;
}
const list = [...happened].sort(([, one], [, other]) => other - one).map(([what, count]) => `${what} ${count}`);
console.log(`what happened: ${list.join(', ')}`);
