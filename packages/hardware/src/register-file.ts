/*
 * The registers behind a BAR, from their table. The host's accesses follow the table's modes bit by bit; the device
 * itself reads and writes what it likes. Hooks tell the device what the host does. A register that is nowhere reads as
 * zero and swallows writes, and both are counted: a driver that strays is found by a look at the counters.
 */

import { dumpRegister, type Register } from '@netcx/layout';
import { accessMasks } from './access-masks.ts';
import { HardwareError } from './hardware-error.ts';

/** What lies behind a BAR. */
export interface BarHandler {
  /**
   * @param offset - byte offset in the BAR, a multiple of 4 and inside it
   * @returns what the host reads, unsigned
   */
  read32(offset: number): number;
  /**
   * @param offset - byte offset in the BAR, a multiple of 4 and inside it
   * @param value - what the host writes
   */
  write32(offset: number, value: number): void;
}

/**
 * Computes what the host reads.
 *
 * @param index - which instance of the register
 * @returns the value, in place of the stored one
 */
export type ReadHook = (index: number) => number;

/**
 * Told after a write of the host.
 *
 * @param value - what the register holds now, unsigned
 * @param index - which instance of the register
 * @param written - what the host wrote, unsigned
 */
export type WriteHook = (value: number, index: number, written: number) => void;

const NOWHERE = -1;
const MAXIMUM = 0xffff_ffff;

// The words of a register's entry, one behind the other, so that an access finds them on one line of the cache.
const VALUE = 0;
/** Bits that a write of the host stores, those that writing 1 clears, those that reading clears, those that are read. */
const STORE = 1;
const CLEAR = 2;
const READ_CLEAR = 3;
const VISIBLE = 4;
/** Which instance of its register it is. */
const INDEX = 5;
/** Which hooks it has: indices into the lists, 0 for none. */
const READ_HOOK = 6;
const WRITE_HOOK = 7;
const ENTRY_WORDS = 8;

/** A window of registers. */
export class RegisterFile implements BarHandler {
  readonly #entries: Int32Array;
  /** Reads of offsets where no register is. */
  undefinedReads = 0;
  /** Writes to offsets where no register is. */
  undefinedWrites = 0;
  /** The last offset that was reached and held no register; -1 when there was none. */
  lastUndefinedOffset = NOWHERE;
  readonly #name: string;
  readonly #registers: readonly Register[];
  /** The place of each word of the window: where its entry begins in `#entries`, or NOWHERE. */
  readonly #places: Int32Array;
  readonly #readHooks: ReadHook[] = [() => 0];
  readonly #writeHooks: WriteHook[] = [() => undefined];

  /**
   * @param name - how it is called in messages and dumps
   * @param table - what `defineRegisters` returned
   * @param bytes - size of the window
   * @throws HardwareError `BAD_REGISTER` when a register lies outside the window
   */
  constructor(name: string, table: Readonly<Record<string, Register>>, bytes: number) {
    this.#name = name;
    this.#registers = Object.values(table);
    this.#places = new Int32Array(bytes >>> 2).fill(NOWHERE);
    const size = this.#registers.reduce((sum, register) => sum + register.count, 0);
    this.#entries = new Int32Array(size * ENTRY_WORDS);
    let place = 0;
    for (const register of this.#registers) place = this.#enter(register, place, bytes);
    this.reset();
  }

  read32(offset: number): number {
    const place = this.#places[offset >>> 2] ?? NOWHERE;
    if (place === NOWHERE) {
      this.undefinedReads++;
      this.lastUndefinedOffset = offset;
      return 0;
    }
    const entries = this.#entries;
    const hook = entries[place + READ_HOOK]!;
    const stored = entries[place + VALUE]! & entries[place + VISIBLE]!;
    const value = hook === 0 ? stored : this.#readHooks[hook]!(entries[place + INDEX]!);
    const readClear = entries[place + READ_CLEAR]!;
    if (readClear !== 0) entries[place + VALUE] = entries[place + VALUE]! & ~readClear;
    return value >>> 0;
  }

  write32(offset: number, value: number): void {
    const place = this.#places[offset >>> 2] ?? NOWHERE;
    if (place === NOWHERE) {
      this.undefinedWrites++;
      this.lastUndefinedOffset = offset;
      return;
    }
    const next = this.accept(place, value);
    const entries = this.#entries;
    const hook = entries[place + WRITE_HOOK]!;
    if (hook !== 0) this.#writeHooks[hook]!(next, entries[place + INDEX]!, value >>> 0);
  }

  /**
   * Does to a register what a write of the host does, for a device that needs no hook to hear of it.
   *
   * @param place - what `place` returned
   * @param value - what the host writes
   * @returns what the register holds now, unsigned
   */
  accept(place: number, value: number): number {
    const entries = this.#entries;
    const store = entries[place + STORE]!;
    const next = ((entries[place + VALUE]! & ~store) | (value & store)) & ~(value & entries[place + CLEAR]!);
    entries[place + VALUE] = next;
    return next >>> 0;
  }

  /**
   * Finds a register once, for a device that reaches it often: `load` and `store` take what this returns.
   *
   * @param register - one of the table's
   * @param index - which instance
   * @returns its place in this file
   * @throws HardwareError `BAD_REGISTER` when the file does not have it
   */
  place(register: Register, index = 0): number {
    const place = this.#places[(register.offset + index * register.stride) >>> 2] ?? NOWHERE;
    if (place === NOWHERE || index < 0 || index >= register.count) {
      throw new HardwareError('BAD_REGISTER', `${this.#name} has no ${register.name}[${String(index)}]`);
    }
    return place;
  }

  /**
   * @param place - what `place` returned
   * @returns what the register holds, unsigned
   */
  load(place: number): number {
    return this.#entries[place + VALUE]! >>> 0;
  }

  /**
   * @param place - what `place` returned
   * @param value - what the register holds from now on, whatever its access mode is
   */
  store(place: number, value: number): void {
    this.#entries[place + VALUE] = value;
  }

  /**
   * @param register - one of the table's
   * @param index - which instance
   * @returns what it holds, unsigned, without any effect of reading
   * @throws HardwareError `BAD_REGISTER` when the file does not have it
   */
  get(register: Register, index = 0): number {
    return this.load(this.place(register, index));
  }

  /**
   * @param register - one of the table's
   * @param value - what it holds from now on, whatever its access mode is
   * @param index - which instance
   * @throws HardwareError `BAD_REGISTER` when the file does not have it
   */
  set(register: Register, value: number, index = 0): void {
    this.store(this.place(register, index), value);
  }

  /**
   * Counts: the register stays at its greatest value when it gets there, as statistics registers do.
   *
   * @param register - one of the table's
   * @param count - how many more, 0 or more
   * @param index - which instance
   * @throws HardwareError `BAD_REGISTER` when the file does not have it
   */
  add(register: Register, count: number, index = 0): void {
    const place = this.place(register, index);
    this.store(place, Math.min(this.load(place) + count, MAXIMUM));
  }

  /**
   * @param register - one of the table's, with all its instances
   * @param hook - computes what the host reads, in place of the hook before; bits that reading clears are cleared after
   */
  onRead(register: Register, hook: ReadHook): void {
    const number = this.#readHooks.push(hook) - 1;
    for (let index = 0; index < register.count; index++)
      this.#entries[this.place(register, index) + READ_HOOK] = number;
  }

  /**
   * @param register - one of the table's, with all its instances
   * @param hook - told after each write of the host, in place of the hook before
   */
  onWrite(register: Register, hook: WriteHook): void {
    const number = this.#writeHooks.push(hook) - 1;
    for (let index = 0; index < register.count; index++)
      this.#entries[this.place(register, index) + WRITE_HOOK] = number;
  }

  /**
   * Gives registers their values after reset. No hook is called.
   *
   * @param keep - which registers stay as they are; none when left out
   */
  reset(keep: (register: Register) => boolean = () => false): void {
    for (const register of this.#registers) {
      if (keep(register)) continue;
      for (let index = 0; index < register.count; index++) this.set(register, register.reset, index);
    }
  }

  /**
   * @param filter - which registers; all when left out
   * @returns a line a register with the fields that are not zero; of a register that repeats, only the instances that
   * differ from their reset value
   */
  describe(filter: (register: Register) => boolean = () => true): string {
    const lines: string[] = [];
    for (const register of this.#registers.filter(filter)) {
      for (let index = 0; index < register.count; index++) {
        const value = this.get(register, index);
        const dull = register.count > 1 && value === register.reset >>> 0;
        if (!dull) lines.push(dumpRegister(register, value, index));
      }
    }
    return lines.join('\n');
  }

  #enter(register: Register, first: number, bytes: number): number {
    const masks = accessMasks(register);
    for (let index = 0; index < register.count; index++) {
      const place = first + index * ENTRY_WORDS;
      this.#assign(register, register.at(index), place, bytes);
      this.#entries.set([0, masks.store, masks.clear, masks.readClear, masks.visible, index, 0, 0], place);
    }
    for (const alias of register.aliases) {
      for (let index = 0; index < Math.min(alias.count, register.count); index++) {
        this.#assign(register, alias.offset + index * alias.stride, first + index * ENTRY_WORDS, bytes);
      }
    }
    return first + register.count * ENTRY_WORDS;
  }

  #assign(register: Register, offset: number, place: number, bytes: number): void {
    if (offset + 4 > bytes) {
      throw new HardwareError(
        'BAD_REGISTER',
        `${this.#name}: ${register.name} at 0x${offset.toString(16)} lies outside its ${String(bytes)} bytes`,
      );
    }
    this.#places[offset >>> 2] = place;
  }
}
