/*
 * The bus as a device sees it, looking up: what a function may do to its host, and what a host may do to a function.
 * A device model implements `PciEndpoint` and is handed an `Upstream`; a bridge implements `Upstream`. Bridges to other
 * worlds (a virtual machine over vfio-user) implement the same two interfaces.
 */

import type { DmaDomain } from '@netcx/dma';
import type { AccessSize, RegisterPort } from './pci-function.ts';

/** What a function can reach above it. */
export interface Upstream {
  /** The function's view of host memory. It may be replaced while the host runs: read it at the start of each burst. */
  readonly dma: DmaDomain;
  /**
   * A memory write that is an interrupt message.
   *
   * @param addressLow - low 32 bits of the address
   * @param addressHigh - high 32 bits
   * @param data - the word
   */
  writeMessage(addressLow: number, addressHigh: number, data: number): void;
  /**
   * @param asserted - the level of the function's INTx pin
   */
  setIntx(asserted: boolean): void;
  /** The function asks to be woken: a power management event. Left out where nobody listens. */
  requestWake?(): void;
}

/** A device model as a bridge drives it. */
export interface PciEndpoint {
  /**
   * Plugs the function in. Called once, before any access.
   *
   * @param upstream - the bus above it
   */
  connect(upstream: Upstream): void;
  /**
   * @param offset - byte offset in configuration space, a multiple of `size`
   * @param size - bytes to read
   * @returns the value, unsigned
   */
  readConfig(offset: number, size: AccessSize): number;
  /**
   * @param offset - byte offset in configuration space, a multiple of `size`
   * @param size - bytes to write
   * @param value - what to write
   */
  writeConfig(offset: number, size: AccessSize, value: number): void;
  /**
   * @param bar - which BAR, 0 to 5
   * @param offset - byte offset in it, a multiple of 4
   * @returns the register, unsigned; all ones where nothing answers
   */
  read32(bar: number, offset: number): number;
  /**
   * @param bar - which BAR, 0 to 5
   * @param offset - byte offset in it, a multiple of 4
   * @param value - what to write
   */
  write32(bar: number, offset: number, value: number): void;
  /**
   * A shorter way for a register that is written for each burst. Left out where there is none.
   *
   * @param bar - which BAR, 0 to 5
   * @param offset - byte offset in it, a multiple of 4
   * @returns what does as `write32` would do at that time: nothing while the function does not answer, and nothing any
   * more once it was pulled out; `undefined` when `write32` is the way
   */
  port?(bar: number, offset: number): RegisterPort | undefined;
  /** The host resets the function (function-level or bus reset). */
  reset(): void;
  /** The function was pulled out: it must stop touching its host at once and for good. */
  removed(): void;
}
