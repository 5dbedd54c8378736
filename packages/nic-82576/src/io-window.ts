/*
 * The I/O BAR: a register is reached by writing its offset to IOADDR and accessing IODATA (nic-82576 reference §1). For
 * software that runs before memory can be mapped.
 */

import type { BarHandler } from '@netcx/hardware';
import { BAR } from './registers/index.ts';

const IOADDR = 0;
const IODATA = 4;

/** The indirect way to the registers. */
export class IoWindow implements BarHandler {
  readonly #registers: BarHandler;
  #address = 0;

  /**
   * @param registers - what lies behind BAR 0
   */
  constructor(registers: BarHandler) {
    this.#registers = registers;
  }

  read32(offset: number): number {
    if (offset === IOADDR) return this.#address;
    return offset === IODATA && this.#valid ? this.#registers.read32(this.#address) : 0;
  }

  write32(offset: number, value: number): void {
    if (offset === IOADDR) this.#address = value >>> 0;
    else if (offset === IODATA && this.#valid) this.#registers.write32(this.#address, value);
  }

  /** Back to offset 0. */
  reset(): void {
    this.#address = 0;
  }

  get #valid(): boolean {
    return this.#address < BAR.REGISTERS.bytes && (this.#address & 3) === 0;
  }
}
