/*
 * The payload of a message, field by field: whoever reads one first says how long it has to be, so that no field lies
 * outside. 64-bit fields are numbers: what is above 2^53 cannot be told exactly, and is refused.
 */

import { Errno, Refusal } from './errno.ts';

const TWO_32 = 0x1_0000_0000;

/** A payload that was received. */
export class Fields {
  /** Its bytes; they are the receiver's, and change with the next message. */
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  /**
   * @param bytes - the payload
   */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** How many bytes there are. */
  get length(): number {
    return this.bytes.length;
  }

  /**
   * @param least - bytes that the payload must have
   * @throws Refusal EINVAL when it has fewer
   */
  need(least: number): void {
    if (this.length < least) {
      throw new Refusal(Errno.EINVAL, `${String(this.length)} bytes of payload: expected ${String(least)} or more`);
    }
  }

  /**
   * @param offset - of the field
   * @returns 16 bits
   */
  u16(offset: number): number {
    return this.#view.getUint16(offset, true);
  }

  /**
   * @param offset - of the field
   * @returns 32 bits
   */
  u32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  /**
   * @param offset - of the field
   * @returns 64 bits
   * @throws Refusal EINVAL for 2^53 and more
   */
  u64(offset: number): number {
    const value = this.u32(offset + 4) * TWO_32 + this.u32(offset);
    if (!Number.isSafeInteger(value)) throw new Refusal(Errno.EINVAL, `a number above 2^53 at byte ${String(offset)}`);
    return value;
  }
}

/** A field of a payload that is to be sent: its bytes (2, 4 or 8) and its value. */
export type Field = readonly [bytes: 2 | 4 | 8, value: number];

/**
 * @param fields - in order
 * @returns them, one behind the other
 */
export function pack(...fields: readonly Field[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value % TWO_32, true);
    if (size === 8) view.setUint32(at + 4, Math.floor(value / TWO_32), true);
    at += size;
  }
  return bytes;
}
