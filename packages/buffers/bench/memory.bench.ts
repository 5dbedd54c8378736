/*
 * What buffers cost for thousands of queues, as the buffer manager settles them: by link speed, by hint, for jumbo frames whole
 * and in parts, and for protocols that hold frames. Arithmetic on what an adapter would allocate; nothing is.
 * Run from the package's folder after a build: npx tsx bench/memory.bench.ts [queues]
 */

import { argv } from 'node:process';
import { settleBuffers, type NicConstraints, type ProtocolNeeds } from '@netcx/buffers';

const queues = Number(argv[2] ?? 4096);
const GIGABYTE = 2 ** 30;

const nic = (maximumFrame: number, ringHint: number, bytesEach = 1e9): NicConstraints => ({
  name: 'nic',
  linkSpeed: bytesEach,
  transmit: { queues, maximumFrame, alignment: 1, ringHint, backfill: 0, maximumFragments: 4 },
  receive: {
    queues,
    maximumFrame,
    alignment: 64,
    ringHint,
    bufferSizes: { granularity: 256, minimum: 256, maximum: 16_384, maximumFragments: 40 },
  },
});

const rows: readonly (readonly [string, NicConstraints, readonly ProtocolNeeds[]])[] = [
  ['1500 B, 32 elements', nic(1518, 32), []],
  ['1500 B, 128 elements', nic(1518, 128), []],
  ['1500 B, by link speed (1 Gb/s)', nic(1518, 0), []],
  ['9000 B whole, 128 elements', nic(9018, 128), []],
  ['9000 B in parts, 128 elements', nic(9018, 128), [{ name: 'stack', takesParts: true }]],
  ['1500 B, 128 elements, held 1 ms', nic(1518, 128), [{ name: 'zero-copy', holdingTime: 1e6 }]],
  ['9000 B in parts, 50 B of headroom', nic(9018, 128), [{ name: 'tunnel', takesParts: true, headroom: 50 }]],
];

console.log(`${queues} transmit and ${queues} receive queues, buffers alone`);
console.log(
  `${'frames'.padEnd(36)} ${'elements'.padStart(8)} ${'buffers'.padStart(8)} ${'bytes'.padStart(6)} ${'GiB'.padStart(8)} ${'with whole frames'.padStart(18)}`,
);
for (const [what, constraints, needs] of rows) {
  const { receive, bytes, bytesWithWholeFrames } = settleBuffers({ nic: constraints, needs });
  console.log(
    `${what.padEnd(36)} ${String(receive.fragments.granted).padStart(8)} ${String(receive.buffers.granted).padStart(8)} ${String(receive.capacity).padStart(6)} ${(bytes / GIGABYTE).toFixed(2).padStart(8)} ${(bytesWithWholeFrames / GIGABYTE).toFixed(2).padStart(18)}`,
  );
}
