/* The driver suite passes a driver that is right. */

import { driverSuite } from '../src/index.ts';
import { register } from '../src/vitest.ts';
import { plainMachine } from './plain-driver.ts';

register('the plain driver', driverSuite({ create: (wishes) => plainMachine(wishes) }), {
  absent: ['about to complete', 'sleeps', 'reset', 'hashes', 'stamps'],
});
