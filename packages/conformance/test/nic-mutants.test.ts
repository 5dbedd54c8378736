/*
 * The NIC suite finds a NIC that is wrong, and blames it for what is wrong: each fault makes exactly its own cases fail.
 */

import { expect, it, vi } from 'vitest';
import { nicSuite, runCases, type NicUnderTest, type NicWishes } from '../src/index.ts';
import { plainNic } from './plain-nic-under-test.ts';
import type { NicFault } from './plain-nic.ts';
import { expectFailures, type Expectation } from './verdicts.ts';

vi.setConfig({ testTimeout: 600_000 }); // a suite each, perhaps on a slow machine that counts coverage

const SETTINGS = { seed: 1, effort: 0.1 };

const ANSWERS = 'answers in its BARs while memory space is on, and only then';
const BARS = 'lets its BARs be sized and placed';
const CAPABILITIES = 'has a list of capabilities that ends';
const IDENTITY = 'keeps its identity, whatever the host writes';
const SIZES = 'reads alike in bytes, halves and words';
const OFF = 'is off at power-on, and can be switched on and off';
const MASKED = 'holds a masked vector back, and sends it once when it is let go';
const NO_MESSAGES = 'sends no message while bus mastering or MSI-X is off';
const BUS_RESET = 'comes out of a bus reset as from power-on';
const FUNCTION_RESET = 'comes out of a function-level reset as from power-on';
const APART = 'shares nothing with another of its kind';
const FAULTS = 'makes a fault of memory that is not mapped, and works again after a reset';
const NO_DMA = 'reaches no memory while bus mastering is off';
const GONE = 'is gone once it was removed: all ones, and nothing on the bus';
const ANYTHING = 'answers any access at any time and never throws';
const OFF_THE_BUS = 'keeps off the bus while bus mastering is off, whatever its registers say';
const ANY_MOMENT = 'may be removed at any moment';
const AGAIN = 'does the same again for the same seed';

// prettier-ignore
const FAULTY: readonly (readonly [NicFault, Expectation])[] = [
  ['answers while memory space is off',     { fails: [ANSWERS, GONE] }],
  ['differs by access size',                { fails: [SIZES] }],
  ['forgets a BAR bit',                     { fails: [BARS] }],
  ['ids can be written',                    { fails: [IDENTITY] }],
  ['keeps a register over resets',          { fails: [BUS_RESET, FUNCTION_RESET] }],
  ['lives on after removal',                { fails: [GONE, ANY_MOMENT] }],
  ['reaches memory without bus mastering',  { fails: [OFF, NO_DMA, GONE, OFF_THE_BUS, ANY_MOMENT] }],
  ['runs its capabilities in a circle',     { fails: [SIZES, CAPABILITIES] }],
  ['sends masked vectors',                  { fails: [MASKED, NO_MESSAGES], mayFail: [OFF_THE_BUS] }],
  ['shares a register',                     { fails: [APART], mayFail: [ANSWERS, BUS_RESET, FUNCTION_RESET] }],
  ['throws at a register',                  { fails: [BUS_RESET, FUNCTION_RESET, APART, GONE, ANYTHING, OFF_THE_BUS, ANY_MOMENT, AGAIN] }],
  ['throws on a fault',                     { fails: [FAULTS, ANYTHING], mayFail: [BUS_RESET, FUNCTION_RESET, APART, GONE, ANY_MOMENT, AGAIN] }],
  ['unsteady',                              { fails: [ANSWERS, BUS_RESET, APART, GONE, AGAIN] }],
];

it.each(FAULTY)('finds a NIC that %s', async (fault, expectation) => {
  const cases = nicSuite({ create: (wishes) => plainNic(wishes, [fault]) });
  expectFailures(await runCases(cases, SETTINGS), expectation);
});

it('says which access made a NIC throw', async () => {
  const cases = nicSuite({ create: (wishes) => plainNic(wishes, ['throws on a fault']) });
  const [verdict] = await runCases(
    cases.filter(({ name }) => name === ANYTHING),
    SETTINGS,
  );
  const message = verdict?.verdict === 'failed' ? verdict.error.message : '';
  expect(message).toMatch(/^the NIC threw during .*: Error: memory is not there\n/);
  expect(message).toContain('[NETCX_SEED=1 replays it]');
});

it('skips what a NIC was given no way to do', async () => {
  const create = (wishes: NicWishes): NicUnderTest => {
    const nic = plainNic(wishes);
    for (const way of ['startDma', 'raiseVector']) Reflect.deleteProperty(nic, way);
    return nic;
  };
  const cases = nicSuite({ create });
  const verdicts = await runCases(cases, SETTINGS);
  const skipped = verdicts.filter(({ verdict }) => verdict === 'skipped').map(({ name }) => name);
  expect(skipped).toEqual(['sends the message of the vector that it raises', MASKED, NO_MESSAGES, FAULTS, NO_DMA]);
  expect(verdicts.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
});
