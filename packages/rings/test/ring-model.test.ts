/*
 * A ring against a naive model: four plain lists of tokens that elements move between. Commands in any order, with counts
 * in and out of range, on rings small enough to wrap all the time; each element must still hold what was written into it.
 */

import { hostPages } from '@netcx/dma';
import { i32 } from '@netcx/dma/memory';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { Ring, RingError } from '../src/index.ts';

const block = hostPages.allocate(65_536, { owner: 'ring model test' });
afterAll(() => hostPages.free(block));

/** The model: tokens in the order in which they were published, list by list. */
class NaiveRing {
  readonly elements: number;
  readonly published: number[] = []; // the driver's, not posted
  readonly posted: number[] = []; // the driver's, posted
  readonly returned: number[] = [];
  /** Tokens so far; token n lies in element n modulo the size. */
  last = 0;

  constructor(elements: number) {
    this.elements = elements;
  }

  get free(): number {
    return this.elements - 1 - this.published.length - this.posted.length - this.returned.length;
  }
}

type Verb = 'publish' | 'post' | 'complete' | 'reap';

/** What a failure prints; NETCX_SEED replays it. */
const seeded = process.env['NETCX_SEED'] === undefined ? {} : { seed: Number(process.env['NETCX_SEED']) };
let commandsRun = 0;

class MoveCommand implements fc.Command<NaiveRing, Ring> {
  readonly verb: Verb;
  readonly count: number;

  constructor(verb: Verb, count: number) {
    this.verb = verb;
    this.count = count;
  }

  check = () => true;

  run(model: NaiveRing, ring: Ring): void {
    const { verb, count } = this;
    commandsRun++;
    const most = {
      publish: model.free,
      post: model.published.length,
      complete: model.published.length + model.posted.length,
      reap: model.returned.length,
    }[verb];
    const possible = Number.isInteger(count) && count >= 0 && count <= most;
    if (!possible) {
      const before = [...i32.slice(ring.header, ring.header + 16)];
      if (!refuses(ring, verb, count)) expect.fail(`${verb}(${count}) went through`);
      expectEqual([...i32.slice(ring.header, ring.header + 16)], before);
    } else {
      if (verb === 'publish') this.#publish(model, ring);
      if (verb === 'post') model.posted.push(...model.published.splice(0, count));
      if (verb === 'complete') {
        const whole = [...model.posted, ...model.published];
        model.returned.push(...whole.splice(0, count));
        model.published.splice(0, Math.max(0, count - model.posted.length));
        model.posted.splice(0, count);
      }
      if (verb === 'reap') model.returned.splice(0, count);
      ring[verb](count);
    }
    compare(model, ring);
  }

  #publish(model: NaiveRing, ring: Ring): void {
    for (let index = 0; index < this.count; index++) {
      i32[ring.at(ring.endIndex + index)] = model.last;
      model.published.push(model.last++);
    }
  }

  toString = () => `${this.verb}(${this.count})`;
}

function refuses(ring: Ring, verb: Verb, count: number): boolean {
  try {
    ring[verb](count);
    return false;
  } catch (error) {
    return error instanceof RingError && error.code === 'RANGE_EXCEEDED';
  }
}

/** Expects two lists of numbers to be equal; quick when they are. */
function expectEqual(actual: readonly number[], expected: readonly number[]): void {
  if (actual.length !== expected.length || actual.some((value, index) => value !== expected[index])) {
    expect(actual).toEqual(expected);
  }
}

function compare(model: NaiveRing, ring: Ring): void {
  const { published, posted, returned, free } = model;
  expectEqual(
    [ring.reapCount, ring.drainCount, ring.postCount, ring.driverCount, ring.freeCount],
    [returned.length, posted.length, published.length, posted.length + published.length, free],
  );
  const tokens = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => i32[ring.at(from + index)]!);
  expectEqual(tokens(ring.processedIndex, ring.reapCount), returned);
  expectEqual(tokens(ring.beginIndex, ring.drainCount), posted);
  expectEqual(tokens(ring.nextIndex, ring.postCount), published);
  /** How many elements from an index on lie one behind the other in memory. */
  const inRow = (from: number, count: number) => {
    let run = 0;
    while (run < count && ring.at(from + run) === ring.at(from) + run * ring.stride) run++;
    return run;
  };
  expectEqual(
    [ring.reapRun, ring.drainRun, ring.postRun, ring.freeRun],
    [
      inRow(ring.processedIndex, returned.length),
      inRow(ring.beginIndex, posted.length),
      inRow(ring.nextIndex, published.length),
      inRow(ring.endIndex, free),
    ],
  );
  const indices = [ring.processedIndex, ring.beginIndex, ring.nextIndex, ring.endIndex];
  expectEqual(
    indices,
    indices.map((index) => index & ring.mask),
  );
}

const counts = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0, max: 6 }) },
  { weight: 2, arbitrary: fc.integer({ min: -2, max: 70 }) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, 0.5, 1.5, Infinity, 2 ** 32, 2 ** 32 + 1, -(2 ** 31)) },
);
const commands = fc.commands(
  (['publish', 'post', 'complete', 'reap'] as const).map((verb) => counts.map((count) => new MoveCommand(verb, count))),
  { maxCommands: 200, size: 'max' },
);

it('moves elements as four lists do, over 100,000 commands', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 5 }), commands, (exponent, words, moves) => {
      fc.modelRun(() => {
        const elements = 2 ** exponent;
        return {
          model: new NaiveRing(elements),
          real: Ring.create(block, { name: 'model', elements, stride: words * 4 }),
        };
      }, moves);
    }),
    { numRuns: 1_100, ...seeded },
  );
  expect(commandsRun).toBeGreaterThan(100_000);
});
