/*
 * Owns: what this package offers: reading and writing pcap and pcapng captures.
 * Invariant: importing it loads no module of Node's, so it can be imported in a browser.
 */
export type { CaptureErrorCode, CaptureFault } from './capture-error.ts';
export { CaptureError } from './capture-error.ts';
export type {
  ByteOrder,
  CaptureInterface,
  CapturePacket,
  CaptureSection,
  InterfaceStatistics,
  PacketDirection,
  RawBlock,
  RawOption,
  TimestampResolution,
} from './capture.ts';
export { BlockType } from './capture.ts';
export { CaptureInputFile, CaptureOutputFile, createCaptureFile, openCapture } from './capture-file.ts';
export { CaptureParser } from './capture-parser.ts';
export type { CaptureSource } from './capture-reader.ts';
export { CaptureReader, parseCapture, readCapture } from './capture-reader.ts';
export type { CaptureWriter, PacketToWrite } from './capture-writer.ts';
export { LinkType, isEthernet, linkTypeName } from './link-types.ts';
export type { CaptureSink } from './output-buffer.ts';
export type { PacketFlags, PacketLinkError, PacketReception } from './packet-flags.ts';
export { decodePacketFlags, encodePacketFlags } from './packet-flags.ts';
export type { PcapWriterOptions } from './pcap-writer.ts';
export { PcapWriter } from './pcap-writer.ts';
export type { InterfaceToWrite, PcapngWriterOptions } from './pcapng-writer.ts';
export { PcapngWriter } from './pcapng-writer.ts';
export type { CaptureOptions } from './record-format.ts';
export { MAX_RECORD_LENGTH } from './record-format.ts';
