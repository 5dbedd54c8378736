/* However the chip interrupts, no wake-up is lost; and how often it does follows the traffic where it may. */

import { MICROSECOND, MILLISECOND } from '@netcx/clock';
import { REGISTERS } from '@netcx/nic-82576/registers';
import { describe, expect, it } from 'vitest';
import { firstWrong, frame, Pair } from './pair.ts';

const { EITR } = REGISTERS;

describe.each(['msix', 'msi', 'intx'] as const)('by %s', (interrupts) => {
  it.each([1, 4])(
    'carries frames both ways, with %i queues, through a flap of the link and a restart',
    async (queues) => {
      const pair = await Pair.started({ interrupts, queues, ringSize: 32, verifier: true });
      const { a, b, clock } = pair;
      for (let round = 0; round < 2; round++) {
        expect(a.driver.interruptKind).toBe(interrupts);
        const frames = Array.from({ length: 300 }, (_, number) => frame(60 + number, number));
        for (const [number, bytes] of frames.entries()) {
          for (const from of [a, b]) pair.send(from, bytes, { queue: number % queues });
          if (number % 50 === 49) clock.advance(5 * MILLISECOND); // everybody goes to sleep
        }
        clock.advance(20 * MILLISECOND);
        for (const { arrivals } of [a, b]) {
          const sorted = arrivals.splice(0).map(({ bytes }) => bytes);
          sorted.sort((one, other) => one.length - other.length);
          expect(firstWrong(sorted, frames)).toBeUndefined();
        }
        pair.link.b.enable(false);
        pair.awaitLink(false);
        pair.link.b.enable(true);
        pair.awaitLink(true);
        await pair.stop();
        expect(a.driver.interruptKind).toBeUndefined();
        await pair.start();
      }
      await pair.close();
    },
  );

  it('costs no interrupt while a queue is polled, and none when nothing happens', async () => {
    const pair = await Pair.started({ interrupts });
    const { b, clock } = pair;
    const came = (): number => b.slot.counters().interrupts;
    clock.advance(10 * MILLISECOND);
    const before = came();
    clock.advance(100 * MILLISECOND);
    expect(came()).toBe(before);
    for (let number = 0; number < 400; number++) {
      pair.send(pair.a, frame(1514, number));
      clock.advance(5 * MICROSECOND);
    }
    clock.advance(20 * MILLISECOND);
    expect(b.arrivals).toHaveLength(400);
    expect(came() - before).toBeLessThan(300);
    await pair.close();
  });
});

it('takes the next best way on a function that has a single vector', async () => {
  const pair = await Pair.started({ nic: { vectors: 1 } });
  expect(pair.a.driver.interruptKind).toBe('msi');
  pair.send(pair.a, frame(60));
  pair.clock.advance(MILLISECOND);
  expect(pair.b.arrivals).toHaveLength(1);
  await pair.close();
});

describe('an interval that follows the traffic', () => {
  /** What vector 1, that of the first receive queue, is moderated by. */
  const interval = (pair: Pair): number => EITR.INTERVAL.get(pair.b.nic.registers.get(EITR, 1));

  it('is short for a lone frame, longer in a flood, and short again', async () => {
    const pair = await Pair.started({ interruptInterval: 'adaptive' });
    const { a, clock } = pair;
    const alone = (): void => {
      for (let number = 0; number < 40; number++) {
        pair.send(a, frame(60, number));
        clock.advance(5 * MILLISECOND);
      }
    };
    alone();
    expect(interval(pair)).toBeLessThan(20);
    for (let number = 0; number < 4000; number++) {
      pair.send(a, frame(1000, number)); // 8 µs each on the wire
      if (number % 2 === 1) clock.advance(17 * MICROSECOND);
    }
    expect(interval(pair)).toBeGreaterThan(60);
    alone();
    expect(interval(pair)).toBeLessThan(20);
    clock.advance(5 * MILLISECOND);
    expect(pair.b.arrivals).toHaveLength(4080);
    await pair.close();
  });

  it('is refused when the chip cannot say it', () => {
    expect(() => new Pair({ interruptInterval: 8192 })).toThrow(/BAD_OPTION: a: interruptInterval is 8192/);
  });
});
