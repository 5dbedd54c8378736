/*
 * The driver suite: every case, without an IOMMU and behind one. Behind an IOMMU a driver that mixes up host offsets and
 * logical addresses, drops their high words, or lets its NIC touch memory too late, is found out.
 */

import { AssertionError } from 'node:assert';
import type { ConformanceCase, ConformanceContext } from '../conformance-case.ts';
import type { DriverCase } from './driver-case.ts';
import { DriverRig } from './driver-rig.ts';
import type { DriverSuiteOptions } from './driver-under-test.ts';
import { ENDURANCE_CASES } from './endurance-cases.ts';
import { LIFE_CASES } from './life-cases.ts';
import { LIMIT_CASES } from './limit-cases.ts';
import { LINK_CASES } from './link-cases.ts';
import { METADATA_CASES } from './metadata-cases.ts';
import { OFFLOAD_CASES } from './offload-cases.ts';
import { POWER_CASES } from './power-cases.ts';
import { RECEIVE_CASES } from './receive-cases.ts';
import { REMOVAL_CASES } from './removal-cases.ts';
import { STAGE_CASES } from './stage-cases.ts';
import { TRANSMIT_CASES } from './transmit-cases.ts';

const CASES = [
  ...LIFE_CASES,
  ...TRANSMIT_CASES,
  ...RECEIVE_CASES,
  ...LINK_CASES,
  ...LIMIT_CASES,
  ...REMOVAL_CASES,
  ...STAGE_CASES,
  ...POWER_CASES,
  ...OFFLOAD_CASES,
  ...METADATA_CASES,
  ...ENDURANCE_CASES,
];

/**
 * What every driver must do, whatever its NIC is.
 *
 * @param options - how a machine with the driver in it is built
 * @returns the cases; none depends on another
 */
export function driverSuite(options: DriverSuiteOptions): readonly ConformanceCase[] {
  const { iommu = 'both' } = options;
  const machines = [
    { label: 'without an IOMMU', iommu: false },
    { label: 'behind an IOMMU', iommu: true },
  ].filter((machine) => iommu === 'both' || machine.iommu === (iommu === 'with'));
  return machines.flatMap((machine) =>
    CASES.map((one) => ({
      name: `${machine.label}: ${one.name}`,
      run: (context) => runInRig(one, options, machine.iommu, context),
    })),
  );
}

async function runInRig(
  one: DriverCase,
  options: DriverSuiteOptions,
  iommu: boolean,
  context: ConformanceContext,
): Promise<void> {
  const rig = new DriverRig(await options.create({ iommu, seed: context.seed }), context);
  try {
    await one.run(rig);
    await rig.finish();
  } catch (error) {
    // What went astray behind the case's back is often why it failed.
    if (error instanceof AssertionError && rig.faults > 0) error.message += `; DMA faults: ${rig.faults}`;
    throw error;
  } finally {
    await rig.dispose();
  }
}
