/*
 * What a host offers to the driver of one function besides the function itself: interrupts and the way to memory. An
 * implementation exists for each kind of bus (`HostBridge` for models in this process); drivers only know these
 * interfaces. Handlers are called one at a time and never from inside a register access or another handler.
 */

import type { DmaDomain } from '@netcx/dma';
import type { PciFunction } from './pci-function.ts';

/** A message that, written by a device, calls a handler: an MSI or one entry of an MSI-X table. */
export interface InterruptMessage {
  /** Low 32 bits of the address the device writes to. */
  readonly addressLow: number;
  /** High 32 bits of the address. */
  readonly addressHigh: number;
  /** The word the device writes. */
  readonly data: number;
  /** Gives the message back; the handler is not called again. */
  release(): void;
}

/** A function together with what its host gives to the driver of it. */
export interface PciSlot {
  /** The function. */
  readonly function: PciFunction;
  /** How the function's DMA reaches host memory. */
  readonly dma: DmaDomain;
  /**
   * @param handler - called once or more for each time the device writes the message
   * @returns the message to program into the device
   */
  allocateMessage(handler: () => void): InterruptMessage;
  /**
   * Connects the function's INTx pin, which is level triggered: the handler is called again as long as the device holds
   * the line after the handler returned.
   *
   * @param handler - called while the line is asserted; `undefined` disconnects
   */
  connectIntx(handler: (() => void) | undefined): void;
  /**
   * @param listener - called once when the function is pulled out without warning
   */
  onRemoval(listener: () => void): void;
}
