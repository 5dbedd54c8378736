/*
 * Numbers in network byte order, and addresses as text. Reading past the end gives zero: whoever reads has checked the
 * length before.
 */

/**
 * @param bytes - where
 * @param at - index of the first byte
 * @returns two bytes as a number
 */
export const get16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

/**
 * @param bytes - where
 * @param at - index of the first byte
 * @returns four bytes as an unsigned number
 */
export const get32 = (bytes: Uint8Array, at: number): number => ((get16(bytes, at) << 16) | get16(bytes, at + 2)) >>> 0;

/**
 * @param bytes - where
 * @param at - index of the first byte
 * @param value - its low 16 bits are written
 */
export function set16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/**
 * @param bytes - where
 * @param at - index of the first byte
 * @param value - its low 32 bits are written
 */
export function set32(bytes: Uint8Array, at: number, value: number): void {
  set16(bytes, at, value >>> 16);
  set16(bytes, at + 2, value);
}

/**
 * @param a - some bytes
 * @param b - others
 * @returns whether they are the same
 */
export const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

/**
 * @param parts - bytes, one behind the other
 * @returns them in one piece
 */
export function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * @param text - such as `10.0.2.2`
 * @returns the address as an unsigned number; `undefined` if it is none
 */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((address, part) => address * 256 + Number(part), 0);
}

/**
 * @param address - as an unsigned number
 * @returns such as `10.0.2.2`
 */
export const formatIpv4 = (address: number): string =>
  [24, 16, 8, 0].map((shift) => String((address >>> shift) & 255)).join('.');

/**
 * @param text - such as `fd00:2::2`, without zone and without an IPv4 address inside
 * @returns its 16 bytes; `undefined` if it is none
 */
export function parseIpv6(text: string): Uint8Array<ArrayBuffer> | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const [head = [], tail = []] = groups;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  const bytes = new Uint8Array(16);
  for (const [index, group] of all.entries()) set16(bytes, index * 2, Number.parseInt(group, 16));
  return bytes;
}

/**
 * @param text - such as `52:55:0a:00:02:02`
 * @returns its 6 bytes; `undefined` if it is no address of one station
 */
export function parseMac(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) return undefined;
  const bytes = Uint8Array.from(text.split(':'), (pair) => Number.parseInt(pair, 16));
  const group = ((bytes[0] ?? 0) & 1) !== 0;
  return group || bytes.every((byte) => byte === 0) ? undefined : bytes;
}
