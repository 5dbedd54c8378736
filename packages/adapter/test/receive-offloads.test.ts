/*
 * Software offloads of received frames in a whole adapter: they go on and off while frames come; and whatever protocol,
 * driver and switches do, each flow's bytes arrive in order, once, and every buffer comes back.
 */

import { hostPages } from '@netcx/dma';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeded } from './conservation.ts';
import type { Arrival } from './fake-driver.ts';
import { buildFakeMachine } from './fake-machine.ts';
import { pattern } from './frames.ts';
import { startObserved } from './observer.ts';
import { ethernet, tcpFrame, timestamps } from './wire-frames.ts';

/** One flow's next segments, of so many bytes each. */
function segments(count: number, size = 100, from = 0): Uint8Array[] {
  return Array.from({ length: count }, (_, index) =>
    tcpFrame(pattern(size, from + index), { tcp: { sequence: 1 + (from + index) * size } }),
  );
}
const arrivals = (frames: readonly Uint8Array[], parts = 1): Arrival[] => frames.map((bytes) => ({ bytes, parts }));

describe('software offloads of receive queues', () => {
  it('go on and off while frames come, and leave nothing behind in the descriptors', async () => {
    const { adapter, clock, rx, observer, stop } = startObserved();
    rx[0]!.arrive(...arrivals(segments(3)));
    clock.run();
    expect(observer.seen.map((one) => one.coalesced)).toEqual([0, 0, 0]);
    await clock.drive(adapter.offloads.enable({ rsc: { tcpIPv4: true, tcpTimestampOption: true } }));
    const stamped = [3, 8].map((now, index) =>
      tcpFrame(pattern(10, index), { tcp: { sequence: 5 + 10 * index, sourcePort: 9, options: timestamps(now, 1) } }),
    );
    rx[0]!.arrive(...arrivals(segments(3, 100, 3)), ...arrivals(stamped));
    clock.run();
    expect(observer.seen.slice(3)).toMatchObject([
      { coalesced: 3, detail: 0, delta: 0, checksum: 0b01_01_00, layer4Type: 1 },
      { coalesced: 2, detail: 0, delta: 5 },
    ]);
    await clock.drive(adapter.offloads.enable({ rsc: { tcpIPv4: false, tcpTimestampOption: false } }));
    for (let round = 0; round < 20; round++) {
      rx[0]!.arrive(...arrivals(segments(5, 100, 6 + 5 * round)));
      clock.run();
    }
    const after = observer.seen.slice(5);
    expect(after.length).toBe(100);
    expect(new Set(after.map(({ coalesced, detail, delta }) => `${coalesced} ${detail} ${delta}`))).toEqual(
      new Set(['0 0 0']),
    );
    expect(after.at(-1)!.layer4Type).toBe(0); // nobody looks at frames any more
    await stop();
  });

  it('validate what the NIC leaves, once a protocol asks, and what the NIC does not do at all', async () => {
    const offloads = { rxChecksum: { ipv4: true, tcp: true, udp: false } };
    const { adapter, clock, rx, observer, stop } = startObserved({ offloads });
    const arrive = (): number => {
      rx[0]!.arrive({ bytes: segments(1)[0]! });
      clock.run();
      return observer.seen.at(-1)!.checksum;
    };
    expect(adapter.offloads.receive.word).toBe(0); // what the hardware does is on, and frames take the straight line
    expect(arrive()).toBe(0);
    await clock.drive(adapter.offloads.enable({ rxChecksum: { udpIPv4: true } }));
    expect(arrive()).toBe(0);
    await clock.drive(adapter.offloads.enable({ rxChecksum: { tcpIPv4: true, ipv4: true } }));
    expect(arrive()).toBe(0b01_01_00);
    await stop();
  });

  it('are not to be had where software may not do them', () => {
    const { adapter } = buildFakeMachine({ adapter: { softwareOffloads: { rsc: false } } });
    expect(() => adapter.offloads.enable({ rsc: { tcpIPv4: true } })).toThrow(/rsc.tcpIPv4/);
    expect(adapter.offloads.receive.word).toBe(0);
  });

  it('find headers for a protocol that asks, whatever part they lie in', async () => {
    const { adapter, clock, rx, observer, stop } = startObserved();
    adapter.offloads.receive.findsLayouts = true;
    const [frame] = segments(1) as [Uint8Array];
    for (const parts of [1, 2, 5, 9]) rx[0]!.arrive({ bytes: frame, parts });
    clock.run();
    expect(observer.seen.map((one) => one.layer4Type)).toEqual([1, 1, 1, 1]);
    await stop();
  });

  it('keep frames that find no room until the protocol makes some', async () => {
    const { adapter, clock, rx, observer, stop } = startObserved({ packets: 8, fragments: 8, buffers: 64 });
    adapter.offloads.receive.findsLayouts = true;
    observer.leaves = true;
    observer.keeps = true;
    rx[0]!.arrive(...arrivals(segments(40)));
    clock.run();
    const [queue] = adapter.receiveQueues;
    expect(queue!.edge.ring.freeCount).toBe(0);
    expect(queue!.stage!.waiting).toBe(true);
    for (let round = 0; round < 45; round++) {
      observer.take(1);
      while (observer.kept.length > 0) observer.release(0);
      clock.run();
    }
    expect(observer.seen.map(({ bytes }) => bytes)).toEqual(segments(40));
    await stop();
  });

  it('go on by themselves once there is room, however the protocol takes what it is shown', async () => {
    const { adapter, clock, rx, observer, stop } = startObserved({ packets: 8, fragments: 8, buffers: 64 });
    adapter.offloads.receive.findsLayouts = true;
    observer.leaves = true;
    observer.keeps = true; // no buffer comes back, which would be a reason to look again
    rx[0]!.arrive(...arrivals(segments(30)));
    clock.run();
    expect(adapter.receiveQueues[0]!.rings.packets.reapCount).toBe(0); // all of them wait behind the translator
    observer.leaves = false;
    observer.take(1); // the only time that anybody says anything: from here on it takes all that it is shown, at once
    clock.run();
    expect(observer.seen.length).toBe(30);
    while (observer.kept.length > 0) observer.release(0);
    await stop();
  });

  it('let an adapter stop while frames wait, once the protocol has taken them', async () => {
    const taken = hostPages.bytesTaken;
    const { adapter, clock, rx, observer } = startObserved({ packets: 8, fragments: 8, buffers: 64 });
    adapter.offloads.receive.findsLayouts = true;
    observer.leaves = true;
    rx[0]!.arrive(...arrivals(segments(40)));
    clock.run();
    const stopping = adapter.stop();
    await Promise.resolve();
    clock.run({ until: clock.now() });
    observer.leaves = false;
    observer.take(Infinity);
    await clock.drive(stopping);
    expect(observer.seen.length).toBeGreaterThan(15);
    expect(hostPages.bytesTaken).toBe(taken);
  });

  it('do the same under a verifier, which finds nothing', async () => {
    const { adapter, clock, rx, observer, stop } = startObserved({ adapter: { verifier: true } });
    rx[0]!.expectsEmpty = false;
    await clock.drive(adapter.offloads.enable({ rsc: { tcpIPv4: true }, rxChecksum: { tcpIPv4: true } }));
    rx[0]!.arrive(...arrivals(segments(4)), ...arrivals(segments(4, 100, 4), 2));
    clock.run();
    expect(observer.seen.map((one) => one.coalesced)).toEqual([8]);
    await stop();
  });

  it('discard what nobody takes, and count each packet as unclaimed', async () => {
    const { adapter, clock, rx, observer, stop } = startObserved();
    await clock.drive(adapter.offloads.enable({ rsc: { tcpIPv4: true } }));
    rx[0]!.arrive(...arrivals(segments(4)));
    clock.run();
    adapter.detachProtocol();
    rx[0]!.arrive(...arrivals(segments(4, 100, 4), 2));
    clock.run();
    adapter.attachProtocol(observer);
    rx[0]!.arrive(...arrivals(segments(4, 100, 8)));
    clock.run();
    expect(observer.seen.map((one) => one.coalesced)).toEqual([4, 4]);
    expect(adapter.statistics().receive).toMatchObject({ packets: 8, dropped: { unclaimed: 4 } });
    await stop();
  });

  it('count what they did', async () => {
    const { adapter, clock, rx, stop } = startObserved();
    await clock.drive(adapter.offloads.enable({ rsc: { tcpIPv4: true } }));
    rx[0]!.arrive(...arrivals(segments(4)), { bytes: ethernet(0x0806, pattern(46, 1)) });
    clock.run();
    const { stage } = adapter.receiveQueues[0]!;
    expect(stage!.coalescer.counters).toEqual({ segments: 4, bytes: 400, events: 1, aborts: 0 });
    expect(adapter.statistics().receive.offloads).toMatchObject({ layoutsParsed: 5, rsc: { segments: 4, events: 1 } });
    expect(stage!.counters).toEqual({ layoutsParsed: 5, layoutsCorrected: 0, checksumsValid: 8, checksumsInvalid: 0 });
    await stop();
  });
});

describe('buffers that were shown', () => {
  it('may be released in any order, one by one, also those that one frame lies in', async () => {
    const { adapter, clock, rx, observer, stop } = startObserved({ packets: 16, fragments: 16, buffers: 24 });
    await clock.drive(adapter.offloads.enable({ rsc: { tcpIPv4: true } }));
    observer.keeps = true;
    rx[0]!.arrive(...arrivals(segments(12)));
    clock.run();
    expect(observer.kept.length).toBe(12);
    const [queue] = adapter.receiveQueues;
    for (const which of [11, 0, 5, 5, 3, 7, 1, 0, 2, 1, 1, 0]) {
      const before = queue!.pool!.census().protocol;
      observer.release(which);
      expect(queue!.pool!.census().protocol).toBe(before - 1);
      clock.run();
    }
    expect(queue!.pool!.census()).toMatchObject({ protocol: 0, nic: 15 });
    await stop();
  });
});

type Step =
  | { readonly does: 'segment'; readonly flow: number; readonly size: number; readonly parts: number }
  | { readonly does: 'other'; readonly parts: number }
  | { readonly does: 'take' | 'release'; readonly count: number }
  | { readonly does: 'run' | 'leave' | 'keep' | 'switch' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      does: fc.constant('segment' as const),
      flow: fc.nat({ max: 2 }),
      size: fc.integer({ min: 1, max: 150 }),
      parts: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('other' as const), parts: fc.integer({ min: 1, max: 2 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constantFrom('take' as const, 'release' as const), count: fc.nat({ max: 9 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom('run', 'run', 'leave', 'keep', 'switch').map((does) => ({ does: does as 'run' })),
  },
);

const shape = fc.record({
  packets: fc.constantFrom(4, 8, 32),
  fragments: fc.constantFrom(8, 32),
  buffers: fc.integer({ min: 6, max: 64 }),
  adapter: fc.constantFrom({}, {}, { checkedBuffers: true }),
  purpose: fc.constantFrom('receiving' as const, 'forwarding' as const),
  steps: fc.array(step, { maxLength: 120, size: 'large' }),
});

it("delivers each flow's bytes in order and once, and gets every buffer back, whatever is switched, left and kept", async () => {
  await fc.assert(
    fc.asyncProperty(shape, async ({ steps, purpose, ...sizes }) => {
      const taken = hostPages.bytesTaken;
      const { adapter, clock, rx, observer, stop } = startObserved({ ...sizes, maximumFrameSize: 256 });
      adapter.offloads.receive.coalescingFor = purpose;
      const sent = new Map<number, Uint8Array[]>();
      const next = new Map<number, number>();
      let on = false;
      let others = 0;
      for (const one of steps) {
        if (one.does === 'segment') {
          const payload = pattern(one.size, steps.indexOf(one));
          const sequence = next.get(one.flow) ?? 2 ** 32 - 200;
          next.set(one.flow, (sequence + one.size) % 2 ** 32);
          sent.set(one.flow, [...(sent.get(one.flow) ?? []), payload]);
          rx[0]!.arrive({ bytes: tcpFrame(payload, { tcp: { sequence, sourcePort: one.flow } }), parts: one.parts });
        } else if (one.does === 'other') {
          others++;
          rx[0]!.arrive({ bytes: ethernet(0x0806, pattern(46, others)), parts: one.parts });
        } else if (one.does === 'take') observer.take(one.count);
        else if (one.does === 'release') observer.release(one.count);
        else if (one.does === 'leave') observer.leaves = !observer.leaves;
        else if (one.does === 'keep') observer.keeps = !observer.keeps;
        else if (one.does === 'switch') {
          on = !on;
          void adapter.offloads.enable({ rsc: { tcpIPv4: on }, rxChecksum: { tcpIPv4: on } });
        } else clock.run();
      }
      observer.leaves = false;
      observer.keeps = false;
      while (rx[0]!.waiting > 0 || adapter.receiveQueues[0]!.edge.ring.driverCount > 0 || observer.kept.length > 0) {
        clock.run();
        observer.take(Infinity);
        while (observer.kept.length > 0) observer.release(0);
        clock.run();
      }
      const got = new Map<number, Uint8Array[]>();
      for (const { bytes } of observer.seen) {
        if (bytes[13] === 6) continue;
        const flow = bytes[35]!;
        got.set(flow, [...(got.get(flow) ?? []), bytes.subarray(54)]);
      }
      const whole = (flows: Map<number, Uint8Array[]>): unknown =>
        [...flows].sort(([a], [b]) => a - b).map(([flow, all]) => [flow, Buffer.concat(all).toString('hex')]);
      expect(whole(got)).toEqual(whole(sent));
      expect(observer.seen.filter(({ bytes }) => bytes[13] === 6).length).toBe(others);
      expect(rx[0]!.violations).toEqual([]);
      await stop();
      expect(hostPages.bytesTaken).toBe(taken);
    }),
    seeded('receive offloads', 40),
  );
});
