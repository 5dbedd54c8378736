/*
 * Owns: one simulated bridge from its seed to its end: two drivers on two NIC models, and a protocol above them that looks at no frame.
 * Bursts and streams, cables that take nothing or are out, devices that hang, are reset, stop and start. What must hold, whatever
 * happens: what leaves on one side is what came on the other, no frame twice and all in order; every buffer is back; and once nothing
 * is wrong any more, frames get across.
 * Invariant: a seed decides all of it.
 */

import { HostBridge } from '@netcx/bus';
import { MICROSECOND, MILLISECOND, Random, VirtualClock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { i32 as m } from '@netcx/dma/memory';
import { FrameDescriptor, type Protocol, type ReceiveEdge, type TransmitEdge } from '@netcx/adapter/edge';
import type { InjectedFault } from '@netcx/nic-82576';
import { buildStation, type Station } from '../src/machine.ts';
import { FarEnd } from './far-end.ts';

const ROUNDS = 60;
/** Frames that have to get across in the end. */
const PROOF = 20;
type Which = 0 | 1;

/** What a bridge has come to. */
export interface BridgeReport {
  /** Frames that got across. */
  readonly frames: number;
  /** Turns of the clock at which buffers were on their way that come home without going by the pool. */
  readonly lent: number;
  /** What happened, one word each. */
  readonly story: string;
}

/** Sends whatever comes to one driver out by the other. */
class Bridge implements Protocol {
  /** Whether frames go on; while they do not, they are shown here and dropped. */
  on = true;
  readonly #other: Station;

  constructor(other: Station) {
    this.#other = other;
  }

  redirect({ id }: ReceiveEdge): TransmitEdge | undefined {
    return this.on ? this.#other.driver.adapter.transmitQueues[id]?.edge : undefined;
  }

  receive(edge: ReceiveEdge, count: number): void {
    const { ring } = edge;
    for (let index = 0; index < count; index++)
      edge.release(FrameDescriptor.buffer.get(m, ring.at(ring.beginIndex + index)));
    edge.complete(count);
  }
}

/** A simulated bridge. */
export class BridgeSimulation {
  readonly #seed: number;
  readonly #random: Random;
  readonly #clock: VirtualClock;
  readonly #ends = [new FarEnd(0), new FarEnd(1)] as const;
  readonly #stations: readonly [Station, Station];
  readonly #bridges: readonly [Bridge, Bridge];
  readonly #faults: InjectedFault[] = [];
  readonly #story: string[] = [];
  #lent = 0;

  /**
   * @param seed - decides everything
   */
  constructor(seed: number) {
    const random = new Random(seed, 'bridge');
    const clock = new VirtualClock({ seed });
    const host = new HostBridge(clock);
    const ringSize = random.pick([16, 64, 128, 256]);
    const reach = { iommu: random.chance(0.15), verifier: random.chance(0.1) };
    this.#seed = seed;
    this.#random = random;
    this.#clock = clock;
    this.#story.push(JSON.stringify({ ringSize, ...reach }));
    const stationOf = (which: Which): Station =>
      buildStation(clock, host, `nic ${which}`, Uint8Array.of(2, 0, 0, 0, 0, which + 1), this.#ends[which], {
        ...{ ringSize, ...reach, promiscuous: true, hangLimit: 50 },
        interruptInterval: random.pick([0, 0, 20]),
        flowControl: random.pick(['both', 'off'] as const),
        checksumOffload: random.chance(0.3),
      });
    this.#stations = [stationOf(0), stationOf(1)];
    this.#bridges = [new Bridge(this.#stations[1]), new Bridge(this.#stations[0])];
  }

  /**
   * @returns what it has come to
   * @throws Error that names the seed, what happened, and what is not as it must be
   */
  async run(): Promise<BridgeReport> {
    try {
      return await this.#run();
    } catch (error) {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      throw new Error(`bridge ${this.#seed}: ${what}\n  after ${this.#story.join(' ')}`, { cause: error });
    } finally {
      for (const { nic } of this.#stations) nic.close();
      for (const end of this.#ends) end.free();
    }
  }

  async #run(): Promise<BridgeReport> {
    const before = hostPages.bytesTaken;
    for (const which of [0, 1] as const) {
      const { driver } = this.#stations[which];
      driver.adapter.attachProtocol(this.#bridges[which]);
      await this.#clock.drive(driver.start());
    }
    this.#clock.advance(10 * MILLISECOND);
    for (let round = 0; round < ROUNDS; round++) {
      const word = await this.#act(this.#random.pick([0, 1] as const));
      if (word !== undefined) this.#story.push(word);
      this.#pass(MILLISECOND);
    }
    await this.#mend();
    for (const which of [0, 1] as const) this.#prove(which);
    for (const { driver } of this.#stations) await this.#clock.drive(driver.stop());
    this.#clock.advance(MILLISECOND);
    const frames = this.#ends.reduce((sum, { arrived }) => sum + arrived.length, 0);
    const left = hostPages.bytesTaken - before;
    if (left !== 0) throw new Error(`${left} bytes of host pages are not back`);
    return { frames, lent: this.#lent, story: this.#story.join(' ') };
  }

  /** Something happens; says what, where it is no more than frames. */
  async #act(which: Which): Promise<string | undefined> {
    const random = this.#random;
    const end = this.#ends[which];
    const { driver, nic } = this.#stations[which];
    const act = random.below(30);
    if (act === 0) {
      end.stuck = true;
      return `stuck:${which}`;
    }
    if (act === 1) {
      end.change(!end.up);
      return `cable:${which}`;
    }
    if (act === 2) {
      await this.#clock.drive(driver.reset());
      return `reset:${which}`;
    }
    if (act === 3) {
      await this.#restart(which);
      return `restart:${which}`;
    }
    if (act === 4) {
      const direction = random.pick(['rx', 'tx'] as const);
      this.#faults.push(nic.faults.inject({ kind: 'hungQueue', direction, queue: 0 }));
      return `hung:${which}`;
    }
    if (act === 5) {
      this.#bridges[which].on = !this.#bridges[which].on;
      return `bridge:${which}`;
    }
    if (act < 8) end.release();
    else if (act < 10) for (const one of this.#faults.splice(0)) one.lift();
    else if (act < 20) this.#stream(end);
    else this.#bursts(end);
    return undefined;
  }

  #bursts(end: FarEnd): void {
    for (let left = this.#random.below(8); left > 0; left--) {
      end.send(1 + this.#random.below(48));
      this.#pass(30 * MICROSECOND);
    }
  }

  /** A burst for each turn of the clock: queues are never through, and only then do buffers come home. */
  #stream(end: FarEnd): void {
    let left = this.#random.below(60);
    const size = 16 + this.#random.below(33);
    const alarm = this.#clock.alarm(() => {
      end.send(size);
      this.#look();
      if (--left > 0) alarm.soon();
    });
    alarm.soon();
  }

  /** Stop and start, while nothing goes on: a queue may not go whose buffers are on their way elsewhere. */
  async #restart(which: Which): Promise<void> {
    const { driver } = this.#stations[which];
    const on = this.#bridges.map((bridge) => bridge.on);
    for (const bridge of this.#bridges) bridge.on = false;
    await this.#mend();
    await this.#clock.drive(driver.stop());
    this.#pass(MILLISECOND); // the other one goes on
    await this.#clock.drive(driver.start());
    for (const index of [0, 1] as const) this.#bridges[index].on = on[index]!;
  }

  /** Nothing is wrong any more, and what was on its way has left. */
  async #mend(): Promise<void> {
    for (const end of this.#ends) {
      end.release();
      if (!end.up) end.change(true);
    }
    const broken = this.#faults.length > 0;
    for (const one of this.#faults.splice(0)) one.lift();
    // A device that hung may have forgotten something: whoever repairs it resets it.
    if (broken) for (const { driver } of this.#stations) await this.#clock.drive(driver.reset());
    this.#clock.advance(30 * MILLISECOND);
  }

  /** Frames get across, the last of those that came, and all that did were in order. */
  #prove(which: Which): void {
    this.#bridges[which].on = true;
    const end = this.#ends[which];
    const { arrived } = this.#ends[which === 0 ? 1 : 0];
    const { sent } = end;
    end.send(PROOF);
    this.#clock.advance(5 * MILLISECOND);
    const late = arrived.slice(-PROOF);
    if (late.length < PROOF || late.some((number, index) => number !== sent + index))
      throw new Error(`from ${which} nothing gets across: ${sent + PROOF} sent, the last to arrive ${late.join(' ')}`);
    const wrong = arrived.findIndex((number, at) => at > 0 && number <= arrived[at - 1]!);
    if (wrong > 0) throw new Error(`frame ${arrived[wrong]!} came behind ${arrived[wrong - 1]!}`);
  }

  /** Looks whether buffers are on their way that come home. */
  #look(): void {
    for (const { driver } of this.#stations) {
      const { away = 0 } = driver.adapter.receiveQueues[0]?.translator.outlet?.recycler ?? {};
      if (away > 0) this.#lent++;
    }
  }

  #pass(most: number): void {
    this.#clock.advance(this.#random.below(most));
  }
}
