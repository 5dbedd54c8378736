/*
 * Owns: the layout of pcap files, read as draft-ietf-opsawg-pcap describes them and, for the versions before 2.4, as
 * libpcap reads them.
 * Invariant: one section with one interface, complete before the first packet.
 */
import { CaptureError } from './capture-error.ts';
import type { CaptureInterface, CapturePacket, CaptureSection } from './capture.ts';
import type { Limits, RecordFormat } from './record-format.ts';
import { MICROSECONDS, NANOSECONDS, fromSecondsAndFraction } from './timestamps.ts';

export const PCAP_MICROSECOND_MAGIC = 0xa1b2c3d4;
export const PCAP_NANOSECOND_MAGIC = 0xa1b23c4d;
export const PCAP_FILE_HEADER_LENGTH = 24;
export const PCAP_RECORD_HEADER_LENGTH = 16;

/** Bit of the link-type word that says that the FCS length above it is present. */
export const PCAP_FCS_PRESENT = 0x0400_0000;
/** Shift to the FCS length, counted in 2-byte words. */
export const PCAP_FCS_SHIFT = 28;
const LINK_TYPE_RESERVED = 0x0bff_0000;

const none: readonly never[] = Object.freeze([]);

/** Reads pcap files of one byte order and timestamp unit. */
export class PcapFormat implements RecordFormat {
  section: CaptureSection | undefined;
  readonly #little: boolean;
  readonly #nanosecondsPerUnit: number;
  readonly #maxRecordLength: number;
  #interface: CaptureInterface | undefined;

  constructor(little: boolean, nanosecond: boolean, limits: Limits) {
    this.#little = little;
    this.#nanosecondsPerUnit = nanosecond ? 1 : 1000;
    this.#maxRecordLength = limits.maxRecordLength;
  }

  get recordName(): string {
    return this.#interface === undefined ? 'pcap file header' : 'packet record';
  }

  measure(view: DataView, at: number, available: number, offset: number): number {
    if (this.section === undefined) {
      return PCAP_FILE_HEADER_LENGTH;
    }
    if (available < PCAP_RECORD_HEADER_LENGTH) {
      return PCAP_RECORD_HEADER_LENGTH;
    }
    const length = PCAP_RECORD_HEADER_LENGTH + this.#capturedLength(view, at);
    if (length > this.#maxRecordLength) {
      throw new CaptureError('record-too-long', {
        object: 'packet record',
        offset,
        expected: `at most ${this.#maxRecordLength} bytes`,
        got: `${length} bytes`,
      });
    }
    return length;
  }

  take(view: DataView, at: number, length: number, offset: number, packets: CapturePacket[]): number {
    if (this.#interface === undefined) {
      this.#interface = this.#readHeader(view, at, offset);
      return 0;
    }
    const capturedLength = length - PCAP_RECORD_HEADER_LENGTH;
    const little = this.#little;
    packets.push({
      offset,
      timestamp: fromSecondsAndFraction(
        view.getUint32(at, little),
        view.getUint32(at + 4, little),
        this.#nanosecondsPerUnit,
      ),
      hasTimestamp: true,
      interface: this.#interface,
      linkType: this.#interface.linkType,
      data: new Uint8Array(view.buffer, view.byteOffset + at + PCAP_RECORD_HEADER_LENGTH, capturedLength),
      // Whichever field is not the captured length is the original one, in either order.
      originalLength: this.#lengthsSwapped(view, at) ? view.getUint32(at + 8, little) : view.getUint32(at + 12, little),
      flags: undefined,
      direction: undefined,
      queue: undefined,
      packetId: undefined,
      dropCount: undefined,
      comments: none,
      options: none,
    });
    return 0;
  }

  unfinished(): undefined {
    return undefined;
  }

  #capturedLength(view: DataView, at: number): number {
    return view.getUint32(this.#lengthsSwapped(view, at) ? at + 12 : at + 8, this.#little);
  }

  /** The two lengths changed places with version 2.3, but not in all files that call themselves 2.3: libpcap does the same. */
  #lengthsSwapped(view: DataView, at: number): boolean {
    const minor = this.section?.version.minor ?? 4;
    if (minor >= 4) {
      return false;
    }
    return minor < 3 || view.getUint32(at + 8, this.#little) > view.getUint32(at + 12, this.#little);
  }

  #readHeader(view: DataView, at: number, offset: number): CaptureInterface {
    const little = this.#little;
    const major = view.getUint16(at + 4, little);
    const minor = view.getUint16(at + 6, little);
    if (major !== 2 || minor > 4) {
      throw new CaptureError('unsupported-version', {
        object: 'pcap file header',
        offset: offset + 4,
        expected: 'version 2.0 to 2.4',
        got: `version ${major}.${minor}`,
      });
    }
    const linkWord = view.getUint32(at + 20, little);
    if ((linkWord & LINK_TYPE_RESERVED) !== 0) {
      throw new CaptureError('bad-header', {
        object: 'pcap file header, link type',
        offset: offset + 20,
        expected: 'reserved bits 0',
        got: `0x${linkWord.toString(16).padStart(8, '0')}`,
      });
    }
    const only: CaptureInterface = {
      id: 0,
      sectionIndex: 0,
      linkType: linkWord & 0xffff,
      snapLength: view.getUint32(at + 16, little),
      fcsLength: (linkWord & PCAP_FCS_PRESENT) === 0 ? undefined : (linkWord >>> PCAP_FCS_SHIFT) * 2,
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
      timestampResolution: this.#nanosecondsPerUnit === 1 ? NANOSECONDS : MICROSECONDS,
      timestampOffset: 0n,
      comments: none,
      options: none,
      statistics: undefined,
    };
    this.section = {
      index: 0,
      format: 'pcap',
      byteOrder: little ? 'little' : 'big',
      version: { major, minor },
      offset,
      comments: none,
      hardware: undefined,
      os: undefined,
      application: undefined,
      options: none,
      interfaces: [only],
    };
    return only;
  }
}
