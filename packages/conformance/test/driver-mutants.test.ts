/*
 * The driver suite finds a driver that is wrong, and blames it for what is wrong: each fault makes exactly its own cases
 * fail. All of them run behind an IOMMU, so that a driver which lets its NIC loose harms nothing of the test's own.
 */

import { expect, it, vi } from 'vitest';
import { driverSuite, runCases } from '../src/index.ts';
import { plainMachine, type DriverFault } from './plain-driver.ts';
import type { NicFault } from './plain-nic.ts';
import { expectFailures, type Expectation } from './verdicts.ts';

vi.setConfig({ testTimeout: 600_000 }); // a suite each, perhaps on a slow machine that counts coverage

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
const RECEIVED_PARTS = 'shows frames to a protocol that takes them in parts, and in one piece again';
const ADDRESSED = 'shows frames to its own address and to everybody';
/** Cases in which some frame, of whatever length, is received. */
const OTHERS = [
  'starts, passes a frame each way, and stops',
  'goes on once a protocol that held every buffer lets them go',
  'starts without a cable, and passes frames once it is in',
];
const LINK = {
  reports: 'reports when its link goes and comes, once each',
  pulled: 'neither alters nor doubles frames when the cable is pulled, and completes all',
};
const LIMIT = {
  early: 'completes no frame before its NIC is done with it',
  tooShort: 'completes frames shorter than an Ethernet header, sent or not',
  mtu: 'sends what its MTU allows and nothing longer, also once the MTU has changed',
  directions: 'keeps both directions apart when both are busy',
  memory: 'leaves nothing behind when memory runs out while it starts',
};
const REMOVAL = {
  before: 'does not start when its NIC was pulled out before',
  starting: 'leaves nothing behind when its NIC is pulled out while it starts',
  stopping: 'stops when its NIC is pulled out while it stops',
};
const OFFLOAD = {
  checksums: 'inserts checksums, wherever among its headers a frame is cut',
  segments: 'cuts frames into segments of every shape',
  verdicts: 'calls no wrong checksum right',
  streams: 'shows the bytes of a stream in order, coalesced or not',
  datagrams: 'shows datagrams each as it came, coalesced or not',
};
const STAGES = [
  'wait for a place in its ring',
  'were posted, and cannot leave',
  'have left in part',
  'are on the wire',
  'are about to complete',
  'have all completed',
  'have not been sent yet',
  'are on the cable towards it',
  'are received, and have not been shown',
  'are being shown',
  'were shown',
].map((where) => ({ stops: `stops with frames that ${where}`, removed: `loses its NIC with frames that ${where}` }));
/** The plain NIC has said that it is done when a frame leaves: that moment has no length. */
const MISSING = STAGES[4];
const THERE = STAGES.filter((stage) => stage !== MISSING);
const STOPS_AT = THERE.map(({ stops }) => stops);
const REMOVED_AT = THERE.map(({ removed }) => removed);
const STAGE = { waiting: THERE[0]!, unsent: THERE[1]! };
const HELD = 'stops once a protocol that holds frames lets them go, and touches none before';
const AT_REST = 'loses its NIC at rest';
const METADATA = {
  tagsIn: 'puts tags in, as they stand on the wire, and into no other frame',
  tagsOut: 'loses no tag of a frame that came with one',
  hashes: 'gives right hashes or none, and frames of one hash to one queue',
  stamps: 'stamps frames with times that pass as time does',
};
/** What the plain driver and its NIC do not have. */
const UNKNOWN = [
  METADATA.hashes,
  METADATA.stamps,
  'sleeps in silence, wakes its host for a magic packet of its own alone, and is as before',
  'carries frames again after it was reset at work',
  'stops after its NIC was pulled out while it was reset',
];
/** The same, and the moment that has no length in them. */
const ABSENT = [...UNKNOWN, ...[MISSING!].flatMap(({ stops, removed }) => [stops, removed])];
const WRAPS = 'wraps around its rings: 41,000 frames each way';
const WAKES = 'wakes up after any length of rest';
const RANDOM = 'carries random traffic of all kinds';

/** Every case that sends fifty frames and more in a life of the driver. */
const LONG_TRANSMIT = [
  ...Object.values(TRANSMIT),
  LIMIT.early,
  LIMIT.directions,
  OFFLOAD.checksums,
  OFFLOAD.segments,
  WRAPS,
  RANDOM,
];
/** Cases that come near fifty frames. */
const NEARLY_FIFTY = [CONTENTS, FLOOD, LINK.pulled, LIFE.inFlight, WAKES, LIMIT.tooShort, LIMIT.mtu];
/** Every case that sends frames of several parts. */
const IN_PARTS = [TRANSMIT.parts, LIMIT.early, OFFLOAD.checksums, OFFLOAD.segments, METADATA.tagsIn];

// prettier-ignore
const DRIVER_FAULTS: Readonly<Record<Exclude<DriverFault, 'counts packets in 16 bits' | 'drops high words'>, Expectation>> = {
  'drops every 50th frame':       { fails: LONG_TRANSMIT, mayFail: NEARLY_FIFTY },
  'sends every 50th frame twice': { fails: LONG_TRANSMIT, mayFail: NEARLY_FIFTY },
  'swaps frames':                 { fails: LONG_TRANSMIT, mayFail: NEARLY_FIFTY },
  'sends first fragments only':   { fails: IN_PARTS, mayFail: [RANDOM] },
  'posts packets to be ignored':  { fails: [TRANSMIT.refused, LIMIT.mtu], mayFail: [RANDOM] },
  'drops what is no sound IPv4':  { fails: [CONTENTS] },
  'keeps its memory':             { fails: [LIFE.early, LIFE.memory, LIFE.inFlight, LIFE.linkDown, LIFE.pulledOut, LIMIT.mtu, LIMIT.memory, REMOVAL.starting, REMOVAL.stopping, ...THERE.flatMap(({ stops, removed }) => [stops, removed]), HELD, AT_REST] },
  'leaves its NIC on':            { fails: [LIFE.memory, LIFE.linkDown, LIFE.silent, LIMIT.mtu, HELD, ...STOPS_AT], mayFail: [LIFE.again, LIFE.inFlight, RECEIVED_PARTS] },
  'never gives a packet up':      { fails: [LIFE.linkDown, LIFE.pulledOut, STAGE.unsent.stops, STAGE.unsent.removed, STAGE.waiting.removed], mayFail: [REMOVAL.stopping] },
  'overlooks link changes':       { fails: [LIFE.linkDown, LIFE.pulledOut, LINK.reports, LINK.pulled] },
  'loses wake-ups':               { fails: [RECEIVED_LENGTHS, WAKES, WRAPS], mayFail: [...Object.values(TRANSMIT), RANDOM, LIFE.again, FLOOD, DAMAGED, LINK.reports, RECEIVED_PARTS, ADDRESSED, ...Object.values(LIMIT), ...Object.values(OFFLOAD), ...Object.values(METADATA), ...THERE.flatMap(({ stops, removed }) => [stops, removed]), HELD, AT_REST] },
  'makes its buffers small':      { fails: [RECEIVED_LENGTHS, RECEIVED_PARTS, ADDRESSED, LIMIT.mtu], mayFail: [...OTHERS, ...Object.values(LIFE), ...Object.values(TRANSMIT), CONTENTS, FLOOD, DAMAGED, ...Object.values(LINK), LIMIT.memory, LIMIT.early, LIMIT.tooShort, LIMIT.directions, ...Object.values(REMOVAL), ...Object.values(OFFLOAD), WRAPS, WAKES, RANDOM, ...Object.values(METADATA), ...THERE.flatMap(({ stops, removed }) => [stops, removed]), MISSING!.stops, MISSING!.removed, HELD, AT_REST] },
  'completes at once':            { fails: [LIMIT.early, OFFLOAD.checksums], mayFail: [...Object.values(TRANSMIT), RANDOM, WRAPS, ...Object.values(LIFE), LIMIT.tooShort, LIMIT.mtu, LIMIT.directions, REMOVAL.stopping, OFFLOAD.segments, LINK.pulled, METADATA.tagsIn], skips: [...ABSENT, STAGE.unsent.stops, STAGE.unsent.removed] },
  'looks at first descriptors':   { fails: [LIMIT.early], mayFail: [TRANSMIT.parts, TRANSMIT.alignment, OFFLOAD.checksums, OFFLOAD.segments, METADATA.tagsIn, RANDOM] },
  'hangs on short frames':        { fails: [LIMIT.tooShort] },
  'turns its NIC on at start only': { fails: [LIMIT.mtu] },
  'keeps memory of a failed start': { fails: [LIMIT.memory] },
  'does not look for its NIC':    { fails: [LIFE.pulledOut, REMOVAL.before, REMOVAL.starting, REMOVAL.stopping, ...REMOVED_AT] },
  'promises checksums':           { fails: [OFFLOAD.checksums, OFFLOAD.segments] },
  'promises segmentation':        { fails: [OFFLOAD.checksums, OFFLOAD.segments] },
  'calls every checksum right':   { fails: [OFFLOAD.verdicts] },
  'does not stop at the second try': { fails: [HELD] },
  'counts what is done':          { fails: [], mayFail: [RANDOM] }, // on a NIC that is done in order it is nearly right
  'makes hashes up':              { fails: [METADATA.hashes] },
  'promises tags':                { fails: [METADATA.tagsIn] },
  'shows datagrams one byte short': { fails: [CONTENTS, OFFLOAD.datagrams, OFFLOAD.verdicts] },
  'stamps backwards':             { fails: [METADATA.stamps] },
  'takes tags out in silence':    { fails: [CONTENTS, METADATA.tagsOut] },
  'shows streams one byte short': { fails: [CONTENTS, OFFLOAD.streams, OFFLOAD.verdicts] },
};

it.each(ofThisSize(Object.entries(DRIVER_FAULTS)))('finds a driver that %s', async (fault, expectation) => {
  const create = (wishes: Parameters<typeof plainMachine>[0]) => plainMachine(wishes, [fault as DriverFault]);
  expectFailures(await runCases(driverSuite({ create, iommu: 'with' }), SETTINGS), { skips: ABSENT, ...expectation });
});

const NIC_FAULTS: readonly (readonly [NicFault, Expectation])[] = [
  ['pads with garbage', { fails: [TRANSMIT.padding, LIMIT.tooShort, OFFLOAD.segments] }],
  ['passes damaged frames', { fails: [DAMAGED] }],
  [
    'rounds addresses down',
    {
      fails: [TRANSMIT.parts, TRANSMIT.alignment, OFFLOAD.checksums, OFFLOAD.segments, METADATA.tagsIn],
      mayFail: [RANDOM],
    },
  ],
];

it.each(ofThisSize(NIC_FAULTS))('finds a machine whose NIC %s', async (fault, expectation) => {
  const cases = driverSuite({ create: (wishes) => plainMachine(wishes, [], [fault]), iommu: 'with' });
  expectFailures(await runCases(cases, SETTINGS), { skips: ABSENT, ...expectation });
});

it('finds a driver that counts packets in 16 bits, by what comes after the 32,768th and by nothing else', async () => {
  const create = (wishes: Parameters<typeof plainMachine>[0]) => plainMachine(wishes, ['counts packets in 16 bits']);
  const cases = driverSuite({ create, iommu: 'with' });
  const wraps = cases.filter(({ name }) => name.endsWith(WRAPS));
  expectFailures(await runCases(cases, SETTINGS), { fails: [], skips: ABSENT });
  expectFailures(await runCases(wraps, { seed: 1, effort: 1 }), { fails: [WRAPS] });
});

it('finds a driver that drops high words, once there is an IOMMU', async () => {
  const create = (wishes: Parameters<typeof plainMachine>[0]) => plainMachine(wishes, ['drops high words']);
  const verdicts = await runCases(driverSuite({ create }), SETTINGS);
  const failed = verdicts.filter(({ verdict }) => verdict === 'failed').map(({ name }) => name);
  // Where the NIC is gone before it reached any memory, nothing shows.
  const reaching = ({ name }: { readonly name: string }): boolean =>
    name.startsWith('behind an IOMMU: ') &&
    !name.endsWith(REMOVAL.before) &&
    !name.endsWith(REMOVAL.starting) &&
    !UNKNOWN.some((one) => name.endsWith(one));
  expect(failed).toEqual(verdicts.filter(reaching).map(({ name }) => name));
  const [first] = verdicts.filter((one) => one.verdict === 'failed');
  expect(first?.verdict === 'failed' && first.error.message).toMatch(/memory that it may not reach, \d+ times/);
});

it('finds a driver that counts what is done, on a NIC that is done out of order', async () => {
  const create = (wishes: Parameters<typeof plainMachine>[0]) =>
    plainMachine(wishes, ['counts what is done'], ['fetches out of order']);
  const cases = driverSuite({ create, iommu: 'with' }).filter(({ name }) => name.endsWith(LIMIT.early));
  expectFailures(await runCases(cases, SETTINGS), { fails: [LIMIT.early] });
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
