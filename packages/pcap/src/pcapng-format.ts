/*
 * Owns: how a pcapng file is cut into blocks and sections (draft-ietf-opsawg-pcapng, "General File Structure"), and
 * which blocks are read, handed on raw, or passed over.
 * Invariant: only blocks that are read are ever held in memory; the others are passed over, however long they are.
 */
import { BLOCK_HEADER_LENGTH, BLOCK_OVERHEAD, BLOCK_TRAILER_LENGTH, Block, blockName } from './block.ts';
import { CaptureError } from './capture-error.ts';
import type { CaptureInterface, CapturePacket, CaptureSection } from './capture.ts';
import { BlockType } from './capture.ts';
import type { InterfaceState } from './pcapng-blocks.ts';
import {
  EnhancedPacket,
  InterfaceStatisticsBlock,
  ObsoletePacket,
  SectionHeader,
  SimplePacket,
  decodeInterface,
  decodePacket,
  decodeSection,
  decodeSimplePacket,
  decodeStatistics,
  obsoleteDropCount,
} from './pcapng-blocks.ts';
import type { Limits, RecordFormat } from './record-format.ts';

export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Bytes of a section header with which its byte order, and so its length, can be known. */
const BYTE_ORDER_KNOWN = 12;

/** A block that is being passed over: its header has been taken, its trailing length has not. */
interface PassedBlock {
  readonly type: number;
  readonly offset: number;
  readonly length: number;
}

/** Reads pcapng files. */
export class PcapngFormat implements RecordFormat {
  section: CaptureSection | undefined;
  readonly recordName = 'pcapng block';
  readonly #limits: Limits;
  #little = true;
  #sectionCount = 0;
  #sectionSupported = true;
  #states: InterfaceState[] = [];
  #interfaces: CaptureInterface[] = [];
  #passed: PassedBlock | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  measure(view: DataView, at: number, available: number, offset: number): number {
    if (this.#passed !== undefined) {
      return BLOCK_TRAILER_LENGTH;
    }
    if (available < BLOCK_HEADER_LENGTH) {
      return BLOCK_HEADER_LENGTH;
    }
    let little = this.#little;
    const type = view.getUint32(at, little);
    if (type === BlockType.SectionHeader) {
      if (available < BYTE_ORDER_KNOWN) {
        return BYTE_ORDER_KNOWN;
      }
      little = isLittle(view, at, offset);
    }
    const length = view.getUint32(at + 4, little);
    if (length < BLOCK_OVERHEAD || length % 4 !== 0) {
      throw new CaptureError('bad-block-length', {
        object: blockName(type),
        offset: offset + 4,
        expected: `a multiple of 4, at least ${BLOCK_OVERHEAD}`,
        got: String(length),
      });
    }
    if (!this.#reads(type)) {
      return BLOCK_HEADER_LENGTH;
    }
    if (length > this.#limits.maxRecordLength) {
      throw new CaptureError('record-too-long', {
        object: blockName(type),
        offset,
        expected: `at most ${this.#limits.maxRecordLength} bytes`,
        got: `${length} bytes`,
      });
    }
    return length;
  }

  take(view: DataView, at: number, length: number, offset: number, packets: CapturePacket[]): number {
    if (this.#passed !== undefined) {
      const { type, length: expected, offset: blockOffset } = this.#passed;
      this.#passed = undefined;
      checkTrailer(blockName(type), blockOffset, expected, view.getUint32(at, this.#little), offset);
      return 0;
    }
    const type = view.getUint32(at, this.#little);
    if (!this.#reads(type)) {
      this.#passed = { type, offset, length: view.getUint32(at + 4, this.#little) };
      return this.#passed.length - BLOCK_OVERHEAD;
    }
    const little = type === BlockType.SectionHeader ? isLittle(view, at, offset) : this.#little;
    const trailerAt = length - BLOCK_TRAILER_LENGTH;
    checkTrailer(blockName(type), offset, length, view.getUint32(at + trailerAt, little), offset + trailerAt);
    const block = new Block(type, view, at, length, little, offset);
    if (type === BlockType.SectionHeader) {
      this.#beginSection(block, little);
      return 0;
    }
    const packet = this.#readBlock(type, block);
    if (packet !== undefined) {
      packets.push(packet);
    }
    return 0;
  }

  unfinished(): { object: string; offset: number; length: number } | undefined {
    return this.#passed === undefined
      ? undefined
      : { object: blockName(this.#passed.type), offset: this.#passed.offset, length: this.#passed.length };
  }

  /** Whether a block is brought together in memory; the others are passed over. */
  #reads(type: number): boolean {
    if (type === BlockType.SectionHeader) {
      return true;
    }
    if (!this.#sectionSupported) {
      return false;
    }
    switch (type) {
      case BlockType.InterfaceDescription:
      case BlockType.Packet:
      case BlockType.SimplePacket:
      case BlockType.InterfaceStatistics:
      case BlockType.EnhancedPacket:
        return true;
      default:
        return this.#limits.onBlock !== undefined;
    }
  }

  #readBlock(type: number, block: Block): CapturePacket | undefined {
    switch (type) {
      case BlockType.EnhancedPacket:
        block.requireLength(EnhancedPacket.data + BLOCK_TRAILER_LENGTH);
        return decodePacket(block, this.#interface(block, block.u32(EnhancedPacket.interfaceId)), undefined);
      case BlockType.Packet:
        block.requireLength(EnhancedPacket.data + BLOCK_TRAILER_LENGTH);
        return decodePacket(
          block,
          this.#interface(block, block.u16(ObsoletePacket.interfaceId)),
          obsoleteDropCount(block),
        );
      case BlockType.SimplePacket:
        block.requireLength(SimplePacket.data + BLOCK_TRAILER_LENGTH);
        return decodeSimplePacket(block, this.#interface(block, 0));
      case BlockType.InterfaceDescription:
        this.#addInterface(block);
        return undefined;
      case BlockType.InterfaceStatistics: {
        block.requireLength(InterfaceStatisticsBlock.options + BLOCK_TRAILER_LENGTH);
        const state = this.#interface(block, block.u32(InterfaceStatisticsBlock.interfaceId));
        state.description.statistics = decodeStatistics(block, state.scale);
        return undefined;
      }
      default:
        this.#limits.onBlock?.({
          type,
          offset: block.offset,
          byteOrder: this.#little ? 'little' : 'big',
          sectionIndex: this.#sectionCount - 1,
          body: block.bytes(BLOCK_HEADER_LENGTH, block.bodyEnd - BLOCK_HEADER_LENGTH),
        });
        return undefined;
    }
  }

  #beginSection(block: Block, little: boolean): void {
    block.requireLength(SectionHeader.options + BLOCK_TRAILER_LENGTH);
    const major = block.u16(SectionHeader.major);
    const minor = block.u16(SectionHeader.minor);
    // Some writers wrote 1.2 without changing the format; the draft has readers treat it as 1.0.
    const supported = major === 1 && (minor === 0 || minor === 2);
    if (!supported && !this.#limits.skipUnsupportedSections) {
      throw new CaptureError('unsupported-version', {
        object: block.name,
        offset: block.offset + SectionHeader.major,
        expected: 'version 1.0 or 1.2',
        got: `version ${major}.${minor}`,
      });
    }
    const index = this.#sectionCount;
    const interfaces: CaptureInterface[] = [];
    if (supported) {
      this.section = decodeSection(block, index, little ? 'little' : 'big', interfaces);
    }
    this.#little = little;
    this.#sectionCount = index + 1;
    this.#sectionSupported = supported;
    this.#interfaces = interfaces;
    this.#states = [];
  }

  #addInterface(block: Block): void {
    const id = this.#states.length;
    if (id >= this.#limits.maxInterfaces) {
      throw new CaptureError('too-many-interfaces', {
        object: block.name,
        offset: block.offset,
        expected: `at most ${this.#limits.maxInterfaces} interfaces in a section`,
        got: 'one more',
      });
    }
    const state = decodeInterface(block, id, this.#sectionCount - 1);
    this.#states.push(state);
    this.#interfaces.push(state.description);
  }

  #interface(block: Block, id: number): InterfaceState {
    const state = this.#states[id];
    if (state === undefined) {
      const count = this.#states.length;
      throw new CaptureError('unknown-interface', {
        object: block.name,
        offset: block.offset,
        expected: `one of the ${count} interfaces described before it in its section`,
        got: `interface ${id}`,
      });
    }
    return state;
  }
}

/** The section header's type reads the same in both byte orders; the magic number after its length does not. */
function isLittle(view: DataView, at: number, offset: number): boolean {
  const magic = view.getUint32(at + SectionHeader.byteOrderMagic, true);
  if (magic === BYTE_ORDER_MAGIC) {
    return true;
  }
  if (view.getUint32(at + SectionHeader.byteOrderMagic, false) === BYTE_ORDER_MAGIC) {
    return false;
  }
  throw new CaptureError('bad-header', {
    object: 'section header block, byte-order magic',
    offset: offset + SectionHeader.byteOrderMagic,
    expected: 'the bytes 4d 3c 2b 1a or 1a 2b 3c 4d',
    got: `0x${magic.toString(16).padStart(8, '0')}`,
  });
}

function checkTrailer(object: string, blockOffset: number, length: number, trailer: number, offset: number): void {
  if (trailer !== length) {
    throw new CaptureError('bad-block-length', {
      object: `${object} (begun at ${blockOffset}), trailing length`,
      offset,
      expected: String(length),
      got: String(trailer),
    });
  }
}
