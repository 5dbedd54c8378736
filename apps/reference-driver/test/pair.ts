/*
 * Two stations with a cable, for tests: like the machine of the app, but with every part in the test's hands. What arrives
 * at either end is kept with what the NIC said of it.
 */

import { HostBridge, type AttachedSlot, type PciSlot } from '@netcx/bus';
import { MICROSECOND, MILLISECOND, VirtualClock } from '@netcx/clock';
import { IdentityMap, Iommu, type DmaDomain } from '@netcx/dma';
import { Link, type LinkEnd, type LinkOptions } from '@netcx/hardware';
import { Nic82576, type Nic82576Options } from '@netcx/nic-82576';
import { ReferenceDriver, type DriverOptions } from '../src/index.ts';
import { Endpoint, type Wishes } from './endpoint.ts';

export type { Wishes } from './endpoint.ts';

export interface PairOptions extends DriverOptions {
  readonly seed?: number;
  readonly iommu?: boolean;
  /** What station b is told in place of what a is told. */
  readonly far?: DriverOptions;
  /** The cable. */
  readonly cable?: LinkOptions;
  /** Changes to both NICs. */
  readonly nic?: Partial<Nic82576Options>;
  /** What stands between a NIC and the cable. */
  readonly end?: (end: LinkEnd, name: 'a' | 'b') => LinkEnd;
  /** What stands between a driver and its slot. */
  readonly bus?: (slot: AttachedSlot, clock: VirtualClock) => PciSlot;
}

export class TestStation extends Endpoint {
  readonly nic: Nic82576;
  readonly slot: AttachedSlot;
  readonly domain: DmaDomain;

  constructor(clock: VirtualClock, bridge: HostBridge, name: 'a' | 'b', link: LinkEnd, options: PairOptions) {
    const { nic: nicOptions, iommu = false, end, bus, seed: _, cable: __, far, ...near } = options;
    const driverOptions = name === 'b' ? { ...near, ...far } : near;
    const macAddress = Uint8Array.of(2, 0, 0, 0, 0, name === 'a' ? 1 : 2);
    const domain = iommu ? new Iommu() : new IdentityMap();
    const nic = new Nic82576({ clock, macAddress, link: end?.(link, name) ?? link, name, ...nicOptions });
    const slot = bridge.attach(nic, { name, dma: domain });
    super(new ReferenceDriver(bus?.(slot, clock) ?? slot, clock, { promiscuous: true, name, ...driverOptions }));
    this.nic = nic;
    this.slot = slot;
    this.domain = domain;
  }
}

/** Two stations and their cable. */
export class Pair {
  readonly clock: VirtualClock;
  readonly link: Link;
  readonly a: TestStation;
  readonly b: TestStation;

  constructor(options: PairOptions = {}) {
    this.clock = new VirtualClock({ seed: options.seed ?? 1 });
    this.link = new Link(this.clock, options.cable);
    const bridge = new HostBridge(this.clock);
    this.a = new TestStation(this.clock, bridge, 'a', this.link.a, options);
    this.b = new TestStation(this.clock, bridge, 'b', this.link.b, options);
  }

  static async started(options: PairOptions = {}): Promise<Pair> {
    const pair = new Pair(options);
    await pair.start();
    return pair;
  }

  async start(): Promise<void> {
    const { a, b } = this;
    await this.clock.drive(Promise.all([a.driver.start(), b.driver.start()]));
    this.awaitLink(true);
  }

  awaitLink(up: boolean): void {
    const { a, b } = this;
    for (
      let wait = 0;
      a.driver.adapter.linkState.connected !== up || b.driver.adapter.linkState.connected !== up;
      wait++
    ) {
      if (wait === 1000) throw new Error(`the link did not go ${up ? 'up' : 'down'}`);
      this.clock.advance(MILLISECOND);
    }
  }

  /** Sends from one station and waits whenever there is no room. */
  send(from: TestStation, bytes: Uint8Array, wishes: Wishes = {}): void {
    for (let wait = 0; !from.trySend(bytes, wishes); wait++) {
      if (wait === 100_000) throw new Error('no room comes');
      this.clock.advance(10 * MICROSECOND);
    }
  }

  async stop(): Promise<void> {
    const { a, b, clock } = this;
    await clock.drive(Promise.all([a.driver.stop(), b.driver.stop()]));
  }

  async close(): Promise<void> {
    await this.stop();
    this.a.nic.close();
    this.b.nic.close();
    this.link.close();
  }
}

/** A frame for b, of so many bytes, each told by the number. */
export function frame(length: number, number = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = (number * 31 + index * 7) & 255;
  bytes.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5].slice(0, length));
  if (length >= 18) new DataView(bytes.buffer).setUint32(14, number);
  return bytes;
}

/** The number of the first frame that is not as it must be, with what is there; `undefined` when all are. */
export function firstWrong(arrived: readonly Uint8Array[], expected: readonly Uint8Array[]): object | undefined {
  for (let index = 0; index < Math.max(arrived.length, expected.length); index++) {
    const [got, wanted] = [arrived[index], expected[index]];
    if (got === undefined || wanted === undefined || Buffer.compare(got, wanted) !== 0) return { index, got, wanted };
  }
  return undefined;
}

/** What a frame arrives as: padded to 60 bytes. */
export function arriving(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.max(60, bytes.length));
  padded.set(bytes);
  return padded;
}
