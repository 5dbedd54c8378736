/*
 * Receive against a naive model: frames arrive, good ones and all kinds of bad ones; the protocol takes its time, keeps
 * buffers and comes and goes. In the end the model's good frames were shown as they were, in order, everything else was
 * counted for its reason, the device has all the buffers that it can have, and none is lost.
 */

import { hostPages } from '@netcx/dma';
import { i32 } from '@netcx/dma/memory';
import { Fragment, Packet } from '@netcx/rings';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { seeded } from './conservation.ts';
import type { Arrival } from './fake-driver.ts';
import { buildFakeMachine, type FakeMachine } from './fake-machine.ts';
import { pattern } from './frames.ts';

const CAPACITY = 256;

type Fate = 'shown' | 'ignored' | 'invalid' | 'nothing';

interface Kind {
  readonly fate: Fate;
  readonly arrival: (bytes: Uint8Array, parts: number) => Omit<Arrival, 'bytes'>;
}

const good = (more: Partial<Arrival> = {}): Kind => ({
  fate: 'shown',
  arrival: (_bytes, parts) => ({ parts, ...more }),
});
const bad = (spoil: NonNullable<Arrival['spoil']>): Kind => ({
  fate: 'invalid',
  arrival: (_bytes, parts) => ({ parts, spoil }),
});

/** What may arrive. Each kind of nonsense concerns its own fragments only, so that the model stays simple. */
const KINDS: Readonly<Record<string, Kind>> = {
  plain: good(),
  late: good({ offset: 7 }),
  'after a gap': good({ gap: 2 }),
  'with strange flags': good({
    spoil: (p, f) => {
      Packet.scratch.set(i32, p, 1);
      Fragment.scratch.set(i32, f(0), 1);
      Fragment.capacity.set(i32, f(0), 3);
    },
  }),
  ignored: { fate: 'ignored', arrival: (_bytes, parts) => ({ parts, ignore: true }) },
  'ignored after a gap': { fate: 'ignored', arrival: () => ({ gap: 1, ignore: true }) },
  'without a packet': { fate: 'nothing', arrival: (_bytes, parts) => ({ parts, packetless: true }) },
  empty: bad((_p, f) => {
    Fragment.validLength.set(i32, f(0), 0);
  }),
  'too long for its buffer': bad((_p, f) => {
    Fragment.validLength.set(i32, f(0), CAPACITY + 1);
  }),
  'past its buffer': bad((_p, f) => {
    Fragment.validLength.set(i32, f(0), CAPACITY);
    Fragment.offset.set(i32, f(0), 1);
  }),
  'of no fragments': bad((p) => {
    Packet.fragmentCount.set(i32, p, 0);
  }),
  'of too many fragments': bad((p) => {
    Packet.fragmentCount.set(i32, p, 60_000);
  }),
  'of a fragment that is not there': bad((p) => {
    Packet.fragmentIndex.set(i32, p, 0x8000_0000);
  }),
};

type Step =
  | { readonly does: 'arrive'; readonly kind: string; readonly length: number; readonly parts: number }
  | { readonly does: 'take' | 'release'; readonly count: number }
  | { readonly does: 'leave' | 'keep' | 'attach' | 'detach' | 'run' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      does: fc.constant('arrive' as const),
      kind: fc.constantFrom(...Object.keys(KINDS)),
      length: fc.integer({ min: 3, max: 200 }),
      parts: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constantFrom('take' as const, 'release' as const),
      count: fc.integer({ min: 1, max: 10 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('leave', 'keep', 'attach', 'detach', 'run', 'run', 'run', 'run')
      .map((does) => ({ does: does as 'run' })),
  },
);

const shape = fc.record({
  packets: fc.constantFrom(4, 8, 32),
  fragments: fc.constantFrom(8, 32),
  buffers: fc.integer({ min: 6, max: 64 }),
  batch: fc.constantFrom(1, 2, Infinity),
  headroom: fc.constantFrom(0, 0, 40),
  adapter: fc.constantFrom({}, {}, { checkedBuffers: true }),
  steps: fc.array(step, { maxLength: 100 }),
});

/** One run: the machine, and what arrived. */
class Run {
  readonly machine: FakeMachine;
  readonly arrived: { readonly fate: Fate; readonly bytes: Uint8Array }[] = [];
  #attached = true;

  constructor(machine: FakeMachine) {
    this.machine = machine;
  }

  do(step: Step): void {
    const { clock, recorder, rx, adapter } = this.machine;
    if (step.does === 'arrive') {
      const { fate, arrival } = KINDS[step.kind]!;
      const bytes = pattern(step.length, this.arrived.length);
      const parts = Math.min(step.parts, step.length);
      this.arrived.push({ fate, bytes });
      rx[0]!.arrive({ bytes, ...arrival(bytes, parts) });
    }
    if (step.does === 'run') clock.run();
    if (step.does === 'take') recorder.take(step.count);
    if (step.does === 'release') recorder.release(step.count);
    if (step.does === 'leave') recorder.leaves = !recorder.leaves;
    if (step.does === 'keep') recorder.keeps = !recorder.keeps;
    if (step.does === 'detach' && this.#attached) {
      // Who goes takes nothing along that it was shown but has not completed.
      adapter.detachProtocol();
      this.#attached = false;
    }
    if (step.does === 'attach') this.attach();
  }

  attach(): void {
    if (!this.#attached) this.machine.adapter.attachProtocol(this.machine.recorder);
    this.#attached = true;
  }

  /** From here on the protocol takes everything at once. */
  settle(): void {
    const { clock, recorder } = this.machine;
    this.attach();
    recorder.leaves = false;
    recorder.keeps = false;
    recorder.take(Infinity);
    recorder.release();
    clock.run();
    recorder.take(Infinity);
    clock.run();
  }

  check(): void {
    const { machine, arrived } = this;
    const rx = machine.rx[0]!;
    const count = (fate: Fate) => arrived.filter((frame) => frame.fate === fate).length;
    const { receive, buffers } = machine.adapter.statistics();
    expect(rx.violations).toEqual([]);
    expect(rx.waiting).toBe(0); // nothing is stuck
    expect(receive.dropped).toMatchObject({ ignored: count('ignored'), invalid: count('invalid') });
    expect(receive.packets + receive.dropped.unclaimed).toBe(count('shown'));
    expect(receive.packets).toBe(machine.recorder.shown.length);
    expect(receive.bytes).toBe(machine.recorder.shown.reduce((total, { bytes }) => total + bytes.length, 0));
    this.#checkShown(receive.dropped.unclaimed);
    const pool = buffers['fake rx 0']!;
    const places = machine.adapter.receiveQueues[0]!.rings.fragments.mask;
    expect(pool).toMatchObject({ nic: Math.min(pool.count, places), protocol: 0, transmit: 0 });
    expect(rx.buffers).toBe(pool.nic);
    expect(machine.domain.faultCount).toBe(0);
  }

  /** What was shown is what arrived, in order, less what nobody was there to take. */
  #checkShown(unclaimed: number): void {
    const expected = this.arrived.filter(({ fate }) => fate === 'shown').map(({ bytes }) => Buffer.from(bytes));
    let missing = 0;
    let next = 0;
    for (const { bytes } of this.machine.recorder.shown) {
      while (next < expected.length && !expected[next]!.equals(bytes)) {
        next++;
        missing++;
      }
      expect(next).toBeLessThan(expected.length);
      next++;
    }
    expect(missing + expected.length - next).toBe(unclaimed);
  }
}

const start = (sizes: {
  packets: number;
  fragments: number;
  buffers: number;
  batch: number;
  headroom: number;
  adapter: { checkedBuffers?: boolean };
}): Run => {
  const machine = buildFakeMachine({ ...sizes, maximumFrameSize: CAPACITY });
  machine.adapter.stateNeeds({ name: 'protocol', headroom: sizes.headroom });
  machine.adapter.start();
  machine.clock.run();
  machine.rx[0]!.batch = sizes.batch;
  return new Run(machine);
};

it('shows every good frame as it was and in order, counts the others, and loses no buffer', async () => {
  await fc.assert(
    fc.asyncProperty(shape, async ({ steps, ...sizes }) => {
      const taken = hostPages.bytesTaken;
      const run = start(sizes);
      for (const step of steps) run.do(step);
      run.settle();
      run.check();
      await run.machine.stop();
      expect(hostPages.bytesTaken).toBe(taken);
    }),
    seeded('receive', 150),
  );
});

it('gives everything back when it stops in the middle', async () => {
  await fc.assert(
    fc.asyncProperty(shape, async ({ steps, ...sizes }) => {
      const taken = hostPages.bytesTaken;
      const run = start(sizes);
      const { adapter, clock, recorder, rx } = run.machine;
      for (const step of steps) run.do(step);
      const stopping = adapter.stop();
      await Promise.resolve();
      clock.run({ until: clock.now() });
      run.settle();
      await clock.drive(stopping);
      recorder.release();
      expect(rx[0]!.violations).toEqual([]);
      expect(rx[0]!.calls.slice(-2)).toContain('stop');
      expect(hostPages.bytesTaken).toBe(taken);
    }),
    seeded('receive, stopped', 150),
  );
});
