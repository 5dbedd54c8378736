/*
 * What may wake a device: NETWAKESOURCE and its capabilities in our names (reference netadaptercx §5.1). Plain values: a
 * source is asked for by a protocol, checked against what the NIC can, and read by the driver while its device powers down.
 */

import { AdapterError } from '../adapter-error.ts';

/** What a NIC can be woken by. */
export interface WakeCapabilities {
  /** Frames that match a pattern of bytes under a mask of bits. */
  readonly bitmap?: { readonly maximumPatternCount: number; readonly maximumPatternSize: number };
  /** Magic packets. */
  readonly magicPacket?: boolean;
  /** EAPOL requests for identity. */
  readonly eapolPacket?: boolean;
  /** The link's coming up, or its going down. */
  readonly mediaChange?: { readonly connect: boolean; readonly disconnect: boolean };
  /** Any frame that passes the receive filter. */
  readonly packetFilter?: boolean;
}

/** A pattern: byte n must equal `pattern[n]` where bit n of `mask` is set, the lowest bit of each byte first. */
export interface BitmapPattern {
  /** One bit for each byte of the frame that counts. */
  readonly mask: Uint8Array;
  /** What those bytes must be; the others may be anything. */
  readonly pattern: Uint8Array;
}

/** A pattern that a protocol asked for. */
export interface BitmapWakeSource extends BitmapPattern {
  readonly type: 'bitmapPattern';
  /** Named when the driver reports that it matched. */
  readonly id: number;
  /** The adapter's name. */
  readonly adapter: string;
}

/** What may wake a device. */
export type WakeSource =
  | BitmapWakeSource
  | { readonly type: 'magicPacket' | 'eapolPacket'; readonly id: number; readonly adapter: string }
  | { readonly type: 'packetFilterMatch'; readonly adapter: string }
  | { readonly type: 'mediaChange'; readonly adapter: string; readonly connect: boolean; readonly disconnect: boolean };

/**
 * @param pattern - a pattern
 * @param frame - a frame, from its first byte on
 * @returns whether the frame matches; one that ends before a byte that counts does not
 */
export function bitmapMatches(pattern: BitmapPattern, frame: Uint8Array): boolean {
  const { mask, pattern: bytes } = pattern;
  for (let at = 0; at < mask.length * 8; at++) {
    const counts = ((mask[at >> 3]! >> (at & 7)) & 1) === 1;
    if (counts && (at >= frame.length || frame[at] !== bytes[at])) return false;
  }
  return true;
}

/**
 * @param adapter - the adapter's name, for messages
 * @param capabilities - what its NIC can be woken by
 * @throws AdapterError `CAPABILITIES_INVALID`
 */
export function checkWakeCapabilities(adapter: string, capabilities: WakeCapabilities): void {
  const { bitmap, mediaChange } = capabilities;
  for (const [field, value] of Object.entries(bitmap ?? {})) {
    if (!Number.isInteger(value) || value < 1 || value > 65_535)
      throw new AdapterError(
        'CAPABILITIES_INVALID',
        `${adapter}: bitmap.${field} is ${String(value)}; expected 1 to 65535`,
      );
  }
  if (mediaChange?.connect === false && !mediaChange.disconnect)
    throw new AdapterError(
      'CAPABILITIES_INVALID',
      `${adapter}: mediaChange wakes by nothing; expected connect, disconnect or both`,
    );
}

/**
 * @param adapter - the adapter's name, for messages
 * @param source - a pattern
 * @param longest - bytes of the longest pattern that the NIC takes
 * @throws AdapterError `WAKE_PATTERN_INVALID`
 */
export function checkBitmapPattern(adapter: string, source: BitmapPattern, longest: number): void {
  const { mask, pattern } = source;
  const wrong =
    pattern.length === 0 || pattern.length > longest
      ? `a pattern of ${String(pattern.length)} bytes; expected 1 to ${String(longest)}`
      : mask.length !== Math.ceil(pattern.length / 8)
        ? `a mask of ${String(mask.length)} bytes; expected ${String(Math.ceil(pattern.length / 8))}, a bit for each byte of the pattern`
        : mask.every((byte) => byte === 0)
          ? 'a mask of no bits; expected one or more, or every frame would match'
          : mask[mask.length - 1]! >> (((pattern.length - 1) & 7) + 1) !== 0
            ? 'a mask with bits behind the end of the pattern'
            : undefined;
  if (wrong !== undefined) throw new AdapterError('WAKE_PATTERN_INVALID', `${adapter}: ${wrong}`);
}
