/*
 * Receive-side scaling: the hash over a packet's addresses and ports, and the queue that the redirection table has for it
 * (nic-82576 reference §2 MRQC, RETA, RSSRK, §4 and §5; Microsoft's "RSS hashing types" and "RSS hashing functions"). The
 * Toeplitz hash of a byte at a given place is looked up: the tables are made again when the key has changed.
 *
 * @hot
 */

import type { RegisterFile } from '@netcx/hardware';
import * as wire from '@netcx/hardware/wire';
import type { Headers } from './headers.ts';
import * as registers from './registers/index.ts';

const { i32: w, u8: bytes, allocateWire, freeWire } = wire;
const { REGISTERS, RX_PACKET_TYPE, RX_RSS_TYPE } = registers;
const { MRQC, RETA, RFCTL, RSSRK } = REGISTERS;

/** The value of MRQC.MODE that means RSS over all queues. */
const MODE_RSS = 2;
/** Bytes of the longest input: two IPv6 addresses and two ports. */
const INPUT_BYTES = 36;
const { IPV4, IPV6, IPV6_EXTENSIONS, TCP, UDP } = RX_PACKET_TYPE;
/** Entries of the redirection table, one byte each. */
const ENTRIES = 128;
/** Words of the tables: what each value of each byte of the input adds to the hash, then the queue of each entry. */
const HASH_WORDS = INPUT_BYTES * 256;
/** Bytes that each type of hash is made of, for packets without extensions. */
const HASHED_BYTES: Readonly<Record<number, number>> = {
  [RX_RSS_TYPE.IPV4]: 8,
  [RX_RSS_TYPE.TCP_IPV4]: 12,
  [RX_RSS_TYPE.UDP_IPV4]: 12,
  [RX_RSS_TYPE.IPV6]: 32,
  [RX_RSS_TYPE.TCP_IPV6]: 36,
  [RX_RSS_TYPE.UDP_IPV6]: 36,
};
const TABLE_BYTES = 4 * (HASH_WORDS + ENTRIES);

/** Makes hashes, and chooses queues by them. */
export class Rss {
  /** Whether frames are spread over queues at all. */
  enabled = false;
  /** The hash of the last packet; 0 when it has none. */
  hash = 0;
  /** What the hash was made of, RX_RSS_TYPE. */
  type: number = RX_RSS_TYPE.NONE;
  readonly #registers: RegisterFile;
  /** The fields of MRQC that say which types of packet are hashed. */
  #fields = 0;
  #skipsExtensions = true;
  /** Word index of the tables in device memory. */
  readonly #table = allocateWire(TABLE_BYTES) >>> 2;
  #tableIsCurrent = false;

  /**
   * @param registers - the MAC's registers
   */
  constructor(registers: RegisterFile) {
    this.#registers = registers;
    for (const register of [RSSRK, RETA]) {
      registers.onWrite(register, () => {
        this.#tableIsCurrent = false;
      });
    }
  }

  /** Reads MRQC and RFCTL anew. */
  rebuild(): void {
    const control = this.#registers.get(MRQC);
    this.enabled = MRQC.MODE.get(control) === MODE_RSS;
    this.#fields = control;
    this.#skipsExtensions = RFCTL.IPV6_EX_DIS.get(this.#registers.get(RFCTL)) === 0;
  }

  /** RSSRK and RETA were reset. */
  reset(): void {
    this.#tableIsCurrent = false;
  }

  /**
   * Hashes a packet: `hash` and `type` tell.
   *
   * @param headers - its headers
   * @returns the queue for it; 0 for one that is not hashed
   */
  choose(headers: Headers): number {
    const type = this.#typeOf(headers);
    this.type = type;
    this.hash = 0;
    if (type === RX_RSS_TYPE.NONE) return 0;
    if (!this.#tableIsCurrent) this.#makeTable();
    const withHome =
      type === RX_RSS_TYPE.TCP_IPV6_EX || type === RX_RSS_TYPE.UDP_IPV6_EX || type === RX_RSS_TYPE.IPV6_EX;
    const { network, homeAddress, homeDestination } = headers;
    let hash: number;
    let place: number;
    if ((headers.types & IPV4) !== 0) {
      hash = this.#hashBytes(0, network + 12, 8);
      place = 8;
    } else {
      hash = this.#hashBytes(0, withHome && homeAddress !== 0 ? homeAddress : network + 8, 16);
      hash ^= this.#hashBytes(16, withHome && homeDestination !== 0 ? homeDestination : network + 24, 16);
      place = 32;
    }
    if (type !== RX_RSS_TYPE.IPV4 && type !== RX_RSS_TYPE.IPV6 && type !== RX_RSS_TYPE.IPV6_EX)
      hash ^= this.#hashBytes(place, headers.transport, 4);
    this.hash = hash;
    return w[this.#table + HASH_WORDS + (hash & (ENTRIES - 1))]!;
  }

  /** Byte offset in device memory of the tables, and of the queue of each entry; current until a register is written. */
  get tables(): number {
    if (!this.#tableIsCurrent) this.#makeTable();
    return this.#table << 2;
  }

  get queues(): number {
    return (this.#table + HASH_WORDS) << 2;
  }

  /**
   * @param types - RX_PACKET_TYPE bits of a packet without extensions
   * @returns the most telling type of hash that MRQC allows for it, RX_RSS_TYPE
   */
  plainTypeOf(types: number): number {
    const fields = this.#fields;
    if (!this.enabled) return RX_RSS_TYPE.NONE;
    if ((types & IPV4) !== 0) {
      if ((types & TCP) !== 0 && (fields & MRQC.TCP_IPV4.mask) !== 0) return RX_RSS_TYPE.TCP_IPV4;
      if ((types & UDP) !== 0 && (fields & MRQC.UDP_IPV4.mask) !== 0) return RX_RSS_TYPE.UDP_IPV4;
      return (fields & MRQC.IPV4.mask) !== 0 ? RX_RSS_TYPE.IPV4 : RX_RSS_TYPE.NONE;
    }
    // Without home addresses the types that know of them come to the same as those that do not.
    const tcp = MRQC.TCP_IPV6.mask | MRQC.TCP_IPV6_EX.mask;
    const udp = MRQC.UDP_IPV6.mask | MRQC.UDP_IPV6_EX.mask;
    if ((types & TCP) !== 0 && (fields & tcp) !== 0) return RX_RSS_TYPE.TCP_IPV6;
    if ((types & UDP) !== 0 && (fields & udp) !== 0) return RX_RSS_TYPE.UDP_IPV6;
    return (fields & (MRQC.IPV6.mask | MRQC.IPV6_EX.mask)) !== 0 ? RX_RSS_TYPE.IPV6 : RX_RSS_TYPE.NONE;
  }

  /** The most telling type of hash that MRQC allows for a packet. */
  #typeOf(headers: Headers): number {
    const fields = this.#fields;
    const { types } = headers;
    if ((types & IPV4) !== 0) return this.plainTypeOf(types);
    if ((types & IPV6) === 0) return RX_RSS_TYPE.NONE;
    const skipped = (types & IPV6_EXTENSIONS) === 0 || this.#skipsExtensions;
    const home = headers.homeAddress !== 0 || headers.homeDestination !== 0;
    if (skipped && home) {
      if ((types & TCP) !== 0 && (fields & MRQC.TCP_IPV6_EX.mask) !== 0) return RX_RSS_TYPE.TCP_IPV6_EX;
      if ((types & UDP) !== 0 && (fields & MRQC.UDP_IPV6_EX.mask) !== 0) return RX_RSS_TYPE.UDP_IPV6_EX;
      if ((fields & MRQC.IPV6_EX.mask) !== 0) return RX_RSS_TYPE.IPV6_EX;
    } else if (skipped) {
      return this.plainTypeOf(types);
    }
    return (fields & MRQC.IPV6.mask) !== 0 ? RX_RSS_TYPE.IPV6 : RX_RSS_TYPE.NONE;
  }

  /**
   * @param type - what `plainTypeOf` returned
   * @returns bytes that are hashed, from the addresses on
   */
  hashedBytes(type: number): number {
    return HASHED_BYTES[type] ?? 0;
  }

  /** What some bytes add to the hash when they stand at this place of the input. */
  #hashBytes(place: number, at: number, count: number): number {
    let row = (this.#table + place * 256) | 0;
    let hash = 0;
    for (let index = at | 0; index < at + count; index++) {
      hash ^= w[row + bytes[index]!]!;
      row = (row + 256) | 0;
    }
    return hash;
  }

  #makeTable(): void {
    for (let place = 0; place < INPUT_BYTES; place++) {
      const row = this.#table + place * 256;
      w[row] = 0;
      for (let value = 1; value < 256; value++) {
        // A value adds what it adds without its lowest bit, and what that bit adds: 32 bits of the key from there on.
        const lowest = 31 - Math.clz32(value & -value);
        w[row + value] = w[row + (value & (value - 1))]! ^ this.#keyFrom(place * 8 + 7 - lowest);
      }
    }
    for (let entry = 0; entry < ENTRIES; entry++) {
      const queues = this.#registers.get(RETA, entry >>> 2);
      w[this.#table + HASH_WORDS + entry] = (queues >>> ((entry & 3) * 8)) & 15;
    }
    this.#tableIsCurrent = true;
  }

  /** The 32 bits of the key that begin at this bit; byte 0 is the low byte of RSSRK 0, and its high bit is bit 0. */
  #keyFrom(bit: number): number {
    let high = 0;
    for (let index = 0; index < 4; index++) high = (high << 8) | this.#keyByte((bit >>> 3) + index);
    const shift = bit & 7;
    return shift === 0 ? high : (high << shift) | (this.#keyByte((bit >>> 3) + 4) >>> (8 - shift));
  }

  #keyByte(index: number): number {
    return (this.#registers.get(RSSRK, index >>> 2) >>> ((index & 3) * 8)) & 255;
  }

  /** Gives the tables' memory back. */
  close(): void {
    freeWire(this.#table << 2, TABLE_BYTES);
  }
}
