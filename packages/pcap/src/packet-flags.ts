/*
 * Owns: the flags word that a pcapng packet may carry (draft-ietf-opsawg-pcapng, "Enhanced Packet Block Flags Word").
 * Invariant: decode(encode(flags)) gives the same flags; reserved bits 12 to 15 are written as zero.
 */
import { CaptureError } from './capture-error.ts';
import type { PacketDirection } from './capture.ts';

/** How a packet was addressed. */
export type PacketReception = 'unicast' | 'multicast' | 'broadcast' | 'promiscuous';

/** Link-layer errors, named as in the draft; the bit of each is given in {@link PacketFlags.errors}'s order from 24 to 31. */
export type PacketLinkError =
  'crc' | 'too-long' | 'too-short' | 'inter-frame-gap' | 'unaligned' | 'start-delimiter' | 'preamble' | 'symbol';

/** What the flags word says about a packet. */
export interface PacketFlags {
  readonly direction?: PacketDirection | undefined;
  readonly reception?: PacketReception | undefined;
  /** Bytes of frame check sequence at the end of the packet, 1 to 15; goes before what the interface says. */
  readonly fcsLength?: number | undefined;
  /** The checksum is left to the hardware and not yet in the packet. */
  readonly checksumNotReady?: boolean | undefined;
  /** The checksum was already verified on the receive path. */
  readonly checksumValid?: boolean | undefined;
  /** The packet stands for several on the wire: taken above segmentation, or after coalescing. */
  readonly segmentationOffloaded?: boolean | undefined;
  readonly errors?: readonly PacketLinkError[] | undefined;
}

const directions = [undefined, 'inbound', 'outbound', undefined] as const;
const receptions = [
  undefined,
  'unicast',
  'multicast',
  'broadcast',
  'promiscuous',
  undefined,
  undefined,
  undefined,
] as const;
const DIRECTION_MASK = 0b11;
const RECEPTION_SHIFT = 2;
const FCS_SHIFT = 5;
const CHECKSUM_NOT_READY = 1 << 9;
const CHECKSUM_VALID = 1 << 10;
const SEGMENTATION_OFFLOADED = 1 << 11;
const ERROR_SHIFT = 24;
const linkErrors: readonly PacketLinkError[] = [
  'crc',
  'too-long',
  'too-short',
  'inter-frame-gap',
  'unaligned',
  'start-delimiter',
  'preamble',
  'symbol',
];

/**
 * Gives the direction in a flags word.
 *
 * @param flags - flags word
 * @returns the direction, or undefined when the word gives none or holds the unassigned value 3
 */
export function directionOf(flags: number): PacketDirection | undefined {
  return directions[flags & DIRECTION_MASK];
}

/**
 * Puts a direction into a flags word.
 *
 * @param flags - flags word
 * @param direction - direction to put in place of what is there
 * @returns the flags word with that direction, all other bits as they were
 */
export function withDirection(flags: number, direction: PacketDirection): number {
  return ((flags & ~DIRECTION_MASK) | directions.indexOf(direction)) >>> 0;
}

/**
 * Takes a flags word apart.
 *
 * @param flags - 32-bit flags word, as in {@link CapturePacket.flags}
 * @returns what the word says; values that the draft leaves unassigned come out as undefined
 */
export function decodePacketFlags(flags: number): PacketFlags {
  const fcsLength = (flags >>> FCS_SHIFT) & 0xf;
  return {
    direction: directionOf(flags),
    reception: receptions[(flags >>> RECEPTION_SHIFT) & 0b111],
    fcsLength: fcsLength === 0 ? undefined : fcsLength,
    checksumNotReady: (flags & CHECKSUM_NOT_READY) !== 0,
    checksumValid: (flags & CHECKSUM_VALID) !== 0,
    segmentationOffloaded: (flags & SEGMENTATION_OFFLOADED) !== 0,
    errors: linkErrors.filter((_error, bit) => ((flags >>> (ERROR_SHIFT + bit)) & 1) !== 0),
  };
}

/**
 * Builds a flags word.
 *
 * @param flags - what the word is to say
 * @returns the 32-bit flags word
 * @throws CaptureError `bad-value` when the frame check sequence is not 0 to 15 bytes long
 */
export function encodePacketFlags(flags: PacketFlags): number {
  const fcsLength = flags.fcsLength ?? 0;
  if (!Number.isInteger(fcsLength) || fcsLength < 0 || fcsLength > 15) {
    throw new CaptureError('bad-value', {
      object: 'packet flags, frame check sequence',
      expected: '0 to 15 bytes',
      got: String(fcsLength),
    });
  }
  const errors = flags.errors ?? [];
  return (
    (directions.indexOf(flags.direction) |
      (receptions.indexOf(flags.reception) << RECEPTION_SHIFT) |
      (fcsLength << FCS_SHIFT) |
      (flags.checksumNotReady === true ? CHECKSUM_NOT_READY : 0) |
      (flags.checksumValid === true ? CHECKSUM_VALID : 0) |
      (flags.segmentationOffloaded === true ? SEGMENTATION_OFFLOADED : 0) |
      errors.reduce((word, error) => word | (1 << (ERROR_SHIFT + linkErrors.indexOf(error))), 0)) >>>
    0
  );
}
