/*
 * A state machine that is a table: for each state what is done on the way in and where each event leads. Events are taken one
 * at a time, in the order in which they came; what an event's actions do is over before the next one is looked at. An event
 * that fails leaves the machine in the state that its row names, else in the one that it found.
 */

import { AdapterError } from '../adapter-error.ts';

/** A state: what its table says of it. A state with `then` is passed through; one without waits for an event. */
export interface StateRow<S extends string, E extends string, A extends string> {
  /** Done on the way in. */
  readonly enter?: A;
  /** Where the machine goes on to without an event: one state, or one for each outcome of the action. */
  readonly then?: S | Readonly<Record<string, S>>;
  /** Where it goes when the action throws; the error is passed on. The state that the event found when left out. */
  readonly failed?: S;
  /** Where each event leads. */
  readonly on?: Readonly<Partial<Record<E, S>>>;
  /** What each event does without leaving the state; `null` = nothing. */
  readonly within?: Readonly<Partial<Record<E, A | null>>>;
  /** Events that wait for another state. */
  readonly defer?: readonly E[];
}

/** A machine's states. */
export type StateTable<S extends string, E extends string, A extends string> = Readonly<Record<S, StateRow<S, E, A>>>;

/** What an action may return: nothing, or the outcome that its row's `then` asks for; or a promise of it. */
export type ActionResult = undefined | string | Promise<undefined | string>;

/** What a machine's actions do; `detail` is what came with the event. */
export type Actions<A extends string, D> = Readonly<Record<A, (detail: D) => ActionResult>>;

/** How a machine is made. */
export interface StateMachineOptions<S extends string, E extends string, A extends string, D> {
  /** For messages: whose machine. */
  readonly name: string;
  readonly table: StateTable<S, E, A>;
  readonly initial: S;
  readonly actions: Actions<A, D>;
  /** Told of every state that is entered. */
  readonly entered?: (state: S, event: E) => void;
}

interface Waiting<E, D> {
  readonly event: E;
  readonly detail: D;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Runs a table. `D` is what may come with an event. */
export class StateMachine<S extends string, E extends string, A extends string, D = undefined> {
  readonly #options: StateMachineOptions<S, E, A, D>;
  readonly #waiting: Waiting<E, D>[] = [];
  #deferred: Waiting<E, D>[] = [];
  #state: S;
  #busy = false;

  /**
   * @param options - the table and what its actions do
   */
  constructor(options: StateMachineOptions<S, E, A, D>) {
    this.#options = options;
    this.#state = options.initial;
  }

  /** Where the machine is; while an event is being taken, the state on its way. */
  get state(): S {
    return this.#state;
  }

  /** Whether an event is being taken. */
  get busy(): boolean {
    return this.#busy;
  }

  /**
   * @param event - an event
   * @returns whether this state has a row for it, be it to wait
   */
  takes(event: E): boolean {
    const { on, within, defer } = this.#options.table[this.#state];
    return on?.[event] !== undefined || within?.[event] !== undefined || defer?.includes(event) === true;
  }

  /**
   * @param event - what happened
   * @param detail - what the actions are handed
   * @returns `undefined` when all that it causes is done already, else a promise of it
   * @throws AdapterError `LIFE_ORDER` when the state has no row for the event, and what the actions throw; by the promise when
   * the event had to wait
   */
  post(event: E, detail: D): Promise<void> | undefined {
    if (this.#busy) return this.#wait(this.#waiting, event, detail);
    if (this.#options.table[this.#state].defer?.includes(event) === true)
      return this.#wait(this.#deferred, event, detail);
    this.#busy = true;
    let taken: Promise<void> | undefined;
    try {
      taken = this.#take(event, detail);
    } catch (error) {
      this.#rest();
      throw error;
    }
    if (taken === undefined) {
      this.#rest();
      return undefined;
    }
    return taken.finally(() => {
      this.#rest();
    });
  }

  #wait(queue: Waiting<E, D>[], event: E, detail: D): Promise<void> {
    return new Promise((resolve, reject) => {
      queue.push({ event, detail, done: resolve, failed: reject });
    });
  }

  /** The event is over: those that waited for another state look again, before those that came later. */
  #rest(): void {
    this.#busy = false;
    this.#waiting.unshift(...this.#deferred);
    this.#deferred = [];
    while (!this.#busy) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (this.#options.table[this.#state].defer?.includes(next.event) === true) {
        this.#deferred.push(next);
        continue;
      }
      this.#busy = true;
      void this.#takeLater(next);
    }
  }

  async #takeLater({ event, detail, done, failed }: Waiting<E, D>): Promise<void> {
    try {
      await this.#take(event, detail);
      done();
    } catch (error) {
      failed(error);
    } finally {
      this.#rest();
    }
  }

  #take(event: E, detail: D): Promise<void> | undefined {
    const { table, name } = this.#options;
    const found = this.#state;
    const { on, within } = table[found];
    const inside = within?.[event] as A | null | undefined;
    if (inside !== undefined) {
      if (inside === null) return undefined;
      const result = this.#options.actions[inside](detail);
      return result instanceof Promise ? result.then(() => undefined) : undefined;
    }
    const next = on?.[event];
    if (next === undefined) {
      const known = [...Object.keys(on ?? {}), ...Object.keys(within ?? {})];
      throw new AdapterError(
        'LIFE_ORDER',
        `${name}: ${event} in state ${found}; expected ${known.length === 0 ? 'nothing more' : known.join(', ')}`,
      );
    }
    return this.#enter(next, event, detail, found);
  }

  /** Goes through states until one waits for an event. */
  #enter(first: S, event: E, detail: D, found: S): Promise<void> | undefined {
    const { table, actions, entered } = this.#options;
    let state: S | undefined = first;
    while (state !== undefined) {
      const row: StateRow<S, E, A> = table[state];
      this.#state = state;
      entered?.(state, event);
      let result: ActionResult;
      try {
        result = row.enter === undefined ? undefined : actions[row.enter](detail);
      } catch (error) {
        return this.#fail(row, error, event, detail, found);
      }
      if (result instanceof Promise) {
        return result.then(
          (outcome) => {
            const next = nextOf(row, outcome);
            return next === undefined ? undefined : this.#enter(next, event, detail, found);
          },
          (error: unknown) => this.#fail(row, error, event, detail, found),
        );
      }
      state = nextOf(row, result);
    }
    return undefined;
  }

  #fail(row: StateRow<S, E, A>, error: unknown, event: E, detail: D, found: S): Promise<void> | undefined {
    if (row.failed === undefined) {
      this.#state = found;
      throw error;
    }
    const undone = this.#enter(row.failed, event, detail, found);
    if (undone === undefined) throw error;
    return undone.then(() => {
      throw error;
    });
  }
}

function nextOf<S extends string, E extends string, A extends string>(
  row: StateRow<S, E, A>,
  outcome: string | undefined,
): S | undefined {
  const { then } = row;
  return typeof then === 'object' ? then[outcome ?? ''] : then;
}
