/* The suite that every driver must pass, in a worker: with four queues and small rings, where everything runs out all the time. */

import { suiteStation } from '@netcx/conformance/workers';
import type { BuildStation } from '@netcx/workers';
import { suiteFor } from '../suite-for.ts';

export const buildStation: BuildStation = ({ index }) =>
  suiteStation(suiteFor(index === 0 ? {} : { mtu: 9706, queues: 4, ringSize: 8 }));
