/*
 * Owns: writing pcap files, as draft-ietf-opsawg-pcap lays them out.
 * Invariant: the bytes depend on the options and packets alone; nothing of the machine gets in.
 */
import { CaptureError } from './capture-error.ts';
import type { ByteOrder } from './capture.ts';
import type { CaptureWriter, PacketToWrite } from './capture-writer.ts';
import { recordLength, requireLinkType, unsigned, unsigned64 } from './capture-writer.ts';
import { LinkType } from './link-types.ts';
import type { CaptureSink } from './output-buffer.ts';
import { OutputBuffer } from './output-buffer.ts';
import {
  PCAP_FCS_PRESENT,
  PCAP_FCS_SHIFT,
  PCAP_FILE_HEADER_LENGTH,
  PCAP_MICROSECOND_MAGIC,
  PCAP_NANOSECOND_MAGIC,
  PCAP_RECORD_HEADER_LENGTH,
} from './pcap-format.ts';
import { toSecondsAndNanoseconds } from './timestamps.ts';

const DEFAULT_SNAP_LENGTH = 262_144;

/** What a pcap file says about itself. */
export interface PcapWriterOptions {
  /** Unit of the timestamps. Default `nanosecond`, which keeps them whole; old readers know only `microsecond`, which rounds down. */
  readonly resolution?: 'microsecond' | 'nanosecond' | undefined;
  /** Default `little`. */
  readonly byteOrder?: ByteOrder | undefined;
  /** LINKTYPE number. Default Ethernet. */
  readonly linkType?: number | undefined;
  /** Most bytes of a packet; a longer one is refused. Default 262144, as tcpdump writes. */
  readonly snapLength?: number | undefined;
  /** Bytes of frame check sequence at the end of each packet: an even number up to 30. Default: not said. */
  readonly fcsLength?: number | undefined;
}

/**
 * Writes a pcap file to a sink. The format holds time, data and length of a packet; what else a packet has, its interface
 * included, has no place in it and is left out.
 *
 * @example
 * ```ts
 * const chunks: Uint8Array[] = [];
 * const writer = new PcapWriter((chunk) => chunks.push(chunk));
 * writer.write({ timestamp: 0n, data: frame });
 * writer.close();
 * ```
 */
export class PcapWriter implements CaptureWriter {
  readonly #output: OutputBuffer;
  readonly #little: boolean;
  readonly #nanosecondsPerUnit: number;
  readonly #linkType: number;
  readonly #snapLength: number;

  /**
   * Begins a file: its header goes to the sink with the first chunk.
   *
   * @param sink - takes the bytes
   * @param options - what the header says
   * @throws CaptureError `bad-value` for an option that its field cannot hold
   */
  constructor(sink: CaptureSink, options: PcapWriterOptions = {}) {
    this.#little = (options.byteOrder ?? 'little') === 'little';
    this.#nanosecondsPerUnit = options.resolution === 'microsecond' ? 1000 : 1;
    this.#linkType = unsigned('pcap writer, link type', options.linkType ?? LinkType.ETHERNET, 0xffff);
    this.#snapLength = unsigned('pcap writer, snapshot length', options.snapLength ?? DEFAULT_SNAP_LENGTH);
    const fcsWords = options.fcsLength === undefined ? 0 : options.fcsLength / 2;
    unsigned('pcap writer, frame check sequence in 2-byte words', fcsWords, 15);
    if (this.#snapLength === 0) {
      throw new CaptureError('bad-value', { object: 'pcap writer, snapshot length', expected: 'at least 1', got: '0' });
    }
    this.#output = new OutputBuffer(sink);
    const fcs = options.fcsLength === undefined ? 0 : PCAP_FCS_PRESENT | (fcsWords << PCAP_FCS_SHIFT);
    this.#writeHeader((fcs | this.#linkType) >>> 0);
  }

  write(packet: PacketToWrite): void {
    const little = this.#little;
    const { data } = packet;
    requireLinkType(packet, this.#linkType);
    if (data.length > this.#snapLength) {
      throw new CaptureError('bad-value', {
        object: 'packet to write',
        expected: `at most the ${this.#snapLength} bytes of the snapshot length`,
        got: `${data.length} bytes`,
      });
    }
    const length = recordLength('packet to write', PCAP_RECORD_HEADER_LENGTH + data.length);
    const originalLength = unsigned('packet to write, original length', packet.originalLength ?? data.length);
    const { seconds, nanoseconds } = toSecondsAndNanoseconds(unsigned64('packet to write, time', packet.timestamp));
    unsigned('packet to write, seconds since 1970', seconds);
    const at = this.#output.reserve(length);
    const { view, bytes } = this.#output;
    view.setUint32(at, seconds, little);
    view.setUint32(at + 4, Math.floor(nanoseconds / this.#nanosecondsPerUnit), little);
    view.setUint32(at + 8, data.length, little);
    view.setUint32(at + 12, originalLength, little);
    bytes.set(data, at + PCAP_RECORD_HEADER_LENGTH);
  }

  flush(): void {
    this.#output.flush();
  }

  close(): void {
    this.#output.close();
  }

  #writeHeader(linkWord: number): void {
    const little = this.#little;
    const at = this.#output.reserve(PCAP_FILE_HEADER_LENGTH);
    const { view } = this.#output;
    view.setUint32(at, this.#nanosecondsPerUnit === 1 ? PCAP_NANOSECOND_MAGIC : PCAP_MICROSECOND_MAGIC, little);
    view.setUint16(at + 4, 2, little);
    view.setUint16(at + 6, 4, little);
    view.setUint32(at + 16, this.#snapLength, little);
    view.setUint32(at + 20, linkWord, little);
  }
}
