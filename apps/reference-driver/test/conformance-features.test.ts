/*
 * The cases of the suite that need more than a driver has as shipped: tags, hashes and stamps, sleep and reset; and drivers that
 * are wrong there, each of which is found.
 */

import { runCases, type ConformanceCase } from '@netcx/conformance';
import { register } from '@netcx/conformance/vitest';
import { expect, it } from 'vitest';
import { suiteFor, type Change } from './suite-for.ts';

const METADATA = /tags? |hashes|stamps|datagrams|memory runs out/;
const SLEEPS = 'sleeps in silence, wakes its host for a magic packet of its own alone, and is as before';
const RESET = 'carries frames again after it was reset at work';

const matching = (cases: readonly ConformanceCase[], names: RegExp): readonly ConformanceCase[] =>
  cases.filter(({ name }) => names.test(name));

register(
  'the reference driver with tags, hashes and stamps',
  matching(suiteFor({ queues: 4, vlanOffload: true, timestamps: true }), METADATA),
);

it('none of those cases is skipped', async () => {
  const cases = matching(suiteFor({ queues: 4, vlanOffload: true, timestamps: true }), METADATA);
  expect((await runCases(cases, { seed: 1, effort: 0.1 })).filter(({ verdict }) => verdict !== 'passed')).toEqual([]);
});

const BROKEN: readonly (readonly [fault: string, found: string, change: Change])[] = [
  [
    'is switched off where it should sleep',
    SLEEPS,
    (machine, { driver }) => ({ ...machine, power: { sleep: () => driver.stop(), wakeCalls: () => 0 } }),
  ],
  [
    'wakes its host for everything',
    SLEEPS,
    (machine, { driver }) => ({
      ...machine,
      power: {
        sleep: () => driver.sleep({ magicPacket: true, directed: true, broadcast: true, multicast: true }),
        wakeCalls: () => machine.power?.wakeCalls() ?? 0,
      },
    }),
  ],
  [
    'does not sleep',
    SLEEPS,
    (machine) => ({
      ...machine,
      power: { sleep: () => Promise.resolve(), wakeCalls: () => machine.power?.wakeCalls() ?? 0 },
    }),
  ],
  [
    'resets its NIC and does not set it up again',
    RESET,
    (machine, { nic }) => ({
      ...machine,
      reset: () => {
        nic.reset();
        return Promise.resolve();
      },
    }),
  ],
];

it.each(BROKEN)('a driver that %s is found', async (_fault, found, change) => {
  const cases = suiteFor({}, change).filter(({ name }) => name === `without an IOMMU: ${found}`);
  const [verdict] = await runCases(cases, { seed: 1, effort: 0.1 });
  expect(verdict?.verdict).toBe('failed');
});
