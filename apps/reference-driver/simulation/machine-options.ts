/* Owns: what a simulated machine is made with, at random: whatever a user may set that changes how frames go. */

import type { Random } from '@netcx/clock';
import type { MachineOptions } from '../src/machine.ts';

/**
 * @param random - decides
 * @returns options of one machine
 */
export function machineOptions(random: Random): MachineOptions {
  const checksumOffload = random.chance(0.7);
  return {
    maximumMtu: 9000,
    queues: random.pick([1, 1, 2, 4]),
    ringSize: random.pick([16, 64, 256]),
    interruptInterval: random.pick<number | 'adaptive'>([0, 20, 200, 'adaptive']),
    interrupts: random.pick(['msix', 'msix', 'msi', 'intx'] as const),
    hangLimit: random.pick([5, 50]),
    checksumOffload,
    segmentationOffload: checksumOffload && random.chance(0.7),
    flowControl: random.pick(['both', 'off'] as const),
    iommu: random.chance(0.25),
    verifier: random.chance(0.25),
    promiscuous: true,
  };
}
