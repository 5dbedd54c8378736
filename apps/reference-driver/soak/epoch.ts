/*
 * Owns: one machine from its first start to its end: two stations on a bad cable, four streams each way at once, and one mishap
 * after the other; all in virtual time, all from one seed.
 * Invariant: what was taken (host pages, the devices' memory) is back when it has ended, and every byte has arrived.
 */

import { HostBridge } from '@netcx/bus';
import { MICROSECOND, MILLISECOND, Random, SECOND, VirtualClock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { Link, parseImpairments } from '@netcx/hardware';
import { wireBytesTaken } from '@netcx/hardware/wire';
import { buildStation, type MachineOptions, type Station } from '@netcx/reference-driver';
import { Endpoint } from '../test/endpoint.ts';
import { deliver, Flow } from './flow.ts';

const FLOWS = 4;
const ROUNDS = 16;
const PAUSE = 50 * MICROSECOND;
/** How long a stream may stand still while nothing is wrong. */
const STALL = 3 * SECOND;
const MTUS = [576, 1500, 4000, 9000];

/** What an epoch has come to. */
export interface EpochReport {
  readonly bytes: number;
  readonly repeats: number;
  readonly mishaps: readonly string[];
}

/** One machine and its traffic. */
export class Epoch {
  readonly #random: Random;
  readonly #clock: VirtualClock;
  readonly #link: Link;
  readonly #stations: readonly Station[];
  readonly #endpoints: readonly Endpoint[];
  readonly #flows: readonly Flow[];
  readonly #mishaps: string[] = [];
  readonly #before = { pages: hostPages.bytesTaken, wire: wireBytesTaken() };
  #mtu = 1500;
  #ending = false;
  #failure: string | undefined;

  constructor(seed: number) {
    const random = new Random(seed);
    this.#random = random;
    this.#clock = new VirtualClock({ seed });
    const impairments = random.below(3) === 0 ? 'loss=0.2%,reorder=0.2%,duplicate=0.2%' : 'loss=0%';
    this.#link = new Link(this.#clock, { speed: 1000, impairments: parseImpairments(impairments) });
    const pick = <T>(...choices: readonly T[]): T => choices[random.below(choices.length)]!;
    const options: MachineOptions = {
      maximumMtu: 9000,
      queues: pick(1, 2, 4),
      ringSize: pick(64, 256, 1024),
      interruptInterval: pick<number | 'adaptive'>(0, 20, 200, 'adaptive'),
      interrupts: pick('msix', 'intx'),
      iommu: random.below(3) === 0,
      verifier: random.below(4) === 0,
      promiscuous: true,
    };
    const { queues, ringSize, interruptInterval, interrupts, iommu, verifier } = options;
    this.#mishaps.push(
      JSON.stringify({ impairments, queues, ringSize, interruptInterval, interrupts, iommu, verifier }),
    );
    const bridge = new HostBridge(this.#clock);
    const ends = [this.#link.a, this.#link.b];
    this.#stations = ends.map((end, index) =>
      buildStation(this.#clock, bridge, `nic ${index}`, Uint8Array.of(2, 0, 0, 0, 0, index + 1), end, options),
    );
    this.#endpoints = this.#stations.map(({ driver }) => new Endpoint(driver));
    this.#flows = Array.from({ length: FLOWS }, (_, index) => new Flow(index, this.#endpoints[index >> 1]!, random));
  }

  /** @throws Error that says what went wrong, when something did */
  async run(): Promise<EpochReport> {
    const clock = this.#clock;
    await clock.drive(Promise.all(this.#stations.map(({ driver }) => driver.start())));
    const pump = clock.alarm(() => {
      for (const flow of this.#flows) flow.pump(this.#ending);
      this.#deliverAll();
      pump.after(PAUSE);
    });
    pump.soon();
    for (let round = 0; round < ROUNDS; round++) {
      await this.#mishap();
      this.#advance((1 + this.#random.below(30)) * MILLISECOND);
      this.#compare();
    }
    await this.#recover();
    pump.cancel();
    await clock.drive(Promise.all(this.#stations.map(({ driver }) => driver.stop())));
    for (const { nic } of this.#stations) nic.close();
    this.#link.close();
    const [pages, wire] = [hostPages.bytesTaken - this.#before.pages, wireBytesTaken() - this.#before.wire];
    if (pages !== 0 || wire !== 0)
      throw this.#error(`${pages} bytes of host pages and ${wire} of the wire's are not back`);
    const sum = (of: (flow: Flow) => number): number => this.#flows.reduce((total, flow) => total + of(flow), 0);
    return { bytes: sum(({ arrived }) => arrived), repeats: sum(({ repeats }) => repeats), mishaps: this.#mishaps };
  }

  /** What has happened so far, one word each. */
  get story(): string {
    return this.#mishaps.join(' ');
  }

  async #mishap(): Promise<void> {
    const random = this.#random;
    const clock = this.#clock;
    const drivers = this.#stations.map(({ driver }) => driver);
    const one = random.below(2);
    const driver = drivers[one]!;
    const { adapter } = driver;
    const tell = (what: string): void => void this.#mishaps.push(`${what}@${(clock.now() / MILLISECOND).toFixed(3)}`);
    switch (random.below(6)) {
      case 0:
        tell('flap');
        this.#link.plug(false);
        this.#advance(random.below(20) * MILLISECOND);
        this.#link.plug(true);
        return;
      case 1:
        tell(`reset:${one}`);
        return clock.drive(driver.reset());
      case 2: {
        tell(`restart:${one}`);
        await clock.drive(driver.stop());
        this.#advance(random.below(10) * MILLISECOND);
        await clock.drive(driver.start());
        // A start declares the MTU that the driver was built with; both ends of a cable need the same.
        return clock.drive(adapter.changeLinkLayerMtuSize(this.#mtu));
      }
      case 3: {
        const mtu = MTUS[random.below(MTUS.length)]!;
        tell(`mtu:${mtu}`);
        this.#mtu = mtu;
        await clock.drive(Promise.all(drivers.map((each) => each.adapter.changeLinkLayerMtuSize(mtu))));
        return;
      }
      case 4: {
        const on = (): boolean => random.below(2) === 0;
        const checksums = { ipv4: on(), tcpIPv4: on(), tcpIPv6: on() };
        tell(`offloads:${one}`);
        return clock.drive(
          adapter.offloads.enable({
            txChecksum: checksums,
            rxChecksum: { ipv4: on(), tcpIPv4: on(), tcpIPv6: on() },
            gso: { tcpIPv4: checksums.ipv4 && checksums.tcpIPv4 && on(), tcpIPv6: checksums.tcpIPv6 && on() },
          }),
        );
      }
      default:
        tell('both-reset-in-flap');
        this.#link.plug(false);
        await clock.drive(Promise.all(drivers.map((each) => each.reset())));
        this.#link.plug(true);
    }
  }

  /** Nothing happens any more: everything arrives, or something stands still. */
  async #recover(): Promise<void> {
    const begin = this.#clock.now();
    const progress = this.#flows.map((flow) => ({ flow, arrived: flow.arrived, at: begin }));
    for (;;) {
      this.#advance(10 * MILLISECOND);
      const now = this.#clock.now();
      this.#ending ||= now - begin > 50 * MILLISECOND;
      if (this.#ending && this.#flows.every((flow) => flow.settled)) break;
      for (const last of progress) {
        if (last.flow.arrived !== last.arrived || last.flow.settled) [last.arrived, last.at] = [last.flow.arrived, now];
        if (now - last.at > STALL) throw this.#error(`stalled: ${this.#states()}`);
      }
      await Promise.resolve();
    }
    this.#compare();
  }

  #advance(nanoseconds: number): void {
    this.#clock.advance(nanoseconds);
    if (this.#failure !== undefined) throw this.#error(this.#failure);
  }

  #deliverAll(): void {
    for (const endpoint of this.#endpoints) {
      for (const { bytes } of endpoint.arrivals) this.#failure ??= deliver(bytes, this.#flows);
      endpoint.arrivals.length = 0;
      endpoint.metadata.length = 0;
      endpoint.linkChanges.length = 0;
      endpoint.sentTimes.length = 0;
    }
  }

  #compare(): void {
    for (const [index, flow] of this.#flows.entries()) {
      const [there, here] = flow.digests();
      if (there !== here) throw this.#error(`stream ${index} of ${flow.arrived} bytes: SHA-256 ${there}, not ${here}`);
    }
  }

  #states(): string {
    const stations = this.#stations.map(({ driver }) => ({
      connected: driver.adapter.linkState.connected,
      ...driver.counters(),
    }));
    return JSON.stringify({ flows: this.#flows.map(({ arrived, settled }) => ({ arrived, settled })), stations });
  }

  #error(what: string): Error {
    return new Error(`${what}\n  after ${this.story}`);
  }
}
