/*
 * The chip's clock and its stamps (nic-82576 reference §2; what Linux's driver does for this chip). SYSTIM counts 2^-19
 * nanoseconds in steps of 16; it is set to the host's time when the driver starts, so stamps compare with it. There is one
 * stamp register for each direction, which holds what it has until it is read: of frames sent, one at a time is stamped; of
 * frames received, those of the Precision Time Protocol that are events, which the chip finds by itself.
 */

import { REGISTERS, RX_STAMP_TYPE, TIME_SYNC_CYCLE } from '@netcx/nic-82576/registers';
import type { Device } from './device.ts';

const { RXSTMPH, RXSTMPL, SYSTIMH, SYSTIML, TIMINCA } = REGISTERS;
const { TSYNCRXCTL, TSYNCTXCTL, TXSTMPH, TXSTMPL } = REGISTERS;
/** Units of SYSTIM in a nanosecond. */
const UNITS = 2 ** 19;
/** Nanoseconds in what SYSTIMH counts. */
const HIGH = 2 ** 32 / UNITS;
/** Nanoseconds after which SYSTIM begins anew: nine hours and three quarters. */
const ROUND = HIGH * 2 ** 32;

/** The chip's clock. */
export class HardwareClock {
  readonly #device: Device;
  /** Whether a frame is on its way that shall be stamped. */
  #claimed = false;

  /**
   * @param device - the device
   */
  constructor(device: Device) {
    this.#device = device;
  }

  /** Sets the clock, and has it stamp. Also after a reset, which stops it. */
  start(): void {
    const device = this.#device;
    device.write(TIMINCA, TIMINCA.INCPERIOD.set(TIMINCA.INCVALUE.set(0, TIME_SYNC_CYCLE * UNITS), 1));
    const now = device.clock.now() % ROUND;
    device.write(SYSTIML, (now % HIGH) * UNITS);
    device.write(SYSTIMH, Math.floor(now / HIGH));
    device.write(TSYNCTXCTL, TSYNCTXCTL.EN.mask);
    device.write(TSYNCRXCTL, TSYNCRXCTL.TYPE.set(TSYNCRXCTL.EN.mask, RX_STAMP_TYPE.EVENT_V2));
    // What somebody left there would keep the next stamp out.
    device.read(TXSTMPH);
    device.read(RXSTMPH);
    this.#claimed = false;
  }

  /** @returns nanoseconds of the chip's clock now */
  now(): number {
    const low = this.#device.read(SYSTIML); // keeps the high half for the next read
    return this.#nanoseconds(low, this.#device.read(SYSTIMH));
  }

  /**
   * @returns whether the next frame may ask for a stamp: `takeTransmit` must follow once it was sent
   */
  claimTransmit(): boolean {
    if (this.#claimed) return false;
    this.#claimed = true;
    return true;
  }

  /** @returns when the frame that was claimed for was sent, in nanoseconds; 0 when the chip did not stamp it */
  takeTransmit(): number {
    this.#claimed = false;
    const device = this.#device;
    if (TSYNCTXCTL.VALID.get(device.read(TSYNCTXCTL)) === 0) return 0;
    const low = device.read(TXSTMPL);
    return this.#nanoseconds(low, device.read(TXSTMPH));
  }

  /** @returns when the frame came whose descriptor says that it was stamped, in nanoseconds; 0 when there is no stamp */
  takeReceive(): number {
    const device = this.#device;
    if (TSYNCRXCTL.VALID.get(device.read(TSYNCRXCTL)) === 0) return 0;
    const low = device.read(RXSTMPL);
    return this.#nanoseconds(low, device.read(RXSTMPH));
  }

  /** Of the times that SYSTIM may stand for, the one that is nearest to the host's. */
  #nanoseconds(low: number, high: number): number {
    const time = high * HIGH + Math.floor(low / UNITS);
    return time + ROUND * Math.max(0, Math.round((this.#device.clock.now() - time) / ROUND));
  }
}
