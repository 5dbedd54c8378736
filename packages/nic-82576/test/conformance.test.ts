/* The model passes what every NIC model must, with silicon's number of vectors and with QEMU's. */

import { register } from '@netcx/conformance/vitest';
import { suiteFor } from './suite-for.ts';

register('the 82576 model', suiteFor({}));
register("the 82576 model with QEMU's 10 vectors", suiteFor({ vectors: 10 }));
