/*
 * The chip's clock, and the stamps that it gives to one frame sent and one frame received (nic-82576 reference §2). What
 * the registers mean is what Linux's driver and QEMU make of them: SYSTIM grows by TIMINCA.INCVALUE every INCPERIOD cycles
 * of 16 ns, and a stamp stays until its high half is read. Nothing ticks: the time is computed when somebody asks. No
 * interrupt tells of a stamp: the causes that Linux's driver tests on this chip have none for it.
 */

import type { Clock } from '@netcx/clock';
import type { RegisterFile } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import { ptpMatches } from './ptp.ts';
import { REGISTERS, RX_STATUS, TIME_SYNC_CYCLE } from './registers/index.ts';

const { RXSTMPH, RXSTMPL, SYSTIMH, SYSTIML, TIMADJH, TIMADJL, TIMINCA } = REGISTERS;
const { TSYNCRXCFG, TSYNCRXCTL, TSYNCTXCTL, TXSTMPH, TXSTMPL } = REGISTERS;

const LOW = 0xffff_ffffn;
const WORD = 32n;

/** The clock and the stamps. */
export class Timestamps {
  /** Whether frames received are to be shown to `received`. */
  receiving = false;
  readonly #registers: RegisterFile;
  readonly #clock: Clock;
  /** The time when the increment was last set, and when that was. */
  #base = 0n;
  #since = 0;
  /** What TIMINCA holds. */
  #increment = 0;

  /**
   * @param registers - the MAC's registers, whose time stamps are served from here on
   * @param clock - measures the cycles
   * @param changed - called when `receiving` has changed
   */
  constructor(registers: RegisterFile, clock: Clock, changed: () => void) {
    this.#registers = registers;
    this.#clock = clock;
    registers.onRead(SYSTIML, () => {
      this.#keep(SYSTIML, SYSTIMH, this.#time());
      return registers.get(SYSTIML);
    });
    registers.onWrite(SYSTIML, (value) => this.#setTime((this.#time() & ~LOW) | BigInt(value)));
    registers.onWrite(SYSTIMH, (value) => this.#setTime((this.#time() & LOW) | (BigInt(value) << WORD)));
    registers.onWrite(TIMADJH, (value) => {
      this.#setTime(this.#time() + ((BigInt(value) << WORD) | BigInt(registers.get(TIMADJL))));
    });
    registers.onWrite(TIMINCA, (value) => {
      this.#setTime(this.#time()); // the time until now went by the old increment
      this.#increment = value;
    });
    this.#release(TXSTMPH, TSYNCTXCTL);
    this.#release(RXSTMPH, TSYNCRXCTL);
    registers.onWrite(TSYNCRXCTL, (value) => {
      const receiving = TSYNCRXCTL.EN.get(value) === 1;
      if (receiving === this.receiving) return;
      this.receiving = receiving;
      changed();
    });
  }

  /** A frame whose descriptor asks for a stamp leaves: it gets one, unless the last one still waits to be read. */
  sent(): void {
    const control = this.#registers.get(TSYNCTXCTL);
    if (TSYNCTXCTL.EN.get(control) === 0 || TSYNCTXCTL.VALID.get(control) === 1) return;
    this.#registers.set(TSYNCTXCTL, TSYNCTXCTL.VALID.set(control, 1));
    this.#keep(TXSTMPL, TXSTMPH, this.#time());
  }

  /**
   * A frame has come that the driver gets: it is stamped if it is of the kind that TSYNCRXCTL and TSYNCRXCFG name, unless
   * the last stamp still waits to be read.
   *
   * @param data - byte offset of the frame in device memory
   * @param length - its bytes, without frame check sequence
   * @returns RX_STATUS.TS when it was stamped, 0 when it was not
   */
  received(data: number, length: number): number {
    const control = this.#registers.get(TSYNCRXCTL);
    if (TSYNCRXCTL.EN.get(control) === 0 || TSYNCRXCTL.VALID.get(control) === 1) return 0;
    const wanted = this.#registers.get(TSYNCRXCFG);
    const type = TSYNCRXCTL.TYPE.get(control);
    if (!ptpMatches(data, length, type, TSYNCRXCFG.CTRLT.get(wanted), TSYNCRXCFG.MSGT.get(wanted))) return 0;
    this.#registers.set(TSYNCRXCTL, TSYNCRXCTL.VALID.set(control, 1));
    this.#keep(RXSTMPL, RXSTMPH, this.#time());
    return RX_STATUS.TS;
  }

  /** The registers have their reset values already: the clock starts at 0, and stands until it is given an increment. */
  reset(): void {
    this.#increment = 0;
    this.receiving = false;
    this.#setTime(0n);
  }

  #time(): bigint {
    const cycles = TIME_SYNC_CYCLE * Math.max(1, TIMINCA.INCPERIOD.get(this.#increment));
    const steps = Math.floor((this.#clock.now() - this.#since) / cycles);
    return BigInt.asUintN(64, this.#base + BigInt(steps) * BigInt(TIMINCA.INCVALUE.get(this.#increment)));
  }

  #setTime(time: bigint): void {
    this.#base = BigInt.asUintN(64, time);
    this.#since = this.#clock.now();
  }

  #keep(low: Register, high: Register, time: bigint): void {
    this.#registers.set(low, Number(time & LOW));
    this.#registers.set(high, Number(time >> WORD));
  }

  /** Whoever reads the high half of a stamp makes room for the next one. */
  #release(high: Register, control: typeof TSYNCTXCTL | typeof TSYNCRXCTL): void {
    this.#registers.onRead(high, () => {
      this.#registers.set(control, control.VALID.set(this.#registers.get(control), 0));
      return this.#registers.get(high);
    });
  }
}
