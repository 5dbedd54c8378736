/*
 * The device as the rest of the driver reaches it: registers by name, waits with a limit, and reset. Nothing here or
 * above knows what is behind the bus. Steps follow nic-82576 reference §8, which is what Linux does.
 */

import { disableDevice, enableDevice, type PciFunction, type PciSlot, type RegisterPort } from '@netcx/bus';
import { MICROSECOND, MILLISECOND, type Clock } from '@netcx/clock';
import { DmaEnabler } from '@netcx/dma';
import type { Register } from '@netcx/layout';
import { BAR, DEVICE_ID, REGISTERS, VENDOR_ID } from '@netcx/nic-82576/registers';
import { DriverError } from './driver-error.ts';

const { CTRL, CTRL_EXT, EECD, EIMC, ICR, IMC, RCTL, STATUS, TCTL } = REGISTERS;
const ALL = 0xffff_ffff;

/** The parts of a register that reaching it takes. */
type Place = Pick<Register, 'offset' | 'stride' | 'name'>;

/** One 82576 function. */
export class Device {
  /** The function and what its host gives. */
  readonly slot: PciSlot;
  /** Every wait goes through it. */
  readonly clock: Clock;
  /** Maps memory for the chip, which has 64 address bits. */
  readonly enabler: DmaEnabler;
  readonly #function: PciFunction;

  /**
   * @param slot - the function and what its host gives
   * @param clock - every wait goes through it
   * @throws DriverError `WRONG_DEVICE` when the function is no 82576, `DEVICE_GONE` when nothing answers
   */
  constructor(slot: PciSlot, clock: Clock) {
    this.slot = slot;
    this.clock = clock;
    this.#function = slot.function;
    const id = slot.function.readConfig(0, 4);
    if (id === ALL) throw new DriverError('DEVICE_GONE', `${this.name}: nothing answers`);
    if (id !== DEVICE_ID * 0x1_0000 + VENDOR_ID) {
      throw new DriverError(
        'WRONG_DEVICE',
        `${this.name}: ids ${id.toString(16)}; expected ${DEVICE_ID.toString(16)}${VENDOR_ID.toString(16)}`,
      );
    }
    this.enabler = new DmaEnabler(slot.dma, { addressWidth: 64, version: 3, owner: `82576 ${this.name}` });
  }

  /** For messages: the function's place on the bus. */
  get name(): string {
    return this.slot.function.name;
  }

  /** @returns whether the function was pulled out: not even its configuration space answers */
  get removed(): boolean {
    return this.#function.readConfig(0, 4) === ALL;
  }

  /** @returns whether the device no longer answers: every register reads as all ones then */
  get gone(): boolean {
    return this.read(STATUS) === ALL;
  }

  /**
   * @param register - which register
   * @param index - which instance, for one that repeats
   * @returns its value, unsigned
   */
  read(register: Place, index = 0): number {
    return this.#function.read32(BAR.REGISTERS.index, register.offset + index * register.stride);
  }

  /**
   * @param register - which register
   * @param value - what to write
   * @param index - which instance, for one that repeats
   */
  write(register: Place, value: number, index = 0): void {
    this.#function.write32(BAR.REGISTERS.index, register.offset + index * register.stride, value);
  }

  /**
   * Finds a register once that is written for each burst.
   *
   * @param register - which register
   * @param index - which instance, for one that repeats
   * @returns what writes there
   */
  portOf(register: Place, index = 0): RegisterPort {
    const offset = register.offset + index * register.stride;
    const port = this.#function.port?.(BAR.REGISTERS.index, offset);
    return port ?? { write: (value) => this.#function.write32(BAR.REGISTERS.index, offset, value) };
  }

  /**
   * Waits until a condition holds, looking at it now and then.
   *
   * @param what - for the message
   * @param limit - nanoseconds to wait at most
   * @param condition - what is waited for
   * @throws DriverError `TIMEOUT` when it does not come, `DEVICE_GONE` when the device does not answer any more
   */
  async until(what: string, limit: number, condition: () => boolean): Promise<void> {
    const met = await this.settle(limit, condition);
    // Asked after the condition, since all ones look like any bit that is waited for.
    if (this.gone) throw new DriverError('DEVICE_GONE', `${this.name}: nothing answers while waiting for ${what}`);
    if (!met)
      throw new DriverError('TIMEOUT', `${this.name}: ${what} did not come within ${String(limit / MILLISECOND)} ms`);
  }

  /**
   * Waits for what a chip may never say, as some do not.
   *
   * @param limit - nanoseconds to wait at most
   * @param condition - what is waited for
   * @returns whether the condition held in the end; false when the device is gone
   */
  async settle(limit: number, condition: () => boolean): Promise<boolean> {
    const end = this.clock.now() + limit;
    for (;;) {
      if (condition()) return true;
      if (this.gone || this.clock.now() >= end) return false;
      await this.clock.delay(50 * MICROSECOND);
    }
  }

  /**
   * Whatever step finds it out first: a device that is pulled out while it is started is one error.
   *
   * @param step - of a start
   * @returns what the step returns
   * @throws DriverError `DEVICE_GONE` when the device was pulled out; else what the step throws
   */
  async starting<T>(step: Promise<T>): Promise<T> {
    try {
      return await step;
    } catch (error) {
      if (!this.removed) throw error;
      throw new DriverError('DEVICE_GONE', `${this.name}: pulled out while it was started; ${String(error)}`);
    }
  }

  /** Switches the function on, brings the chip into its reset state, and tells it that a driver is there. */
  async reset(): Promise<void> {
    enableDevice(this.slot.function);
    // Nothing may start while the chip goes down.
    this.maskInterrupts();
    this.write(RCTL, 0);
    this.write(TCTL, TCTL.PSP.mask);
    this.write(CTRL, this.read(CTRL) | CTRL.GIO_MASTER_DISABLE.mask);
    await this.until(
      'the end of bus mastering',
      80 * MILLISECOND,
      () => STATUS.GIO_MASTER_ENABLE.get(this.read(STATUS)) === 0,
    );
    this.write(CTRL, this.read(CTRL) | CTRL.RST.mask);
    await this.clock.delay(MILLISECOND);
    await this.until('the end of the reset', 10 * MILLISECOND, () => CTRL.RST.get(this.read(CTRL)) === 0);
    // QEMU's chip never says that its EEPROM was read (reference §2, EECD): like Linux, wait a while and go on.
    await this.settle(10 * MILLISECOND, () => EECD.AUTO_RD.get(this.read(EECD)) === 1);
    this.maskInterrupts();
    this.write(CTRL_EXT, this.read(CTRL_EXT) | CTRL_EXT.DRV_LOAD.mask);
  }

  /** Masks every interrupt cause and forgets what was pending. */
  maskInterrupts(): void {
    this.write(IMC, ALL);
    this.write(EIMC, ALL);
    this.read(ICR);
  }

  /** The driver leaves: the chip is quiet and off the bus. */
  release(): void {
    if (!this.gone) {
      this.maskInterrupts();
      this.write(CTRL_EXT, this.read(CTRL_EXT) & ~CTRL_EXT.DRV_LOAD.mask);
    }
    disableDevice(this.slot.function);
  }
}
