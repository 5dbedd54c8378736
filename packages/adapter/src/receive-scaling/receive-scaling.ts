/*
 * Receive-side scaling: what the NIC can spread, and how a protocol wants frames spread over receive queues. The indirection
 * table here always says what the driver was told and has confirmed: an entry that it could not write keeps its old queue.
 * Table, key and whether it is on outlive the queues, and are set again when there are new ones. Follows reference
 * netadaptercx §5.8.
 */

import { AdapterError } from '../adapter-error.ts';
import type { PowerReference } from '../power-reference.ts';
import type { ReceiveQueue } from '../receive-queue.ts';
import { violation } from '../verifier/violation.ts';
import {
  checkScalingCapabilities,
  isSumOf,
  type IndirectionEntry,
  type ReceiveScalingCapabilities,
} from './scaling-capabilities.ts';
import { HASH_SECRET_KEY_BYTES } from './toeplitz.ts';

/** How a protocol wants frames spread. */
export interface ReceiveScalingParameters {
  /** The hash function: flags of `ReceiveScalingHashType`. */
  readonly hashTypes: number;
  /** What is hashed: flags of `ReceiveScalingProtocolType`. */
  readonly protocolTypes: number;
  /** The secret key, 40 bytes; the one before when left out. */
  readonly key?: Uint8Array;
  /** The queue of each entry, a power of two of them up to the NIC's; the table before, or an even one, when left out. */
  readonly table?: readonly number[];
}

/** A queue that frames can go to, and where it is polled. */
export interface ReceiveAffinity {
  /** Number of the receive queue. */
  readonly queue: number;
  /** Number of its execution context, in the order in which the queues met them: queues of one context are never polled at once. */
  readonly context: number;
}

/** How often entries that a driver could not write are tried. */
const ATTEMPTS = 3;

interface State {
  hashTypes: number;
  protocolTypes: number;
  key: Uint8Array | undefined;
  /** The queue of each entry, as the driver confirmed it. */
  table: number[];
  /** Whether a protocol chose the table, or part of it. */
  chosen: boolean;
  on: boolean;
}

/** The receive-side scaling of an adapter. */
export class ReceiveScaling {
  readonly #name: string;
  readonly #refuseWhenStarted: () => void;
  readonly #whilePowered: PowerReference;
  #capabilities: ReceiveScalingCapabilities | undefined;
  #state: State = { hashTypes: 0, protocolTypes: 0, key: undefined, table: [], chosen: false, on: false };
  #queues: readonly ReceiveQueue[] = [];
  /** Whether the NIC has the key and the whole table since the queues are there. */
  #told = false;

  /**
   * @param name - the adapter's, for messages
   * @param refuseWhenStarted - throws while the adapter's queues exist
   * @param whilePowered - calls the driver with the device in D0
   */
  constructor(name: string, refuseWhenStarted: () => void, whilePowered: PowerReference) {
    this.#name = name;
    this.#refuseWhenStarted = refuseWhenStarted;
    this.#whilePowered = whilePowered;
  }

  /**
   * The driver says what its NIC can spread.
   *
   * @param capabilities - sizes, flags, and how the device is told
   * @throws AdapterError `ADAPTER_STARTED`; ViolationError `NOT_POWER_OF_TWO`, `INVALID_RECEIVE_SCALING_HASH_TYPE`,
   * `INVALID_RECEIVE_SCALING_PROTOCOL_TYPE`, `INVALID_RECEIVE_SCALING_ENCAPSULATION_TYPE` or `INVALID_RSS_CONFIGURATION`
   * @example
   * ```ts
   * adapter.receiveScaling.setCapabilities({
   *   numberOfQueues: 4,
   *   indirectionTableSize: 128,
   *   hashTypes: ReceiveScalingHashType.toeplitz,
   *   protocolTypes: ReceiveScalingProtocolType.ipv4 | ReceiveScalingProtocolType.tcp,
   *   enable: (hashTypes, protocolTypes) => writeHashRegister(device, protocolTypes),
   *   disable: () => writeHashRegister(device, 0),
   *   setHashSecretKey: (key) => writeKey(device, key),
   *   setIndirectionEntries: (entries) => entries.map(({ index, queue }) => writeEntry(device, index, queue)),
   * });
   * ```
   */
  setCapabilities(capabilities: ReceiveScalingCapabilities): void {
    this.#refuseWhenStarted();
    checkScalingCapabilities(this.#name, capabilities);
    this.#capabilities = capabilities;
    const { numberOfQueues, indirectionTableSize: size, unhashedTarget = 0 } = capabilities;
    const { table } = this.#state;
    if (table.length !== size || table.some((queue) => queue >= numberOfQueues))
      this.#state = {
        ...this.#state,
        table: new Array<number>(size).fill(unhashedTarget),
        chosen: false,
        on: false,
      };
  }

  /** What the NIC can spread; `undefined` when its driver has not said. */
  get capabilities(): ReceiveScalingCapabilities | undefined {
    return this.#capabilities;
  }

  /** Whether frames are spread, or will be when the adapter starts. */
  get enabled(): boolean {
    return this.#state.on;
  }

  /** The queue of each entry of the indirection table, as the driver confirmed it last; a copy. */
  get indirectionTable(): readonly number[] {
    return [...this.#state.table];
  }

  /** Queues that frames can be spread over: what the NIC can, and what there is while the adapter runs. */
  get numberOfQueues(): number {
    const { numberOfQueues = 0 } = this.#capabilities ?? {};
    return this.#queues.length === 0 ? numberOfQueues : Math.min(numberOfQueues, this.#queues.length);
  }

  /** Where each receive queue is polled, while the adapter runs: what a protocol spreads its own work by. */
  get affinity(): readonly ReceiveAffinity[] {
    const contexts = [...new Set(this.#queues.map((queue) => queue.context))];
    return this.#queues
      .slice(0, this.numberOfQueues)
      .map(({ id, context }) => ({ queue: id, context: contexts.indexOf(context) }));
  }

  /**
   * A table that loads every execution context alike, and within a context each of its queues.
   *
   * @returns the queue of each entry
   */
  evenTable(): number[] {
    const byContext = new Map<number, number[]>();
    for (const { queue, context } of this.#spreadOver())
      byContext.set(context, [...(byContext.get(context) ?? []), queue]);
    const contexts = [...byContext.values()];
    return Array.from({ length: this.#capabilities?.indirectionTableSize ?? 0 }, (_, entry) => {
      const queues = contexts[entry % contexts.length]!;
      return queues[Math.floor(entry / contexts.length) % queues.length]!;
    });
  }

  /** Before the queues exist each is taken to have a context of its own. */
  #spreadOver(): readonly ReceiveAffinity[] {
    if (this.#queues.length > 0) return this.affinity;
    return Array.from({ length: this.numberOfQueues }, (_, queue) => ({ queue, context: queue }));
  }

  /**
   * Spreads frames: tells the driver the key, then the table, then what is hashed. Other types than before are set by
   * disabling first. While the adapter is stopped this is remembered for its next start.
   *
   * @param parameters - how
   * @throws AdapterError `RECEIVE_SCALING_UNSUPPORTED`, naming what is not; `INSIDE_POLL` where entries must not be set during
   * a poll; `INDIRECTION_NOT_SET` when the driver could not write entries in three attempts, which then keep their queues;
   * whatever the driver throws. Scaling is then on with its old types, or off, as it
   * was; a new key, and entries that were written, stay
   */
  enable(parameters: ReceiveScalingParameters): void {
    const capabilities = this.#required();
    const table = this.#tableOf(parameters.table);
    const { hashTypes, protocolTypes } = parameters;
    const key = parameters.key === undefined ? this.#state.key : parameters.key.slice();
    this.#refuse([
      ...(hashTypes === 0 || !isSumOf(hashTypes, { supported: capabilities.hashTypes })
        ? [`hashTypes 0x${hashTypes.toString(16)}; the NIC has 0x${capabilities.hashTypes.toString(16)}`]
        : []),
      ...(protocolTypes === 0 || !isSumOf(protocolTypes, { supported: capabilities.protocolTypes })
        ? [`protocolTypes 0x${protocolTypes.toString(16)}; the NIC has 0x${capabilities.protocolTypes.toString(16)}`]
        : []),
      ...(key?.length === HASH_SECRET_KEY_BYTES ? [] : [`a key of ${String(key?.length ?? 0)} bytes; expected 40`]),
    ]);
    const wanted = { hashTypes, protocolTypes, key, table, chosen: true, on: true };
    if (this.#queues.length === 0) this.#state = wanted;
    else this.#apply(wanted);
  }

  /** Every frame goes to queue 0 again. The table and the key stay. */
  disable(): void {
    const capabilities = this.#required();
    if (!this.#state.on) return;
    if (this.#queues.length > 0) this.#whilePowered(capabilities.disable);
    this.#state.on = false;
  }

  /**
   * @param key - the secret key, 40 bytes
   * @throws AdapterError `RECEIVE_SCALING_UNSUPPORTED` for another number of bytes; whatever the driver throws
   */
  setHashSecretKey(key: Uint8Array): void {
    const capabilities = this.#required();
    if (key.length !== HASH_SECRET_KEY_BYTES) this.#refuse([`a key of ${String(key.length)} bytes; expected 40`]);
    if (this.#queues.length > 0)
      this.#whilePowered(() => {
        capabilities.setHashSecretKey(key.slice());
      });
    this.#state.key = key.slice();
  }

  /**
   * Sends the frames of some entries to other queues: what a protocol balances load by.
   *
   * @param entries - places of the table and their queues
   * @returns for each entry whether the driver wrote it; one that it did not keeps its queue
   * @throws AdapterError `RECEIVE_SCALING_UNSUPPORTED`, `INSIDE_POLL`; whatever the driver throws, and then no entry has changed
   */
  setIndirectionEntries(entries: readonly IndirectionEntry[]): readonly boolean[] {
    this.#required();
    const { length } = this.#state.table;
    this.#refuse(
      entries.flatMap(({ index, queue }) => [
        ...(Number.isInteger(index) && index >= 0 && index < length
          ? []
          : [`entry ${String(index)}; the table has ${String(length)}`]),
        ...this.#wrongWithQueue(queue),
      ]),
    );
    this.#state.chosen = true;
    if (this.#queues.length > 0) return this.#write(entries);
    for (const { index, queue } of entries) this.#state.table[index] = queue;
    return entries.map(() => true);
  }

  /**
   * The queues are there: what was asked for is set.
   *
   * @param queues - the receive queues
   * @param most - queues that the NIC has
   * @throws ViolationError `INVALID_RSS_CONFIGURATION` when the driver says that the NIC spreads over more than it has
   */
  open(queues: readonly ReceiveQueue[], most: number): void {
    const { numberOfQueues = 0 } = this.#capabilities ?? {};
    if (numberOfQueues > most)
      throw violation(0x63, 'the NIC has fewer queues than it can spread over', {
        object: this.#name,
        field: 'numberOfQueues',
        expected: `up to ${String(most)}`,
        found: numberOfQueues,
      });
    this.#queues = queues;
    this.#told = false;
    const { on, table } = this.#state;
    if (!on || queues.length === 0) return;
    // There may be fewer queues than last time.
    const possible = table.every((queue) => queue < this.numberOfQueues) ? table : this.evenTable();
    this.#state.on = false;
    this.#apply({ ...this.#state, table: [...possible], on: true });
  }

  /** The queues go: the driver is not called any more. */
  close(): void {
    this.#queues = [];
  }

  /** Sets what differs from what is set, or everything for new queues. */
  #apply(wanted: State): void {
    const capabilities = this.#required();
    const state = this.#state;
    const { hashTypes, protocolTypes, key, table } = wanted;
    const wasOn = state.on;
    if (wasOn && (state.hashTypes !== hashTypes || state.protocolTypes !== protocolTypes)) this.disable();
    try {
      if (key !== undefined && (!this.#told || !sameBytes(state.key, key))) this.setHashSecretKey(key);
      this.#writeTable(table);
      this.#told = true;
      if (state.on) return;
      this.#whilePowered(() => {
        capabilities.enable(hashTypes, protocolTypes);
      });
      Object.assign(state, { hashTypes, protocolTypes, on: true });
    } catch (error) {
      if (wasOn && !state.on) {
        this.#whilePowered(() => {
          capabilities.enable(state.hashTypes, state.protocolTypes);
        });
        state.on = true;
      }
      throw error;
    }
  }

  #writeTable(table: readonly number[]): void {
    const state = this.#state;
    let missing = table.map((queue, index) => ({ index, queue }));
    if (this.#told) missing = missing.filter(({ index, queue }) => state.table[index] !== queue);
    state.chosen = true;
    for (let attempt = 0; attempt < ATTEMPTS && missing.length > 0; attempt++) {
      const written = this.#write(missing);
      missing = missing.filter((_, place) => written[place] !== true);
    }
    if (missing.length > 0)
      throw new AdapterError(
        'INDIRECTION_NOT_SET',
        `${this.#name}: the driver could not set entries ${missing.map(({ index }) => index).join(', ')} in ${String(ATTEMPTS)} attempts`,
      );
  }

  /** Tells the driver, and believes what it confirms. */
  #write(entries: readonly IndirectionEntry[]): readonly boolean[] {
    const capabilities = this.#required();
    if (capabilities.synchronizeSetIndirectionEntries === true && this.#queues.some(({ context }) => context.polling))
      throw new AdapterError(
        'INSIDE_POLL',
        `${this.#name}: entries cannot be set while a receive queue is polled; do it from a task of its context`,
      );
    const copies = entries.map(({ index, queue }) => ({ index, queue }));
    const answer = this.#whilePowered(() => capabilities.setIndirectionEntries(copies));
    const written = entries.map((_, index) => answer === undefined || answer[index] === true);
    for (const [place, { index, queue }] of entries.entries())
      if (written[place] === true) this.#state.table[index] = queue;
    return written;
  }

  #tableOf(table: readonly number[] | undefined): number[] {
    const size = this.#required().indirectionTableSize;
    if (table === undefined) return this.#state.chosen ? [...this.#state.table] : this.evenTable();
    const { length } = table;
    if (length === 0 || length > size || (length & (length - 1)) !== 0)
      this.#refuse([`a table of ${String(length)} entries; expected a power of two up to ${String(size)}`]);
    this.#refuse(table.flatMap((queue) => this.#wrongWithQueue(queue)));
    return Array.from({ length: size }, (_, entry) => table[entry & (length - 1)]!); // a smaller table repeats
  }

  #wrongWithQueue(queue: number): string[] {
    return Number.isInteger(queue) && queue >= 0 && queue < this.numberOfQueues
      ? []
      : [`queue ${String(queue)}; expected 0 to ${String(this.numberOfQueues - 1)}`];
  }

  #required(): ReceiveScalingCapabilities {
    if (this.#capabilities === undefined)
      throw new AdapterError(
        'RECEIVE_SCALING_UNSUPPORTED',
        `${this.#name}: the driver has not said that its NIC can spread frames`,
      );
    return this.#capabilities;
  }

  #refuse(problems: readonly string[]): void {
    if (problems.length > 0)
      throw new AdapterError('RECEIVE_SCALING_UNSUPPORTED', `${this.#name}: ${[...new Set(problems)].join('; ')}`);
  }
}

const sameBytes = (one: Uint8Array | undefined, other: Uint8Array): boolean =>
  one?.every((byte, index) => byte === other[index]) === true;
