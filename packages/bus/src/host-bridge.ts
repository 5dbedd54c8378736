/*
 * The bridge of a machine whose devices are models in this process: it gives each model its `Upstream` and each driver
 * its `PciSlot`, places the BARs as firmware does, and delivers interrupts. A handler runs from an alarm of the clock,
 * so never inside a register access and never inside another handler.
 */

import type { Clock } from '@netcx/clock';
import type { DmaDomain } from '@netcx/dma';
import { BridgeSlot, type AttachedSlot } from './bridge-slot.ts';
import { AddressWindows } from './bus-addresses.ts';
import { assignBars } from './enumeration.ts';
import { MessageTable } from './message-table.ts';
import type { PciEndpoint } from './upstream.ts';

/** Where and how a model is plugged in. */
export interface AttachOptions {
  /** How the slot is called in messages; its place on the bus when left out, such as `00:01.0`. */
  readonly name?: string;
  /** How the function's DMA reaches host memory. */
  readonly dma: DmaDomain;
}

const DEVICES_PER_BUS = 32;

/** An in-process root port. */
export class HostBridge {
  readonly #clock: Clock;
  readonly #addresses = new AddressWindows();
  readonly #messages: MessageTable;
  /** The slots by device number; 0 is the bridge itself. */
  readonly #slots: (BridgeSlot | undefined)[] = [undefined];

  /**
   * @param clock - delivers interrupts
   */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#messages = new MessageTable(clock);
  }

  /** Messages that devices wrote where they have no handler. */
  get strayMessages(): number {
    return this.#messages.strays;
  }

  /**
   * Plugs a model in and places its BARs. Memory space and bus mastering are left off: a driver switches them on.
   *
   * @param endpoint - the model, not plugged in anywhere else
   * @param options - its name and its DMA domain
   * @returns the slot, for a driver
   * @throws BusError `NO_ADDRESSES` when its BARs find no place
   */
  attach(endpoint: PciEndpoint, options: AttachOptions): AttachedSlot {
    const device = this.#freeDevice();
    const { name = place(device), dma } = options;
    const slot = new BridgeSlot(this.#clock, this.#messages, endpoint, name, dma);
    endpoint.connect(slot.upstream);
    const bars = assignBars(slot.function, this.#addresses);
    this.#slots[device] = slot;
    slot.onRemoval(() => {
      this.#slots[device] = undefined;
      for (const { kind, size, address } of bars) this.#addresses.free(kind, size, address);
    });
    return slot;
  }

  #freeDevice(): number {
    const free = this.#slots.indexOf(undefined, 1);
    return free < 0 ? this.#slots.length : free;
  }
}

/** Bus, device and function as `lspci` writes them. */
function place(device: number): string {
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  return `${hex(Math.floor(device / DEVICES_PER_BUS))}:${hex(device % DEVICES_PER_BUS)}.0`;
}
