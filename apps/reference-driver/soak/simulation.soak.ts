/*
 * Simulated machines, one seed after the other: random faults, schedules, settings and stops. Ends at the first that breaks a
 * promise, and names its seed, which replays it.
 *
 *     npm run soak -- simulation [--runs 10000] [--seed 1] [--minutes 60] [--bridges | --workers 2 [--real-time]]
 *
 * With bridges each machine sends whatever comes on one side out by the other, unseen. With workers one side of each machine is a
 * group of them, in lock-step unless real time is asked for, which replays nothing.
 */

import { parseArgs } from 'node:util';
import { BridgeSimulation } from '../simulation/bridge-simulation.ts';
import { Simulation } from '../simulation/simulation.ts';
import { WorkerSimulation } from '../simulation/worker-simulation.ts';

const standard = process.env['NETCX_TEST_SIZE'] === 'ci' ? '100' : '10000';
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: standard },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '60' },
    workers: { type: 'string', default: '0' },
    'real-time': { type: 'boolean', default: false },
    bridges: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const first = Number(values.seed);
const minutes = Number(values.minutes);
const workers = Number(values.workers);
const realTime = values['real-time'];
const { bridges } = values;
if (!(Number.isInteger(workers) && workers >= 0 && workers <= 16) || (realTime && workers === 0))
  throw new RangeError(`--workers ${values.workers}: expected 0 to 16, and 1 at least in real time`);
if (bridges && workers > 0) throw new RangeError('--bridges --workers: expected one of the two');
if (!(Number.isSafeInteger(runs) && runs > 0 && Number.isSafeInteger(first) && first >= 0 && minutes > 0))
  throw new RangeError(
    `--runs ${values.runs} --seed ${values.seed} --minutes ${values.minutes}: expected numbers, of runs and minutes more than none`,
  );

/** Seeds between two lines. */
const LINE = Math.max(1, Math.floor(runs / 20));
const began = performance.now();
const total = { events: 0, frames: 0, bytes: 0, lost: 0 };

/** One of them, from its seed. */
function life(seed: number): Promise<{ readonly frames: number; readonly story: string }> {
  if (bridges) return new BridgeSimulation(seed).run();
  return workers > 0 ? WorkerSimulation.run(seed, { workers, inTurns: !realTime }) : new Simulation(seed).run();
}

const happened = new Map<string, number>();

/** What is known where no other thread has a part of it. */
const inOneThread = (): string =>
  ` in ${total.events} events, ${(total.bytes / 2 ** 20).toFixed(0)} MiB in order, ${(total.lost / 2 ** 20).toFixed(0)} MiB lost`;

for (let seed = first; seed < first + runs; seed++) {
  try {
    const report = { events: 0, bytes: 0, lost: 0, ...(await life(seed)) };
    for (const name of ['events', 'frames', 'bytes', 'lost'] as const) total[name] += report[name];
    // A mishap is a word, such as `mtu:1500`; what a machine was made with is JSON.
    for (const word of report.story.split(' ').filter((each) => /^[a-z]/i.test(each))) {
      const what = word.replace(/[:(].*/, '');
      happened.set(what, (happened.get(what) ?? 0) + 1);
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    const kind = `${bridges ? ' --bridges' : ''}${workers > 0 ? ` --workers ${workers}` : ''}${realTime ? ' --real-time' : ''}`;
    console.error(`replay it: npm run soak -- simulation --runs 1 --seed ${seed}${kind}`);
    process.exit(1);
  }
  const done = seed - first + 1;
  const late = performance.now() - began > minutes * 60_000;
  if (done % LINE === 0 || done === runs || late)
    console.log(
      `${done} of ${runs} machines, the last one from seed ${seed}: ${total.frames} frames${workers > 0 || bridges ? '' : inOneThread()}; ` +
        `${((performance.now() - began) / 1000).toFixed(0)} s`,
    );
  if (late) break;
}
const list = [...happened].sort(([, one], [, other]) => other - one).map(([what, count]) => `${what} ${count}`);
console.log(`what happened: ${list.join(', ')}`);
