/*
 * A differential run: both chips in one virtual time, operation by operation. It ends at the first difference that is not in
 * the list, with everything that is needed to see it again.
 */

import { MILLISECOND, type VirtualClock } from '@netcx/clock';
import type { Bench } from './bench.ts';
import { compare, type Mismatch } from './comparison.ts';
import { Generator } from './generator.ts';
import { describe, type Operation } from './operation.ts';

/** Milliseconds of virtual time that autonegotiation may take. */
const LINK_LIMIT = 3000;
/** Operations that are printed in front of the one that went wrong. */
const HISTORY = 5;

/** Two chips, ours first. */
export type Benches = readonly [Bench, Bench];

/** Where a run found a difference. */
export class DifferenceError extends Error {
  readonly mismatches: readonly Mismatch[];

  constructor(number: number, history: readonly Operation[], mismatches: readonly Mismatch[]) {
    const shown = (value: unknown): string => JSON.stringify(value).slice(0, 1000);
    const lines = [
      ...history.map((operation) => `  ${describe(operation).slice(0, 600)}`),
      ...mismatches.flatMap(({ where, ours, qemus }) => [
        `${where}:`,
        `  ours   ${shown(ours)}`,
        `  QEMU's ${shown(qemus)}`,
      ]),
    ];
    super(`operation ${String(number)} differs; it and those before it:\n${lines.join('\n')}`);
    this.mismatches = mismatches;
  }
}

/**
 * Takes both chips from any state to the one in which operations begin.
 *
 * @param clock - the run's time
 * @param benches - the chips
 */
export function bringUp(clock: VirtualClock, benches: readonly Bench[]): void {
  for (const bench of benches) bench.bringUp();
  awaitLinks(clock, benches);
}

function awaitLinks(clock: VirtualClock, benches: readonly Bench[]): void {
  for (let wait = 0; !benches.every((bench) => bench.linked); wait++) {
    if (wait === LINK_LIMIT) throw new Error('a link does not come up');
    clock.advance(MILLISECOND);
  }
}

/**
 * @param clock - the run's time; its seed decides on everything
 * @param benches - the chips, brought up
 * @param count - how many operations
 * @returns how many of each kind there were
 * @throws DifferenceError at the first difference that is not listed
 */
export function runDifferential(clock: VirtualClock, benches: Benches, count: number): ReadonlyMap<string, number> {
  const generator = new Generator(clock.random('operations'));
  const kinds = new Map<string, number>();
  const history: Operation[] = [];
  for (let number = 0; number < count; number++) {
    const operation = withinRings(generator.next(), benches);
    kinds.set(operation.kind, (kinds.get(operation.kind) ?? 0) + 1);
    if (history.push(operation) > HISTORY) history.shift();
    for (const bench of benches) bench.perform(operation);
    if (operation.kind === 'reset') awaitLinks(clock, benches);
    else clock.advance(MILLISECOND);
    const mismatches = compare(operation, benches[0].look(), benches[1].look(), generator.countable);
    if (mismatches.length > 0) throw new DifferenceError(number, history, mismatches);
    if (operation.kind === 'count') generator.counted();
    if (operation.kind === 'reset') generator.uncountable();
  }
  return kinds;
}

/** Descriptors that do not fit wait for the next operation: what is in the rings is told of first. */
function withinRings(operation: Operation, benches: Benches): Operation {
  if (operation.kind !== 'transmit') return operation;
  const room = Math.min(...benches.map((bench) => bench.room(operation.queue)));
  return operation.descriptors.length <= room ? operation : { kind: 'tell', queue: operation.queue };
}
