/* Owns: what a simulated machine is made with, at random: whatever a user may set that changes how frames go. */

import type { Random } from '@netcx/clock';
import type { MachineOptions } from '../src/machine.ts';

/** Milliseconds that a queue may stand still where a thread may have to wait for a processor. */
const REAL_HANG_LIMIT = 1000;

/**
 * @param random - decides
 * @param inTurns - whether time is virtual
 * @returns options of one machine
 */
export function machineOptions(random: Random, inTurns = true): MachineOptions {
  const checksumOffload = random.chance(0.7);
  return {
    maximumMtu: 9000,
    queues: random.pick([1, 1, 2, 4]),
    ringSize: random.pick([16, 64, 256]),
    interruptInterval: random.pick<number | 'adaptive'>([0, 20, 200, 'adaptive']),
    interrupts: random.pick(['msix', 'msix', 'msi', 'intx'] as const),
    hangLimit: inTurns ? random.pick([5, 50]) : REAL_HANG_LIMIT,
    checksumOffload,
    segmentationOffload: checksumOffload && random.chance(0.7),
    flowControl: random.pick(['both', 'off'] as const),
    iommu: random.chance(0.25),
    verifier: random.chance(0.25),
    promiscuous: true,
  };
}
