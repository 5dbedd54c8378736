/*
 * Transmit against a naive model: a list of frames and what must become of each. A protocol submits whatever it likes, a
 * device finishes in any order, buffers run short, the queue may stop in the middle; in the end every frame went out as it
 * was, in order, or was given up for the reason the model names, and every buffer came back.
 */

import { BufferPool, NO_BUFFER } from '@netcx/buffers';
import { DmaEnabler, hostPages, Iommu } from '@netcx/dma';
import { hostBytes, u8 } from '@netcx/dma/memory';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { NetAdapterOptions } from '../src/index.ts';
import { seeded } from './conservation.ts';
import { buildFakeMachine, type FakeMachine } from './fake-machine.ts';
import { pattern, writeFrame, type Part } from './frames.ts';

const MTU = 500;
const LONGEST = MTU + 14;
const ALIGNMENT = 4;
const SLOT = 1024;

type Outcome = 'sent' | 'empty' | 'tooLong' | 'invalid';

/** A frame that was submitted, and what must become of it. */
interface Expected {
  readonly outcome: Outcome;
  readonly bytes: Uint8Array;
  readonly parts: number;
}

/** Where a part of a frame lies. */
const places = ['pool', 'pool', 'pool', 'misaligned', 'shared', 'foreign', 'own', 'outside', 'beyond'] as const;
type Place = (typeof places)[number];

type Step =
  | { readonly does: 'submit'; readonly parts: readonly { readonly place: Place; readonly length: number }[] }
  | { readonly does: 'finish'; readonly which: number; readonly times: number }
  | { readonly does: 'hold' | 'release' | 'wait' }
  | { readonly does: 'flush' };

const part = fc.record({
  place: fc.constantFrom(...places),
  length: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 120 }) },
    fc.constantFrom(0, 1, LONGEST, LONGEST + 1, 700),
  ),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => ({ does: 'submit' as const, parts })),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('finish' as const),
      which: fc.nat(20),
      times: fc.integer({ min: 1, max: 8 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('hold' as const, 'release' as const, 'wait' as const, 'flush' as const)
      .map((does) => ({ does })),
  },
);

let own = 0;
beforeAll(() => {
  own = hostPages.allocate(256 * SLOT, { owner: 'own memory of the test' });
});
afterAll(() => {
  hostPages.free(own);
});

/** One run: the machine, what is expected of it, and what is held by hand. */
class Run {
  readonly machine: FakeMachine;
  readonly expected: Expected[] = [];
  /** Buffers that another NIC reaches. */
  readonly foreign = new BufferPool({
    name: 'another NIC',
    count: 64,
    capacity: SLOT,
    enabler: new DmaEnabler(new Iommu(), { addressWidth: 64, version: 3 }),
  });
  readonly #held: number[] = [];
  readonly #shared: number[] = [];
  #seed = 0;
  #written = 0;
  #contexts = 0;
  /** Places in memory of its own are used round and round; there are more than descriptors. */
  #slot = 0;

  constructor(machine: FakeMachine) {
    this.machine = machine;
  }

  get edge() {
    return this.machine.adapter.transmitQueues[0]!.edge;
  }

  do(step: Step): void {
    const { machine } = this;
    if (step.does === 'submit') this.#submit(step.parts);
    if (step.does === 'flush') this.flush();
    if (step.does === 'wait') machine.clock.run();
    if (step.does === 'hold') {
      const buffer = this.edge.pool.take();
      if (buffer !== NO_BUFFER) this.#held.push(buffer);
    }
    if (step.does === 'release') this.release();
    if (step.does === 'finish') {
      for (let time = 0; time < step.times; time++) machine.tx[0]!.finish(step.which + time);
      machine.clock.run();
    }
  }

  #submit(parts: readonly { readonly place: Place; readonly length: number }[]): void {
    if (this.edge.room - this.#written < parts.length) this.flush();
    if (this.edge.room < parts.length) return; // back-pressure
    const bytes = pattern(
      parts.reduce((total, { length }) => total + length, 0),
      this.#seed++,
    );
    let at = 0;
    const placed: Part[] = [];
    let readable = true;
    for (const { place, length } of parts) {
      const result = this.#place(place, bytes.subarray(at, at + length));
      placed.push(result.part);
      if (!result.readable) readable = false;
      at += length;
    }
    writeFrame(this.edge, this.#written, this.#contexts, placed);
    this.#written += placed.length;
    this.#contexts += placed.length;
    const outcome = bytes.length === 0 ? 'empty' : bytes.length > LONGEST ? 'tooLong' : readable ? 'sent' : 'invalid';
    this.expected.push({ outcome, bytes, parts: placed.length });
  }

  #place(place: Place, bytes: Uint8Array): { part: Part; readable: boolean } {
    const pool = place === 'foreign' ? this.foreign : this.edge.pool;
    const { length } = bytes;
    const buffer = place === 'own' || place === 'beyond' ? NO_BUFFER : pool.take();
    if (place === 'beyond') return { part: { address: hostBytes - length + 1, length }, readable: false };
    if (buffer === NO_BUFFER) {
      const address = own + SLOT * (this.#slot++ % 256) + 1;
      u8.set(bytes, address);
      return { part: { address, length }, readable: true };
    }
    if (place === 'shared') {
      pool.addReference(buffer);
      this.#shared.push(buffer);
    }
    const fits = length <= pool.capacity - 3;
    if (place === 'outside' || !fits)
      return { part: { address: pool.address(buffer) + pool.capacity - length + 1, length, buffer }, readable: false };
    const address = pool.address(buffer) + (place === 'misaligned' ? 3 : 0);
    u8.set(bytes, address);
    return { part: { address, length, buffer }, readable: true };
  }

  flush(): void {
    this.edge.submit(this.#written);
    this.#written = 0;
    this.machine.clock.run();
  }

  release(): void {
    for (const buffer of [...this.#held.splice(0), ...this.#shared.splice(0)]) this.edge.pool.release(buffer);
  }

  /** What the model says of the first `frames` frames, and that the others were given up when the queue stopped. */
  check(stopped: number): void {
    const { machine, expected } = this;
    const tx = machine.tx[0]!;
    const done = expected.slice(0, expected.length - stopped);
    const sent = done.filter(({ outcome }) => outcome === 'sent').map(({ bytes }) => Buffer.from(bytes));
    const count = (outcome: Outcome) => done.filter((frame) => frame.outcome === outcome).length;
    expect(tx.violations).toEqual([]);
    expect(tx.frames.length).toBe(sent.length);
    expect(Buffer.concat(tx.frames).equals(Buffer.concat(sent))).toBe(true);
    expect(tx.frames.map(({ length }) => length)).toEqual(sent.map(({ length }) => length));
    expect(tx.ignored).toBe(done.length - sent.length);
    // Every descriptor completed once, in the order of the ring.
    expect(machine.recorder.sentContexts).toEqual(Array.from({ length: this.#contexts }, (_, context) => context));
    expect(this.edge.pending).toBe(0);
    const { transmit } = machine.adapter.statistics();
    expect(transmit).toMatchObject({
      packets: sent.length,
      bytes: Buffer.concat(sent).length,
      dropped: { empty: count('empty'), tooLong: count('tooLong'), invalid: count('invalid'), stopped },
    });
    expect(transmit.bounced).toBeLessThanOrEqual(sent.length);
    expect(Object.values(transmit.bouncedFor).reduce((sum, count) => sum + count)).toBe(transmit.bounced);
    expect(transmit.bounced + transmit.mapped).toBeLessThanOrEqual(sent.length + stopped);
    expect(machine.domain.faultCount).toBe(0);
    expect([this.edge.pool.inUse, this.foreign.inUse]).toEqual([0, 0]);
  }
}

const shape = fc.record({
  packets: fc.constantFrom(4, 8, 32),
  fragments: fc.constantFrom(4, 8, 32),
  buffers: fc.integer({ min: 1, max: 24 }),
  maximumNumberOfFragments: fc.constantFrom(1, 3, 64),
  slots: fc.constantFrom(1, 3, Infinity),
  adapter: fc.constantFrom<Partial<NetAdapterOptions>>(
    {},
    { idleMappings: 3 },
    { copyBreak: 100 },
    { bouncePolicy: 'always' },
    { checkedBuffers: true },
  ),
  steps: fc.array(step, { maxLength: 60 }),
});

const start = ({
  packets,
  fragments,
  buffers,
  maximumNumberOfFragments,
  slots,
  adapter,
}: {
  packets: number;
  fragments: number;
  buffers: number;
  maximumNumberOfFragments: number;
  slots: number;
  adapter: Partial<NetAdapterOptions>;
}): Run => {
  const tx = { fragmentBufferAlignment: ALIGNMENT, maximumNumberOfFragments };
  const machine = buildFakeMachine({ packets, fragments, buffers, mtu: MTU, tx, adapter });
  machine.adapter.start();
  machine.clock.run();
  machine.tx[0]!.slots = slots;
  return new Run(machine);
};

it('sends every frame as it was and in order, or gives it up for its reason, and keeps no buffer', async () => {
  await fc.assert(
    fc.asyncProperty(shape, async ({ steps, ...sizes }) => {
      const taken = hostPages.bytesTaken;
      const run = start(sizes);
      const { machine } = run;
      for (const step of steps) run.do(step);
      run.flush();
      run.release();
      machine.clock.run();
      // From here on only the device acts: whatever waits must go on by itself.
      for (let round = 0; round < 2000 && run.edge.pending > 0; round++) {
        machine.tx[0]!.finish();
        machine.clock.run();
      }
      run.check(0);
      await machine.stop();
      expect(machine.domain.mappedPages).toBe(0);
      run.foreign.close();
      expect(hostPages.bytesTaken).toBe(taken);
    }),
    seeded('transmit', 150),
  );
});

it('gives up what it has not placed when it stops in the middle, and still completes everything in order', async () => {
  await fc.assert(
    fc.asyncProperty(shape, async ({ steps, ...sizes }) => {
      const taken = hostPages.bytesTaken;
      const run = start(sizes);
      const { machine } = run;
      for (const step of steps) run.do(step);
      run.flush();
      const stopping = machine.adapter.stop();
      await Promise.resolve();
      run.release();
      for (let round = 0; round < 200; round++) machine.tx[0]!.finish();
      machine.clock.run({ until: machine.clock.now() }); // polls, but time does not pass: the memory is there still
      for (let round = 0; round < 200 && run.edge.pending > 0; round++) {
        machine.tx[0]!.finish();
        machine.clock.run({ until: machine.clock.now() });
      }
      run.check(machine.adapter.statistics().transmit.dropped.stopped);
      await machine.clock.drive(stopping);
      expect(machine.domain.mappedPages).toBe(0);
      run.foreign.close();
      expect(hostPages.bytesTaken).toBe(taken);
    }),
    seeded('transmit, stopped', 150),
  );
});
