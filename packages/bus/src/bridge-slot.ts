/*
 * One slot of the in-process bridge: the function that a driver sees, the upstream that the model sees, and what passes
 * between them. Once the model is pulled out nothing passes: reads give all ones, writes and interrupts vanish.
 */

import { MICROSECOND, type Alarm, type Clock } from '@netcx/clock';
import type { DmaDomain } from '@netcx/dma';
import { BridgeFunction } from './bridge-function.ts';
import type { InterruptMessage, PciSlot } from './host.ts';
import type { MessageTable } from './message-table.ts';
import type { PciFunction } from './pci-function.ts';
import type { PciEndpoint, Upstream } from './upstream.ts';

/**
 * How long the host takes from one call of an INTx handler to the next while the line stays asserted: a driver that does
 * not release it is called for ever, but time goes on meanwhile.
 */
const INTX_AGAIN = MICROSECOND;

/** What came through a slot so far. */
export interface SlotCounters {
  /** Calls of interrupt handlers, of messages and INTx together. */
  readonly interrupts: number;
  /** Messages that the device wrote and a handler was set to be called for. */
  readonly messages: number;
  /** Messages that came while the call for an earlier one was still due: one call serves both. */
  readonly coalescedMessages: number;
  /** Messages that the device wrote where it has no handler. */
  readonly strayMessages: number;
}

/** A slot of a `HostBridge` with a model in it. */
export interface AttachedSlot extends PciSlot {
  /** Pulls the model out without warning: registers read as all ones from now on, and its interrupts cease. */
  remove(): void;
  /**
   * @param listener - called when the function asks to be woken, in place of the listener before
   */
  onWake(listener: () => void): void;
  /**
   * @returns what came through the slot so far
   */
  counters(): SlotCounters;
}

/** The implementation of {@link AttachedSlot}. */
export class BridgeSlot implements AttachedSlot {
  readonly function: PciFunction;
  readonly dma: DmaDomain;
  /** What the model sees above it. */
  readonly upstream: Upstream;
  readonly #clock: Clock;
  readonly #table: MessageTable;
  readonly #endpoint: PciEndpoint;
  readonly #port: BridgeFunction;
  readonly #intxAlarm: Alarm;
  readonly #wakeAlarm: Alarm;
  readonly #removalListeners: (() => void)[] = [];
  #intxHandler: (() => void) | undefined;
  #wakeListener: (() => void) | undefined;
  #intx = false;
  #removed = false;
  #interrupts = 0;
  #messages = 0;
  #coalesced = 0;
  #strays = 0;

  /**
   * @param clock - delivers interrupts
   * @param table - the bridge's messages
   * @param endpoint - the model
   * @param name - how the function is called
   * @param dma - how its DMA reaches memory
   */
  constructor(clock: Clock, table: MessageTable, endpoint: PciEndpoint, name: string, dma: DmaDomain) {
    this.#clock = clock;
    this.#table = table;
    this.#endpoint = endpoint;
    this.dma = dma;
    this.#port = new BridgeFunction(endpoint, name);
    this.function = this.#port;
    this.#intxAlarm = clock.alarm(() => this.#callIntx());
    this.#wakeAlarm = clock.alarm(() => {
      if (!this.#removed) this.#wakeListener?.();
    });
    this.upstream = {
      dma,
      writeMessage: (addressLow, addressHigh, data) => this.#writeMessage(addressLow, addressHigh, data),
      setIntx: (asserted) => this.#setIntx(asserted),
      requestWake: () => {
        if (!this.#removed) this.#wakeAlarm.soon();
      },
    };
  }

  onWake(listener: () => void): void {
    this.#wakeListener = listener;
  }

  allocateMessage(handler: () => void): InterruptMessage {
    return this.#table.allocate(this, () => {
      this.#interrupts++;
      handler();
    });
  }

  connectIntx(handler: (() => void) | undefined): void {
    this.#intxHandler = handler;
    if (this.#intx && handler !== undefined) this.#intxAlarm.soon();
  }

  onRemoval(listener: () => void): void {
    if (this.#removed) this.#clock.alarm(listener).soon();
    else this.#removalListeners.push(listener);
  }

  remove(): void {
    if (this.#removed) return;
    this.#removed = true;
    this.#intx = false;
    this.#port.gone = true;
    this.#endpoint.removed();
    for (const listener of this.#removalListeners.splice(0)) this.#clock.alarm(listener).soon();
  }

  counters(): SlotCounters {
    return {
      interrupts: this.#interrupts,
      messages: this.#messages,
      coalescedMessages: this.#coalesced,
      strayMessages: this.#strays,
    };
  }

  #writeMessage(addressLow: number, addressHigh: number, data: number): void {
    const message = this.#removed ? undefined : this.#table.find(this, addressLow, addressHigh, data);
    if (message === undefined) {
      this.#strays++;
      this.#table.strays++;
      return;
    }
    this.#messages++;
    if (message.alarm.pending) this.#coalesced++;
    else message.alarm.soon();
  }

  #setIntx(asserted: boolean): void {
    this.#intx = asserted && !this.#removed;
    if (!this.#intx) this.#intxAlarm.cancel();
    else if (this.#intxHandler !== undefined && !this.#intxAlarm.pending) this.#intxAlarm.soon();
  }

  #callIntx(): void {
    // The line may have been released between the alarm and now: nothing is called then, as a processor would not.
    if (!this.#intx || this.#intxHandler === undefined) return;
    this.#interrupts++;
    // Set before the call, so that a handler that throws does not silence the line.
    this.#intxAlarm.after(INTX_AGAIN);
    this.#intxHandler();
  }
}
