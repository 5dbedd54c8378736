/* A transmit and a receive ring in a client's memory, and frames through both: the NIC's cable leads back to itself. */

import { REGISTERS } from '@netcx/nic-82576/registers';
import type { ClientMemory } from '../src/index.ts';
import type { Driver } from './rig.ts';

const { RCTL, RDBAH, RDBAL, RDLEN, RDT, RXDCTL, SRRCTL, TCTL, TDBAH, TDBAL, TDLEN, TDT, TXDCTL } = REGISTERS;
const DESCRIPTORS = 8;
/** Where things lie in the memory. */
const PLACE = { tx: 0, rx: 0x1000, sent: 0x2000, received: 0x3000 };

/** Points the NIC at rings in a piece of memory, which has 16 KiB. */
export function startRings(driver: Driver, { address, bytes }: ClientMemory): void {
  bytes.fill(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let index = 0; index < DESCRIPTORS; index++) {
    view.setBigUint64(PLACE.rx + index * 16, BigInt(address + PLACE.received + index * 2048), true);
  }
  const [low, high] = [address % 2 ** 32, Math.floor(address / 2 ** 32)];
  driver.write(TDBAL, low + PLACE.tx);
  driver.write(TDBAH, high);
  driver.write(TDLEN, DESCRIPTORS * 16);
  driver.write(TXDCTL, TXDCTL.ENABLE.mask);
  driver.write(TCTL, TCTL.EN.mask | TCTL.PSP.mask);
  driver.write(RDBAL, low + PLACE.rx);
  driver.write(RDBAH, high);
  driver.write(RDLEN, DESCRIPTORS * 16);
  driver.write(SRRCTL, SRRCTL.BSIZEPACKET.set(SRRCTL.DESCTYPE.set(0, 1), 2));
  driver.write(RXDCTL, RXDCTL.ENABLE.mask);
  driver.write(RCTL, RCTL.EN.mask | RCTL.SECRC.mask | RCTL.UPE.mask | RCTL.BAM.mask);
  driver.write(RDT, DESCRIPTORS - 1);
}

/** Sends a frame as transmit descriptor `index`; what it says afterwards is in the memory. */
export function send(driver: Driver, { address, bytes }: ClientMemory, index: number, frame: Uint8Array): void {
  bytes.set(frame, PLACE.sent);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = PLACE.tx + index * 16;
  view.setBigUint64(at, BigInt(address + PLACE.sent), true);
  view.setUint32(at + 8, 0x2b30_0000 | frame.length, true); // EOP, IFCS, RS, DEXT, data
  view.setUint32(at + 12, frame.length << 14, true);
  driver.ring(TDT, (index + 1) % DESCRIPTORS);
}

/** Whether transmit descriptor `index` is done. */
export const isSent = ({ bytes }: ClientMemory, index: number): boolean =>
  (bytes[PLACE.tx + index * 16 + 12]! & 1) === 1;

/** The frame in receive descriptor `index`; `undefined` until it is there. */
export function received({ bytes }: ClientMemory, index: number): Uint8Array | undefined {
  const at = PLACE.rx + index * 16;
  if ((bytes[at + 8]! & 1) === 0) return undefined;
  const length = bytes[at + 12]! | (bytes[at + 13]! << 8);
  return bytes.slice(PLACE.received + index * 2048, PLACE.received + index * 2048 + length);
}

/** A frame to the NIC itself. */
export const frame = (length: number, seed = 0): Uint8Array =>
  Uint8Array.from(
    { length },
    (_, index) => [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5][index] ?? (index * 7 + seed) & 255,
  );
