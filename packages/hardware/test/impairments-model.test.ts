// Owns: any impairments together, against bookkeeping: nothing appears or vanishes uncounted, and a seed decides it all.
// Invariant: the model knows nothing of how a stage works, only what it says it counted.
import { MILLISECOND } from '@netcx/clock';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { delay, duplicate, loss, mangle, parseImpairments, rate, reorder, type Impairment } from '../src/index.ts';
import { closeLinks, numbers, rig } from './impaired-rig.ts';

afterEach(closeLinks);

describe('against a naive model', () => {
  const list: fc.Arbitrary<readonly Impairment[]> = fc.array(
    fc.oneof(
      fc.double({ min: 0, max: 1, noNaN: true }).map(loss),
      fc.double({ min: 0, max: 1, noNaN: true }).map(duplicate),
      fc.nat(5 * MILLISECOND).map((duration) => delay(duration, { jitter: duration >> 1, limit: 5000 })),
      fc.integer({ min: 1_000_000, max: 1_000_000_000 }).map((bits) => rate(bits, { limit: 5000 })),
      fc.double({ min: 0, max: 1, noNaN: true }).map((probability) => reorder(probability)),
      fc.double({ min: 0, max: 0.01, noNaN: true }).map(mangle),
    ),
    { maxLength: 4 },
  );

  it('nothing is created or lost without being counted, and nothing changes places unasked', () => {
    fc.assert(
      fc.property(list, fc.nat(), fc.integer({ min: 1, max: 300 }), fc.boolean(), (impairments, seed, count, cut) => {
        const { clock, link, send, run, arrivals } = rig(impairments, { seed });
        let sent = count;
        run(count, 7);
        if (cut) {
          // What is on its way when the cable is pulled out is lost, and counted.
          send(20);
          sent += 20;
          clock.advance(20 * 672);
          link.plug(false);
          clock.run();
        }
        const stages = link.impairments().aToB;
        const total = (name: string): number => stages.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0);
        const held = stages.reduce((sum, stage) => sum + stage.held, 0);
        const gone = total('lost') + total('dropped') + link.counters().aToB.lostFrames;
        expect(arrivals.length).toBe(sent + total('duplicated') - gone - held);
        expect(held).toBe(0);
        expect(link.counters().aToB.frames).toBe(arrivals.length);
        const damaged = impairments.some(({ name }) => name === 'mangle');
        if (!damaged && !impairments.some(({ name }) => name === 'reorder')) {
          expect(numbers(arrivals)).toEqual(numbers(arrivals).sort((one, other) => one - other));
        }
        closeLinks();
      }),
      { numRuns: 150 },
    );
  });

  it('the same seed gives the same run, another seed another', () => {
    const spec = 'loss=5%,delay=1ms,jitter=1ms,duplicate=5%,reorder=5%,corrupt=1e-4,rate=100mbit';
    const story = (seed: number): unknown => {
      const { run, link } = rig(parseImpairments(spec), { seed });
      return [run(500), link.impairments()];
    };
    expect(story(7)).toEqual(story(7));
    expect(story(7)).not.toEqual(story(8));
  });
});
