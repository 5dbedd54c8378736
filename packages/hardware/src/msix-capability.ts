/*
 * MSI-X on the device's side: the table and the pending bits behind a BAR, and what becomes of a vector that is raised.
 * It is sent at once, or waits in its pending bit until the vector, the function and bus mastering let it pass; however
 * often it is raised meanwhile, it is sent once.
 */

import { CapabilityId, Msix, MSIX_ENTRY_BYTES, MsixEntry } from '@netcx/bus';
import { accessMasks } from './access-masks.ts';
import type { MsixDescription } from './capabilities.ts';
import type { ConfigSpace } from './config-space.ts';
import { HardwareError } from './hardware-error.ts';
import type { MessagePort } from './message-port.ts';

const { MSIX_CONTROL } = Msix;
const ENTRY_WORDS = MSIX_ENTRY_BYTES / 4;
const CONTROL = MsixEntry.CONTROL.offset / 4;
const DATA = MsixEntry.DATA.offset / 4;

/** A piece of a BAR. */
export interface BarRegion {
  /** Which BAR. */
  readonly bar: number;
  /** Its first byte. */
  readonly start: number;
  /** The first byte past it. */
  readonly end: number;
}

const contains = (region: BarRegion, bar: number, offset: number): boolean =>
  bar === region.bar && offset >= region.start && offset < region.end;

/** The MSI-X vectors of a device. */
export class MsixCapability {
  /** How many vectors there are. */
  readonly size: number;
  /** Where the table and the pending bits lie. */
  readonly regions: Readonly<Record<'table' | 'pending', BarRegion>>;
  readonly #config: ConfigSpace;
  readonly #capability: number;
  readonly #port: MessagePort;
  readonly #table: Int32Array;
  readonly #pending: Int32Array;
  /** Which bits of each of an entry's words a write stores. */
  readonly #writable = Object.values(MsixEntry).map((register) => accessMasks(register).store);
  /** Whether vectors pass, apart from their own masks. */
  #open = false;

  /**
   * @param description - vectors, and where the table and the pending bits lie
   * @param config - the function's configuration space, with the same capability
   * @param port - the way up
   */
  constructor(description: MsixDescription, config: ConfigSpace, port: MessagePort) {
    const capability = config.capability(CapabilityId.msix);
    if (capability === undefined) throw new HardwareError('BAD_CAPABILITY', 'the configuration space has no MSI-X');
    this.#capability = capability;
    this.#config = config;
    this.#port = port;
    this.size = description.vectors;
    this.#table = new Int32Array(this.size * ENTRY_WORDS);
    this.#pending = new Int32Array(Math.ceil(this.size / 64) * 2);
    const { table, pending } = description;
    this.regions = {
      table: { bar: table.bar, start: table.offset, end: table.offset + this.#table.byteLength },
      pending: { bar: pending.bar, start: pending.offset, end: pending.offset + this.#pending.byteLength },
    };
    this.reset();
  }

  /** Whether the host switched MSI-X on. */
  get enabled(): boolean {
    return (this.#config.load(this.#capability) & MSIX_CONTROL.ENABLE.mask) !== 0;
  }

  /**
   * The host reads.
   *
   * @param bar - a BAR
   * @param offset - byte offset in it, a multiple of 4
   * @returns the word; `undefined` where neither the table nor the pending bits lie
   */
  read(bar: number, offset: number): number | undefined {
    const { table, pending } = this.regions;
    if (contains(table, bar, offset)) return this.#table[(offset - table.start) >> 2]! >>> 0;
    if (contains(pending, bar, offset)) return this.#pending[(offset - pending.start) >> 2]! >>> 0;
    return undefined;
  }

  /**
   * The host writes. Unmasking a vector sends it if it is pending.
   *
   * @param bar - a BAR
   * @param offset - byte offset in it, a multiple of 4
   * @param value - what is written; the pending bits take nothing
   * @returns false where neither the table nor the pending bits lie
   */
  write(bar: number, offset: number, value: number): boolean {
    const { table, pending } = this.regions;
    if (!contains(table, bar, offset)) return contains(pending, bar, offset);
    const word = (offset - table.start) >> 2;
    const writable = this.#writable[word % ENTRY_WORDS] ?? 0;
    this.#table[word] = (this.#table[word]! & ~writable) | (value & writable);
    if (word % ENTRY_WORDS === CONTROL) this.#release(Math.floor(word / ENTRY_WORDS));
    return true;
  }

  /**
   * Raises a vector. Nothing happens while the host has MSI-X off.
   *
   * @param vector - 0 up to `size - 1`; others are ignored, since a driver chooses them
   */
  trigger(vector: number): void {
    if (vector >= this.size || vector < 0 || !this.enabled) return;
    if (this.#passes(vector)) this.#send(vector);
    else this.#pending[vector >>> 5] = this.#pending[vector >>> 5]! | (1 << (vector & 31));
  }

  /**
   * @param word - which 32 vectors: 0 for the first
   * @returns their pending bits, unsigned
   */
  pending(word: number): number {
    return this.#pending[word]! >>> 0;
  }

  /**
   * Forgets vectors that wait.
   *
   * @param word - which 32 vectors: 0 for the first
   * @param bits - those that are not pending any more
   */
  clearPending(word: number, bits: number): void {
    this.#pending[word] = this.#pending[word]! & ~bits;
  }

  /** Looks again at what the host allows, and sends what waited for it. */
  update(): void {
    const control = this.#config.load(this.#capability);
    const masked = (control & MSIX_CONTROL.FUNCTION_MASK.mask) !== 0;
    this.#open = (control & MSIX_CONTROL.ENABLE.mask) !== 0 && !masked && this.#port.busMaster;
    if (!this.#open) return;
    for (let vector = 0; vector < this.size; vector++) this.#release(vector);
  }

  /** Masks every vector and forgets what is pending. */
  reset(): void {
    this.#open = false;
    this.#table.fill(0);
    this.#pending.fill(0);
    for (let vector = 0; vector < this.size; vector++)
      this.#table[vector * ENTRY_WORDS + CONTROL] = MsixEntry.CONTROL.reset;
  }

  #passes(vector: number): boolean {
    return this.#open && (this.#table[vector * ENTRY_WORDS + CONTROL]! & 1) === 0;
  }

  #release(vector: number): void {
    const bit = 1 << (vector & 31);
    const word = vector >>> 5;
    if ((this.#pending[word]! & bit) === 0 || !this.#passes(vector)) return;
    this.#pending[word] = this.#pending[word]! & ~bit;
    this.#send(vector);
  }

  #send(vector: number): void {
    const entry = vector * ENTRY_WORDS;
    this.#port.writeMessage(this.#table[entry]! >>> 0, this.#table[entry + 1]! >>> 0, this.#table[entry + DATA]! >>> 0);
  }
}
