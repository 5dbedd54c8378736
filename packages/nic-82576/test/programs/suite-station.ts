/* The suite that every NIC model must pass, in a worker. */

import { suiteStation } from '@netcx/conformance/workers';
import type { BuildStation } from '@netcx/workers';
import { suiteFor } from '../suite-for.ts';

export const buildStation: BuildStation = () => suiteStation(suiteFor({}));
