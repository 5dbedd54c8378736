/* Turns against an array: the same queues, in the same order, whatever is added and taken when. */

import { expect, it } from 'vitest';
import fc from 'fast-check';
import { TxRing } from '../src/tx-ring.ts';
import { TxTurns } from '../src/tx-turns.ts';

const QUEUES = 5;

it('come first come first served, each queue once however often it is added', () => {
  const queue = fc.nat(QUEUES - 1);
  fc.assert(
    fc.property(fc.array(fc.option(queue, { freq: 2 }), { maxLength: 60 }), (steps) => {
      const queues = Array.from({ length: QUEUES }, (_, index) => new TxRing(index, 0));
      const turns = new TxTurns();
      const waiting: TxRing[] = [];
      for (const index of steps) {
        const added = index === null ? undefined : queues[index]!;
        if (added === undefined) {
          expect(turns.take()).toBe(waiting.shift());
        } else {
          turns.add(added);
          if (!waiting.includes(added)) waiting.push(added);
        }
        expect(turns.last).toBe(waiting.at(-1));
        expect(queues.filter(({ listed }) => listed)).toHaveLength(waiting.length);
      }
    }),
  );
});
