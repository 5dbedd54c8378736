/*
 * Owns: one simulated machine from its seed to its end: two stations, a cable, flows both ways, a schedule that is shuffled, and
 * whatever else goes wrong. What must hold, whatever happens: no frame arrives twice, damaged or out of order within its flow;
 * every frame that was submitted completes once; nothing is called after a stop; every buffer is back; and once nothing is
 * wrong any more, frames arrive.
 * Invariant: a seed decides all of it; the same seed ends in the same digest.
 */

import { createHash } from 'node:crypto';
import { HostBridge } from '@netcx/bus';
import { MICROSECOND, MILLISECOND, Random, VirtualClock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { Link, type LinkEnd } from '@netcx/hardware';
import { wireBytesTaken } from '@netcx/hardware/wire';
import { buildStation } from '../src/machine.ts';
import { Flow } from './flow.ts';
import { machineOptions } from './machine-options.ts';
import { mishap, type Scene } from './mishaps.ts';
import { ShuffledClock } from './shuffled-clock.ts';
import { damagedBy, type Side, start, stop } from './side-mishaps.ts';
import { Station } from './station.ts';

/** How long a machine without faults may need to deliver what was sent. */
const PATIENCE = 4_000 * MILLISECOND;
const STEP = 5 * MILLISECOND;

/** What a run has come to. */
export interface SimulationReport {
  /** Alarms that went off. */
  readonly events: number;
  readonly frames: number;
  readonly bytes: number;
  /** Bytes that did not arrive. */
  readonly lost: number;
  /** What happened, one word each. */
  readonly story: string;
  /** Of everything that arrived, and when. */
  readonly digest: string;
}

/** What a test may do to a machine, to see that it is found. */
export type Sabotage = (scene: Scene) => void;

/** A simulated machine. */
export class Simulation {
  readonly #seed: number;
  readonly #random: Random;
  readonly #clock: VirtualClock;
  readonly #shuffled: ShuffledClock;
  readonly #scene: Scene;
  readonly #story: string[] = [];
  readonly #digest = createHash('sha256');
  readonly #before = { pages: hostPages.bytesTaken, wire: wireBytesTaken() };
  #failure: string | undefined;

  /**
   * @param seed - decides everything
   */
  constructor(seed: number) {
    const random = new Random(seed, 'simulation');
    this.#seed = seed;
    this.#random = random;
    this.#clock = new VirtualClock({ seed });
    const chance = random.pick([0, 0, 0.1, 0.5]);
    this.#shuffled = new ShuffledClock(this.#clock, random.fork('schedule'), chance);
    const link = new Link(this.#shuffled, { speed: 1000 });
    const bridge = new HostBridge(this.#shuffled);
    const machineOf = (end: LinkEnd, index: number) => {
      const options = machineOptions(random);
      const { verifier, iommu, queues, ringSize, interrupts } = options;
      this.#story.push(JSON.stringify({ late: chance, verifier, iommu, queues, ringSize, interrupts }));
      const address = Uint8Array.of(2, 0, 0, 0, 0, index + 1);
      return buildStation(this.#shuffled, bridge, `nic ${index}`, address, end, options);
    };
    const machines = [machineOf(link.a, 0), machineOf(link.b, 1)] as const;
    const flows = Array.from({ length: 2 + random.below(6) }, (_, number) => new Flow(number, random));
    const sideOf = (which: 0 | 1): Side => {
      const faults: Side['faults'] = [];
      const station = new Station(machines[which].driver, which, random.fork(`station ${which}`), {
        flows,
        fail: (what) => (this.#failure ??= what),
        damageable: () => damagedBy(faults),
        arrived: (flow) => {
          this.#digest.update(`${this.#clock.now()} ${which} ${flow.number} ${flow.arrived}\n`);
        },
      });
      return {
        ...{ name: which, machine: machines[which], station, faults, removed: false },
        arriving: () => flows.filter(({ from }) => from !== which),
        drive: (work) => this.#clock.drive(work),
        pass: (nanoseconds) => this.#pass(nanoseconds),
        mtu: () => this.#scene.mtu,
        hindered: () => this.#scene.sides[which === 0 ? 1 : 0].faults.length > 0,
      };
    };
    const pass = (nanoseconds: number): void => {
      this.#pass(nanoseconds);
    };
    this.#scene = { link, sides: [sideOf(0), sideOf(1)], flows, pass, mtu: 1500 };
  }

  /**
   * @param sabotage - spoils the machine once it runs; for tests of the simulation alone
   * @returns what it has come to
   * @throws Error that names the seed, what happened, and what is not as it must be
   */
  async run(sabotage?: Sabotage): Promise<SimulationReport> {
    try {
      return await this.#run(sabotage);
    } catch (error) {
      // What was spoilt is left where it is, but for the devices' memory, of which there is little.
      for (const { machine } of this.#scene.sides) machine.nic.close();
      this.#scene.link.close();
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const where = `seed ${this.#seed}, at ${this.#clock.now()} ns`;
      throw new Error(`${where}: ${what}\n  after ${this.#story.join(' ')}`, { cause: error });
    }
  }

  async #run(sabotage: Sabotage | undefined): Promise<SimulationReport> {
    const random = this.#random;
    const scene = this.#scene;
    await Promise.all(scene.sides.map(start));
    await this.#until('no link', () => this.#isUp());
    sabotage?.(scene);
    for (let round = 4 + random.below(16); round > 0; round--) {
      this.#pass(random.below(300) * MICROSECOND);
      if (random.chance(0.4)) this.#story.push(await mishap(scene, random));
      this.#check();
    }
    // Half of the machines are stopped with everything on its way; the others first have to show that they are well.
    if (random.chance(0.5) && scene.sides.every(({ removed }) => !removed)) await this.#recover();
    await this.#end();
    const sum = (of: (flow: Flow) => number): number => scene.flows.reduce((total, flow) => total + of(flow), 0);
    return {
      events: this.#shuffled.events,
      frames: scene.sides.reduce((total, { station }) => total + station.frames, 0),
      bytes: sum(({ arrived }) => arrived),
      lost: sum(({ lost }) => lost),
      story: this.#story.join(' '),
      digest: this.#digest.digest('hex'),
    };
  }

  /** Lets time pass, while stations send and give back buffers. */
  #pass(nanoseconds: number): void {
    const pieces = 1 + this.#random.below(3);
    for (let piece = 0; piece < pieces; piece++) {
      for (const { station } of this.#scene.sides) {
        if (station.running) station.pump(12);
        station.release(false);
      }
      this.#clock.advance(Math.floor(nanoseconds / pieces));
    }
  }

  /** Mends everything; whatever is sent from then on has to arrive. */
  async #recover(): Promise<void> {
    const { flows, link, sides } = this.#scene;
    link.plug(true);
    link.change({ speed: 1000 });
    link.impair([]);
    for (const { station } of sides) {
      station.keeping = 0;
      station.release(true);
    }
    for (const { faults } of sides) for (const one of faults) one.lift();
    // A device that was broken may have forgotten something: whoever repairs it resets it.
    for (const { faults, machine } of sides) if (faults.length > 0) await this.#clock.drive(machine.driver.reset());
    await this.#until('no link', () => this.#isUp());
    await this.#until('do not complete', () =>
      sides.every(({ station: { submitted, completed } }) => submitted === completed),
    );
    this.#clock.advance(50 * MILLISECOND);
    for (const flow of flows) flow.arrived = flow.sent; // what is gone is gone
    for (const flow of flows) await this.#until('no room', () => sides[flow.from].station.send(flow));
    await this.#until('stands still', () => flows.every(({ arrived, sent }) => arrived === sent));
  }

  #isUp(): boolean {
    return this.#scene.sides.every(({ machine }) => machine.driver.adapter.linkState.connected);
  }

  async #end(): Promise<void> {
    const { link, sides } = this.#scene;
    const first = this.#random.pick([0, 1] as const);
    for (const which of [first, first === 0 ? 1 : 0] as const) {
      this.#story.push(`stop:${which}`);
      await stop(sides[which]);
      this.#pass(this.#random.below(200) * MICROSECOND); // the other one goes on sending
    }
    for (const { station } of sides) this.#failure ??= station.faultsAtRest()[0];
    for (const { machine } of sides) machine.nic.close();
    link.close();
    this.#clock.advance(STEP);
    const [pages, wire] = [hostPages.bytesTaken - this.#before.pages, wireBytesTaken() - this.#before.wire];
    if (pages !== 0 || wire !== 0)
      this.#failure ??= `${pages} bytes of host pages and ${wire} of the wire's are not back`;
    this.#check();
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    for (const end = this.#clock.now() + PATIENCE; !holds();) {
      if (this.#clock.now() > end) throw new Error(`${what}: ${this.#state()}`);
      this.#clock.advance(STEP);
      this.#check();
      await Promise.resolve();
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw new Error(this.#failure);
  }

  #state(): string {
    const { flows, sides } = this.#scene;
    const drivers = sides.map(({ machine: { driver } }) => ({
      link: driver.adapter.linkState.connected,
      ...driver.counters(),
    }));
    return JSON.stringify({ flows: flows.map(({ number, sent, arrived }) => ({ number, sent, arrived })), drivers });
  }
}
