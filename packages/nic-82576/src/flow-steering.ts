/*
 * The chip's receive-side scaling by itself, in front of several functions: which of them a frame is for. The same parser, hash and
 * redirection table as inside the chip (nic-82576 reference §4, §5), so a group of functions spreads flows as one function spreads
 * them over its queues.
 */

import { RegisterFile } from '@netcx/hardware';
import { Headers } from './headers.ts';
import { NicError } from './nic-error.ts';
import { BAR, REGISTERS } from './registers/index.ts';
import { Rss } from './rss.ts';
import { VlanFilter } from './vlan-filter.ts';

const { MRQC, RETA, RSSRK } = REGISTERS;
/** MRQC.MODE: hash, and choose by the table. */
const MODE_RSS = 2;
const KEY_BYTES = 40;
const TABLE_ENTRIES = 128;
/** What an entry of the table can say. */
const MOST_TARGETS = 16;
/** Every type of packet that the chip can hash. */
const ALL_TYPES =
  MRQC.TCP_IPV4.mask | MRQC.IPV4.mask | MRQC.TCP_IPV6.mask | MRQC.IPV6.mask | MRQC.UDP_IPV4.mask | MRQC.UDP_IPV6.mask;

/** How flows are spread. */
export interface FlowSteeringOptions {
  /** Functions to spread over, 1 to 16. */
  readonly targets: number;
  /** The secret key, 40 bytes; Microsoft's, when left out. */
  readonly key?: Uint8Array;
  /** 128 entries: the function for each value of the hash's low bits; one after the other when left out. */
  readonly table?: Uint8Array;
}

/** The key that Microsoft's documents verify the hash with ("Verifying the RSS hash calculation"). */
const MICROSOFT_KEY = Uint8Array.from(
  '6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa'.match(/../g) ?? [],
  (byte) => Number.parseInt(byte, 16),
);

/** Chooses functions by flows. */
export class FlowSteering {
  readonly #vlan: VlanFilter;
  readonly #headers = new Headers();
  readonly #rss: Rss;

  /**
   * @param options - how many functions, key, table
   * @throws NicError `STEERING` for a key or a table that cannot be; RangeError when the devices' memory is used up
   */
  constructor(options: FlowSteeringOptions) {
    const { targets, key = MICROSOFT_KEY } = options;
    const refuse = (found: string, expected: string): never => {
      throw new NicError('STEERING', `${found}; expected ${expected}`);
    };
    if (!Number.isInteger(targets) || targets < 1 || targets > MOST_TARGETS)
      refuse(`${String(targets)} targets`, `1 to ${String(MOST_TARGETS)}`);
    const { table = Uint8Array.from({ length: TABLE_ENTRIES }, (_, entry) => entry % targets) } = options;
    if (key.length !== KEY_BYTES) refuse(`a key of ${String(key.length)} bytes`, String(KEY_BYTES));
    if (table.length !== TABLE_ENTRIES || table.some((target) => target >= targets))
      refuse(`a table of ${String(table.length)} entries`, `${String(TABLE_ENTRIES)} below ${String(targets)}`);
    const file = new RegisterFile('flow steering', REGISTERS, BAR.REGISTERS.bytes);
    this.#vlan = new VlanFilter(file);
    this.#rss = new Rss(file);
    const word = (bytes: Uint8Array, at: number): number =>
      new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
    for (let index = 0; index < RSSRK.count; index++) file.set(RSSRK, word(key, 4 * index), index);
    for (let index = 0; index < RETA.count; index++) file.set(RETA, word(table, 4 * index), index);
    file.set(MRQC, MRQC.MODE.set(ALL_TYPES, MODE_RSS));
    this.#vlan.rebuild();
    this.#rss.rebuild();
  }

  /** The hash of the last frame; 0 when it is of a kind that is not hashed. */
  get hash(): number {
    return this.#rss.hash;
  }

  /**
   * @param data - byte offset of a frame's first byte in device memory
   * @param length - its bytes
   * @returns the function for it; 0 for what is not hashed, such as ARP
   */
  choose(data: number, length: number): number {
    const vlan = this.#vlan;
    this.#headers.parse(data, length, vlan.typeOf(data, length, vlan.tagOf(data, length)));
    return this.#rss.choose(this.#headers);
  }

  /** Gives its memory back. */
  close(): void {
    this.#rss.close();
  }
}
