/*
 * MSI-X as a driver uses it, through any function and any host: handlers are connected to vectors, vectors are masked
 * one by one. A vector without a handler stays masked.
 */

import { BusError } from './bus-error.ts';
import { CapabilityId, Configuration, Msix, MSIX_ENTRY_BYTES, MsixEntry } from './configuration.ts';
import { findCapability } from './enumeration.ts';
import type { InterruptMessage, PciSlot } from './host.ts';

const { MSIX_CONTROL, MSIX_TABLE } = Msix;
const { ADDRESS_LOW, ADDRESS_HIGH, DATA, CONTROL } = MsixEntry;

/** The MSI-X vectors of one function. */
export class MsixTable {
  /** How many vectors the function has. */
  readonly size: number;
  readonly #slot: PciSlot;
  readonly #capability: number;
  readonly #bar: number;
  readonly #offset: number;
  readonly #messages: (InterruptMessage | undefined)[];

  /**
   * @param slot - the function and its host; memory space must be on, since the table lies in a BAR
   * @throws BusError `NO_CAPABILITY` when the function has no MSI-X, `NOT_ENABLED` when its memory space is off
   */
  constructor(slot: PciSlot) {
    const fn = slot.function;
    const capability = findCapability(fn, CapabilityId.msix);
    if (capability === undefined) throw new BusError('NO_CAPABILITY', `${fn.name} has no MSI-X`);
    const { COMMAND_STATUS } = Configuration;
    if (COMMAND_STATUS.MEMORY.get(fn.readConfig(COMMAND_STATUS.offset, 4)) === 0) {
      throw new BusError('NOT_ENABLED', `${fn.name}: the MSI-X table cannot be reached while memory space is off`);
    }
    const table = fn.readConfig(capability + MSIX_TABLE.offset, 4);
    this.#slot = slot;
    this.#capability = capability;
    this.#bar = MSIX_TABLE.BAR.get(table);
    this.#offset = (table & MSIX_TABLE.OFFSET.mask) >>> 0;
    this.size = MSIX_CONTROL.LAST.get(this.#readControl()) + 1;
    this.#messages = new Array<InterruptMessage | undefined>(this.size).fill(undefined);
    for (let vector = 0; vector < this.size; vector++) this.mask(vector);
  }

  /**
   * Has a handler called for a vector, in place of the one before, and unmasks it.
   *
   * @param vector - 0 up to `size - 1`
   * @param handler - called once or more for each time the device raises the vector
   * @throws BusError `BAD_VECTOR` for any other vector, `NO_MESSAGES` when the host has none left
   */
  connect(vector: number, handler: () => void): void {
    this.disconnect(vector);
    const message = this.#slot.allocateMessage(handler);
    this.#messages[vector] = message;
    this.#write(vector, ADDRESS_LOW.offset, message.addressLow);
    this.#write(vector, ADDRESS_HIGH.offset, message.addressHigh);
    this.#write(vector, DATA.offset, message.data);
    this.unmask(vector);
  }

  /**
   * Masks a vector and gives its message back; its handler is not called again.
   *
   * @param vector - 0 up to `size - 1`
   * @throws BusError `BAD_VECTOR` for any other vector
   */
  disconnect(vector: number): void {
    this.mask(vector);
    this.#messages[vector]?.release();
    this.#messages[vector] = undefined;
  }

  /**
   * Holds a vector back: the device remembers that it was raised.
   *
   * @param vector - 0 up to `size - 1`
   * @throws BusError `BAD_VECTOR` for any other vector
   */
  mask(vector: number): void {
    this.#write(vector, CONTROL.offset, CONTROL.MASKED.mask);
  }

  /**
   * Lets a vector through that has a handler; one that was raised meanwhile comes now.
   *
   * @param vector - 0 up to `size - 1`
   * @throws BusError `BAD_VECTOR` for any other vector, or one without a handler
   */
  unmask(vector: number): void {
    this.#check(vector);
    if (this.#messages[vector] === undefined) {
      throw new BusError('BAD_VECTOR', `${this.#name} vector ${String(vector)} has no handler to be unmasked for`);
    }
    this.#write(vector, CONTROL.offset, 0);
  }

  /** The function raises MSI-X from now on, no longer MSI or INTx. */
  enable(): void {
    this.#writeControl((this.#readControl() & ~MSIX_CONTROL.FUNCTION_MASK.mask) | MSIX_CONTROL.ENABLE.mask);
  }

  /** The function no longer raises MSI-X; handlers stay connected. */
  disable(): void {
    this.#writeControl(this.#readControl() & ~MSIX_CONTROL.ENABLE.mask);
  }

  /** Disables MSI-X and disconnects every vector. */
  release(): void {
    this.disable();
    for (let vector = 0; vector < this.size; vector++) this.disconnect(vector);
  }

  get #name(): string {
    return `${this.#slot.function.name} MSI-X`;
  }

  #check(vector: number): void {
    if (!Number.isInteger(vector) || vector < 0 || vector >= this.size) {
      throw new BusError(
        'BAD_VECTOR',
        `${this.#name} has vectors 0 to ${String(this.size - 1)}, not ${String(vector)}`,
      );
    }
  }

  #write(vector: number, offset: number, value: number): void {
    this.#check(vector);
    this.#slot.function.write32(this.#bar, this.#offset + vector * MSIX_ENTRY_BYTES + offset, value);
  }

  #readControl(): number {
    return this.#slot.function.readConfig(this.#capability, 4);
  }

  #writeControl(value: number): void {
    this.#slot.function.writeConfig(this.#capability, 4, value);
  }
}
