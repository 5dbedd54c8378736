/*
 * Owns: writing pcapng files of one section, as draft-ietf-opsawg-pcapng lays them out, with nanosecond timestamps.
 * Invariant: the bytes depend on the options, interfaces and packets alone; nothing of the machine gets in unless told.
 */
import { BLOCK_HEADER_LENGTH, BLOCK_TRAILER_LENGTH, padded } from './block.ts';
import { CaptureError } from './capture-error.ts';
import type { ByteOrder, InterfaceStatistics } from './capture.ts';
import { BlockType } from './capture.ts';
import type { CaptureWriter, PacketToWrite } from './capture-writer.ts';
import { recordLength, requireLinkType, unsigned, unsigned64 } from './capture-writer.ts';
import { LinkType } from './link-types.ts';
import { OptionList, setWordPair } from './option-list.ts';
import type { CaptureSink } from './output-buffer.ts';
import { OutputBuffer } from './output-buffer.ts';
import { withDirection } from './packet-flags.ts';
import {
  EnhancedPacket,
  InterfaceDescription,
  InterfaceOption,
  InterfaceStatisticsBlock,
  LIBPCAP_FILTER,
  PacketOption,
  SectionHeader,
  SectionOption,
  StatisticsOption,
} from './pcapng-blocks.ts';
import { BYTE_ORDER_MAGIC } from './pcapng-format.ts';
import { NANOSECONDS } from './timestamps.ts';

const SECTION_LENGTH_UNKNOWN = 0xffff_ffff_ffff_ffffn;
const noOptions = new OptionList('');

/** What a section says about itself. Nothing is written that is not given. */
export interface PcapngWriterOptions {
  /** Default `little`. */
  readonly byteOrder?: ByteOrder | undefined;
  readonly comments?: readonly string[] | undefined;
  /** Description of the machine. */
  readonly hardware?: string | undefined;
  readonly os?: string | undefined;
  /** Program that makes the capture. */
  readonly application?: string | undefined;
}

/** An interface to describe. A {@link CaptureInterface} is one. */
export interface InterfaceToWrite {
  /** LINKTYPE number. Default Ethernet. */
  readonly linkType?: number | undefined;
  /** Most bytes of a packet; a longer one is refused. Default 0: no limit. */
  readonly snapLength?: number | undefined;
  /** Bytes of frame check sequence at the end of each packet. */
  readonly fcsLength?: number | undefined;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** Bits per second in both directions. */
  readonly speed?: bigint | undefined;
  /** Transmit speed in bits per second, where it differs from the receive speed. */
  readonly transmitSpeed?: bigint | undefined;
  /** Receive speed in bits per second, where it differs from the transmit speed. */
  readonly receiveSpeed?: bigint | undefined;
  /** EUI-48 address, 6 bytes. */
  readonly macAddress?: Uint8Array | undefined;
  /** Capture filter in libpcap's words. */
  readonly filter?: string | undefined;
  readonly os?: string | undefined;
  readonly hardware?: string | undefined;
  /** Time zone name as in the IANA database. */
  readonly timeZone?: string | undefined;
  readonly comments?: readonly string[] | undefined;
}

/**
 * Writes a pcapng file to a sink.
 *
 * @example
 * ```ts
 * const writer = new PcapngWriter((chunk) => chunks.push(chunk), { application: 'example' });
 * const eth0 = writer.addInterface({ name: 'eth0' });
 * writer.write({ interface: eth0, timestamp: 0n, data: frame, direction: 'inbound', comments: ['the first'] });
 * writer.close();
 * ```
 */
export class PcapngWriter implements CaptureWriter {
  readonly #output: OutputBuffer;
  readonly #little: boolean;
  readonly #interfaces: { readonly linkType: number; readonly snapLength: number }[] = [];

  /**
   * Begins a file: its header goes to the sink with the first chunk.
   *
   * @param sink - takes the bytes
   * @param options - what the section says about itself
   * @throws CaptureError `bad-value` for an option that its field cannot hold
   */
  constructor(sink: CaptureSink, options: PcapngWriterOptions = {}) {
    this.#output = new OutputBuffer(sink);
    this.#little = (options.byteOrder ?? 'little') === 'little';
    const list = new OptionList('section to write');
    list.comments(options.comments);
    list.text(SectionOption.Hardware, options.hardware);
    list.text(SectionOption.Os, options.os);
    list.text(SectionOption.Application, options.application);
    const at = this.#reserve(BlockType.SectionHeader, SectionHeader.options, list);
    const { view } = this.#output;
    view.setUint32(at + SectionHeader.byteOrderMagic, BYTE_ORDER_MAGIC, this.#little);
    view.setUint16(at + SectionHeader.major, 1, this.#little);
    view.setUint16(at + SectionHeader.minor, 0, this.#little);
    view.setBigUint64(at + SectionHeader.sectionLength, SECTION_LENGTH_UNKNOWN, this.#little);
  }

  /**
   * Describes an interface. Any number can be added, at any time before their first packet.
   *
   * @param description - the interface; one that was read can be given as it is
   * @returns the interface's id, for its packets
   * @throws CaptureError `bad-value` or `closed`; nothing was written then
   */
  addInterface(description: InterfaceToWrite = {}): number {
    const linkType = unsigned('interface to write, link type', description.linkType ?? LinkType.ETHERNET, 0xffff);
    const snapLength = unsigned('interface to write, snapshot length', description.snapLength ?? 0);
    const list = new OptionList('interface to write');
    list.comments(description.comments);
    list.text(InterfaceOption.Name, description.name);
    list.text(InterfaceOption.Description, description.description);
    list.bytes(InterfaceOption.MacAddress, description.macAddress, 6);
    list.u64(InterfaceOption.Speed, description.speed);
    list.u8(InterfaceOption.TimestampResolution, NANOSECONDS.exponent);
    list.text(InterfaceOption.Filter, description.filter, LIBPCAP_FILTER);
    list.text(InterfaceOption.Os, description.os);
    // In bits, as the draft says.
    list.u8(InterfaceOption.FcsLength, description.fcsLength === undefined ? undefined : description.fcsLength * 8);
    list.text(InterfaceOption.Hardware, description.hardware);
    list.u64(InterfaceOption.TransmitSpeed, description.transmitSpeed);
    list.u64(InterfaceOption.ReceiveSpeed, description.receiveSpeed);
    list.text(InterfaceOption.TimeZone, description.timeZone);
    const at = this.#reserve(BlockType.InterfaceDescription, InterfaceDescription.options, list);
    this.#output.view.setUint16(at + InterfaceDescription.linkType, linkType, this.#little);
    this.#output.view.setUint32(at + InterfaceDescription.snapLength, snapLength, this.#little);
    return this.#interfaces.push({ linkType, snapLength }) - 1;
  }

  write(packet: PacketToWrite): void {
    const little = this.#little;
    const { data, timestamp } = packet;
    const id = typeof packet.interface === 'object' ? packet.interface.id : (packet.interface ?? 0);
    const { linkType, snapLength } = this.#interface('packet to write', id);
    requireLinkType(packet, linkType);
    if (snapLength !== 0 && data.length > snapLength) {
      throw new CaptureError('bad-value', {
        object: 'packet to write',
        expected: `at most the ${snapLength} bytes of its interface's snapshot length`,
        got: `${data.length} bytes`,
      });
    }
    unsigned64('packet to write, time', timestamp);
    const originalLength = unsigned('packet to write, original length', packet.originalLength ?? data.length);
    const at = this.#reserve(
      BlockType.EnhancedPacket,
      EnhancedPacket.data + padded(data.length),
      packetOptions(packet),
    );
    const { view, bytes } = this.#output;
    view.setUint32(at + EnhancedPacket.interfaceId, id, little);
    setWordPair(view, at + EnhancedPacket.timestampHigh, timestamp, little);
    view.setUint32(at + EnhancedPacket.capturedLength, data.length, little);
    view.setUint32(at + EnhancedPacket.originalLength, originalLength, little);
    bytes.set(data, at + EnhancedPacket.data);
  }

  /**
   * Writes counters of an interface, such as packets dropped.
   *
   * @param id - the interface
   * @param statistics - the counters
   * @throws CaptureError `bad-value`, `unknown-interface` or `closed`; nothing was written then
   */
  writeStatistics(id: number, statistics: InterfaceStatistics): void {
    this.#interface('statistics to write', id);
    const timestamp = unsigned64('statistics to write, time', statistics.timestamp);
    const list = new OptionList('statistics to write');
    list.comments(statistics.comments);
    list.u64(StatisticsOption.StartTime, statistics.startTime, true);
    list.u64(StatisticsOption.EndTime, statistics.endTime, true);
    list.u64(StatisticsOption.Received, statistics.received);
    list.u64(StatisticsOption.Dropped, statistics.dropped);
    list.u64(StatisticsOption.FilterAccepted, statistics.filterAccepted);
    list.u64(StatisticsOption.OsDropped, statistics.osDropped);
    list.u64(StatisticsOption.Delivered, statistics.delivered);
    const at = this.#reserve(BlockType.InterfaceStatistics, InterfaceStatisticsBlock.options, list);
    this.#output.view.setUint32(at + InterfaceStatisticsBlock.interfaceId, id, this.#little);
    setWordPair(this.#output.view, at + InterfaceStatisticsBlock.timestampHigh, timestamp, this.#little);
  }

  flush(): void {
    this.#output.flush();
  }

  close(): void {
    this.#output.close();
  }

  /** Makes room for a block and writes what all blocks have: type, both lengths, options. Returns where it begins. */
  #reserve(type: number, optionsAt: number, options: OptionList): number {
    const length = optionsAt + options.byteLength + BLOCK_TRAILER_LENGTH;
    const at = this.#output.reserve(recordLength('block to write', length));
    const { view } = this.#output;
    view.setUint32(at, type, this.#little);
    view.setUint32(at + BLOCK_HEADER_LENGTH - 4, length, this.#little);
    view.setUint32(at + length - BLOCK_TRAILER_LENGTH, length, this.#little);
    options.encode(view, at + optionsAt, this.#little);
    return at;
  }

  #interface(object: string, id: number): { readonly linkType: number; readonly snapLength: number } {
    const found = this.#interfaces[id];
    if (found === undefined) {
      throw new CaptureError('unknown-interface', {
        object,
        expected: `one of the ${this.#interfaces.length} interfaces added so far`,
        got: `interface ${id}`,
      });
    }
    return found;
  }
}

function packetOptions(packet: PacketToWrite): OptionList {
  const { flags, direction, dropCount, packetId, queue, comments } = packet;
  const plain =
    flags === undefined &&
    direction === undefined &&
    dropCount === undefined &&
    packetId === undefined &&
    queue === undefined &&
    (comments === undefined || comments.length === 0);
  if (plain) {
    return noOptions;
  }
  const list = new OptionList('packet to write');
  list.comments(comments);
  list.u32(PacketOption.Flags, direction === undefined ? flags : withDirection(flags ?? 0, direction));
  list.u64(PacketOption.DropCount, dropCount);
  list.u64(PacketOption.PacketId, packetId);
  list.u32(PacketOption.Queue, queue);
  return list;
}
