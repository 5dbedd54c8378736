/*
 * Owns: one simulated machine one side of which is a group of workers: flows between them and a station in this thread, a cable that
 * goes bad, and each worker's own mishaps. What must hold is what holds in one thread; besides, a flow goes through one worker.
 * Invariant: in lock-step a seed decides all of it, and ends in the same digest. In real time what must hold is all that is looked at.
 */

import { createHash } from 'node:crypto';
import { HostBridge } from '@netcx/bus';
import { MICROSECOND, MILLISECOND, Random, RealClock, VirtualClock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { Link } from '@netcx/hardware';
import { wireBytesTaken } from '@netcx/hardware/wire';
import { FlowSteering } from '@netcx/nic-82576';
import { type Numbers, WorkerGroup } from '@netcx/workers';
import { buildStation } from '../src/machine.ts';
import { flowsOf } from './flow.ts';
import { machineOptions } from './machine-options.ts';
import { CABLE_MISHAPS } from './mishaps.ts';
import { ShuffledClock } from './shuffled-clock.ts';
import { type Side, SIDE_MISHAPS, start, stop } from './side-mishaps.ts';
import { Station } from './station.ts';

/** How long a machine without faults may need for something, and between two looks. */
const PATIENCE = { lockStep: 4_000 * MILLISECOND, realTime: 60_000 * MILLISECOND };
const STEP = 5 * MILLISECOND;
/** How many times faster than a gigabit the cable is in real time. */
const SPEEDUP = 10;

// Faults are the workers': two sides that are broken at once hold each other up. Flows that arrive here begin in another thread.
const { fault: _fault, mend: _mend, scaling: _scaling, ...rest } = SIDE_MISHAPS;
const NEAR_MISHAPS = Object.values(rest);

/** worker-side.ts, with the loader of sources that a worker of the built packages has not. */
function sideModule(): string {
  const [loader, side] = [import.meta.resolve('tsx/esm/api'), new URL('./worker-side.ts', import.meta.url).href];
  const load = `export const { buildStation } = await import(${JSON.stringify(side)});`;
  return `data:text/javascript,${encodeURIComponent(`import { register } from ${JSON.stringify(loader)}; register(); ${load}`)}`;
}

/** What is simulated. */
export interface WorkerSimulationOptions {
  /** 1 or more. */
  readonly workers: number;
  /** Whether threads take turns in virtual time, or run as they like. */
  readonly inTurns: boolean;
}

/** What a run has come to. */
export interface WorkerReport {
  readonly frames: number;
  /** What happened on this side and to the cable. */
  readonly story: string;
  /** Of everything that arrived, and when; in real time of no use. */
  readonly digest: string;
}

/** A simulated machine. */
export class WorkerSimulation {
  readonly #seed: number;
  readonly #inTurns: boolean;
  readonly #random: Random;
  readonly #clock: VirtualClock | RealClock;
  readonly #group: WorkerGroup;
  readonly #link: Link;
  readonly #near: Side;
  readonly #flows: ReturnType<typeof flowsOf>;
  readonly #story: string[] = [];
  readonly #digest = createHash('sha256');
  #failure: string | undefined;
  #driving = false;

  private constructor(seed: number, group: WorkerGroup, clock: VirtualClock | RealClock) {
    const random = new Random(seed, 'simulation');
    const inTurns = clock instanceof VirtualClock;
    const time = inTurns ? new ShuffledClock(clock, random.fork('schedule'), random.pick([0, 0, 0.1, 0.5])) : clock;
    const link = new Link(time, { speed: 1000, ...(inTurns ? {} : { speedup: SPEEDUP }) });
    const address = Uint8Array.of(2, 0, 0, 0, 0, 2);
    const options = machineOptions(random, inTurns);
    const machine = buildStation(time, new HostBridge(time), 'near', address, link.b, options);
    const flows = flowsOf(seed, group.workers);
    for (const flow of flows) if (flow.from === 0) flow.sendElsewhere();
    const station = new Station(machine.driver, 1, random.fork('station'), {
      flows,
      fail: (what) => (this.#failure ??= what),
      damageable: () => 0,
      arrived: (flow) => {
        this.#digest.update(`${clock.now()} ${flow.number} ${flow.arrived}\n`);
      },
    });
    this.#near = {
      ...{ name: 'near', machine, station, faults: [], removed: false },
      arriving: () => [],
      drive: (work) => this.#drive(work),
      pass: (nanoseconds) => this.#pass(nanoseconds),
      mtu: () => 1500,
      hindered: () => true, // a worker's device may be broken
    };
    this.#seed = seed;
    this.#inTurns = inTurns;
    this.#random = random;
    this.#clock = clock;
    this.#group = group;
    this.#link = link;
    this.#flows = flows;
  }

  /**
   * @param seed - decides everything, but for what threads do in real time
   * @param options - how many workers, and whose time
   * @param sabotage - spoils the cable once the machine runs; for tests of the simulation alone
   * @returns what it has come to
   * @throws Error that names the seed, what happened, and what is not as it must be
   */
  static async run(
    seed: number,
    { workers, inTurns }: WorkerSimulationOptions,
    sabotage?: (link: Link) => void,
  ): Promise<WorkerReport> {
    const before = [hostPages.bytesTaken, wireBytesTaken()];
    const clock = inTurns ? new VirtualClock({ seed }) : new RealClock();
    const numbers = { seed, lockStep: Number(inTurns) };
    const group = await WorkerGroup.open({ workers, module: sideModule(), clock, patience: 120_000, numbers });
    const steering = new FlowSteering({ targets: workers });
    const simulation = new WorkerSimulation(seed, group, clock);
    group.plug(simulation.#link.a, (data, length) => steering.choose(data, length));
    let report: WorkerReport;
    try {
      report = await simulation.#run(sabotage);
    } catch (error) {
      simulation.#near.machine.nic.close();
      throw simulation.#told(error);
    } finally {
      await group.close();
      simulation.#link.close();
      steering.close();
      if (clock instanceof RealClock) clock.close();
    }
    const after = [hostPages.bytesTaken, wireBytesTaken()];
    if (String(before) !== String(after))
      throw simulation.#told(`${String(before)} bytes were taken before, ${String(after)} afterwards`);
    return report;
  }

  async #run(sabotage: ((link: Link) => void) | undefined): Promise<WorkerReport> {
    const random = this.#random;
    const near = this.#near;
    await this.#drive(this.#group.start());
    await start(near);
    await this.#until('no link', () => this.#isUp());
    await this.#ask('live');
    sabotage?.(this.#link);
    for (let round = 4 + random.below(12); round > 0; round--) {
      await this.#pass(random.below(300) * MICROSECOND);
      if (random.chance(0.4)) this.#story.push(await this.#mishap());
    }
    // Half of the machines are stopped with everything on its way; the others first have to show that they are well.
    if (random.chance(0.5)) await this.#recover();
    const states = await this.#ask('state');
    for (const { digest } of states) this.#digest.update(`${digest}\n`);
    await this.#end();
    return {
      frames: states.reduce((sum, { frames = 0 }) => sum + frames, near.station.frames),
      story: this.#story.join(' '),
      digest: this.#digest.digest('hex'),
    };
  }

  /** Something happens to the cable or on this side; what happens to the workers is their own. */
  async #mishap(): Promise<string> {
    const random = this.#random;
    const near = this.#near;
    if (random.chance(0.4)) return random.pick(CABLE_MISHAPS)({ link: this.#link, pass: near.pass }, random);
    return random.pick(NEAR_MISHAPS)(near, random);
  }

  /** Lets time pass, while this side sends and gives back buffers, as the others do by themselves. */
  async #pass(nanoseconds: number): Promise<void> {
    const { station } = this.#near;
    if (station.running) station.pump(12);
    station.release(false);
    await this.#rest(nanoseconds);
  }

  /** Mends everything; whatever is sent from then on has to arrive. */
  async #recover(): Promise<void> {
    const { station } = this.#near;
    this.#link.plug(true);
    this.#link.change({ speed: 1000 });
    this.#link.impair([]);
    station.keeping = 0;
    station.release(true);
    await this.#ask('calm');
    await this.#until('no link', () => this.#isUp());
    await this.#until('do not complete', async () => {
      const states = await this.#ask('state');
      return station.submitted === station.completed && states.every(({ open }) => open === 0);
    });
    await this.#rest(50 * MILLISECOND);
    let unsent = this.#flows.filter(({ from }) => from === 1);
    await this.#until('no room', async () => {
      unsent = unsent.filter((flow) => !station.send(flow));
      return unsent.length === 0 && (await this.#ask('send')).every(({ left }) => left === 0);
    });
    await this.#until('stands still', async () => this.#isThere(await this.#ask('flows')));
  }

  /** Whether all flows have arrived, each of this side's at one worker. */
  #isThere(flows: readonly Numbers[]): boolean {
    return this.#flows.every(({ from, number, sent, arrived }) => {
      const there = flows.map((worker) => worker[number] ?? 0).filter((bytes) => bytes > 0);
      if (from === 1 && there.length > 1) throw new Error(`flow ${number} arrived at ${there.length} workers`);
      return (there[0] ?? 0) === (from === 1 ? sent : arrived);
    });
  }

  async #isUp(): Promise<boolean> {
    const near = this.#near.machine.driver.adapter.linkState.connected;
    return near && (await this.#ask('state')).every(({ linked }) => linked === 1);
  }

  async #end(): Promise<void> {
    const near = this.#near;
    const ends = [() => this.#drive(this.#group.stop()), () => stop(near)];
    for (const end of this.#random.chance(0.5) ? ends : ends.reverse()) {
      await end();
      if (near.station.running) near.station.pump(12); // the other one goes on sending
      await this.#rest(this.#random.below(200) * MICROSECOND);
    }
    near.machine.nic.close();
    this.#failure ??= near.station.faultsAtRest()[0];
    this.#check();
  }

  #ask(call: string): Promise<Numbers[]> {
    return this.#drive(this.#group.callAll(call));
  }

  /** Waits for something; what it waits for itself needs nobody else to let time pass. */
  async #drive<T>(work: Promise<T>): Promise<T> {
    if (this.#driving) return work;
    this.#driving = true;
    try {
      return await this.#group.drive(work);
    } finally {
      this.#driving = false;
    }
  }

  async #rest(nanoseconds: number): Promise<void> {
    await (this.#inTurns ? this.#group.advance(nanoseconds) : this.#clock.delay(nanoseconds));
  }

  async #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const patience = this.#inTurns ? PATIENCE.lockStep : PATIENCE.realTime;
    for (const end = this.#clock.now() + patience; !(await holds());) {
      if (this.#clock.now() > end) throw new Error(what);
      await this.#rest(STEP);
      this.#check();
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw new Error(this.#failure);
  }

  #told(error: unknown): Error {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const kind = `${this.#group.workers} workers ${this.#inTurns ? 'in turns' : 'in real time'}`;
    return new Error(`seed ${this.#seed}, ${kind}: ${what}\n  after ${this.#story.join(' ')}`, { cause: error });
  }
}
