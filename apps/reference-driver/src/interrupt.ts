/*
 * Interrupts: one MSI-X vector for link and other causes, and one for each receive and each transmit queue. A function
 * that has too few shares them: a vector serves a receive and a transmit queue, or several of each. A queue's own vector
 * masks itself when it fires (EIAM) and stays masked until the framework arms it again, so a queue that is being polled
 * costs no interrupt; a shared one stays on as long as one of its queues is armed. Follows nic-82576 reference §6.
 */

import { MsixTable } from '@netcx/bus';
import { IVAR_VALID, REGISTERS } from '@netcx/nic-82576/registers';
import type { Device } from './device.ts';
import { DriverError } from './driver-error.ts';

const { EIAC, EIAM, EICR, EIMC, EIMS, EITR, GPIE, ICR, IMS, IVAR, IVAR_MISC } = REGISTERS;
/** The vector of everything that is no queue's. */
const OTHER = 0;
/** Rows of IVAR; row n serves queues n and n + 8. */
const IVAR_ROWS = 8;

/** Called when a queue's vector fires. */
export type QueueHandler = () => void;

/** A vector of queues. */
interface QueueVector {
  readonly handlers: QueueHandler[];
  /** Queues that want to hear of it now. */
  armed: number;
}

/** All interrupt vectors of the device. */
export class Interrupts {
  readonly #device: Device;
  readonly #table: MsixTable;
  readonly #receiveQueues: number;
  /** Vectors for queues: numbers 1 up to this. */
  readonly #queueVectors: number;
  readonly #shared: boolean;
  readonly #vectors = new Map<number, QueueVector>();
  /** IVAR as it was written: QEMU's chip and ours read it back, but a shadow is cheaper. */
  readonly #allocation = new Int32Array(IVAR_ROWS);

  /**
   * Takes over the function's vectors; all queues' are masked until they are armed.
   *
   * @param device - the device, after reset
   * @param receiveQueues - how many receive queues there will be
   * @param transmitQueues - how many transmit queues there will be
   * @param interval - least time between two interrupts of a vector, in microseconds
   * @param linkChanged - called when the link may have changed
   * @throws DriverError `TOO_FEW_VECTORS`, or BusError; nothing is connected then
   */
  constructor(
    device: Device,
    receiveQueues: number,
    transmitQueues: number,
    interval: number,
    linkChanged: () => void,
  ) {
    this.#device = device;
    this.#table = new MsixTable(device.slot);
    const available = this.#table.size - 1;
    if (available < 1)
      throw new DriverError(
        'TOO_FEW_VECTORS',
        `${device.name}: ${String(this.#table.size)} MSI-X vector; expected 2 or more`,
      );
    this.#receiveQueues = receiveQueues;
    this.#shared = receiveQueues + transmitQueues > available;
    this.#queueVectors = this.#shared
      ? Math.min(available, Math.max(receiveQueues, transmitQueues))
      : receiveQueues + transmitQueues;
    const all = 2 ** (1 + this.#queueVectors) - 1;
    // GPIE first: QEMU's chip ignores EIAC before it.
    device.write(GPIE, GPIE.Multiple_MSIX.mask | GPIE.NSICR.mask | GPIE.EIAME.mask | GPIE.PBA.mask);
    device.write(IVAR_MISC, (OTHER | IVAR_VALID) << IVAR_MISC.OTHER.shift);
    device.write(EIAC, all);
    // Vector 0 re-arms by itself; a shared one must not fall silent for the queues that found nothing when it fired.
    device.write(EIAM, this.#shared ? 0 : all & ~(1 << OTHER));
    try {
      this.#connect(interval, linkChanged);
    } catch (error) {
      this.release();
      throw error;
    }
  }

  #connect(interval: number, linkChanged: () => void): void {
    const device = this.#device;
    this.#table.connect(OTHER, () => {
      device.read(ICR); // acknowledges every cause
      linkChanged();
      device.write(EIMS, 1 << OTHER);
    });
    for (let number = 1; number <= this.#queueVectors; number++) {
      const vector: QueueVector = { handlers: [], armed: 0 };
      this.#vectors.set(number, vector);
      device.write(EITR, EITR.INTERVAL.set(0, interval), number);
      this.#table.connect(number, () => {
        for (const handler of vector.handlers) handler();
      });
    }
    this.#table.enable();
  }

  /** Lets link changes through. */
  enableOther(): void {
    this.#device.write(IMS, IMS.LSC.mask | IMS.DRSTA.mask);
    this.#device.write(EIMS, 1 << OTHER);
  }

  /**
   * @param direction - of the queue
   * @param queue - its number
   * @param handler - called when its vector fires
   * @returns the function that arms the vector for this queue (true) or no longer does (false)
   */
  connectQueue(direction: 'rx' | 'tx', queue: number, handler: QueueHandler): (enabled: boolean) => void {
    const own = queue + (direction === 'tx' ? this.#receiveQueues : 0);
    const number = 1 + (this.#shared ? queue % this.#queueVectors : own);
    const vector = this.#vectors.get(number);
    if (vector === undefined)
      throw new RangeError(`${this.#device.name}: ${direction} queue ${String(queue)} was not announced`);
    vector.handlers.push(handler);
    this.#allocate(direction, queue, number);
    const bit = 1 << number;
    let armed = false;
    return (enabled) => {
      if (enabled !== armed) vector.armed += enabled ? 1 : -1;
      armed = enabled;
      if (!enabled) {
        if (vector.armed === 0) this.#device.write(EIMC, bit);
        return;
      }
      if (vector.armed > 1) return; // on already, and what is pending may be another queue's
      // What was raised while the queue was polled is stale: the framework looks at the ring once more after arming.
      this.#device.write(EICR, bit);
      this.#device.write(EIMS, bit);
    };
  }

  /** IVAR row n: receive queue n, transmit queue n, receive queue n + 8, transmit queue n + 8, a byte each. */
  #allocate(direction: 'rx' | 'tx', queue: number, vector: number): void {
    const row = queue % IVAR_ROWS;
    const shift = (queue < IVAR_ROWS ? 0 : 16) + (direction === 'rx' ? 0 : 8);
    const entries = (this.#allocation[row]! & ~(0xff << shift)) | ((vector | IVAR_VALID) << shift);
    this.#allocation[row] = entries;
    this.#device.write(IVAR, entries >>> 0, row);
  }

  /** Gives the vectors back. */
  release(): void {
    this.#device.maskInterrupts();
    this.#table.release();
  }
}
