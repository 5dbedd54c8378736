/*
 * Receive-side scaling (nic-82576 reference §5): the chip hashes what the driver is asked to have hashed (MRQC), with a key
 * (RSSRK), and looks the queue up in a table of 128 entries (RETA). Switching it off and on keeps key and table, as Windows
 * expects; a reset forgets them, and this object does not.
 */

import { ReceiveScalingProtocolType, type IndirectionEntry } from '@netcx/adapter';
import { REGISTERS } from '@netcx/nic-82576/registers';
import type { Device } from './device.ts';

const { MRQC, RETA, RSSRK } = REGISTERS;
const { ipv4, ipv4Options, ipv6, ipv6Extensions, tcp: tcpFlag, udp: udpFlag } = ReceiveScalingProtocolType;
/** MRQC.MODE: queues are chosen by the hash. */
const RSS = 2;
/** Entries of the table. */
export const RSS_TABLE_ENTRIES = 128;
/** Bytes of the key. */
const RSS_KEY_BYTES = 40;

/** The chip's receive-side scaling. */
export class Rss {
  readonly #device: Device;
  readonly #key = new Uint8Array(RSS_KEY_BYTES);
  readonly #table = new Uint8Array(RSS_TABLE_ENTRIES);
  #protocols = 0;

  /**
   * @param device - the device
   */
  constructor(device: Device) {
    this.#device = device;
  }

  /**
   * @param key - 40 bytes
   */
  setKey(key: Uint8Array): void {
    this.#key.set(key);
    this.#writeKey();
  }

  /**
   * @param entries - those that change
   */
  setEntries(entries: readonly IndirectionEntry[]): void {
    const rows = new Set<number>();
    for (const { index, queue } of entries) {
      this.#table[index] = queue;
      rows.add(index >>> 2);
    }
    for (const row of rows) this.#writeRow(row);
  }

  /**
   * @param protocols - flags of ReceiveScalingProtocolType: which headers are hashed
   */
  enable(protocols: number): void {
    this.#protocols = protocols;
    this.#device.write(MRQC, controlOf(protocols));
  }

  /** Frames come by queue 0, without a hash. */
  disable(): void {
    this.#protocols = 0;
    this.#device.write(MRQC, 0);
  }

  /** Writes everything anew: the chip comes out of a reset. */
  program(): void {
    this.#writeKey();
    for (let row = 0; row < RETA.count; row++) this.#writeRow(row);
    this.#device.write(MRQC, this.#protocols === 0 ? 0 : controlOf(this.#protocols));
  }

  #writeKey(): void {
    const words = new DataView(this.#key.buffer);
    for (let word = 0; word < RSSRK.count; word++) this.#device.write(RSSRK, words.getUint32(4 * word, true), word);
  }

  #writeRow(row: number): void {
    const words = new DataView(this.#table.buffer);
    this.#device.write(RETA, words.getUint32(4 * row, true), row);
  }
}

/** MRQC for what shall be hashed. */
function controlOf(protocols: number): number {
  const has = (flag: number): boolean => (protocols & flag) !== 0;
  let control = RSS;
  const add = (plain: number, tcp: number, udp: number): void => {
    control |= plain;
    if (has(tcpFlag)) control |= tcp;
    if (has(udpFlag)) control |= udp;
  };
  if (has(ipv4 | ipv4Options)) add(MRQC.IPV4.mask, MRQC.TCP_IPV4.mask, MRQC.UDP_IPV4.mask);
  // Both bits of TCP over IPv6, as Linux sets them: QEMU's chip knows the second one only.
  if (has(ipv6)) add(MRQC.IPV6.mask, MRQC.TCP_IPV6.mask | MRQC.TCP_IPV6_EX.mask, MRQC.UDP_IPV6.mask);
  if (has(ipv6Extensions)) add(MRQC.IPV6_EX.mask, MRQC.TCP_IPV6_EX.mask, MRQC.UDP_IPV6_EX.mask);
  return control;
}
