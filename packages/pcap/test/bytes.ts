// Owns: building captures by hand for the tests, number by number, with nothing of the package under test.
// Invariant: what it builds is what the drafts' figures show; faults are made by the tests, not here.

/** Bytes from hex text; blanks and line ends are for the eye. */
export function hex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s+/g, '');
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

export function concat(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** The bytes of an unsigned or negative number. */
export function number(value: number | bigint, size: number, little: boolean): number[] {
  const bits = BigInt.asUintN(8 * size, BigInt(value));
  const bytes = Array.from({ length: size }, (_, i) => Number((bits >> BigInt(8 * i)) & 0xffn));
  return little ? bytes : bytes.reverse();
}

/** A 64-bit number as two words, the upper first. */
export function wordPair(value: bigint, little: boolean): number[] {
  return [...number(value >> 32n, 4, little), ...number(value & 0xffff_ffffn, 4, little)];
}

function pad(bytes: Uint8Array | readonly number[]): number[] {
  return [...bytes, ...new Array<number>((4 - (bytes.length % 4)) % 4).fill(0)];
}

export function block(type: number, body: Uint8Array | readonly number[], little = true): Uint8Array {
  const padded = pad(body);
  const length = number(padded.length + 12, 4, little);
  return concat(number(type, 4, little), length, padded, length);
}

export interface OptionBytes {
  readonly code: number;
  readonly value: Uint8Array | readonly number[];
}

export function options(list: readonly OptionBytes[], little = true, end = true): number[] {
  const bytes = list.flatMap(({ code, value }) => [
    ...number(code, 2, little),
    ...number(value.length, 2, little),
    ...pad(value),
  ]);
  return list.length > 0 && end ? [...bytes, 0, 0, 0, 0] : bytes;
}

export function text(value: string): number[] {
  return [...new TextEncoder().encode(value)];
}

export function sectionHeader(little = true, list: readonly OptionBytes[] = [], major = 1, minor = 0): Uint8Array {
  const body = [
    ...number(0x1a2b3c4d, 4, little),
    ...number(major, 2, little),
    ...number(minor, 2, little),
    ...number(-1, 8, little),
    ...options(list, little),
  ];
  return block(0x0a0d0d0a, body, little);
}

export function interfaceBlock(
  little = true,
  { linkType = 1, snapLength = 0, list = [] as readonly OptionBytes[] } = {},
): Uint8Array {
  return block(
    1,
    [...number(linkType, 2, little), 0, 0, ...number(snapLength, 4, little), ...options(list, little)],
    little,
  );
}

export interface PacketBytes {
  readonly id?: number;
  readonly time?: bigint;
  readonly data: Uint8Array | readonly number[];
  readonly captured?: number;
  readonly original?: number;
  readonly list?: readonly OptionBytes[];
  readonly end?: boolean;
}

export function enhancedPacket(packet: PacketBytes, little = true): Uint8Array {
  return block(6, [...number(packet.id ?? 0, 4, little), ...packetBody(packet, little)], little);
}

export function obsoletePacket(packet: PacketBytes, drops: number, little = true): Uint8Array {
  const ids = [...number(packet.id ?? 0, 2, little), ...number(drops, 2, little)];
  return block(2, [...ids, ...packetBody(packet, little)], little);
}

export function simplePacket(data: Uint8Array | readonly number[], original: number, little = true): Uint8Array {
  return block(3, [...number(original, 4, little), ...data], little);
}

function packetBody({ time = 0n, data, captured, original, list = [], end = true }: PacketBytes, little: boolean) {
  return [
    ...wordPair(time, little),
    ...number(captured ?? data.length, 4, little),
    ...number(original ?? data.length, 4, little),
    ...pad(data),
    ...options(list, little, end),
  ];
}

export function pcapHeader(
  little = true,
  { nanosecond = false, minor = 4, major = 2, snapLength = 262144, link = 1 } = {},
): Uint8Array {
  return concat(
    number(nanosecond ? 0xa1b23c4d : 0xa1b2c3d4, 4, little),
    number(major, 2, little),
    number(minor, 2, little),
    number(0, 8, little),
    number(snapLength, 4, little),
    number(link, 4, little),
  );
}

export function pcapRecord(
  { seconds = 0, fraction = 0, data, captured, original }: PcapRecordBytes,
  little = true,
): Uint8Array {
  return concat(
    number(seconds, 4, little),
    number(fraction, 4, little),
    number(captured ?? data.length, 4, little),
    number(original ?? data.length, 4, little),
    data,
  );
}

export interface PcapRecordBytes {
  readonly seconds?: number;
  readonly fraction?: number;
  readonly data: Uint8Array | readonly number[];
  readonly captured?: number;
  readonly original?: number;
}
