/*
 * The driver suite finds a driver that is wrong, and blames it for what is wrong: each fault makes exactly its own cases
 * fail. All of them run behind an IOMMU, so that a driver which lets its NIC loose harms nothing of the test's own.
 */

import { expect, it, vi } from 'vitest';
import { driverSuite, runCases } from '../src/index.ts';
import { plainMachine, type DriverFault } from './plain-driver.ts';
import type { NicFault } from './plain-nic.ts';
import { expectFailures, type Expectation } from './verdicts.ts';

vi.setConfig({ testTimeout: 120_000 }); // a suite each, perhaps on a slow machine that counts coverage

/** Enough to find each of these faults. */
const SETTINGS = { seed: 1, effort: 0.05 };

/** A whole suite runs for each fault: in the quick size, every twelfth fault has its turn; `.ci/run` takes them all. */
function ofThisSize<T>(faults: readonly T[]): readonly T[] {
  const size = process.env['NETCX_TEST_SIZE'] ?? (process.env['CI'] === undefined ? 'quick' : 'ci');
  const chosen = size === 'quick' ? faults.filter((_, index) => index % 12 === 0) : faults;
  process.stderr.write(`faults tried: ${chosen.length} of ${faults.length} (NETCX_TEST_SIZE=${size})\n`);
  return chosen;
}

const LIFE = {
  again: 'starts again after each stop as if for the first time',
  early: 'stops before its link was ever up',
  memory: 'gives back at stop the host memory and mappings that start took',
  inFlight: 'stops with frames in flight both ways, each completed once',
  linkDown: 'stops while its link is down and its rings are full',
  pulledOut: 'stops after its NIC was pulled out, and does not start without it',
  silent: 'calls nobody and reaches no memory after it has stopped',
};
const TRANSMIT = {
  lengths: 'sends frames of every length up to the longest, byte for byte',
  padding: "pads frames below Ethernet's minimum with zeros",
  refused: 'completes frames that are empty or too long, unsent, and sends what lies between',
  burst: 'holds back a burst larger than its ring, and keeps its order',
  parts: 'sends frames of several parts',
  alignment: 'sends frames from any alignment and from any memory',
  forwarded: 'sends on what it received, in the buffer it came in',
};
const CONTENTS = 'leaves frames alone that look like IP and are not sound';
const FLOOD = 'keeps order in a burst larger than its ring, and goes on behind it';
const DAMAGED = 'shows no frame that is damaged, and goes on behind it';
const RECEIVED_LENGTHS = 'shows frames of every length up to the longest, byte for byte';
const LINK = {
  reports: 'reports when its link goes and comes, once each',
  pulled: 'neither alters nor doubles frames when the cable is pulled, and completes all',
};
const WRAPS = 'wraps around its rings: 41,000 frames each way';
const WAKES = 'wakes up after any length of rest';
const RANDOM = 'carries random traffic of all kinds';

/** Every case that sends fifty frames and more in a life of the driver. */
const LONG_TRANSMIT = [...Object.values(TRANSMIT), WRAPS, RANDOM];
/** Cases that come near fifty frames. */
const NEARLY_FIFTY = [CONTENTS, FLOOD, LINK.pulled, LIFE.inFlight, WAKES];

// prettier-ignore
const DRIVER_FAULTS: Readonly<Record<Exclude<DriverFault, 'counts packets in 16 bits' | 'drops high words'>, Expectation>> = {
  'drops every 50th frame':       { fails: LONG_TRANSMIT, mayFail: NEARLY_FIFTY },
  'sends every 50th frame twice': { fails: LONG_TRANSMIT, mayFail: NEARLY_FIFTY },
  'swaps frames':                 { fails: LONG_TRANSMIT, mayFail: NEARLY_FIFTY },
  'sends first fragments only':   { fails: [TRANSMIT.parts], mayFail: [RANDOM] },
  'posts packets to be ignored':  { fails: [TRANSMIT.refused], mayFail: [RANDOM] },
  'drops what is no sound IPv4':  { fails: [CONTENTS] },
  'keeps its memory':             { fails: [LIFE.early, LIFE.memory, LIFE.inFlight, LIFE.linkDown, LIFE.pulledOut] },
  'leaves its NIC on':            { fails: [LIFE.memory, LIFE.linkDown, LIFE.silent], mayFail: [LIFE.again, LIFE.inFlight] },
  'never gives a packet up':      { fails: [LIFE.linkDown, LIFE.pulledOut] },
  'overlooks link changes':       { fails: [LIFE.linkDown, LIFE.pulledOut, LINK.reports, LINK.pulled] },
  'loses wake-ups':               { fails: [RECEIVED_LENGTHS, WAKES, WRAPS], mayFail: [...Object.values(TRANSMIT), RANDOM, LIFE.again, FLOOD, DAMAGED, LINK.reports] },
};

it.each(ofThisSize(Object.entries(DRIVER_FAULTS)))('finds a driver that %s', async (fault, expectation) => {
  const create = (wishes: Parameters<typeof plainMachine>[0]) => plainMachine(wishes, [fault as DriverFault]);
  expectFailures(await runCases(driverSuite({ create, iommu: 'with' }), SETTINGS), expectation);
});

const NIC_FAULTS: readonly (readonly [NicFault, Expectation])[] = [
  ['pads with garbage', { fails: [TRANSMIT.padding] }],
  ['passes damaged frames', { fails: [DAMAGED] }],
  ['rounds addresses down', { fails: [TRANSMIT.parts, TRANSMIT.alignment], mayFail: [RANDOM] }],
];

it.each(ofThisSize(NIC_FAULTS))('finds a machine whose NIC %s', async (fault, expectation) => {
  const cases = driverSuite({ create: (wishes) => plainMachine(wishes, [], [fault]), iommu: 'with' });
  expectFailures(await runCases(cases, SETTINGS), expectation);
});

it('finds a driver that counts packets in 16 bits, by what comes after the 32,768th and by nothing else', async () => {
  const create = (wishes: Parameters<typeof plainMachine>[0]) => plainMachine(wishes, ['counts packets in 16 bits']);
  const cases = driverSuite({ create, iommu: 'with' });
  const wraps = cases.filter(({ name }) => name.endsWith(WRAPS));
  expectFailures(await runCases(cases, SETTINGS), { fails: [] });
  expectFailures(await runCases(wraps, { seed: 1, effort: 1 }), { fails: [WRAPS] });
});

it('finds a driver that drops high words, once there is an IOMMU', async () => {
  const create = (wishes: Parameters<typeof plainMachine>[0]) => plainMachine(wishes, ['drops high words']);
  const verdicts = await runCases(driverSuite({ create }), SETTINGS);
  const failed = verdicts.filter(({ verdict }) => verdict === 'failed').map(({ name }) => name);
  expect(failed).toEqual(verdicts.map(({ name }) => name).filter((name) => name.startsWith('behind an IOMMU: ')));
  const [first] = verdicts.filter((one) => one.verdict === 'failed');
  expect(first?.verdict === 'failed' && first.error.message).toMatch(/memory that it may not reach, \d+ times/);
});

it('skips what a machine cannot do', async () => {
  const machine = plainMachine({ iommu: false, seed: 1 });
  Reflect.deleteProperty(machine, 'remove');
  const cases = driverSuite({ create: () => machine, iommu: 'without' });
  const verdicts = await runCases(
    cases.filter(({ name }) => name.endsWith(LIFE.pulledOut)),
    SETTINGS,
  );
  expect(verdicts).toEqual([
    {
      name: `without an IOMMU: ${LIFE.pulledOut}`,
      verdict: 'skipped',
      why: 'the machine has no way to pull the NIC out',
    },
  ]);
});
