/*
 * Receive buffers that a driver attaches, against a naive model: a list of frames. Whatever driver and protocol do, in any
 * order, each good frame is shown as it was, and each buffer comes back exactly once.
 */

import { BUFFER_WORDS } from '@netcx/buffers';
import { i32 as m } from '@netcx/dma/memory';
import { DataBuffer } from '@netcx/extensions';
import { Fragment, Packet } from '@netcx/rings';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeded } from './conservation.ts';
import type { FakeMachine } from './fake-machine.ts';
import { pattern } from './frames.ts';
import type { ModeDriver } from './mode-drivers.ts';
import { attaching, lending } from './mode-rigs.ts';

const shown = ({ recorder }: FakeMachine) => recorder.shown.map(({ bytes }) => Buffer.from(bytes));

describe('whatever a driver and a protocol do', () => {
  const steps = fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ does: fc.constant('arrive' as const), parts: fc.integer({ min: 1, max: 4 }) }),
      },
      { weight: 2, arbitrary: fc.record({ does: fc.constant('release' as const), parts: fc.nat(6) }) },
      {
        weight: 1,
        arbitrary: fc.record({ does: fc.constantFrom('keep' as const, 'spoil' as const), parts: fc.nat(3) }),
      },
      { weight: 2, arbitrary: fc.record({ does: fc.constant('run' as const), parts: fc.constant(0) }) },
    ),
    { maxLength: 60 },
  );

  const play = (
    machine: FakeMachine,
    driver: ModeDriver,
    moves: typeof steps extends fc.Arbitrary<infer T> ? T : never,
  ) => {
    let seed = 0;
    const expected: Buffer[] = [];
    machine.recorder.keeps = true;
    for (const { does, parts } of moves) {
      if (does === 'run') machine.clock.run();
      if (does === 'keep') machine.recorder.keeps = parts > 0;
      if (does === 'release') machine.recorder.release(parts);
      if (does === 'spoil') {
        const settle = () => {
          machine.clock.run();
          for (let round = 0; driver.waiting.length > 0 && round < 100; round++) {
            machine.recorder.release();
            machine.clock.run();
          }
        };
        settle(); // what waits for a buffer is not the one to be spoilt
        driver.spoil = (_p, f) => {
          Fragment.validLength.set(m, f(0), 2 ** 20);
        };
        driver.arrive(pattern(100, 1));
        settle();
        driver.spoil = undefined;
      }
      if (does === 'arrive') {
        const bytes = pattern(64 + (seed % 300), seed++);
        expected.push(Buffer.from(bytes));
        driver.arrive(bytes, parts);
      }
    }
    machine.recorder.keeps = false;
    for (let round = 0; driver.waiting.length > 0 && round < 500; round++) {
      machine.recorder.release();
      machine.clock.run();
    }
    machine.recorder.release();
    machine.clock.run();
    expect(Buffer.concat(shown(machine)).equals(Buffer.concat(expected))).toBe(true);
    expect(machine.recorder.shown.length).toBe(expected.length);
  };

  it('every lent buffer is returned once, and every frame is shown as it was', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 4, max: 12 }), (moves, slots) =>
        lending({ packets: 8, fragments: 8, buffers: 16, slots }, ({ machine, driver }) => {
          play(machine, driver, moves);
        }),
      ),
      seeded('lent buffers', 60),
    );
  });

  it('every offered buffer goes back to the pool, and every frame is shown as it was', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(2), fc.integer({ min: 8, max: 20 }), (moves, lag, buffers) =>
        attaching({ packets: 8, fragments: 8, buffers }, ({ machine, driver }) => {
          driver.lag = lag;
          play(machine, driver, moves);
          const { pool } = machine.adapter.receiveQueues[0]!;
          expect(pool!.census().protocol + pool!.census().transmit).toBe(0);
        }),
      ),
      seeded('offered buffers', 60),
    );
  });

  /** Anything that a driver could write over what it says of one frame. */
  const nonsense = fc.record({
    handle: fc.oneof(fc.nat(2 ** 22), fc.constantFrom(0, 1, 2 ** 31, 2 ** 52)),
    near: fc.integer({ min: -2, max: 40 }),
    validLength: fc.nat(2 ** 26 - 1),
    capacity: fc.nat(2 ** 26 - 1),
    offset: fc.nat(1023),
    fragmentIndex: fc.nat(40),
    fragmentCount: fc.nat(0xffff),
    ignore: fc.nat(1),
    what: fc.nat(127),
  });

  it('nothing that a driver writes makes the framework throw, or costs it a buffer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(nonsense, { minLength: 1, maxLength: 30 }), (frames) =>
        attaching({ packets: 8, fragments: 8, buffers: 12 }, ({ machine, driver }) => {
          const { pool } = machine.adapter.receiveQueues[0]!;
          const { buffer } = driver.queue.extension(DataBuffer);
          for (const said of frames) {
            driver.spoil = (p, fragment) => {
              const f = fragment(0);
              const says = (bit: number): boolean => (said.what & (1 << bit)) !== 0;
              if (says(0)) buffer.set(m, f, said.handle);
              else if (says(1)) buffer.set(m, f, pool!.firstHandle + said.near * BUFFER_WORDS);
              if (says(2)) Fragment.validLength.set(m, f, said.validLength);
              if (says(3)) Fragment.capacity.set(m, f, said.capacity);
              if (says(4)) Fragment.offset.set(m, f, said.offset);
              if (says(5)) Packet.fragmentIndex.set(m, p, said.fragmentIndex);
              if (says(6)) Packet.fragmentCount.set(m, p, said.fragmentCount);
              Packet.ignore.set(m, p, said.ignore);
            };
            driver.arrive(pattern(100, 1), 1 + (said.what % 2));
            machine.clock.run();
          }
          driver.spoil = undefined;
          machine.clock.run();
          const { packets, dropped } = machine.adapter.statistics().receive;
          expect(packets + dropped.ignored + dropped.invalid).toBe(frames.length);
          expect(pool!.census()).toMatchObject({ nic: 7, protocol: 0, transmit: 0 });
        }),
      ),
      seeded('offered buffers, nonsense', 200),
    );
  });
});
