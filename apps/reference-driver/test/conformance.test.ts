/*
 * The reference driver passes what every driver must, on a model of its NIC: as shipped, and with jumbo frames, several
 * queues and the smallest rings, where everything wraps around and runs out all the time.
 */

import { register } from '@netcx/conformance/vitest';
import { suiteFor } from './suite-for.ts';

register('the reference driver', suiteFor({}), { absent: ['about to complete', 'hashes', 'stamps'] });
register('the reference driver with jumbo frames and small rings', suiteFor({ mtu: 9706, queues: 4, ringSize: 8 }), {
  effort: 0.1,
  absent: ['about to complete', 'left in part', 'stamps'],
});
