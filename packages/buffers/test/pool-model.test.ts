/*
 * A pool against a naive model: a stack of numbers, and for each buffer that is out its references and its owner. Commands
 * in any order, good handles and bad ones, to the end of the pool.
 */

import { env, stdout } from 'node:process';
import { hostPages } from '@netcx/dma';
import { i32 } from '@netcx/dma/memory';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  BUFFER_WORDS,
  BufferEntry,
  BufferError,
  BufferPool,
  NO_BUFFER,
  OWNER_NIC,
  OWNER_POOL,
  OWNER_PROTOCOL,
  OWNER_TRANSMIT,
  releaseBuffer,
} from '../src/index.ts';

interface Held {
  references: number;
  owner: number;
}

/** Buffers by number; the pool's handles follow from them. */
class NaivePool {
  readonly stack: number[];
  readonly held = new Map<number, Held>();
  lowest: number;
  exhausted = 0;
  taken = 0;
  waiting = false;
  woken = 0;

  constructor(count: number) {
    this.stack = Array.from({ length: count }, (_, index) => count - 1 - index);
    this.lowest = count;
  }
}

interface Real {
  readonly pool: BufferPool;
  woken: number;
}

/** The code of the error that an action ends with; commands are many, and `expect` costs more than the pool does. */
function refusal(action: () => void): string {
  try {
    action();
    return 'none';
  } catch (error) {
    return error instanceof BufferError ? error.code : String(error);
  }
}

/** Does something to both; what may not be is refused by the real one. */
abstract class PoolCommand implements fc.Command<NaivePool, Real> {
  check = () => true;
  abstract apply(model: NaivePool, real: Real): void;

  run(model: NaivePool, real: Real): void {
    this.apply(model, real);
    compare(model, real);
  }
}

class Take extends PoolCommand {
  readonly owner: number;

  constructor(owner: number) {
    super();
    this.owner = owner;
  }

  apply(model: NaivePool, { pool }: Real): void {
    const index = model.stack.pop();
    const handle = pool.take(this.owner);
    if (index === undefined) {
      model.exhausted++;
      expect(handle).toBe(NO_BUFFER);
      return;
    }
    model.held.set(index, { references: 1, owner: this.owner });
    model.lowest = Math.min(model.lowest, model.stack.length);
    model.taken++;
    if (handle !== handleOf(pool, index)) expect(handle).toBe(handleOf(pool, index));
  }

  override toString = () => `take(${this.owner})`;
}

/** A command on one buffer: one of the pool's, held or not, or a handle that is none. */
class OnBuffer extends PoolCommand {
  readonly verb: 'addReference' | 'release';
  readonly index: number;
  readonly unchecked: boolean;

  constructor(verb: 'addReference' | 'release', index: number, unchecked: boolean) {
    super();
    this.verb = verb;
    this.index = index;
    this.unchecked = unchecked;
  }

  apply(model: NaivePool, { pool }: Real): void {
    const exists = Number.isInteger(this.index) && this.index >= 0 && this.index < pool.count;
    const handle = handleOf(pool, this.index);
    const held = model.held.get(this.index);
    if (held === undefined) {
      const code = refusal(() => {
        pool[this.verb](handle);
      });
      if (code !== (exists ? 'NOT_HELD' : 'NOT_A_BUFFER')) expect(code).toBe(exists ? 'NOT_HELD' : 'NOT_A_BUFFER');
      return;
    }
    if (this.verb === 'addReference') {
      held.references++;
      pool.addReference(handle);
      return;
    }
    held.references--;
    if (held.references === 0) {
      model.held.delete(this.index);
      model.stack.push(this.index);
      if (model.waiting) model.woken++;
      model.waiting = false;
    }
    if (this.unchecked) releaseBuffer(handle);
    else pool.release(handle);
  }

  override toString = () => `${this.verb}(${this.index})`;
}

class Await extends PoolCommand {
  apply(model: NaivePool, real: Real): void {
    model.waiting = true;
    real.pool.awaitBuffer(() => {
      real.woken++;
    });
  }

  override toString = () => 'awaitBuffer()';
}

class Close extends PoolCommand {
  apply(model: NaivePool, { pool }: Real): void {
    if (model.held.size === 0) return;
    const code = refusal(() => {
      pool.close();
    });
    if (code !== 'STILL_HELD') expect(code).toBe('STILL_HELD');
  }

  override toString = () => 'close()';
}

const handleOf = (pool: BufferPool, index: number): number => pool.firstHandle + index * BUFFER_WORDS;

function compare(model: NaivePool, { pool, woken }: Real): void {
  const with_ = (owner: number) => [...model.held.values()].filter((held) => held.owner === owner).length;
  const expected = [
    model.stack.length,
    model.held.size,
    model.lowest,
    model.exhausted,
    model.taken,
    model.woken,
    with_(OWNER_NIC),
    with_(OWNER_PROTOCOL),
    with_(OWNER_TRANSMIT),
    model.stack.length,
  ];
  const { nic, protocol, transmit, free } = pool.census();
  const actual = [
    pool.free,
    pool.inUse,
    pool.lowestFree,
    pool.exhausted,
    pool.taken,
    woken,
    nic,
    protocol,
    transmit,
    free,
  ];
  for (let index = 0; index < pool.count; index++) {
    const handle = handleOf(pool, index);
    const held = model.held.get(index);
    expected.push(held?.references ?? 0, held?.owner ?? OWNER_POOL);
    actual.push(BufferEntry.references.get(i32, handle), BufferEntry.owner.get(i32, handle));
  }
  if (actual.some((value, index) => value !== expected[index])) expect(actual).toEqual(expected);
}

const index = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0, max: 11 }) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 0.5, 0.125, NaN, 1e6, -(2 ** 32)) },
);
/** One command as a number, which costs a tenth of an object of its own: what the many runs are made of. */
const commandOf = (word: number): PoolCommand => {
  const at = (word >>> 4) % 12;
  const owners = [OWNER_NIC, OWNER_PROTOCOL, OWNER_TRANSMIT];
  switch (word & 15) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
      return new Take(owners[(word >>> 4) % 3]!);
    case 6:
    case 7:
      return new OnBuffer('addReference', at, false);
    case 8:
      return new Await();
    case 9:
      return new Close();
    default:
      return new OnBuffer('release', at, (word & 0x100) !== 0);
  }
};

const commands = fc.commands(
  [
    fc.constantFrom(OWNER_NIC, OWNER_PROTOCOL, OWNER_TRANSMIT).map((owner) => new Take(owner)),
    fc.tuple(index, fc.boolean()).map(([at, unchecked]) => new OnBuffer('release', at, unchecked)),
    index.map((at) => new OnBuffer('addReference', at, false)),
    fc.constant(new Await()),
    fc.constant(new Close()),
  ],
  { maxCommands: 200, size: 'max' },
);

/** A pool and its model, given back whatever happened. */
function withModel(count: number, checked: boolean, use: (model: NaivePool, real: Real) => void): void {
  const model = new NaivePool(count);
  const pool = new BufferPool({ name: 'model', count, capacity: 64, checked });
  try {
    use(model, { pool, woken: 0 });
  } finally {
    for (const [at, { references }] of model.held)
      for (let n = 0; n < references; n++) pool.release(handleOf(pool, at));
    pool.close();
  }
}

/** What a run is repeated with: NETCX_SEED. */
function seededBy(what: string): number {
  const seed = Number(env['NETCX_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
  stdout.write(`${what}: NETCX_SEED=${seed}\n`);
  return seed;
}

it('gives and takes as a stack of numbers does', () => {
  const taken = hostPages.bytesTaken;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), commands, fc.boolean(), (count, moves, checked) => {
      withModel(count, checked, (model, real) => {
        fc.modelRun(() => ({ model, real }), moves);
      });
    }),
    { numRuns: 100, seed: seededBy('pool') },
  );
  expect(hostPages.bytesTaken).toBe(taken);
});

it('does so for a hundred thousand commands', () => {
  const taken = hostPages.bytesTaken;
  let done = 0;
  const words = fc.array(fc.nat(0xffff), { minLength: 2000, maxLength: 2000, size: 'max' });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), words, (count, moves) => {
      withModel(count, false, (model, real) => {
        for (const word of moves) {
          const command = commandOf(word);
          command.apply(model, real);
          done++;
          if (done % 16 === 0) compare(model, real);
        }
        compare(model, real);
      });
    }),
    { numRuns: 50, seed: seededBy('pool, many commands') },
  );
  expect(done).toBeGreaterThanOrEqual(100_000);
  expect(hostPages.bytesTaken).toBe(taken);
});
