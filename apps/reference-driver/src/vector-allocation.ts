/*
 * Which queue interrupts by which vector: IVAR. Row n serves receive queue n, transmit queue n, receive queue n + 8 and
 * transmit queue n + 8, a byte each (nic-82576 reference §6). A chip that interrupts by one message or pin needs the entries
 * too: QEMU's raises nothing for a queue without one.
 */

import { IVAR_VALID, REGISTERS } from '@netcx/nic-82576/registers';
import type { Device } from './device.ts';

const { IVAR } = REGISTERS;

/** IVAR as this driver wrote it: it is never read back. */
export class VectorAllocation {
  readonly #device: Device;
  readonly #rows = new Int32Array(IVAR.count);

  /**
   * @param device - the device
   */
  constructor(device: Device) {
    this.#device = device;
  }

  /**
   * @param direction - of the queue
   * @param queue - its number
   * @param vector - by which it interrupts from now on
   */
  assign(direction: 'rx' | 'tx', queue: number, vector: number): void {
    const row = queue % IVAR.count;
    const shift = (queue < IVAR.count ? 0 : 16) + (direction === 'rx' ? 0 : 8);
    const entries = ((this.#rows[row] ?? 0) & ~(0xff << shift)) | ((vector | IVAR_VALID) << shift);
    this.#rows[row] = entries;
    this.#device.write(IVAR, entries >>> 0, row);
  }

  /** Writes every row again, after a reset. */
  program(): void {
    for (const [row, entries] of this.#rows.entries()) if (entries !== 0) this.#device.write(IVAR, entries >>> 0, row);
  }
}
