/*
 * The NIC suite: what any PCI NIC model must do, whatever its registers are. It looks at the model as the bus, the host
 * and the cable do; what frames mean is a driver's business, and the driver suite's.
 */

import type { ConformanceCase, ConformanceContext } from '../conformance-case.ts';
import { CONFIG_CASES } from './config-cases.ts';
import { FUZZ_CASES } from './fuzz-cases.ts';
import { MSIX_CASES } from './msix-cases.ts';
import type { NicCase } from './nic-case.ts';
import { NicRig } from './nic-rig.ts';
import type { NicSuiteOptions } from './nic-under-test.ts';
import { STATE_CASES } from './state-cases.ts';

const CASES = [...CONFIG_CASES, ...MSIX_CASES, ...STATE_CASES, ...FUZZ_CASES];

/**
 * What every NIC model must do, whatever its registers are.
 *
 * @param options - how the NIC is built
 * @returns the cases; none depends on another
 */
export function nicSuite(options: NicSuiteOptions): readonly ConformanceCase[] {
  return CASES.map((one) => ({ name: one.name, run: (context) => runInRig(one, options, context) }));
}

async function runInRig(one: NicCase, options: NicSuiteOptions, context: ConformanceContext): Promise<void> {
  const rigs: NicRig[] = [];
  const another = async (): Promise<NicRig> => {
    const rig = new NicRig(await options.create({ seed: context.seed }), context);
    rigs.push(rig);
    return rig;
  };
  try {
    await one.run(await another(), another);
  } finally {
    for (const rig of rigs) await rig.dispose();
  }
}
