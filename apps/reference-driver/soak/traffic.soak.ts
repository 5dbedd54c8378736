/*
 * A long run of driver and NIC under traffic: machine after machine, each with link flaps, resets, restarts, other MTUs and other
 * offloads while streams pass both ways. Each machine follows from its seed. Stops at the first thing that is not as it must be:
 * a hash that differs, a stream that stands still, memory or a descriptor that does not come back, a heap that grows.
 *
 *     npm run soak -- traffic [--minutes 30] [--seed 1]
 */

import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Epoch } from './epoch.ts';

const standard = process.env['NETCX_TEST_SIZE'] === 'ci' ? '0.33' : '30';
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: standard }, seed: { type: 'string', default: '1' } },
});
const minutes = Number(values.minutes);
const first = Number(values.seed);
if (!(minutes > 0) || !Number.isSafeInteger(first))
  throw new RangeError(`--minutes ${values.minutes} --seed ${values.seed}: expected a positive number and an integer`);

/** Machines after which everything has been compiled and cached that ever is. */
const WARM_UP = 4;
/** By how much the heap may differ from what it was then. */
const HEAP_SLACK = 6 * 2 ** 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use when nothing is left to collect. */
function heap(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

const descriptors = (): number => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);

const end = Date.now() + minutes * 60_000;
let bytes = 0;
let warm = Infinity;
let opened = 0;
let seed = first;
for (; Date.now() < end || seed === first; seed++) {
  const epoch = new Epoch(seed);
  try {
    const report = await epoch.run();
    bytes += report.bytes;
    const used = heap();
    if (seed - first === WARM_UP) [warm, opened] = [used, descriptors()];
    if (used > warm + HEAP_SLACK) throw new Error(`the heap has grown from ${warm} to ${used} bytes`);
    if (seed - first > WARM_UP && descriptors() > opened)
      throw new Error(`${descriptors()} descriptors, ${opened} before`);
    const told = `${(report.bytes / 2 ** 20).toFixed(1)} MiB, sent again ${report.repeats} times`;
    console.log(
      `seed ${seed}: ${told}; ${(bytes / 2 ** 20).toFixed(0)} MiB in all, heap ${(used / 2 ** 20).toFixed(1)} MiB`,
    );
  } catch (error) {
    console.error(`seed ${seed}: ${String(error)}\nTo repeat: npm run soak -- traffic --seed ${seed} --minutes 0.01`);
    console.error(`  ${epoch.story}`);
    process.exitCode = 1;
    break;
  }
}
if (process.exitCode !== 1)
  console.log(`${seed - first} machines, ${(bytes / 2 ** 20).toFixed(0)} MiB: every hash equal, nothing lost`);
