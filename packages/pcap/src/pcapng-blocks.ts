/*
 * Owns: what the fields and options of each pcapng block mean (draft-ietf-opsawg-pcapng, "Block Definition" and its
 * appendix on the obsolete Packet Block).
 * Invariant: a block is decoded whole or an error is thrown; nothing of a bad block is kept.
 */
import type { Block, Option } from './block.ts';
import { OptionCode, padded } from './block.ts';
import { CaptureError } from './capture-error.ts';
import type { ByteOrder, CaptureInterface, CapturePacket, CaptureSection, InterfaceStatistics } from './capture.ts';
import { directionOf } from './packet-flags.ts';
import { MICROSECONDS, TimestampScale, timestampResolution } from './timestamps.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** An interface with what it takes to read its packets. */
export interface InterfaceState {
  readonly description: Writable<CaptureInterface>;
  readonly scale: TimestampScale;
}

/** Positions of the fixed fields, and of what follows them. */
// prettier-ignore
export const SectionHeader = { byteOrderMagic: 8, major: 12, minor: 14, sectionLength: 16, options: 24 } as const;
// prettier-ignore
export const InterfaceDescription = { linkType: 8, snapLength: 12, options: 16 } as const;
// prettier-ignore
export const EnhancedPacket = {
  interfaceId: 8, timestampHigh: 12, timestampLow: 16, capturedLength: 20, originalLength: 24, data: 28,
} as const;
// prettier-ignore
export const ObsoletePacket = { interfaceId: 8, dropCount: 10 } as const; // the rest as in EnhancedPacket
// prettier-ignore
export const SimplePacket = { originalLength: 8, data: 12 } as const;
// prettier-ignore
export const InterfaceStatisticsBlock = { interfaceId: 8, timestampHigh: 12, timestampLow: 16, options: 20 } as const;

// prettier-ignore
export const SectionOption = { Hardware: 2, Os: 3, Application: 4 } as const;
// prettier-ignore
export const InterfaceOption = {
  Name: 2, Description: 3, MacAddress: 6, Speed: 8, TimestampResolution: 9, Filter: 11, Os: 12, FcsLength: 13,
  TimestampOffset: 14, Hardware: 15, TransmitSpeed: 16, ReceiveSpeed: 17, TimeZone: 18,
} as const;
// prettier-ignore
export const PacketOption = { Flags: 2, Hash: 3, DropCount: 4, PacketId: 5, Queue: 6 } as const;
// prettier-ignore
export const StatisticsOption = {
  StartTime: 2, EndTime: 3, Received: 4, Dropped: 5, FilterAccepted: 6, OsDropped: 7, Delivered: 8,
} as const;

/**
 * Lengths that options must have to be interpreted. One of another length is kept as it stands: the draft lets a reader go
 * on, and what it describes is not needed to read packets. The two options that are needed, if_tsresol and if_tsoffset, are
 * not listed: of another length, they are errors.
 */
const interfaceOptionLengths = new Map<number, number>([
  [InterfaceOption.MacAddress, 6],
  [InterfaceOption.Speed, 8],
  [InterfaceOption.FcsLength, 1],
  [InterfaceOption.TransmitSpeed, 8],
  [InterfaceOption.ReceiveSpeed, 8],
]);
const packetOptionLengths = new Map<number, number>([
  [PacketOption.Flags, 4],
  [PacketOption.DropCount, 8],
  [PacketOption.PacketId, 8],
  [PacketOption.Queue, 4],
]);
const statisticsOptionLengths = new Map<number, number>(Object.values(StatisticsOption).map((code) => [code, 8]));

/** First octet of an if_filter option whose text is a libpcap filter. */
export const LIBPCAP_FILTER = 0;
const DROP_COUNT_UNKNOWN = 0xffff;
const none: readonly never[] = Object.freeze([]);

/** Keeps an option that is not interpreted. Copied, because sections and interfaces outlive the chunk. */
function kept(option: Option): { code: number; value: Uint8Array } {
  return { code: option.code, value: option.value.slice() };
}

/**
 * Decodes a Section Header Block whose version has been checked.
 *
 * @param block - the block
 * @param index - position among the sections of the file
 * @param byteOrder - byte order that its magic showed
 * @param interfaces - the list that will hold the section's interfaces
 * @returns the section
 */
export function decodeSection(
  block: Block,
  index: number,
  byteOrder: ByteOrder,
  interfaces: readonly CaptureInterface[],
): CaptureSection {
  const comments: string[] = [];
  const options: { code: number; value: Uint8Array }[] = [];
  const section: Writable<CaptureSection> = {
    index,
    format: 'pcapng',
    byteOrder,
    version: { major: block.u16(SectionHeader.major), minor: block.u16(SectionHeader.minor) },
    offset: block.offset,
    comments,
    hardware: undefined,
    os: undefined,
    application: undefined,
    options,
    interfaces,
  };
  // prettier-ignore
  for (const option of block.options(SectionHeader.options)) {
    switch (option.code) {
      case OptionCode.Comment: comments.push(option.text); break;
      case SectionOption.Hardware: section.hardware = option.text; break;
      case SectionOption.Os: section.os = option.text; break;
      case SectionOption.Application: section.application = option.text; break;
      default: options.push(kept(option));
    }
  }
  return section;
}

/**
 * Decodes an Interface Description Block.
 *
 * @param block - the block
 * @param id - the interface's number in its section
 * @param sectionIndex - index of the section
 * @returns the interface
 */
export function decodeInterface(block: Block, id: number, sectionIndex: number): InterfaceState {
  block.requireLength(InterfaceDescription.options + 4);
  const comments: string[] = [];
  const options: { code: number; value: Uint8Array }[] = [];
  const description: Writable<CaptureInterface> = {
    id,
    sectionIndex,
    linkType: block.u16(InterfaceDescription.linkType),
    snapLength: block.u32(InterfaceDescription.snapLength),
    fcsLength: undefined,
    name: undefined,
    description: undefined,
    speed: undefined,
    transmitSpeed: undefined,
    receiveSpeed: undefined,
    macAddress: undefined,
    filter: undefined,
    os: undefined,
    hardware: undefined,
    timeZone: undefined,
    timestampResolution: MICROSECONDS,
    timestampOffset: 0n,
    comments,
    options,
    statistics: undefined,
  };
  // prettier-ignore
  for (const option of block.options(InterfaceDescription.options)) {
    switch (option.fits(interfaceOptionLengths) ? option.code : undefined) {
      case OptionCode.Comment: comments.push(option.text); break;
      case InterfaceOption.Name: description.name = option.text; break;
      case InterfaceOption.Description: description.description = option.text; break;
      case InterfaceOption.MacAddress: description.macAddress = option.value.slice(); break;
      case InterfaceOption.Speed: description.speed = option.u64; break;
      case InterfaceOption.TimestampResolution: description.timestampResolution = timestampResolution(option.u8); break;
      case InterfaceOption.Os: description.os = option.text; break;
      case InterfaceOption.FcsLength: description.fcsLength = fcsBytes(option.u8); break;
      case InterfaceOption.TimestampOffset: description.timestampOffset = option.i64; break;
      case InterfaceOption.Hardware: description.hardware = option.text; break;
      case InterfaceOption.TransmitSpeed: description.transmitSpeed = option.u64; break;
      case InterfaceOption.ReceiveSpeed: description.receiveSpeed = option.u64; break;
      case InterfaceOption.TimeZone: description.timeZone = option.text; break;
      case InterfaceOption.Filter:
        if (option.value[0] === LIBPCAP_FILTER) description.filter = option.textFrom(1);
        else options.push(kept(option));
        break;
      default: options.push(kept(option));
    }
  }
  return { description, scale: new TimestampScale(description.timestampResolution, description.timestampOffset) };
}

/**
 * The draft counts if_fcslen in bits, yet its own example is 4, which is Ethernet's length in bytes. A check sequence has
 * at least 8 bits, so a smaller number can only be bytes.
 */
function fcsBytes(length: number): number {
  return length < 8 ? length : Math.ceil(length / 8);
}

/**
 * Decodes an Enhanced Packet Block, or an obsolete Packet Block, whose layout differs in the first word only.
 *
 * @param block - the block
 * @param state - the interface that the block names
 * @param dropCount - packets lost before this one, where the block's first word tells it
 * @returns the packet
 */
export function decodePacket(block: Block, state: InterfaceState, dropCount: bigint | undefined): CapturePacket {
  const capturedLength = block.u32(EnhancedPacket.capturedLength);
  const optionsAt = EnhancedPacket.data + padded(capturedLength);
  if (optionsAt > block.bodyEnd) {
    throw badPacketLength(block, EnhancedPacket.capturedLength, EnhancedPacket.data, capturedLength);
  }
  const { description, scale } = state;
  const packet: Writable<CapturePacket> = {
    offset: block.offset,
    timestamp: scale.nanoseconds(block.u32(EnhancedPacket.timestampHigh), block.u32(EnhancedPacket.timestampLow)),
    hasTimestamp: true,
    interface: description,
    linkType: description.linkType,
    data: block.bytes(EnhancedPacket.data, capturedLength),
    originalLength: block.u32(EnhancedPacket.originalLength),
    flags: undefined,
    direction: undefined,
    queue: undefined,
    packetId: undefined,
    dropCount,
    comments: none,
    options: none,
  };
  if (optionsAt < block.bodyEnd) {
    decodePacketOptions(block.options(optionsAt), packet);
  }
  return packet;
}

function decodePacketOptions(found: readonly Option[], packet: Writable<CapturePacket>): void {
  const comments: string[] = [];
  const options: { code: number; value: Uint8Array }[] = [];
  // prettier-ignore
  for (const option of found) {
    switch (option.fits(packetOptionLengths) ? option.code : undefined) {
      case OptionCode.Comment: comments.push(option.text); break;
      case PacketOption.Flags:
        packet.flags = option.u32;
        packet.direction = directionOf(packet.flags);
        break;
      case PacketOption.DropCount: packet.dropCount = option.u64; break;
      case PacketOption.PacketId: packet.packetId = option.u64; break;
      case PacketOption.Queue: packet.queue = option.u32; break;
      default: options.push({ code: option.code, value: option.value });
    }
  }
  packet.comments = comments;
  packet.options = options;
}

/**
 * Reads the drop count in the first word of an obsolete Packet Block.
 *
 * @param block - the block
 * @returns packets lost before this one; undefined where the file says that it does not know
 */
export function obsoleteDropCount(block: Block): bigint | undefined {
  const count = block.u16(ObsoletePacket.dropCount);
  return count === DROP_COUNT_UNKNOWN ? undefined : BigInt(count);
}

/**
 * Decodes a Simple Packet Block. Its captured length is the smaller of the original length and the interface's limit.
 *
 * @param block - the block
 * @param state - the first interface of the section
 * @returns the packet
 */
export function decodeSimplePacket(block: Block, state: InterfaceState): CapturePacket {
  const { description } = state;
  const originalLength = block.u32(SimplePacket.originalLength);
  const capturedLength =
    description.snapLength === 0 ? originalLength : Math.min(originalLength, description.snapLength);
  if (SimplePacket.data + capturedLength > block.bodyEnd) {
    throw badPacketLength(block, SimplePacket.originalLength, SimplePacket.data, capturedLength);
  }
  return {
    offset: block.offset,
    timestamp: 0n,
    hasTimestamp: false,
    interface: description,
    linkType: description.linkType,
    data: block.bytes(SimplePacket.data, capturedLength),
    originalLength,
    flags: undefined,
    direction: undefined,
    queue: undefined,
    packetId: undefined,
    dropCount: undefined,
    comments: none,
    options: none,
  };
}

function badPacketLength(block: Block, field: number, data: number, length: number): CaptureError {
  return new CaptureError('bad-packet-length', {
    object: block.name,
    offset: block.offset + field,
    expected: `at most the ${block.bodyEnd - data} bytes that the block holds`,
    got: `${length} bytes`,
  });
}

/**
 * Decodes an Interface Statistics Block.
 *
 * @param block - the block
 * @param scale - how the block's interface counts time
 * @returns the statistics
 */
export function decodeStatistics(block: Block, scale: TimestampScale): InterfaceStatistics {
  const time = ({ wordPair: { high, low } }: Option): bigint => scale.nanoseconds(high, low);
  const comments: string[] = [];
  const options: { code: number; value: Uint8Array }[] = [];
  const statistics: Writable<InterfaceStatistics> = {
    timestamp: scale.nanoseconds(
      block.u32(InterfaceStatisticsBlock.timestampHigh),
      block.u32(InterfaceStatisticsBlock.timestampLow),
    ),
    startTime: undefined,
    endTime: undefined,
    received: undefined,
    dropped: undefined,
    filterAccepted: undefined,
    osDropped: undefined,
    delivered: undefined,
    comments,
    options,
  };
  // prettier-ignore
  for (const option of block.options(InterfaceStatisticsBlock.options)) {
    switch (option.fits(statisticsOptionLengths) ? option.code : undefined) {
      case OptionCode.Comment: comments.push(option.text); break;
      case StatisticsOption.StartTime: statistics.startTime = time(option); break;
      case StatisticsOption.EndTime: statistics.endTime = time(option); break;
      case StatisticsOption.Received: statistics.received = option.u64; break;
      case StatisticsOption.Dropped: statistics.dropped = option.u64; break;
      case StatisticsOption.FilterAccepted: statistics.filterAccepted = option.u64; break;
      case StatisticsOption.OsDropped: statistics.osDropped = option.u64; break;
      case StatisticsOption.Delivered: statistics.delivered = option.u64; break;
      default: options.push(kept(option));
    }
  }
  return statistics;
}
