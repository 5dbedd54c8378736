/*
 * Owns: what both writers have in common: the packet they take, and the checks that its values fit their fields.
 * Invariant: a packet that was read can be handed to a writer as it is.
 */
import { CaptureError } from './capture-error.ts';
import type { PacketDirection } from './capture.ts';
import { MAX_RECORD_LENGTH } from './record-format.ts';

/** A packet to write. A {@link CapturePacket} is one. */
export interface PacketToWrite {
  /** Nanoseconds since 1970-01-01 00:00 UTC. */
  readonly timestamp: bigint;
  /** The captured bytes. Copied before the call returns. */
  readonly data: Uint8Array;
  /** Length on the wire in bytes, where it differs from `data.length`. */
  readonly originalLength?: number | undefined;
  /** Interface that the packet belongs to: its id in the file being written. Default 0. */
  readonly interface?: number | { readonly id: number } | undefined;
  /** If given, must be the link type of the interface: a guard against mixing packets up. */
  readonly linkType?: number | undefined;
  /** Flags word; see {@link encodePacketFlags}. */
  readonly flags?: number | undefined;
  /** Goes before the direction in {@link flags}. */
  readonly direction?: PacketDirection | undefined;
  /** Queue of the interface, 0 to 2^32 - 1. */
  readonly queue?: number | undefined;
  /** Number that ties together several sightings of the same packet. */
  readonly packetId?: bigint | undefined;
  /** Packets lost between this one and the one before it on the same interface. */
  readonly dropCount?: bigint | undefined;
  readonly comments?: readonly string[] | undefined;
}

/** What both writers can do. */
export interface CaptureWriter {
  /**
   * Writes a packet.
   *
   * @param packet - the packet; its data is copied
   * @throws CaptureError `bad-value`, `unknown-interface`, `link-type-mismatch` or `closed`; nothing was written then
   */
  write(packet: PacketToWrite): void;

  /** Hands everything written so far to the sink. Without it the sink gets chunks of about 64 KiB. */
  flush(): void;

  /** Flushes and ends the capture. Once closed, closing again does nothing and writing throws. */
  close(): void;
}

/**
 * Checks an unsigned integer.
 *
 * @param object - what the value is, for the error
 * @param value - the value
 * @param max - largest value that fits
 * @returns the value
 */
export function unsigned(object: string, value: number, max = 0xffff_ffff): number {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new CaptureError('bad-value', { object, expected: `an integer from 0 to ${max}`, got: String(value) });
  }
  return value;
}

/**
 * Checks an unsigned 64-bit integer.
 *
 * @param object - what the value is, for the error
 * @param value - the value
 * @returns the value
 */
export function unsigned64(object: string, value: bigint): bigint {
  if (BigInt.asUintN(64, value) !== value) {
    throw new CaptureError('bad-value', { object, expected: 'an integer from 0 to 2^64 - 1', got: String(value) });
  }
  return value;
}

/**
 * Checks that a record is one that readers take.
 *
 * @param object - what the record is, for the error
 * @param length - bytes of the record
 * @returns the length
 */
export function recordLength(object: string, length: number): number {
  if (length > MAX_RECORD_LENGTH) {
    throw new CaptureError('bad-value', {
      object,
      expected: `at most ${MAX_RECORD_LENGTH} bytes`,
      got: `${length} bytes`,
    });
  }
  return length;
}

/**
 * Checks that a packet is of the link type of its interface.
 *
 * @param packet - the packet
 * @param linkType - link type of the interface
 */
export function requireLinkType(packet: PacketToWrite, linkType: number): void {
  if (packet.linkType !== undefined && packet.linkType !== linkType) {
    throw new CaptureError('link-type-mismatch', {
      object: 'packet to write',
      expected: `link type ${linkType}, as its interface has`,
      got: `link type ${packet.linkType}`,
    });
  }
}
