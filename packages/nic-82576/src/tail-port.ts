/*
 * The short way to the tail registers, which a driver writes for each burst: the register and its queue are found once.
 * Whenever a write is more than a write, since nothing answers or a fault counts accesses, it goes the long way.
 *
 * @hot
 */

import type { RegisterPort } from '@netcx/bus';
import type { BarWindow, RegisterFile } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import * as registers from './registers/index.ts';
import type { RxEngine } from './rx-engine.ts';
import type { TxEngine } from './tx-engine.ts';

const { RDT, TDT } = registers.REGISTERS;

/** What stands between a host and its register. */
export interface TailSurroundings {
  readonly registers: RegisterFile;
  /** The registers' BAR. */
  readonly window: BarWindow;
  /** Whether accesses are counted. */
  readonly faults: { readonly counting: boolean };
  /**
   * The long way.
   *
   * @param offset - byte offset in the BAR
   * @param value - what is written
   */
  readonly write32: (offset: number, value: number) => void;
}

/**
 * @param offset - byte offset in the registers' BAR
 * @param around - what stands between
 * @param tx - has the transmit queues
 * @param rx - has the receive queues
 * @returns the way to a tail register; `undefined` when none lies there
 */
export function tailPort(
  offset: number,
  around: TailSurroundings,
  tx: TxEngine,
  rx: RxEngine,
): RegisterPort | undefined {
  const sending = instanceAt(TDT, offset);
  if (sending >= 0) return new TxTailPort(around, tx, sending);
  const receiving = instanceAt(RDT, offset);
  return receiving >= 0 ? new RxTailPort(around, rx, receiving) : undefined;
}

/** Which instance of a register lies there; -1: none. */
function instanceAt(register: Register, offset: number): number {
  for (let index = 0; index < register.count; index++) if (register.at(index) === offset) return index;
  return -1;
}

// Two classes of the same shape: each knows its engine's class, so that V8 does, too, and calls it directly.

class TxTailPort implements RegisterPort {
  readonly #window: BarWindow;
  readonly #faults: { readonly counting: boolean };
  readonly #registers: RegisterFile;
  readonly #place: number = 0;
  readonly #engine: TxEngine;
  readonly #queue: ReturnType<TxEngine['queue']>;
  readonly #offset: number = 0;
  readonly #around: TailSurroundings;

  constructor(around: TailSurroundings, engine: TxEngine, index: number) {
    this.#window = around.window;
    this.#faults = around.faults;
    this.#registers = around.registers;
    this.#place = around.registers.place(TDT, index);
    this.#engine = engine;
    this.#queue = engine.queue(index);
    this.#offset = TDT.at(index);
    this.#around = around;
  }

  write(value: number): void {
    if (this.#window.open === true && this.#faults.counting !== true)
      this.#engine.tailMoved(this.#queue, this.#registers.accept(this.#place, value));
    else this.#around.write32(this.#offset, value);
  }
}

class RxTailPort implements RegisterPort {
  readonly #window: BarWindow;
  readonly #faults: { readonly counting: boolean };
  readonly #registers: RegisterFile;
  readonly #place: number = 0;
  readonly #engine: RxEngine;
  readonly #queue: ReturnType<RxEngine['queue']>;
  readonly #offset: number = 0;
  readonly #around: TailSurroundings;

  constructor(around: TailSurroundings, engine: RxEngine, index: number) {
    this.#window = around.window;
    this.#faults = around.faults;
    this.#registers = around.registers;
    this.#place = around.registers.place(RDT, index);
    this.#engine = engine;
    this.#queue = engine.queue(index);
    this.#offset = RDT.at(index);
    this.#around = around;
  }

  write(value: number): void {
    if (this.#window.open === true && this.#faults.counting !== true)
      this.#engine.tailMoved(this.#queue, this.#registers.accept(this.#place, value));
    else this.#around.write32(this.#offset, value);
  }
}
