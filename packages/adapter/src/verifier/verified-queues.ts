/*
 * The queues of an adapter whose verifier is on: the same as the others, with a watch between framework and driver. Without a
 * verifier none of this exists, and no loop asks whether it does.
 */

import { i32 as m } from '@netcx/dma/memory';
import { Packet, type RingCollection } from '@netcx/rings';
import type { ExecutionContext } from '../execution-context.ts';
import type { PacketQueueCallbacks } from '../packet-queue.ts';
import type { ReceiveQueueOptions, TransmitQueueOptions } from '../queue-options.ts';
import { ReceiveQueue } from '../receive-queue.ts';
import { TransmitQueue } from '../transmit-queue.ts';
import type { AdapterVerifier } from './adapter-verifier.ts';
import { receiveShadows, transmitShadows, type ReceiveMode } from './queue-shadows.ts';
import { QueueWatch } from './queue-watch.ts';
import { TransmitCheck } from './transmit-check.ts';

/** How much of the time that a stopping adapter waits is a driver's: after it the verifier speaks, and not the adapter. */
const DRIVERS_SHARE = 0.9;

/** A transmit queue under watch. */
class VerifiedTransmitQueue extends TransmitQueue {
  readonly #watch: QueueWatch;

  /**
   * @param options - as of any transmit queue
   * @param verifier - is told
   * @param drainLimit - nanoseconds that a stopping adapter waits
   */
  constructor(options: TransmitQueueOptions, verifier: AdapterVerifier, drainLimit: number) {
    super(options);
    const { rings } = this;
    const site = { object: options.name, queue: options.id };
    const shadows = transmitShadows(site, options.block);
    const check = new TransmitCheck(site, ...shadows);
    this.#watch = new QueueWatch(verifier, {
      site,
      rings: shadows,
      check: () => {
        check.check();
      },
      giveBack: () => {
        giveBack(rings);
      },
      keeps: false,
      wake: () => {
        this.context.wake();
      },
      drainLimit: DRIVERS_SHARE * drainLimit,
    });
  }

  override start(callbacks: PacketQueueCallbacks, context?: ExecutionContext): void {
    super.start(this.#watch.wrap(callbacks, context !== undefined), context);
  }

  override prepare(): number {
    return this.#watch.around(() => super.prepare(), true);
  }

  override finish(): number {
    return this.#watch.around(() => super.finish(), false);
  }

  override notifyMoreCompletedPacketsAvailable(): void {
    if (this.#watch.notified()) super.notifyMoreCompletedPacketsAvailable();
  }
}

/** A receive queue under watch. */
class VerifiedReceiveQueue extends ReceiveQueue {
  readonly #watch: QueueWatch;

  /**
   * @param options - as of any receive queue
   * @param verifier - is told
   * @param drainLimit - nanoseconds that a stopping adapter waits
   */
  constructor(options: ReceiveQueueOptions, verifier: AdapterVerifier, drainLimit: number) {
    super(options);
    const { rings, pool } = this;
    const mode: ReceiveMode = pool === undefined ? 'lent' : rings.dataBuffers === undefined ? 'system' : 'attached';
    const site = { object: options.name, queue: options.id };
    const shadows = receiveShadows(site, options.block, mode);
    this.#watch = new QueueWatch(verifier, {
      site,
      rings: shadows.rings,
      check: () => {
        shadows.check.check();
      },
      giveBack: () => {
        ignoreAll(rings);
        giveBack(rings);
      },
      keeps: true,
      wake: () => {
        this.context.wake();
      },
      drainLimit: DRIVERS_SHARE * drainLimit,
    });
  }

  override start(callbacks: PacketQueueCallbacks, context?: ExecutionContext): void {
    super.start(this.#watch.wrap(callbacks, context !== undefined), context);
  }

  override prepare(): number {
    return this.#watch.around(() => super.prepare(), true);
  }

  override finish(): number {
    return this.#watch.around(() => super.finish(), false);
  }

  override notifyMoreReceivedPacketsAvailable(): void {
    if (this.#watch.notified()) super.notifyMoreReceivedPacketsAvailable();
  }
}

/** What a driver that does nothing gives back: everything. */
function giveBack({ packets, fragments, dataBuffers }: RingCollection): void {
  for (const ring of [fragments, packets, dataBuffers]) ring?.complete(ring.driverCount);
}

/** No packet of those that the driver has says anything. */
function ignoreAll({ packets }: RingCollection): void {
  for (let step = 0; step < packets.driverCount; step++) {
    const p = packets.at(packets.beginIndex + step);
    m.fill(0, p, p + packets.stride);
    Packet.ignore.set(m, p, 1);
  }
}

/**
 * @param verifier - the adapter's, if it has one
 * @param drainLimit - nanoseconds that the adapter waits for its queues when it stops
 * @param options - what the queue is made of
 * @returns a transmit queue, under watch where there is a verifier
 */
export function makeTransmitQueue(
  verifier: AdapterVerifier | undefined,
  drainLimit: number,
  options: TransmitQueueOptions,
): TransmitQueue {
  return verifier === undefined ? new TransmitQueue(options) : new VerifiedTransmitQueue(options, verifier, drainLimit);
}

/**
 * @param verifier - the adapter's, if it has one
 * @param drainLimit - nanoseconds that the adapter waits for its queues when it stops
 * @param options - what the queue is made of
 * @returns a receive queue, under watch where there is a verifier
 */
export function makeReceiveQueue(
  verifier: AdapterVerifier | undefined,
  drainLimit: number,
  options: ReceiveQueueOptions,
): ReceiveQueue {
  return verifier === undefined ? new ReceiveQueue(options) : new VerifiedReceiveQueue(options, verifier, drainLimit);
}
