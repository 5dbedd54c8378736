/* The NIC suite passes a NIC that is right. */

import { nicSuite } from '../src/index.ts';
import { register } from '../src/vitest.ts';
import { plainNic } from './plain-nic-under-test.ts';

register('the plain NIC', nicSuite({ create: (wishes) => plainNic(wishes) }));
