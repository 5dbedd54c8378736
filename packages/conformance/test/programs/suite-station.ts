/* The suites of the predefined extensions in a worker; or, when it is told so, a suite with a case of each kind of verdict. */

import type { BuildStation } from '@netcx/workers';
import { suiteStation } from '../../src/workers.ts';
import { SUITES } from '../extension-samples.ts';

const SKY = [
  { name: 'is right', run: () => Promise.resolve() },
  { name: 'is wrong', run: ({ seed }: { seed: number }) => Promise.reject(new Error(`the sky is ${String(seed)}`)) },
  { name: 'is absent', run: ({ skip }: { skip: (why: string) => never }) => skip('there is no sky') },
];

export const buildStation: BuildStation = ({ numbers }) =>
  suiteStation(numbers['sky'] === undefined ? SUITES.flatMap(([, cases]) => cases) : SKY);
