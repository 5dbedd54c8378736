/*
 * Owns: what a capture holds once it is read: sections, interfaces, packets. Both formats are shown in the same words;
 * a pcap file is one section with one interface.
 * Invariant: nothing here knows how either format lays out its bytes.
 */

/** Byte order of the numbers in a file or section. */
export type ByteOrder = 'little' | 'big';

/** Which way a packet went, seen from the host that captured it. */
export type PacketDirection = 'inbound' | 'outbound';

/** An option that this package does not interpret, or whose length is wrong, as it stands in the file. */
export interface RawOption {
  /** Option code; its meaning depends on the kind of block. */
  readonly code: number;
  /** Value without padding, in the byte order of its section. */
  readonly value: Uint8Array;
}

/** The unit in which an interface's timestamps are counted: `base ** -exponent` seconds. */
export interface TimestampResolution {
  readonly base: 2 | 10;
  /** 0 to 127; 9 with base 10 is nanoseconds. */
  readonly exponent: number;
}

/** A section of a capture: what one Section Header Block covers, or the whole of a pcap file. */
export interface CaptureSection {
  /** Position among the sections of the file, from 0. */
  readonly index: number;
  readonly format: 'pcap' | 'pcapng';
  readonly byteOrder: ByteOrder;
  /** Format version, such as 2.4 for pcap or 1.0 for pcapng. */
  readonly version: { readonly major: number; readonly minor: number };
  /** File position of the header in bytes. */
  readonly offset: number;
  /** Comments on the section as a whole. */
  readonly comments: readonly string[];
  /** Description of the machine, if the file has one. */
  readonly hardware: string | undefined;
  /** Operating system, if the file names one. */
  readonly os: string | undefined;
  /** Program that wrote the section, if the file names one. */
  readonly application: string | undefined;
  /** Options that are not interpreted here. */
  readonly options: readonly RawOption[];
  /** Interfaces described so far; grows while the section is read. An interface's id is its index. */
  readonly interfaces: readonly CaptureInterface[];
}

/** An interface on which packets were captured. */
export interface CaptureInterface {
  /** Number within its section, from 0. */
  readonly id: number;
  /** Index of the section that describes it. */
  readonly sectionIndex: number;
  /** LINKTYPE number; see {@link LinkType}. */
  readonly linkType: number;
  /** Most bytes kept of a packet; 0 means no limit. Files in the wild have longer packets: not enforced when reading. */
  readonly snapLength: number;
  /** Bytes of frame check sequence at the end of each packet, if the file says so. */
  readonly fcsLength: number | undefined;
  readonly name: string | undefined;
  readonly description: string | undefined;
  /** Bits per second in both directions. */
  readonly speed: bigint | undefined;
  /** Transmit speed in bits per second, where it differs from the receive speed. */
  readonly transmitSpeed: bigint | undefined;
  /** Receive speed in bits per second, where it differs from the transmit speed. */
  readonly receiveSpeed: bigint | undefined;
  /** EUI-48 address, 6 bytes. */
  readonly macAddress: Uint8Array | undefined;
  /** Capture filter in libpcap's words. */
  readonly filter: string | undefined;
  readonly os: string | undefined;
  readonly hardware: string | undefined;
  /** Time zone name as in the IANA database. */
  readonly timeZone: string | undefined;
  /** Unit of the timestamps in the file. What is read is always nanoseconds. */
  readonly timestampResolution: TimestampResolution;
  /** Seconds that were added to each timestamp in the file to make it absolute. */
  readonly timestampOffset: bigint;
  readonly comments: readonly string[];
  /** Options that are not interpreted here. */
  readonly options: readonly RawOption[];
  /** The last statistics that were read for this interface; changes while the section is read. */
  readonly statistics: InterfaceStatistics | undefined;
}

/** What an Interface Statistics Block tells. Counters run from the start of the capture. */
export interface InterfaceStatistics {
  /** When the counters were taken, in nanoseconds since 1970-01-01 00:00 UTC. */
  readonly timestamp: bigint;
  /** Start of the capture, in nanoseconds since 1970-01-01 00:00 UTC. */
  readonly startTime?: bigint | undefined;
  /** End of the capture, in nanoseconds since 1970-01-01 00:00 UTC. */
  readonly endTime?: bigint | undefined;
  /** Packets received from the physical interface. */
  readonly received?: bigint | undefined;
  /** Packets dropped by the interface for lack of resources. */
  readonly dropped?: bigint | undefined;
  /** Packets that the filter accepted. */
  readonly filterAccepted?: bigint | undefined;
  /** Packets dropped by the operating system. */
  readonly osDropped?: bigint | undefined;
  /** Packets delivered to the user. */
  readonly delivered?: bigint | undefined;
  readonly comments?: readonly string[] | undefined;
  /** Options that are not interpreted here. Not written. */
  readonly options?: readonly RawOption[] | undefined;
}

/** One packet. */
export interface CapturePacket {
  /** File position in bytes of the record that holds it. */
  readonly offset: number;
  /** Nanoseconds since 1970-01-01 00:00 UTC, rounded down where the file counts finer; 0n when {@link hasTimestamp} is false. */
  readonly timestamp: bigint;
  /** False for a Simple Packet Block, which carries no time. */
  readonly hasTimestamp: boolean;
  readonly interface: CaptureInterface;
  /** LINKTYPE number of the interface; see {@link LinkType}. */
  readonly linkType: number;
  /**
   * The captured bytes. A view of the chunk that was read, never written by this package: it stays as it is for as long
   * as the owner of the chunk leaves the chunk alone, and keeps the chunk in memory. Copy it (`data.slice()`) to keep it long.
   */
  readonly data: Uint8Array;
  /** Length on the wire in bytes; larger than `data.length` when the capture cut the packet. As it stands in the file. */
  readonly originalLength: number;
  /** Flags word as it stands in the file; see {@link decodePacketFlags}. */
  readonly flags: number | undefined;
  readonly direction: PacketDirection | undefined;
  /** Queue of the interface on which the packet was received. */
  readonly queue: number | undefined;
  /** Number that ties together several sightings of the same packet. */
  readonly packetId: bigint | undefined;
  /** Packets lost between this one and the one before it on the same interface. */
  readonly dropCount: bigint | undefined;
  readonly comments: readonly string[];
  /** Options that are not interpreted here; views like {@link data}. */
  readonly options: readonly RawOption[];
}

/** Codes of the pcapng blocks that have a name. */
// prettier-ignore
export const BlockType = {
  SectionHeader:        0x0a0d0d0a,
  InterfaceDescription: 0x00000001,
  Packet:               0x00000002, // obsolete
  SimplePacket:         0x00000003,
  NameResolution:       0x00000004,
  InterfaceStatistics:  0x00000005,
  EnhancedPacket:       0x00000006,
  DecryptionSecrets:    0x0000000a,
  Custom:               0x00000bad,
  CustomNoCopy:         0x40000bad,
} as const;

/** A pcapng block that this package does not interpret: name resolution, secrets, custom and unknown ones. */
export interface RawBlock {
  /** Block type code; see {@link BlockType}. */
  readonly type: number;
  /** File position of the block in bytes. */
  readonly offset: number;
  readonly byteOrder: ByteOrder;
  /** Index of the section that the block is in. */
  readonly sectionIndex: number;
  /** What stands between the two length fields, padding included. A view like {@link CapturePacket.data}. */
  readonly body: Uint8Array;
}
