/*
 * A group of workers, each with a station that was made from the same module: their life, the cable that they share, and their time.
 * Whatever happens, `close` ends every thread and returns all memory.
 */

import { VirtualClock, type Clock } from '@netcx/clock';
import type { LinkEnd } from '@netcx/hardware';
import { wasm } from '@netcx/dma/memory';
import type { BurstRingSize } from './burst-ring.ts';
import { LockStep } from './lock-step.ts';
import { Member, type MemberOptions } from './member.ts';
import { checkNumbers } from './messages.ts';
import type { Numbers } from './station.ts';
import { SteeredPort, type PortCounters, type Steering } from './steered-port.ts';
import { WorkerError } from './worker-error.ts';

const WASM_PAGE = 65_536;
/** As many as the redirection table of a NIC tells apart. */
const MOST_WORKERS = 16;

/** How the workers' clocks go with the main thread's. */
export interface LockStepOptions {
  /** Nanoseconds from a burst's sending to its arrival: how far threads may be apart. More is faster; 10,000 when left out. */
  readonly step?: number;
}

/** What a group is made with. */
export interface WorkerGroupOptions {
  /** For messages; `workers` when left out. */
  readonly name?: string;
  /** How many, 1 to 16. */
  readonly workers: number;
  /** Address of the module that exports `buildStation`. */
  readonly module: URL | string;
  /** What every station is told. */
  readonly numbers?: Numbers;
  /** The main thread's clock: a virtual one means lock-step, whose seed the workers' are made of; any other free-running. */
  readonly clock: Clock;
  readonly lockStep?: LockStepOptions;
  /** Bytes of host memory for each worker, a multiple of 64 KiB; 64 MiB when left out. */
  readonly hostBytes?: number;
  /** Bytes of wire memory for each, a multiple of 64 KiB; 16 MiB when left out. */
  readonly deviceBytes?: number;
  /** The rings between cable and workers. */
  readonly ring?: BurstRingSize;
  /** Milliseconds that a worker may take to answer, where that takes no virtual time; 10,000 when left out. */
  readonly patience?: number;
  /** Told of each worker that is lost, and why. */
  readonly onLost?: (index: number, error: WorkerError) => void;
}

/** Workers over one memory, at one cable. */
export class WorkerGroup {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #members: Member[] = [];
  /** Takes turns, with a virtual clock. */
  readonly #lockStep: LockStep | undefined;
  /** Nanoseconds from a burst's sending to its arrival, in lock-step. */
  readonly #delay: number | undefined;
  #port: SteeredPort | undefined;
  #closed = false;

  private constructor(name: string, clock: Clock, step: number) {
    this.#name = name;
    this.#clock = clock;
    if (!(clock instanceof VirtualClock)) return;
    this.#delay = step;
    this.#lockStep = new LockStep({ clock, step, members: this.#members, collect: () => this.#collect() });
  }

  /**
   * Makes the workers and their stations.
   *
   * @param options - how many, which module, whose time
   * @returns the group, once every station is built; none is started
   * @throws WorkerError `BAD_OPTION`, `MEMORY_NOT_SHARED`, `STATION_MODULE` or `WORKER_LOST`; DmaError or RangeError without enough memory.
   * Nothing is left over then
   */
  static async open(options: WorkerGroupOptions): Promise<WorkerGroup> {
    const { name = 'workers', clock, lockStep: { step = 10_000 } = {} } = options;
    const settled = settle(name, step, options);
    const group = new WorkerGroup(name, clock, step);
    try {
      for (let index = 0; index < settled.workers; index++) group.#add(index, settled, options.onLost);
      await Promise.all(group.#members.map(({ ready }) => ready));
    } catch (error) {
      await group.close();
      throw error;
    }
    return group;
  }

  /** How many workers it has, those included that are lost. */
  get workers(): number {
    return this.#members.length;
  }

  /** Whether threads take turns on virtual clocks. */
  get inLockStep(): boolean {
    return this.#lockStep !== undefined;
  }

  /** Why workers are no more, by their numbers; `undefined` for each that is there. */
  get failures(): readonly (WorkerError | undefined)[] {
    return this.#members.map(({ failure }) => failure);
  }

  /**
   * Plugs the group into a cable, once.
   *
   * @param link - the end of the cable
   * @param steer - which worker each frame that arrives is for; the first, when left out
   * @throws WorkerError `GROUP_CLOSED`; `BAD_OPTION` when it has one already; the end of a worker that is lost
   */
  plug(link: LinkEnd, steer: Steering = () => 0): void {
    this.#check();
    if (this.#port !== undefined) throw new WorkerError('BAD_OPTION', `${this.#name} has a cable already`);
    for (const { failure } of this.#members) if (failure !== undefined) throw failure;
    this.#port = new SteeredPort({ clock: this.#clock, link, members: this.#members, steer, delay: this.#delay });
  }

  /** @returns what passed between the cable and the workers; nothing without a cable */
  counters(): PortCounters {
    const none = this.#members.map(() => 0);
    return this.#port?.counters() ?? { steered: none, sent: none, full: 0, nowhere: 0 };
  }

  /**
   * @returns when every station runs
   * @throws WorkerError the first that does not start; those that did were stopped again
   */
  async start(): Promise<void> {
    this.#check();
    const results = await this.#all({ kind: 'start' });
    const failed = results.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
    if (failed === undefined) return;
    const started = this.#members.filter((_, index) => results[index]?.status === 'fulfilled');
    await Promise.allSettled(started.map((member) => member.ask({ kind: 'stop' })));
    throw failed.reason;
  }

  /**
   * @returns when every station has stopped, and given back what it held
   * @throws WorkerError the first that does not stop or is lost, when all others have
   */
  async stop(): Promise<void> {
    this.#check();
    valuesOf(await this.#all({ kind: 'stop' }));
  }

  /**
   * @param index - which worker
   * @param name - one of its station's calls
   * @param numbers - what it is told
   * @returns what it answers
   * @throws WorkerError `BAD_OPTION` for a worker that there is not, `STATION_FAILED`, `WORKER_LOST`, `WORKER_STUCK`
   */
  async call(index: number, name: string, numbers: Numbers = {}): Promise<Numbers> {
    this.#check();
    const member = this.#members[index];
    if (member === undefined)
      throw new WorkerError('BAD_OPTION', `${this.#name} has no worker ${String(index)}, but ${String(this.workers)}`);
    return member.ask({ kind: 'call', name, numbers: checkNumbers(this.#name, numbers) });
  }

  /**
   * Asks all workers at once.
   *
   * @param name - one of their stations' calls
   * @param numbers - what each is told
   * @returns what they answer, by their numbers
   * @throws WorkerError the first that fails, when all others have answered
   */
  async callAll(name: string, numbers: Numbers = {}): Promise<Numbers[]> {
    this.#check();
    return valuesOf(await this.#all({ kind: 'call', name, numbers: checkNumbers(this.#name, numbers) }));
  }

  /**
   * @returns what the stations have counted, added up
   * @throws WorkerError the first that does not answer
   */
  async sums(): Promise<Numbers> {
    this.#check();
    const sums: Record<string, number> = {};
    for (const counters of valuesOf(await this.#all({ kind: 'counters' })))
      for (const [name, value] of Object.entries(counters)) sums[name] = (sums[name] ?? 0) + value;
    return sums;
  }

  /**
   * In lock-step: lets everything happen that is due within a time, in all threads.
   *
   * @param duration - nanoseconds, 0 or more
   * @throws WorkerError `NOT_LOCK_STEP` in real time; the end of a worker, once, and time can go on without it
   */
  async advance(duration: number): Promise<void> {
    await this.#turns().advance(duration);
  }

  /**
   * Waits for something that takes time: in lock-step time passes meanwhile; free-running it does so by itself.
   *
   * @param promise - what is waited for
   * @returns what it resolves to
   * @throws WorkerError `WORKER_STUCK` in lock-step, when it is open and nothing is left that could happen; whatever it rejects with
   */
  drive<T>(promise: Promise<T>): Promise<T> {
    return this.#lockStep === undefined ? promise : this.#lockStep.drive(promise);
  }

  /** Ends every thread, whatever it does, and returns all memory. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#port?.close();
    this.#port = undefined;
    await Promise.all(this.#members.map((member) => member.close()));
  }

  #add(index: number, settled: Settled, onLost: WorkerGroupOptions['onLost']): void {
    const clock = this.#clock;
    // In lock-step everything that workers say is taken over when a turn is over, in the order of their numbers.
    const soon = this.inLockStep ? () => undefined : () => this.#collect();
    const lost = (error: WorkerError): void => {
      this.#port?.leave(index);
      soon();
      onLost?.(index, error);
    };
    const { step, ...shared } = settled;
    const lockStep = clock instanceof VirtualClock ? { step, seed: seedOf(clock, index) } : undefined;
    const listeners = { woke: soon, transceiver: soon, lost };
    this.#members.push(new Member({ ...shared, index, name: `${this.#name} ${String(index)}`, lockStep, listeners }));
  }

  /** Takes over what the workers have done. */
  #collect(): void {
    this.#port?.update();
    this.#port?.look();
  }

  #check(): void {
    if (this.#closed) throw new WorkerError('GROUP_CLOSED', `${this.#name} is closed`);
  }

  #turns(): LockStep {
    this.#check();
    if (this.#lockStep === undefined)
      throw new WorkerError('NOT_LOCK_STEP', `${this.#name} runs in real time, which nobody moves`);
    return this.#lockStep;
  }

  #all(request: Parameters<Member['ask']>[0]): Promise<PromiseSettledResult<Numbers>[]> {
    return Promise.allSettled(this.#members.map((member) => member.ask(request)));
  }
}

function valuesOf(results: readonly PromiseSettledResult<Numbers>[]): Numbers[] {
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

/** Another for each worker, the same in each run. */
const seedOf = (clock: VirtualClock, index: number): number => clock.random(`worker ${String(index)}`).below(2 ** 31);

/** What all workers of a group are told, complete. */
type Settled = Omit<MemberOptions, 'index' | 'name' | 'lockStep' | 'listeners'> & { readonly step: number };

/** What was asked for, complete, or refused before anything is made. */
function settle(name: string, step: number, options: WorkerGroupOptions): Settled {
  const { workers, module, numbers = {}, ring = {}, patience = 10_000 } = options;
  const { hostBytes = 1024 * WASM_PAGE, deviceBytes = 256 * WASM_PAGE } = options;
  const refuse = (field: string, value: number, expected: string): never => {
    throw new WorkerError('BAD_OPTION', `${name}: ${field} is ${String(value)}; expected ${expected}`);
  };
  if (!Number.isInteger(workers) || workers < 1 || workers > MOST_WORKERS)
    refuse('workers', workers, `1 to ${String(MOST_WORKERS)}`);
  for (const [field, value] of Object.entries({ hostBytes, deviceBytes }))
    if (!(value > 0) || value % WASM_PAGE !== 0) refuse(field, value, 'a multiple of 65536');
  if (!(patience > 0)) refuse('patience', patience, 'more than 0 ms');
  if (!Number.isInteger(step) || step < 1) refuse('lockStep.step', step, 'whole nanoseconds, 1 or more');
  if (wasm === undefined)
    throw new WorkerError('MEMORY_NOT_SHARED', `${name}: host memory is no WebAssembly memory, which workers share`);
  const told = { memory: wasm, module: String(module), numbers: checkNumbers(name, numbers) };
  return { ...told, workers, hostBytes, deviceBytes, ring, patience, step };
}
