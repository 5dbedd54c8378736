/*
 * Interrupts: one MSI-X vector for link and other causes, then one for each receive and each transmit queue, or one for
 * each pair when the function has too few. A queue's vector masks itself when it fires (EIAM) and stays masked until the
 * framework arms it again, so a queue that is being polled costs no interrupt. Follows nic-82576 reference §6.
 */

import { MsixTable } from '@netcx/bus';
import { IVAR_VALID, REGISTERS } from '@netcx/nic-82576/registers';
import type { Device } from './device.ts';

const { EIAC, EIAM, EICR, EIMC, EIMS, EITR, GPIE, ICR, IMS, IVAR, IVAR_MISC } = REGISTERS;
/** The vector of everything that is no queue's. */
const OTHER = 0;
/** Rows of IVAR; row n serves queues n and n + 8. */
const IVAR_ROWS = 8;

/** Called when a queue's vector fires. */
export type QueueHandler = () => void;

/** All interrupt vectors of the device. */
export class Interrupts {
  readonly #device: Device;
  readonly #table: MsixTable;
  readonly #paired: boolean;
  readonly #receiveQueues: number;
  readonly #handlers = new Map<number, QueueHandler[]>();
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
   */
  constructor(device: Device, receiveQueues: number, transmitQueues: number, interval: number, linkChanged: () => void) {
    this.#device = device;
    this.#table = new MsixTable(device.slot);
    this.#receiveQueues = receiveQueues;
    this.#paired = 1 + receiveQueues + transmitQueues > this.#table.size;
    const queueVectors = this.#paired ? Math.max(receiveQueues, transmitQueues) : receiveQueues + transmitQueues;
    const mask = 2 ** (1 + queueVectors) - 1;
    // GPIE first: QEMU's chip ignores EIAC before it.
    device.write(GPIE, GPIE.Multiple_MSIX.mask | GPIE.NSICR.mask | GPIE.EIAME.mask | GPIE.PBA.mask);
    device.write(IVAR_MISC, (OTHER | IVAR_VALID) << IVAR_MISC.OTHER.shift);
    device.write(EIAC, mask);
    device.write(EIAM, mask & ~1); // vector 0 re-arms by itself
    this.#table.connect(OTHER, () => {
      device.read(ICR); // acknowledges every cause
      linkChanged();
      device.write(EIMS, 1);
    });
    for (let vector = 1; vector <= queueVectors; vector++) {
      device.write(EITR, EITR.INTERVAL.set(0, interval), vector);
      this.#table.connect(vector, () => {
        for (const handler of this.#handlers.get(vector) ?? []) handler();
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
   * @returns the function that arms the vector (true) or masks it (false)
   */
  connectQueue(direction: 'rx' | 'tx', queue: number, handler: QueueHandler): (enabled: boolean) => void {
    const vector = 1 + queue + (direction === 'tx' && !this.#paired ? this.#receiveQueues : 0);
    this.#handlers.set(vector, [...(this.#handlers.get(vector) ?? []), handler]);
    this.#allocate(direction, queue, vector);
    const bit = 1 << vector;
    const device = this.#device;
    return (enabled) => {
      if (!enabled) {
        device.write(EIMC, bit);
        return;
      }
      // What was raised while the queue was polled is stale: the framework looks at the ring once more after arming.
      device.write(EICR, bit);
      device.write(EIMS, bit);
    };
  }

  /** IVAR row n: receive queue n, transmit queue n, receive queue n + 8, transmit queue n + 8, a byte each. */
  #allocate(direction: 'rx' | 'tx', queue: number, vector: number): void {
    const row = queue % IVAR_ROWS;
    const shift = (queue < IVAR_ROWS ? 0 : 16) + (direction === 'rx' ? 0 : 8);
    this.#allocation[row] = (this.#allocation[row]! & ~(0xff << shift)) | ((vector | IVAR_VALID) << shift);
    this.#device.write(IVAR, this.#allocation[row]! >>> 0, row);
  }

  /** Gives the vectors back. */
  release(): void {
    this.#device.maskInterrupts();
    this.#table.release();
  }
}
