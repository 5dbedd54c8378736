/*
 * What QEMU's machine gives to the driver of one function. A message is a word of RAM of its own: QEMU's device writes it
 * as it writes any memory, and it is found there after each access and each step of time. Interrupt handlers run from
 * alarms, so never inside an access.
 */

import { BusError, type InterruptMessage, type PciSlot } from '@netcx/bus';
import type { Alarm, Clock } from '@netcx/clock';
import { IdentityMap } from '@netcx/dma';
import { i32 as memory } from '@netcx/dma/memory';
import { QtestFunction } from './qtest-function.ts';
import type { QtestChannel } from './qtest-channel.ts';

/** Where the messages' words lie, a page for each slot: in the first 640 KiB of RAM, of which no page is handed out. */
const MAILBOXES = 0x8000;
const PAGE_BYTES = 4096;
const MOST_MAILBOXES = PAGE_BYTES / 4;
/** A message's data, of which MSI has 16 bits only; an empty mailbox holds 0. */
const SIGN = 0x4d00;

interface Mailbox {
  readonly word: number;
  readonly data: number;
  readonly alarm: Alarm;
}

/** What came through a slot so far. */
export interface QtestSlotCounters {
  /** Messages that were found. A device that writes one twice before it is looked for has written one. */
  readonly messages: number;
  /** Words found in a mailbox that nobody told the device to write. */
  readonly strayMessages: number;
  /** Times that the INTx line was raised. */
  readonly intx: number;
}

/** A slot of QEMU's machine with a device in it. */
export class QtestSlot implements PciSlot {
  readonly function: QtestFunction;
  readonly dma = new IdentityMap();
  readonly #clock: Clock;
  readonly #mailboxes: (Mailbox | undefined)[] = [];
  readonly #mailboxWord: number;
  readonly #intxAlarm: Alarm;
  #intxHandler: (() => void) | undefined;
  #intx = false;
  #counters = { messages: 0, strayMessages: 0, intx: 0 };

  /**
   * @param channel - the conversation with QEMU
   * @param clock - delivers interrupts
   * @param device - the device's number on bus 0
   * @param afterAccess - looks at what QEMU did meanwhile, this slot's messages included
   */
  constructor(channel: QtestChannel, clock: Clock, device: number, afterAccess: () => void) {
    this.#clock = clock;
    this.#mailboxWord = (MAILBOXES + device * PAGE_BYTES) >>> 2;
    this.function = new QtestFunction(channel, device, afterAccess);
    this.#intxAlarm = clock.alarm(() => {
      this.#callIntx();
    });
  }

  allocateMessage(handler: () => void): InterruptMessage {
    const free = this.#mailboxes.indexOf(undefined);
    const index = free < 0 ? this.#mailboxes.length : free;
    if (index === MOST_MAILBOXES)
      throw new BusError('NO_MESSAGES', `all ${String(MOST_MAILBOXES)} interrupt messages are given out`);
    const word = this.#mailboxWord + index;
    const mailbox: Mailbox = { word, data: SIGN + index, alarm: this.#clock.alarm(handler) };
    memory[word] = 0;
    this.#mailboxes[index] = mailbox;
    return {
      addressLow: word * 4,
      addressHigh: 0,
      data: mailbox.data,
      release: () => {
        mailbox.alarm.cancel();
        this.#mailboxes[index] = undefined;
      },
    };
  }

  connectIntx(handler: (() => void) | undefined): void {
    this.#intxHandler = handler;
    if (this.#intx && handler !== undefined) this.#intxAlarm.soon();
  }

  onRemoval(_listener: () => void): void {
    // The test protocol cannot pull a device out.
  }

  /** Looks for messages that the device has written. */
  look(): void {
    for (const mailbox of this.#mailboxes) {
      if (mailbox === undefined) continue;
      const found = Atomics.exchange(memory, mailbox.word, 0);
      if (found === 0) continue;
      if (found === mailbox.data) {
        this.#counters.messages++;
        mailbox.alarm.soon();
      } else {
        this.#counters.strayMessages++;
      }
    }
  }

  /**
   * @param raised - the level of the INTx line now
   */
  setIntx(raised: boolean): void {
    if (raised && !this.#intx) this.#counters.intx++;
    this.#intx = raised;
    if (raised && this.#intxHandler !== undefined) this.#intxAlarm.soon();
  }

  /** @returns what came through the slot so far */
  counters(): QtestSlotCounters {
    return { ...this.#counters };
  }

  #callIntx(): void {
    if (!this.#intx || this.#intxHandler === undefined) return;
    // Set before the call, so that a handler that throws does not silence a line that is still raised.
    this.#intxAlarm.soon();
    this.#intxHandler();
  }
}
