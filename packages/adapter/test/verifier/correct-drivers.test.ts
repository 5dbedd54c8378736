/*
 * A correct driver never breaks a rule: random traffic, in every receive mode, with and without offloads, over rings so small
 * that everything wraps around and runs out all the time. The listener throws, so one violation fails the run.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeded } from '../conservation.ts';
import { filled, pattern, submitFrame } from '../frames.ts';
import { runsBySize } from '../test-size.ts';
import { watched, type WatchedOptions, type WatchedRig } from './watched-rig.ts';

type Step =
  | { readonly does: 'send'; readonly count: number; readonly parts: number }
  | { readonly does: 'finish'; readonly which: number }
  | {
      readonly does: 'arrive';
      readonly parts: number;
      readonly gap: number;
      readonly flaw: 'none' | 'ignore' | 'packetless';
    }
  | { readonly does: 'keep' | 'release' | 'run' | 'wait'; readonly count: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      does: fc.constant('send' as const),
      count: fc.integer({ min: 1, max: 4 }),
      parts: fc.integer({ min: 1, max: 3 }),
    }),
    fc.record({ does: fc.constant('finish' as const), which: fc.nat(5) }),
    fc.record({
      does: fc.constant('arrive' as const),
      parts: fc.integer({ min: 1, max: 3 }),
      gap: fc.nat(2),
      flaw: fc.constantFrom('none', 'none', 'none', 'ignore', 'packetless'),
    }),
    fc.record({
      does: fc.constantFrom('keep' as const, 'release' as const, 'run' as const, 'wait' as const),
      count: fc.nat(6),
    }),
  ),
  { maxLength: 80 },
);

const shapes: fc.Arbitrary<WatchedOptions> = fc.record({
  packets: fc.constantFrom(4, 16),
  fragments: fc.constantFrom(8, 16),
  buffers: fc.constantFrom(6, 32),
  withoutDma: fc.boolean(),
  shared: fc.boolean(),
  adapter: fc.constantFrom(
    {},
    { polling: { notification: 'asShipped' as const } },
    { polling: { budget: { rounds: 3, receive: 2 } } },
  ),
  offloads: fc.constantFrom(
    {},
    {
      txChecksum: { ipv4: true, tcp: true, udp: true, layer4HeaderOffsetLimit: 127 },
      rxChecksum: { ipv4: true, tcp: true, udp: true },
    },
  ),
});

function play(rig: WatchedRig, moves: readonly Step[]): void {
  const { machine, rx, tx } = rig;
  const { edge } = machine.adapter.transmitQueues[0]!;
  let seed = 0;
  for (const move of moves) {
    if (move.does === 'send') {
      for (let frame = 0; frame < move.count && edge.room >= move.parts && edge.pool.free >= move.parts; frame++) {
        const parts = Array.from({ length: move.parts }, () => filled(edge.pool, pattern(40 + (seed % 60), seed++)));
        submitFrame(edge, parts);
      }
    } else if (move.does === 'finish') tx.finish(move.which);
    else if (move.does === 'arrive') {
      const bytes = pattern(64 + (seed % 200), seed++);
      const { parts, gap, flaw } = move;
      (rx as typeof rx | undefined)?.arrive({ bytes, parts, gap, [flaw]: flaw !== 'none' });
      for (const driver of [rig.lender, rig.attacher]) (driver as typeof driver | undefined)?.arrive(bytes, parts);
    } else if (move.does === 'keep') machine.recorder.keeps = move.count > 2;
    else if (move.does === 'release') machine.recorder.release(move.count);
    else if (move.does === 'wait') machine.clock.advance(move.count * 1000);
    else machine.clock.run();
  }
  machine.clock.run();
}

describe('a correct driver never breaks a rule', () => {
  it.each(['system', 'lent', 'attached'] as const)(
    'whatever comes and goes, with receive buffers of mode %s',
    async (mode) => {
      await fc.assert(
        fc.asyncProperty(shapes, steps, async (options, moves) => {
          const withoutDma = mode === 'attached' ? false : options.withoutDma === true;
          const shared = mode === 'system' && options.shared === true;
          await watched({ ...options, withoutDma, shared, mode, verifier: true }, (rig) => {
            play(rig, moves);
            expect(rig.machine.adapter.violations).toEqual([]);
          });
        }),
        seeded(`correct drivers, ${mode} buffers`, runsBySize({ quick: 25, ci: 100, long: 2000 })),
      );
    },
  );
});
