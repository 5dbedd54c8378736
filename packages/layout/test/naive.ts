/*
 * An independent oracle: memory as one big integer, in which a field is a shift and a mask.
 */

const asInteger = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/** Bits `first` to `first + width - 1` of the memory. */
export const getBits = (bytes: Uint8Array, first: number, width: number): bigint =>
  (asInteger(bytes) >> BigInt(first)) & ((1n << BigInt(width)) - 1n);

/** The memory after those bits were replaced; all others are as they were. */
export function setBits(bytes: Uint8Array, first: number, width: number, value: bigint): Uint8Array {
  const mask = ((1n << BigInt(width)) - 1n) << BigInt(first);
  let all = (asInteger(bytes) & ~mask) | ((value << BigInt(first)) & mask);
  return Uint8Array.from(bytes, () => {
    const byte = Number(all & 0xffn);
    all >>= 8n;
    return byte;
  });
}
