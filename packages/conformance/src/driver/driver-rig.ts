/*
 * The rig that a driver is put into for one case: the machine, the protocol above the adapter, the far end of the cable,
 * and an account of each direction. Whatever a case does, the rig demands at its end that nothing is lost, doubled,
 * late or altered, that every buffer is back, that no DMA went astray, and that the driver stops.
 */

import { ok, strictEqual } from 'node:assert/strict';
import type { NetAdapter } from '@netcx/adapter';
import type { Protocol } from '@netcx/adapter/edge';
import { MICROSECOND, MILLISECOND, Random, SECOND } from '@netcx/clock';
import { hostPages, Iommu } from '@netcx/dma';
import { FRAME_BAD_FCS } from '@netcx/hardware/wire';
import type { ConformanceContext } from '../conformance-case.ts';
import { expectEqual } from '../expectations.ts';
import { FarEndPeer } from '../far-end.ts';
import { FrameLedger } from '../frame-ledger.ts';
import { FrameMaker, HEADER_BYTES, SHORTEST_FRAME } from '../frames.ts';
import { Peer } from '../peer.ts';
import { wait, waitFor, type VirtualTime } from '../virtual-time.ts';
import type { DriverUnderTest, SleepUnderTest } from './driver-under-test.ts';
import { Receiver } from './receiver.ts';
import { Sender } from './sender.ts';

/** How long a link may take to come up, or to be missed. */
const LINK_PATIENCE = { limit: 30 * SECOND, step: MILLISECOND };
/** How much longer than what a driver can send the frames are that it must refuse. */
const BEYOND = 4096;

/** What a machine held before a driver started, or before it was built. */
interface Holdings {
  /** Bytes of host memory. */
  readonly bytes: number;
  /** Pages that an IOMMU mapped. */
  readonly mappedPages: number;
}

/** A driver in a machine, with both ends of it in the hands of a case. */
export class DriverRig {
  /** Seed and effort. */
  readonly context: ConformanceContext;
  /** What the case chooses at random. */
  readonly random: Random;
  readonly clock: VirtualTime;
  readonly adapter: NetAdapter;
  /** The far end of the cable. */
  readonly peer: Peer | FarEndPeer;
  /** Frames from the protocol to the wire. */
  readonly onWire: FrameLedger = new FrameLedger('on the wire');
  /** Frames from the wire to the protocol. */
  readonly atProtocol: FrameLedger = new FrameLedger('at the protocol');
  /** Makes frames, each different from all before. */
  readonly frames: FrameMaker;
  /** The receiving half of the protocol. */
  readonly receiver: Receiver;
  /** What the protocol was told of the link. */
  readonly linkChanges: boolean[] = [];
  readonly #driver: DriverUnderTest;
  #sender: Sender | undefined;
  #before: Holdings | undefined;
  #stopping: Promise<void> | undefined;
  #state: 'stopped' | 'running' | 'stuck' = 'stopped';

  /**
   * @param driver - built and not started
   * @param context - seed and effort
   */
  constructor(driver: DriverUnderTest, context: ConformanceContext) {
    this.#driver = driver;
    this.context = context;
    this.random = new Random(context.seed, 'driver case');
    this.clock = driver.clock;
    this.adapter = driver.adapter;
    this.frames = new FrameMaker(context.seed);
    const came = (bytes: Uint8Array, status: number): void => {
      if (status === FRAME_BAD_FCS) this.onWire.problem('a frame left with a wrong check sequence');
      this.onWire.came(bytes);
    };
    this.peer = 'send' in driver.peer ? new FarEndPeer(driver.peer, came) : new Peer(driver.peer, came);
    this.receiver = new Receiver(
      (bytes) => this.atProtocol.came(bytes),
      (what) => this.atProtocol.problem(what),
    );
    this.adapter.attachProtocol(this.#protocol());
  }

  #protocol(): Protocol {
    const called = (what: string): void => {
      if (this.#state === 'stopped') this.atProtocol.problem(`${what} was called though the driver had stopped`);
    };
    return {
      receive: (edge, count) => {
        called('receive');
        this.receiver.receive(edge, count);
      },
      sent: (edge, count) => {
        called('sent');
        this.#sender?.sent(edge, count);
      },
      linkChanged: (up) => this.linkChanges.push(up),
    };
  }

  /** The sending half of the protocol; there once the driver was started. */
  get sender(): Sender {
    ok(this.#sender, 'the case sends before the driver was started');
    return this.#sender;
  }

  /** Bytes of the longest frame, without frame check sequence. */
  get longest(): number {
    return this.adapter.mtu + HEADER_BYTES;
  }

  /**
   * @param most - longest that it may be; as long as a frame can be when left out
   * @returns a random length of a frame that the driver can send and that needs no padding
   */
  randomLength(most: number = this.longest): number {
    return this.random.between(SHORTEST_FRAME, Math.max(SHORTEST_FRAME, Math.min(most, this.longest)));
  }

  /** Elements of the smallest ring between driver and framework. */
  get ringSize(): number {
    const queues = [...this.adapter.transmitQueues, ...this.adapter.receiveQueues];
    return Math.min(...queues.map(({ rings }) => Math.min(rings.packets.elements, rings.fragments.elements)));
  }

  /** Accesses to memory that the IOMMU, or the end of memory, refused. */
  get faults(): number {
    return this.#driver.domain?.faultCount ?? 0;
  }

  /** What the machine holds now, without what the rig itself took. */
  get holdings(): Holdings {
    const { domain } = this.#driver;
    return {
      bytes: hostPages.bytesTaken - (this.#sender?.bytes ?? 0),
      mappedPages: domain instanceof Iommu ? domain.mappedPages : 0,
    };
  }

  /** Starts the driver and waits until its link is up. */
  async start(): Promise<void> {
    await this.startWithoutLink();
    waitFor(this.clock, 'the link comes up after start', () => this.adapter.linkState.connected, LINK_PATIENCE);
  }

  /** Starts the driver, whatever its link does. */
  async startWithoutLink(): Promise<void> {
    this.#before = this.holdings;
    this.#state = 'running';
    await this.clock.drive(this.#driver.start()).catch((error: unknown) => {
      this.#state = 'stopped';
      throw error;
    });
    ok(this.adapter.transmitQueues.length > 0, 'the adapter has a transmit queue once the driver has started');
    ok(this.adapter.receiveQueues.length > 0, 'the adapter has a receive queue once the driver has started');
    this.#sender ??= new Sender(this.adapter, this.longest + BEYOND, (what) => this.onWire.problem(what));
  }

  /** Tells the driver to stop, in whatever moment of the machine's time; `stop` sees it through. */
  beginStop(): void {
    this.#state = 'stuck';
    this.#stopping = this.#driver.stop();
    this.#stopping.catch(() => undefined); // `stop` has it
  }

  /** Stops the driver: everything that was submitted has completed then. */
  async stop(): Promise<void> {
    this.#state = 'stuck';
    const stopping = this.#stopping ?? this.#driver.stop();
    this.#stopping = undefined;
    await this.clock.drive(stopping);
    this.#state = 'stopped';
    const pending = this.#sender?.pending ?? 0;
    strictEqual(pending, 0, `${pending} frames have not completed though the driver has stopped`);
  }

  /** How the NIC sleeps, if it does. */
  get power(): SleepUnderTest | undefined {
    return this.#driver.power;
  }

  /** Lets the NIC sleep, which stops the driver. */
  async sleep(): Promise<void> {
    this.#state = 'stuck';
    await this.clock.drive(this.#driver.power?.sleep() ?? this.#driver.stop());
    this.#state = 'stopped';
    this.verifyHoldings();
  }

  /** Ends the case where the driver has no reset of its NIC under its adapter. */
  requireReset(): void {
    if (this.#driver.reset === undefined) this.context.skip('the driver has no reset under its adapter');
  }

  /** Resets the NIC under its adapter. */
  async reset(): Promise<void> {
    await this.clock.drive(this.#driver.reset?.() ?? Promise.resolve());
  }

  /** Ends the case where the NIC cannot be pulled out. */
  requireRemoval(): void {
    if (this.#driver.remove === undefined) this.context.skip('the machine has no way to pull the NIC out');
  }

  /** Pulls the NIC out without warning; ends the case where that cannot be. */
  remove(): void {
    this.requireRemoval();
    this.#driver.remove?.();
  }

  /** What `start` took, `stop` has given back. */
  verifyHoldings(): void {
    expectEqual(this.holdings, this.#before, 'host memory and mappings after stop are those before start');
  }

  /** Waits until every frame that has to come has come, and every frame that was submitted has completed. */
  settle(): void {
    const { sender } = this;
    sender.flush();
    wait(
      this.clock,
      () => this.onWire.pending <= 0 && this.atProtocol.pending <= 0 && sender.pending === 0 && this.peer.waiting === 0,
    );
    // What should not come at all has time to come.
    this.clock.advance(100 * MICROSECOND);
  }

  /** Nothing is lost, doubled, late or altered, every buffer is where it belongs, and no DMA went astray. */
  verify(): void {
    // First what may be the cause of the others.
    strictEqual(this.faults, 0, `the NIC reached for memory that it may not reach, ${this.faults} times`);
    this.onWire.verify();
    this.atProtocol.verify();
    const pending = this.#sender?.pending ?? 0;
    strictEqual(pending, 0, `${pending} frames were sent and have not completed`);
    if (this.#state !== 'running') return;
    for (const [pool, { count, free, nic, protocol, transmit }] of Object.entries(this.adapter.statistics().buffers)) {
      const lost = count - free - nic;
      strictEqual(lost, 0, `${pool}: ${lost} buffers are not back (protocol ${protocol}, transmit ${transmit})`);
    }
  }

  /**
   * The end of a case that went well.
   *
   * @throws AssertionError when something was left undone
   */
  async finish(): Promise<void> {
    if (this.#state === 'running') {
      this.settle();
      this.verify();
      await this.stop();
    }
    this.verify();
  }

  /** Takes the machine apart, whatever became of the case. */
  async dispose(): Promise<void> {
    this.receiver.letGo();
    // After a failure the machine may be beyond stopping; what made it so was reported.
    if (this.#state === 'running') await this.stop().catch(() => undefined);
    this.adapter.detachProtocol();
    await this.#driver.dispose?.();
    this.#sender?.close();
  }
}
