/* The driver suite passes a driver that is right on a NIC that is done with descriptors in another order than it was given them. */

import { driverSuite } from '../src/index.ts';
import { register } from '../src/vitest.ts';
import { plainMachine } from './plain-driver.ts';

register(
  'the plain driver on a NIC that is done out of order',
  driverSuite({ create: (wishes) => plainMachine(wishes, [], ['fetches out of order']) }),
  { effort: 0.1, absent: ['about to complete', 'sleeps', 'reset', 'hashes', 'stamps'] },
);
