/*
 * A ring between two workers, 16 bytes an element: RingProducer and RingConsumer, ringbuf.js, and messages that hold an
 * object for each element. The producer waits for the last element to be there. Each way runs in processes of its own, in
 * turns, on the built package. With fewer than two idle cores the figures say how well a way waits, not how fast it is.
 * Run from the package's folder after a build: npx tsx bench/two-workers.bench.ts [rounds]
 */

import { argv } from 'node:process';
import { runWorkers, type WorkerWay } from './two-workers.ts';
import { inChild, printTable } from './rounds.ts';

// prettier-ignore
const ways: Readonly<Record<string, WorkerWay>> = {
  'shared ring, bursts of 32':      { kind: 'ring',     burst: 32, elements: 4_000_000 },
  'shared ring, one at a time':     { kind: 'ring',     burst: 1,  elements: 1_000_000 },
  'ringbuf.js, 32 at a time':       { kind: 'ringbuf',  burst: 32, elements: 4_000_000 },
  'ringbuf.js, one at a time':      { kind: 'ringbuf',  burst: 1,  elements: 1_000_000 },
  'messages of 32 objects':         { kind: 'messages', burst: 32, elements: 400_000 },
};

const way = ways[argv[2] ?? ''];
if (way !== undefined) {
  console.log(JSON.stringify(await runWorkers(way)));
} else {
  const times = new Map<string, number[]>();
  for (let round = 0; round < Number(argv[2] ?? 5); round++) {
    for (const name of Object.keys(ways)) {
      const { ns, missing } = inChild(name);
      if (missing !== undefined && round === 0) console.log(`NOT MEASURED: ${name}: ${missing}`);
      if (ns !== undefined) times.set(name, [...(times.get(name) ?? []), ns]);
    }
  }
  printTable('from one worker to another, ns an element of 16 bytes', times);
}
