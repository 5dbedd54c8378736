/*
 * Whoever does it, the wire sees the same: random hardware, random frames and wishes, offloads that are turned, paused and
 * resumed while frames are under way. A naive device does what the driver is asked for, and no more than the driver was told
 * it may; every frame leaves as naive code makes it, in order, and completes once.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type {
  ChecksumSwitches,
  OffloadCapabilities,
  OffloadChange,
  SegmentationSwitches,
  TagSwitches,
} from '../src/index.ts';
import { seeded } from './conservation.ts';
import { buildFrame, naiveChecksums, naiveSegments, naiveTag, type BuiltFrame } from './offload-frames.ts';
import { buildOffloadRig, type FoundWishes, type FrameWishes, type OffloadRig, type Place } from './offload-rig.ts';
import { cuts, inside, shapes } from './offload-shapes.ts';
import { runsBySize } from './test-size.ts';

/** Sets of flags that can be advertised. */
const layer3 = fc.constantFrom(1, 3, 5, 15);
const layer4 = fc.constantFrom(1, 3, 4, 7);
const hardware = fc.record({
  txChecksum: fc.option(
    fc.record({
      layer3,
      layer4,
      layer3HeaderOffsetLimit: fc.constantFrom(0, 14),
      layer4HeaderOffsetLimit: fc.constantFrom(0, 54, 638),
    }),
  ),
  gso: fc.option(
    fc.record({
      layer3,
      layer4,
      maximumOffloadSize: fc.constantFrom(2000, 65_536),
      minimumSegmentCount: fc.constantFrom(1, 2, 3),
    }),
  ),
  ieee8021qTag: fc.option(fc.record({ priority: fc.boolean(), vlan: fc.boolean() })),
});

const traffic = { tcpIPv4: fc.boolean(), tcpIPv6: fc.boolean(), udpIPv4: fc.boolean(), udpIPv6: fc.boolean() };
const change: fc.Arbitrary<OffloadChange> = fc.record(
  {
    txChecksum: fc.record({ ipv4: fc.boolean(), ...traffic }, { requiredKeys: [] }),
    gso: fc.record(traffic, { requiredKeys: [] }),
    ieee8021qTag: fc.record({ priority: fc.boolean(), vlan: fc.boolean() }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);

const wishes: fc.Arbitrary<FrameWishes> = fc.record({
  segmentSize: fc.constantFrom(0, 0, 300, 1000),
  tagging: fc.constantFrom(0, 0, 1, 2, 3),
  tag: fc.constant(0xa123),
  layer3: fc.boolean(),
  layer4: fc.boolean(),
  layout: fc.boolean(),
});
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('send' as const),
      shape: shapes.map((shape) => ({ ...shape, snap: false, payload: shape.payload % 4000 })),
      wishes,
      cuts,
      place: fc.constantFrom<Place>('pool', 'odd', 'own', 'big'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('finish' as const), times: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('change' as const), change }) },
  { weight: 1, arbitrary: fc.constantFrom({ does: 'pause' as const }, { does: 'resume' as const }) },
);

/** What a driver was told that is used. */
interface Told {
  txChecksum?: ChecksumSwitches;
  gso?: SegmentationSwitches;
  ieee8021qTag?: TagSwitches;
}

const TAG_BITS = [0, 0xe000, 0x0fff, 0xefff] as const;

/** What the wire shall see of a frame. */
function wire(
  frame: BuiltFrame,
  { segmentSize = 0, tagging = 0, tag = 0, layer3 = false, layer4 = false }: FrameWishes,
): Uint8Array[] {
  const frames = segmentSize === 0 ? [naiveChecksums(frame, layer3, layer4)] : naiveSegments(frame, segmentSize);
  return tagging === 0 ? frames : frames.map((one) => naiveTag(one, tag & TAG_BITS[tagging]!));
}

/** What a naive device makes of a packet. */
function device(frame: BuiltFrame, bytes: Uint8Array, found: FoundWishes): Uint8Array[] {
  const packet = { ...frame, bytes, layer2: found.layer2HeaderLength === 0 ? frame.layer2 : found.layer2HeaderLength };
  const frames =
    found.mss === 0
      ? [naiveChecksums(packet, (found.checksum & 8) !== 0, (found.checksum & 32) !== 0)]
      : naiveSegments(packet, found.mss);
  const tag = (found.priority << 13) | found.vlan;
  return found.tagging === 0 ? frames : frames.map((one) => naiveTag(one, tag & TAG_BITS[found.tagging]!));
}

/** Whether a driver may be asked for this: it was told so, before. */
function isPromised(frame: BuiltFrame, found: FoundWishes, told: Told): boolean {
  const { tcp, ip } = frame.shape;
  const kind = `${tcp ? 'tcp' : 'udp'}IPv${String(ip)}` as keyof SegmentationSwitches;
  if (found.mss !== 0) return told.gso?.[kind] === true;
  if ((found.checksum & 32) !== 0 && told.txChecksum?.[kind] !== true) return false;
  if ((found.checksum & 8) !== 0 && ip === 4 && told.txChecksum?.ipv4 !== true) return false;
  if ((found.tagging & 1) !== 0 && told.ieee8021qTag?.priority !== true) return false;
  return (found.tagging & 2) === 0 || told.ieee8021qTag?.vlan === true;
}

/** A run: what was sent, and what its driver was told when. */
class Run {
  readonly rig: OffloadRig;
  readonly sent: { readonly frame: BuiltFrame; readonly wishes: FrameWishes }[] = [];
  readonly changes: Promise<unknown>[] = [];
  readonly told: Told;
  /** What it was told while it had each packet: from when it was handed over to when it came back. */
  readonly toldAt: Told[][] = [];

  constructor(rig: OffloadRig, told: Told) {
    this.rig = rig;
    this.told = told;
    const post = rig.tx.post.bind(rig.tx);
    rig.tx.post = () => {
      post();
      while (this.toldAt.length < rig.tx.wishes.length) this.toldAt.push([{ ...told }]);
    };
  }

  /** The driver was told something: it counts for what it has. */
  heard(): void {
    const { tx } = this.rig;
    for (let index = tx.frames.length; index < tx.wishes.length; index++) this.toldAt[index]?.push({ ...this.told });
  }

  do(step: Step): void {
    const { rig } = this;
    const { offloads } = rig.machine.adapter;
    if (step.does === 'send') {
      if (rig.machine.adapter.transmitQueues[0]!.edge.room === 0) return;
      const frame = buildFrame(step.shape);
      this.sent.push({ frame, wishes: step.wishes });
      rig.send(frame, step.wishes, inside(step.cuts, frame.bytes.length), step.place);
    }
    if (step.does === 'finish') {
      for (let time = 0; time < step.times; time++) rig.tx.finish(time);
      rig.machine.clock.advance(100_000);
    }
    if (step.does === 'change') this.changes.push(offloads.enable(step.change));
    if (step.does === 'pause') this.changes.push(offloads.pause());
    if (step.does === 'resume' && offloads.paused) this.changes.push(offloads.resume());
  }

  check(): void {
    const { rig, sent, toldAt } = this;
    const expected = sent.map(({ frame, wishes }) => wire(frame, wishes));
    let at = 0;
    let left = expected[0]?.length ?? 0;
    const found: Uint8Array[] = [];
    for (const [index, bytes] of rig.tx.frames.entries()) {
      const { frame } = sent[at]!;
      const asked = rig.tx.wishes[index]!;
      const broken = toldAt[index]!.find((told) => !isPromised(frame, asked, told));
      expect([broken, asked]).toEqual([undefined, asked]);
      const made = device(frame, bytes, asked);
      found.push(...made);
      left -= made.length;
      if (left <= 0) left = expected[++at]?.length ?? 0;
    }
    const hex = (frames: readonly Uint8Array[]): string[] => frames.map((one) => Buffer.from(one).toString('hex'));
    expect(hex(found)).toEqual(hex(expected.flat()));
    const { packets, dropped } = rig.machine.adapter.statistics().transmit;
    expect([packets, Object.values(dropped).reduce((sum, count) => sum + count)]).toEqual([sent.length, 0]);
    const { sentContexts } = rig.machine.recorder;
    expect(sentContexts).toEqual(sentContexts.map((_, index) => index));
  }
}

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

it('every frame leaves as it shall, whoever does what, and no driver is asked for what it was not told', async () => {
  await fc.assert(
    fc.asyncProperty(
      hardware,
      fc.record({
        packets: fc.constantFrom(4, 16, 64),
        fragments: fc.constantFrom(8, 64),
        buffers: fc.constantFrom(2, 16),
        withoutDma: fc.boolean(),
      }),
      fc.constantFrom(1, 4, 64),
      fc.array(step, { maxLength: 30 }),
      async ({ txChecksum, gso, ieee8021qTag }, sizes, maximumNumberOfFragments, steps) => {
        const told: Told = {};
        const runs: Run[] = [];
        const set = (what: Told): void => {
          Object.assign(told, what);
          runs[0]?.heard();
        };
        const offloads: OffloadCapabilities = {
          ...(txChecksum === null ? {} : { txChecksum: { ...txChecksum, set: (on) => set({ txChecksum: on }) } }),
          ...(gso === null ? {} : { gso: { ...gso, set: (on) => set({ gso: on }) } }),
          ...(ieee8021qTag === null
            ? {}
            : { ieee8021qTag: { ...ieee8021qTag, set: (on) => set({ ieee8021qTag: on }) } }),
        };
        const rig = buildOffloadRig({ ...sizes, mtu: 6000, offloads, tx: { maximumNumberOfFragments } });
        const run = new Run(rig, told);
        runs.push(run);
        for (const one of steps) run.do(one);
        rig.finish();
        await rig.machine.clock.drive(Promise.all(run.changes));
        rig.finish();
        run.check();
        await rig.close();
      },
    ),
    seeded('offloads', runsBySize({ quick: 40, ci: 300, long: 5000 })),
  );
});
