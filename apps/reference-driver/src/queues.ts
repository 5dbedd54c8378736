/*
 * The driver's queues, as the adapter has them made: at its start, and anew when its MTU changes. What happens to all of them
 * at once, a reset of the chip, is done here.
 */

import type { QueueInit, RxQueue, TxQueue } from '@netcx/adapter';
import type { Device } from './device.ts';
import { sumCounters, type DriverCounters } from './driver-counters.ts';
import { DriverError } from './driver-error.ts';
import type { Interrupts } from './interrupt.ts';
import { ReceiveQueue } from './rx-queue.ts';
import type { HardwareClock } from './timestamp.ts';
import { TransmitQueue } from './tx-queue.ts';

/** What queues need of the driver. */
export interface QueueHost {
  readonly device: Device;
  /** Stamps frames, where somebody wants that. */
  readonly clock: HardwareClock | undefined;
  /** The interrupts that there are now. */
  readonly interrupts: () => Interrupts | undefined;
  /** Called when a transmit queue waits for the chip. */
  readonly sleeping: () => void;
}

/** All queues of one driver, by their numbers. */
export class Queues {
  readonly #host: QueueHost;
  #transmit: TransmitQueue[] = [];
  #receive: ReceiveQueue[] = [];

  /**
   * @param host - what queues need of the driver
   */
  constructor(host: QueueHost) {
    this.#host = host;
  }

  /** The transmit queues. */
  get transmit(): readonly TransmitQueue[] {
    return this.#transmit;
  }

  /** Whether the chip has frames that are not drained. */
  get busy(): boolean {
    return this.#transmit.some(({ outstanding }) => outstanding > 0);
  }

  /** The driver starts: those of the last time are no more. */
  clear(): void {
    this.#transmit = [];
    this.#receive = [];
  }

  /**
   * @param init - makes the transmit queue that takes its number's place
   * @throws DriverError `DEVICE_GONE` before interrupts are set up
   */
  createTransmit(init: QueueInit<TxQueue>): void {
    const { device, clock, sleeping } = this.#host;
    init.create((queue) => {
      const connect = this.#connect('tx', queue);
      return (this.#transmit[queue.id] = new TransmitQueue(device, queue, { connect, clock, sleeping }));
    });
  }

  /**
   * @param init - makes the receive queue that takes its number's place
   * @throws DriverError `DEVICE_GONE` before interrupts are set up
   */
  createReceive(init: QueueInit<RxQueue>): void {
    const { device, clock } = this.#host;
    init.create((queue) => {
      const connect = this.#connect('rx', queue);
      return (this.#receive[queue.id] = new ReceiveQueue(device, queue, { connect, clock }));
    });
  }

  /** The chip will be reset. */
  halt(): void {
    for (const queue of [...this.#transmit, ...this.#receive]) queue.halt();
  }

  /** The chip was reset, and its interrupts are set up. */
  restart(): void {
    for (const queue of [...this.#transmit, ...this.#receive]) queue.restart();
  }

  /** @returns what they have counted */
  counters(): Pick<DriverCounters, 'transmit' | 'receive'> {
    return sumCounters(this.#transmit, this.#receive);
  }

  #connect(direction: 'rx' | 'tx', { id, rings }: TxQueue | RxQueue) {
    return (handler: () => void): ((armed: boolean) => void) => {
      const { device, interrupts } = this.#host;
      const connected = interrupts();
      if (connected === undefined)
        throw new DriverError('DEVICE_GONE', `${device.name}: a queue comes after interrupts are set up`);
      return connected.connectQueue({ direction, queue: id, packets: rings.packets, handler });
    };
  }
}
