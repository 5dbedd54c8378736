/*
 * Every interleaving of two threads that share a few words of memory. A thread is ordinary synchronous code whose accesses
 * to that memory come here one by one; it is brought to its next access by running it from its start and answering what
 * it did before from a log. States that have been seen are not explored again. Reported are: what a thread throws, threads
 * that sleep for ever, and data races (plain accesses that no atomic store and load order). Without races every execution
 * that the language's memory model allows is one of these interleavings, and what a thread does between two atomic
 * accesses may as well happen at once.
 */

/** What a thread does to memory: the instrumented memory calls it. */
export interface Observer {
  load(index: number, atomic: boolean): number;
  store(index: number, value: number, atomic: boolean): void;
  exchange(index: number, value: number): number;
  wait(index: number, expected: number): string;
  notify(index: number): number;
}

/**
 * A thread's code, the same at each call. It calls `checkpoint` where all that it remembers stands in memory and in the
 * number that it hands over: everything it has learned before is forgotten there, so that more states are equal.
 */
export type Thread = (checkpoint: (memory: number) => void) => void;

/** What was found. */
export interface Verdict {
  readonly states: number;
  /** The first fault, with what each thread did until then, or `undefined`. */
  readonly fault: string | undefined;
}

interface ThreadState {
  /** What each access returned. */
  readonly log: readonly (number | string)[];
  /** How much of the log lies before the last checkpoint. */
  readonly forgotten: number;
  readonly memory: number;
  /** The word it sleeps on, or -1. */
  readonly asleep: number;
  readonly done: boolean;
}

interface State {
  readonly words: readonly number[];
  readonly threads: readonly ThreadState[];
  /** For each thread, its accesses that the other one has not been told of: a bit for each word and kind of access. */
  readonly untold: readonly bigint[];
  /** For each word that was stored atomically: by whom, and what of that thread's accesses the store tells. */
  readonly told: ReadonlyMap<number, { readonly by: number; readonly what: bigint }>;
  readonly trace: string;
}

/** Thrown into a thread that has done its one step. */
const PAUSE = new Error('a thread that has done its one step');

const bitOf = (index: number, write: boolean, atomic: boolean): bigint =>
  1n << BigInt(index * 4 + (write ? 2 : 0) + (atomic ? 1 : 0));

/** Accesses of the same word that would race with this one if nothing ordered them. */
function rivals(index: number, write: boolean, atomic: boolean): bigint {
  const writes = atomic ? bitOf(index, true, false) : bitOf(index, true, false) | bitOf(index, true, true);
  if (!write) return writes;
  return writes | bitOf(index, false, false) | (atomic ? 0n : bitOf(index, false, true));
}

/** One step of one thread, its next atomic access and the plain ones around it, applied to a copy of the state. */
class Step implements Observer {
  readonly words: number[];
  readonly untold: bigint[];
  readonly told: Map<number, { by: number; what: bigint }>;
  readonly log: (number | string)[];
  readonly woken: number[] = [];
  readonly #thread: number;
  readonly #sleepers: readonly number[];
  #cursor = 0;
  #stepped = false;
  forgotten: number;
  memory: number;
  asleep = -1;
  trace = '';

  constructor(state: State, thread: number) {
    const own = state.threads[thread]!;
    this.words = [...state.words];
    this.untold = [...state.untold];
    this.told = new Map(state.told);
    this.log = [...own.log];
    this.forgotten = own.forgotten;
    this.memory = own.memory;
    this.#thread = thread;
    this.#sleepers = state.threads.map(({ asleep }) => asleep);
  }

  readonly checkpoint = (memory: number): void => {
    this.forgotten = this.#cursor;
    this.memory = memory;
  };

  load = (index: number, atomic: boolean): number => {
    if (this.#replays()) return this.#logged() as number;
    this.#step(`${atomic ? 'load' : 'read'} ${index}`, atomic);
    this.#access(index, false, atomic);
    return this.#done(this.words[index]!);
  };

  store = (index: number, value: number, atomic: boolean): void => {
    if (this.#replays()) return void this.#logged();
    this.#step(`${atomic ? 'store' : 'write'} ${index} = ${value}`, atomic);
    this.#access(index, true, atomic);
    this.words[index] = value;
    this.#done(0);
  };

  exchange = (index: number, value: number): number => {
    if (this.#replays()) return this.#logged() as number;
    this.#step(`exchange ${index} = ${value}`);
    this.#access(index, false, true);
    this.#access(index, true, true);
    const before = this.words[index]!;
    this.words[index] = value;
    return this.#done(before);
  };

  wait = (index: number, expected: number): string => {
    if (this.#replays()) return this.#logged() as string;
    this.#step(`wait ${index} while ${expected}`);
    if (this.words[index] !== expected) return this.#done('not-equal');
    this.asleep = index;
    throw PAUSE; // what it returns is logged by whoever wakes it
  };

  notify = (index: number): number => {
    if (this.#replays()) return this.#logged() as number;
    this.#step(`notify ${index}`);
    for (const [thread, asleep] of this.#sleepers.entries()) if (asleep === index) this.woken.push(thread);
    return this.#done(this.woken.length);
  };

  #replays = (): boolean => this.#cursor < this.log.length;
  #logged = (): number | string => this.log[this.#cursor++]!;

  /** The first atomic access happens, and plain ones before and after it; the second one does not. */
  #step(what: string, atomic = true): void {
    if (atomic && this.#stepped) throw PAUSE;
    this.#stepped ||= atomic;
    this.trace += `\n${this.#thread}: ${what}`;
  }

  #done<R extends number | string>(result: R): R {
    this.log.push(result);
    this.#cursor++;
    return result;
  }

  #access(index: number, write: boolean, atomic: boolean): void {
    const own = this.#thread;
    const other = 1 - own;
    if ((this.untold[other]! & rivals(index, write, atomic)) !== 0n) {
      throw new Error(`a data race on word ${index}: nothing orders this access after thread ${other}'s`);
    }
    const news = this.told.get(index);
    if (!write && atomic && news?.by === other) this.untold[other] = this.untold[other]! & ~news.what;
    const bit = bitOf(index, write, atomic);
    this.untold[own] = this.untold[own]! | bit;
    for (const [word, { by, what }] of this.told) if (by === own) this.told.set(word, { by, what: what & ~bit });
    if (write && atomic) this.told.set(index, { by: own, what: this.untold[own] });
    else if (write) this.told.delete(index);
  }
}

/**
 * @param words - the memory at the start
 * @param threads - two of them
 * @param observe - hands the memory's accesses to an observer, or to nobody
 * @returns how many states there are, and the first fault
 */
export function explore(
  words: readonly number[],
  threads: readonly [Thread, Thread],
  observe: (observer: Observer | undefined) => void,
): Verdict {
  const fresh: ThreadState = { log: [], forgotten: 0, memory: 0, asleep: -1, done: false };
  const first: State = { words, threads: [fresh, fresh], untold: [0n, 0n], told: new Map(), trace: '' };
  const seen = new Set([keyOf(first)]);
  const open = [first];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const able = [0, 1].filter((thread) => !state.threads[thread]!.done && state.threads[thread]!.asleep === -1);
    if (able.length === 0 && state.threads.some(({ done }) => !done)) {
      return { states: seen.size, fault: `asleep for ever, after:${state.trace}` };
    }
    for (const thread of able) {
      const step = new Step(state, thread);
      let done = false;
      observe(step);
      try {
        threads[thread]!(step.checkpoint);
        done = true;
      } catch (error) {
        if (error !== PAUSE) {
          return { states: seen.size, fault: `${String(error)}, after:${state.trace}${step.trace}` };
        }
      } finally {
        observe(undefined);
      }
      const next = after(state, thread, step, done);
      const key = keyOf(next);
      if (seen.has(key)) continue;
      seen.add(key);
      open.push(next);
    }
  }
  return { states: seen.size, fault: undefined };
}

function after(state: State, thread: number, step: Step, done: boolean): State {
  const { words, untold, told, log, forgotten, memory, asleep, woken } = step;
  const threads = state.threads.map((one, index): ThreadState => {
    if (index === thread) return { log, forgotten, memory, asleep, done };
    return woken.includes(index) ? { ...one, asleep: -1, log: [...one.log, 'ok'] } : one;
  });
  return { words, threads, untold, told, trace: `${state.trace}${step.trace}` };
}

function keyOf({ words, threads, untold, told }: State): string {
  const own = threads.map(({ log, forgotten, ...rest }) => [rest, log.slice(forgotten)]);
  const news = [...told].map(([word, { by, what }]) => `${word} ${by} ${what}`).sort();
  return JSON.stringify([words, own, untold.map(String), news]);
}
