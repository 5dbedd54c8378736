/*
 * The interrupt controller of the in-process bridge: which message calls which handler. Every message has its own data
 * word and its own alarm, made once, so that delivering one allocates nothing. A slot's device only reaches its own.
 */

import type { Alarm, Clock } from '@netcx/clock';
import { BusError } from './bus-error.ts';
import type { InterruptMessage } from './host.ts';

/** Where a PC's local interrupt controllers take messages. */
const ADDRESS = 0xfee0_0000;
/** The first 32 vectors of a PC are exceptions. */
const FIRST = 32;
/** Message data has 16 bits. */
const END = 0x1_0000;

/** A message and its handler. */
export class Message implements InterruptMessage {
  readonly addressLow = ADDRESS;
  readonly addressHigh = 0;
  readonly data: number;
  /** Whose device may write it. */
  readonly owner: object;
  /** Calls the handler. */
  readonly alarm: Alarm;
  readonly #table: MessageTable;

  /**
   * @param table - where it is entered
   * @param owner - whose device may write it
   * @param data - its word
   * @param alarm - calls the handler
   */
  constructor(table: MessageTable, owner: object, data: number, alarm: Alarm) {
    this.#table = table;
    this.owner = owner;
    this.data = data;
    this.alarm = alarm;
  }

  release(): void {
    this.alarm.cancel();
    this.#table.remove(this);
  }
}

/** All messages of one bridge. */
export class MessageTable {
  /** Messages that were written where nobody has a handler. */
  strays = 0;
  readonly #clock: Clock;
  readonly #messages = new Map<number, Message>();
  #next = FIRST;

  /**
   * @param clock - delivers
   */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param owner - whose device may write it
   * @param handler - what it calls
   * @returns a message that nobody else has
   * @throws BusError `NO_MESSAGES` when all are given out
   */
  allocate(owner: object, handler: () => void): Message {
    if (this.#messages.size === END - FIRST)
      throw new BusError('NO_MESSAGES', `all ${String(END - FIRST)} interrupt messages are given out`);
    // The next one rather than the lowest: a device that still writes a released message is found out for long.
    while (this.#messages.has(this.#next)) this.#step();
    const message = new Message(this, owner, this.#next, this.#clock.alarm(handler));
    this.#messages.set(message.data, message);
    this.#step();
    return message;
  }

  /**
   * @param owner - whose device writes
   * @param addressLow - low 32 bits of the address
   * @param addressHigh - high 32 bits
   * @param data - the word
   * @returns the owner's message; `undefined` when there is none
   */
  find(owner: object, addressLow: number, addressHigh: number, data: number): Message | undefined {
    if (addressLow >>> 0 !== ADDRESS || addressHigh !== 0) return undefined;
    const message = this.#messages.get(data >>> 0);
    return message?.owner === owner ? message : undefined;
  }

  /**
   * @param message - is known no more
   */
  remove(message: Message): void {
    if (this.#messages.get(message.data) === message) this.#messages.delete(message.data);
  }

  #step(): void {
    this.#next = this.#next + 1 === END ? FIRST : this.#next + 1;
  }
}
