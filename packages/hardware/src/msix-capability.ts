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
import type { BarHandler } from './register-file.ts';

const { MSIX_CONTROL } = Msix;
const ENTRY_WORDS = MSIX_ENTRY_BYTES / 4;
const CONTROL = MsixEntry.CONTROL.offset / 4;
const DATA = MsixEntry.DATA.offset / 4;

/** The MSI-X vectors of a device. */
export class MsixCapability implements BarHandler {
  /** How many vectors there are. */
  readonly size: number;
  readonly #config: ConfigSpace;
  readonly #capability: number;
  readonly #port: MessagePort;
  readonly #description: MsixDescription;
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
    this.#description = description;
    this.size = description.vectors;
    this.#table = new Int32Array(this.size * ENTRY_WORDS);
    this.#pending = new Int32Array(Math.ceil(this.size / 64) * 2);
    this.reset();
  }

  /** Whether the host switched MSI-X on. */
  get enabled(): boolean {
    return (this.#config.load(this.#capability) & MSIX_CONTROL.ENABLE.mask) !== 0;
  }

  /**
   * @param bar - a BAR
   * @param offset - byte offset in it
   * @returns whether the table or the pending bits lie there
   */
  covers(bar: number, offset: number): boolean {
    const { table, pending } = this.#description;
    return (
      (bar === table.bar && offset >= table.offset && offset < table.offset + this.#table.byteLength) ||
      (bar === pending.bar && offset >= pending.offset && offset < pending.offset + this.#pending.byteLength)
    );
  }

  read32(offset: number): number {
    const { table, pending } = this.#description;
    const entry = (offset - table.offset) >> 2;
    if (entry >= 0 && entry < this.#table.length) return this.#table[entry]! >>> 0;
    return (this.#pending[(offset - pending.offset) >> 2] ?? 0) >>> 0;
  }

  write32(offset: number, value: number): void {
    const word = (offset - this.#description.table.offset) >> 2;
    if (word < 0 || word >= this.#table.length) return;
    const writable = this.#writable[word % ENTRY_WORDS] ?? 0;
    this.#table[word] = (this.#table[word]! & ~writable) | (value & writable);
    if (word % ENTRY_WORDS === CONTROL) this.#release(Math.floor(word / ENTRY_WORDS));
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
