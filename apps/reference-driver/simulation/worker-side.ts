/*
 * Owns: one side of a simulated machine in a worker: a NIC, its driver and a station that sends, takes and has things happen to it by
 * itself, from when it is told to live until it is told to be calm. What it finds wrong it says in answer to the next call, or when it
 * stops.
 * Invariant: in lock-step the seed decides all of it; in real time it decides what happens, and the machine when.
 */

import { HostBridge } from '@netcx/bus';
import { MICROSECOND, type Clock, Random } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { wireBytesTaken } from '@netcx/hardware/wire';
import type { BuildStation, Numbers, Station as WorkerStation, StationContext } from '@netcx/workers';
import { buildStation as buildMachine } from '../src/machine.ts';
import { flowsOf } from './flow.ts';
import { machineOptions } from './machine-options.ts';
import { ShuffledClock } from './shuffled-clock.ts';
import { damagedBy, type Side, SIDE_MISHAPS, start, stop } from './side-mishaps.ts';
import { Station } from './station.ts';

const { scaling: _flowsBeginAnew, ...rest } = SIDE_MISHAPS; // flows that arrive here begin in another thread
const MISHAPS = Object.values(rest);

class WorkerSide implements WorkerStation {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #side: Side;
  readonly #flows: ReturnType<typeof flowsOf>;
  readonly #before = { pages: hostPages.bytesTaken, wire: wireBytesTaken() };
  readonly #sends: (flow: { readonly number: number }) => boolean;
  #living = Promise.resolve();
  #calm = false;
  #failure: string | undefined;
  /** Of everything that arrived here, and when. */
  #digest = 0;
  /** Flows that were told to send once more, and had no room yet. */
  #unsent: ReturnType<typeof flowsOf> | undefined;

  constructor({ clock, index, workers, link, numbers }: StationContext) {
    const { seed = 0, lockStep = 0 } = numbers;
    const random = new Random(seed, `worker ${index}`);
    const inTurns = lockStep !== 0;
    const options = machineOptions(random, inTurns);
    const late = random.pick([0, 0, 0.1, 0.5]);
    const time = inTurns ? new ShuffledClock(clock, random.fork('schedule'), late) : clock;
    const machine = buildMachine(time, new HostBridge(time), `nic ${index}`, ADDRESS, link, options);
    const flows = flowsOf(seed, workers);
    for (const flow of flows) if (flow.from !== 0) flow.sendElsewhere();
    const faults: Side['faults'] = [];
    this.#sends = ({ number }) => (number >> 1) % workers === index;
    const station = new Station(machine.driver, 0, random.fork('station'), {
      flows,
      fail: (what) => (this.#failure ??= what),
      damageable: () => damagedBy(faults),
      arrived: ({ number, arrived }) => {
        for (const word of [inTurns ? clock.now() : 0, number, arrived])
          this.#digest = (Math.imul(this.#digest ^ word, 0x0100_0193) ^ (word / 2 ** 32)) >>> 0;
      },
      sends: this.#sends,
    });
    this.#side = {
      ...{ name: index, machine, station, faults, removed: false },
      arriving: () => [],
      drive: (work) => work,
      pass: (nanoseconds) => clock.delay(nanoseconds),
      mtu: () => 1500,
      hindered: () => !inTurns, // whatever takes a second may do so for want of a processor
    };
    this.#clock = clock;
    this.#random = random;
    this.#flows = flows;
  }

  async start(): Promise<void> {
    await start(this.#side);
  }

  async stop(): Promise<void> {
    const { machine, station } = this.#side;
    this.#calm = true;
    await this.#living;
    await stop(this.#side);
    this.#failure ??= station.faultsAtRest()[0];
    machine.nic.close();
    const [pages, wire] = [hostPages.bytesTaken - this.#before.pages, wireBytesTaken() - this.#before.wire];
    if (pages !== 0 || wire !== 0)
      this.#failure ??= `${pages} bytes of host pages and ${wire} of the wire's are not back`;
    this.#check();
  }

  readonly calls = {
    /** From now on it sends, and things happen to it. */
    live: (): Numbers => {
      this.#living = this.#live().catch((error: unknown) => {
        this.#failure ??= error instanceof Error ? (error.stack ?? error.message) : String(error);
      });
      return {};
    },

    /** Nothing more goes wrong, and nothing is sent: whoever asks has mended the cable. */
    calm: async (): Promise<Numbers> => {
      const { faults, machine, station } = this.#side;
      this.#calm = true;
      await this.#living;
      station.keeping = 0;
      station.release(true);
      for (const one of faults) one.lift();
      // A device that was broken may have forgotten something: whoever repairs it resets it.
      if (faults.length > 0) await machine.driver.reset();
      return this.#state();
    },

    state: (): Numbers => this.#state(),

    /** Each flow from here sends once more; how many have had no room so far. */
    send: (): Numbers => {
      this.#unsent ??= this.#flows.filter((flow) => flow.from === 0 && this.#sends(flow));
      this.#unsent = this.#unsent.filter((flow) => !this.#side.station.send(flow));
      return { left: this.#unsent.length };
    },

    /** How much each flow from here has sent, and how much of each of the other side's has arrived here. */
    flows: (): Numbers => {
      this.#check();
      const here = this.#flows.filter((flow) => flow.from !== 0 || this.#sends(flow));
      return Object.fromEntries(here.map(({ from, number, sent, arrived }) => [number, from === 0 ? sent : arrived]));
    },
  };

  #state(): Numbers {
    this.#check();
    const { machine, station } = this.#side;
    const { submitted, completed, frames } = station;
    const linked = Number(machine.driver.adapter.linkState.connected);
    return { linked, open: submitted - completed, frames, digest: this.#digest };
  }

  async #live(): Promise<void> {
    const { station } = this.#side;
    const random = this.#random;
    while (!this.#calm && this.#failure === undefined) {
      if (station.running) station.pump(12);
      station.release(false);
      await this.#clock.delay(random.below(300) * MICROSECOND);
      if (random.chance(0.15)) await random.pick(MISHAPS)(this.#side, random);
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw new Error(this.#failure);
  }
}

/** All workers are one station to the cable. */
const ADDRESS = Uint8Array.of(2, 0, 0, 0, 0, 1);

export const buildStation: BuildStation = (context) => new WorkerSide(context);
