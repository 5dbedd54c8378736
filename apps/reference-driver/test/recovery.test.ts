/*
 * A chip that hangs, loses interrupts or is reset under traffic: the driver finds out, goes on, and gives back everything
 * that it had. Nothing leaks, nothing arrives twice or out of order, and what was lost is counted.
 */

import { MILLISECOND, SECOND } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { REGISTERS } from '@netcx/nic-82576/registers';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { frame, Pair, type TestStation } from './pair.ts';
import { through } from './slot-through.ts';
import { seed, testSize } from './test-size.ts';

const { STATUS } = REGISTERS;

let taken = 0;
beforeEach(() => {
  taken = hostPages.bytesTaken;
});
afterEach(() => {
  expect(hostPages.bytesTaken).toBe(taken);
});

/** Lets time pass for whatever waits in promises, too. */
const pass = ({ clock }: Pair, nanoseconds: number): Promise<void> => clock.drive(clock.delay(nanoseconds));

/** The numbers that frames carry, in the order of their arrival. */
const numbers = ({ arrivals }: TestStation): number[] =>
  arrivals.map(({ bytes }) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(14));

const isIncreasing = (values: readonly number[]): boolean =>
  values.every((value, at) => at === 0 || value > values[at - 1]!);

describe('a transmit queue that stands still', () => {
  it.each([
    ['one queue', { kind: 'hungQueue', direction: 'tx', queue: 0 }],
    ['every queue of both directions', { kind: 'stuckDma' }],
  ] as const)(
    '%s: the chip is reset, frames that it had are given up and counted, and the rest goes on',
    async (_, fault) => {
      const pair = await Pair.started({ hangLimit: 50 });
      const { a, b, clock } = pair;
      pair.send(a, frame(60, 0));
      clock.advance(MILLISECOND);
      const hang = a.nic.faults.inject(fault);
      for (let number = 1; number <= 100; number++) pair.send(a, frame(60, number));
      clock.advance(20 * MILLISECOND);
      expect(a.driver.counters().resets).toBe(0); // not before its time
      await pass(pair, 62 * MILLISECOND);
      expect(a.driver.counters().resets).toBe(1);
      hang.lift();
      await pass(pair, 50 * MILLISECOND);
      pair.awaitLink(true);
      expect(a.completed).toBe(101);
      expect(a.driver.counters().transmit.unsent).toBe(100);
      for (let number = 101; number <= 200; number++) pair.send(a, frame(60, number));
      for (let number = 0; number < 100; number++) pair.send(b, frame(60, number));
      clock.advance(10 * MILLISECOND);
      expect(numbers(b)).toEqual([0, ...Array.from({ length: 100 }, (_one, index) => 101 + index)]);
      expect(a.arrivals).toHaveLength(100);
      expect(a.driver.counters().resets).toBe(1);
      await pair.close();
    },
  );

  it('is reset again and again as long as the chip hangs, and stops all the same', async () => {
    const pair = await Pair.started({ hangLimit: 50 });
    const { a } = pair;
    a.nic.faults.inject({ kind: 'stuckDma' });
    for (let round = 0; round < 20; round++) {
      a.trySend(frame(60, round));
      await pass(pair, 50 * MILLISECOND);
    }
    expect(a.driver.counters().resets).toBeGreaterThan(3);
    await pair.close();
    expect(a.completed).toBe(20);
  });

  it('is no hang while the link is down, however long', async () => {
    const pair = await Pair.started({ hangLimit: 50 });
    const { a, b, clock } = pair;
    pair.link.b.enable(false);
    pair.awaitLink(false);
    for (let number = 0; number < 20; number++) pair.send(a, frame(60, number));
    clock.advance(2 * SECOND);
    expect(a.driver.counters().resets).toBe(0);
    pair.link.b.enable(true);
    pair.awaitLink(true);
    clock.advance(MILLISECOND);
    expect(numbers(b)).toHaveLength(20);
    await pair.close();
  });

  it('is no hang while the partner asks for silence', async () => {
    const pair = await Pair.started({ hangLimit: 2 });
    const { a, b, clock } = pair;
    const { CTRL, FCAH, FCAL, FCT } = REGISTERS;
    const write = ({ offset }: { readonly offset: number }, value: number): void => {
      a.slot.function.write32(0, offset, value);
    };
    write(FCAL, 0x00c2_8001);
    write(FCAH, 0x0100);
    write(FCT, 0x8808);
    write(CTRL, (a.nic.registers.get(CTRL) | CTRL.RFCE.mask) >>> 0);
    // PAUSE for the longest time, 33 ms, again and again.
    const pause = new Uint8Array(60);
    pause.set([1, 0x80, 0xc2, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0x08, 0, 1, 0xff, 0xff]);
    pair.send(b, pause);
    clock.advance(MILLISECOND);
    pair.send(a, frame(60, 1));
    clock.advance(20 * MILLISECOND);
    expect(numbers(b)).toEqual([]);
    expect(a.driver.counters().resets).toBe(0);
    clock.advance(40 * MILLISECOND);
    expect(numbers(b)).toEqual([1]);
    await pair.close();
  });

  it('costs nothing when nothing hangs: no alarm stays set', async () => {
    const pair = await Pair.started();
    pair.send(pair.a, frame(60));
    pair.clock.run();
    expect(pair.b.arrivals).toHaveLength(1);
    await pair.close();
  });
});

it('finds out that an interrupt did not come', async () => {
  const pair = await Pair.started({ hangLimit: 50 });
  const { a, clock } = pair;
  clock.advance(10 * MILLISECOND);
  // The queue sleeps by the time that the frame is sent.
  const hang = a.nic.faults.inject({ kind: 'hungQueue', direction: 'tx', queue: 0 });
  pair.send(a, frame(60, 1));
  clock.advance(MILLISECOND);
  a.nic.faults.inject({ kind: 'lostInterrupt', times: 1 });
  hang.lift();
  clock.advance(MILLISECOND);
  expect(pair.b.arrivals).toHaveLength(1);
  expect(a.completed).toBe(0);
  clock.advance(60 * MILLISECOND);
  expect(a.completed).toBe(1);
  expect(a.driver.counters()).toMatchObject({ lostInterrupts: 1, resets: 0 });
  await pair.close();
});

describe('a reset under traffic', () => {
  it.each([
    {},
    { queues: 4, ringSize: 16 },
    { interrupts: 'intx' },
    { ringSize: 8, mtu: 9000 },
    { verifier: true, ringSize: 16 },
  ] as const)(
    'with %o: every frame completes once, what arrives is in order, and everything is as before',
    async (options) => {
      const pair = await Pair.started({ ...options, iommu: true });
      const { a, b, clock } = pair;
      let sent = 0;
      for (let round = 0; round < 6; round++) {
        const reset = round % 2 === 0 ? a.driver.reset() : b.driver.reset();
        expect(a.driver.reset()).toBe(a.driver.reset()); // one at a time
        for (let number = 0; number < 50; number++) {
          if (a.trySend(frame(200, sent))) sent++;
          b.trySend(frame(200, number));
          clock.advance(20_000);
        }
        await clock.drive(reset);
        await clock.drive(a.driver.reset());
        pair.awaitLink(true);
        const before = b.arrivals.length;
        for (let number = 0; number < 40; number++) pair.send(a, frame(100, sent++));
        clock.advance(5 * MILLISECOND);
        expect(b.arrivals.length - before).toBeGreaterThanOrEqual(40);
      }
      expect(isIncreasing(numbers(b))).toBe(true);
      expect(a.completed).toBe(sent);
      expect(a.driver.counters().resets).toBeGreaterThanOrEqual(6);
      await pair.close();
    },
  );

  it('at any moment, whatever the rings: nothing leaks, nothing comes twice', async () => {
    const runs = testSize('resets under traffic, runs', { quick: 15, ci: 100, long: 1000 });
    const shapes = [{}, { ringSize: 8 }, { ringSize: 16, mtu: 9000 }, { queues: 3, interrupts: 'msi' as const }];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...shapes),
        fc.array(fc.integer({ min: 0, max: 3_000_000 }), { minLength: 1, maxLength: 4 }),
        async (shape, moments) => {
          const pair = await Pair.started(shape);
          const { a, b, clock } = pair;
          let sent = 0;
          for (const moment of moments) {
            const end = clock.now() + moment;
            while (clock.now() < end) {
              if (a.trySend(frame(60 + (sent % 1000), sent))) sent++;
              b.trySend(frame(60, 7));
              clock.advance(50_000);
            }
            await clock.drive(b.driver.reset());
            await clock.drive(a.driver.reset());
          }
          pair.awaitLink(true);
          pair.send(a, frame(60, sent++));
          clock.advance(10 * MILLISECOND);
          expect(numbers(b).at(-1)).toBe(sent - 1);
          expect(isIncreasing(numbers(b))).toBe(true);
          expect(a.completed).toBe(sent);
          await pair.close();
        },
      ),
      { numRuns: runs, seed },
    );
  });

  it('does nothing to a driver that is not started', async () => {
    const pair = new Pair();
    await pair.clock.drive(pair.a.driver.reset());
    expect(pair.a.driver.counters().resets).toBe(0);
    await pair.close();
  });

  it('of a chip that does not come back leaves a driver that stops, and starts again', async () => {
    const pair = await Pair.started();
    const { a, clock } = pair;
    for (let number = 0; number < 10; number++) pair.send(a, frame(60, number));
    const reset = a.driver.reset();
    a.slot.remove();
    await expect(clock.drive(reset)).rejects.toMatchObject({ name: 'DriverError' });
    expect(a.driver.adapter.linkState.connected).toBe(false);
    await clock.drive(a.driver.stop());
    expect(a.completed).toBe(10);
    await pair.close();
  });

  it('that succeeds after one that failed has the link up again, and frames pass', async () => {
    let stuck = false; // a chip that goes on mastering the bus, whatever it is told
    const pair = await Pair.started({
      bus: (slot) =>
        slot.function.name === 'a'
          ? through(slot, (real) => ({
              read32: (bar, offset) =>
                offset === STATUS.offset && stuck
                  ? real.read32(bar, offset) | STATUS.GIO_MASTER_ENABLE.mask
                  : real.read32(bar, offset),
            }))
          : slot,
    });
    const { a, b, clock } = pair;
    stuck = true;
    await expect(clock.drive(a.driver.reset())).rejects.toMatchObject({ name: 'DriverError' });
    await pass(pair, SECOND);
    expect(a.driver.adapter.linkState.connected).toBe(false);
    stuck = false;
    await clock.drive(a.driver.reset());
    pair.awaitLink(true);
    pair.send(a, frame(60, 1));
    pair.send(b, frame(60, 2));
    clock.advance(10 * MILLISECOND);
    expect(numbers(b)).toEqual([1]);
    expect(numbers(a)).toEqual([2]);
    await pair.close();
  });
});
