/* One way of two-workers.bench.ts, measured once and printed as JSON, for the table: `hand-off.ts ring 32 4000000`. */

import { argv, exit } from 'node:process';
import { runWorkers, type WorkerWay } from './two-workers.ts';

const [, , kind, burst, elements] = argv;
const outcome = await runWorkers({ kind: kind as WorkerWay['kind'], burst: Number(burst), elements: Number(elements) });
if ('missing' in outcome) {
  console.error(outcome.missing);
  exit(77);
}
console.log(JSON.stringify({ nanoseconds: outcome.ns }));
