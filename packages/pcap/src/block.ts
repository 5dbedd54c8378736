/*
 * Owns: one pcapng block as it stands in memory, and the walk over its options. Positions are counted from the start
 * of the block, as in the figures of draft-ietf-opsawg-pcapng.
 * Invariant: nothing is read past the block's trailing length, whatever its fields claim.
 */
import { CaptureError } from './capture-error.ts';
import { BlockType } from './capture.ts';

/** Bytes around a block's body: type and length before it, length again after it. */
export const BLOCK_HEADER_LENGTH = 8;
export const BLOCK_TRAILER_LENGTH = 4;
export const BLOCK_OVERHEAD = BLOCK_HEADER_LENGTH + BLOCK_TRAILER_LENGTH;

/** Option codes that every block may have. */
export const OptionCode = { EndOfOptions: 0, Comment: 1 } as const;

const blockNames = new Map<number, string>([
  [BlockType.SectionHeader, 'section header block'],
  [BlockType.InterfaceDescription, 'interface description block'],
  [BlockType.Packet, 'packet block'],
  [BlockType.SimplePacket, 'simple packet block'],
  [BlockType.NameResolution, 'name resolution block'],
  [BlockType.InterfaceStatistics, 'interface statistics block'],
  [BlockType.EnhancedPacket, 'enhanced packet block'],
  [BlockType.DecryptionSecrets, 'decryption secrets block'],
  [BlockType.Custom, 'custom block'],
  [BlockType.CustomNoCopy, 'custom block'],
]);

// Not fatal: the draft lets a reader repair strings that are not valid UTF-8. A leading U+FEFF is part of the text.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Gives a block type's name for messages.
 *
 * @param type - block type code
 * @returns its name, or its number
 */
export function blockName(type: number): string {
  return blockNames.get(type) ?? `block of type 0x${type.toString(16).padStart(8, '0')}`;
}

/**
 * Rounds up to the 32-bit boundary on which everything in a pcapng file stands.
 *
 * @param length - bytes
 * @returns bytes with padding
 */
export function padded(length: number): number {
  return length + ((4 - (length % 4)) % 4);
}

/** A whole block in memory. */
export class Block {
  readonly name: string;
  /** File position in bytes. */
  readonly offset: number;
  /** Where the body ends: the position of the trailing length. */
  readonly bodyEnd: number;
  readonly #view: DataView;
  readonly #start: number;
  readonly #little: boolean;

  constructor(type: number, view: DataView, start: number, length: number, little: boolean, offset: number) {
    this.name = blockName(type);
    this.offset = offset;
    this.bodyEnd = length - BLOCK_TRAILER_LENGTH;
    this.#view = view;
    this.#start = start;
    this.#little = little;
  }

  u8(at: number): number {
    return this.#view.getUint8(this.#start + at);
  }

  u16(at: number): number {
    return this.#view.getUint16(this.#start + at, this.#little);
  }

  u32(at: number): number {
    return this.#view.getUint32(this.#start + at, this.#little);
  }

  u64(at: number): bigint {
    return this.#view.getBigUint64(this.#start + at, this.#little);
  }

  i64(at: number): bigint {
    return this.#view.getBigInt64(this.#start + at, this.#little);
  }

  /**
   * Gives bytes of the block.
   *
   * @param at - position
   * @param length - how many
   * @returns a view, not a copy
   */
  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + this.#start + at, length);
  }

  /**
   * Checks that the fixed part of the block fits in it.
   *
   * @param length - bytes that the block's kind needs at least, trailer included
   */
  requireLength(length: number): void {
    if (this.bodyEnd + BLOCK_TRAILER_LENGTH < length) {
      throw new CaptureError('bad-block-length', {
        object: this.name,
        offset: this.offset,
        expected: `at least ${length} bytes`,
        got: `${this.bodyEnd + BLOCK_TRAILER_LENGTH} bytes`,
      });
    }
  }

  /**
   * Walks over the options up to the end marker or the end of the body, whichever comes first.
   *
   * @param from - position of the first option
   * @returns the options in file order, without the end marker
   */
  options(from: number): Option[] {
    const found: Option[] = [];
    let at = from;
    // What is left is a multiple of 4 bytes, so there is a whole option header or nothing.
    while (at < this.bodyEnd) {
      const code = this.u16(at);
      const length = this.u16(at + 2);
      if (at + 4 + padded(length) > this.bodyEnd) {
        throw new CaptureError('bad-option', {
          object: `${this.name}, option ${code}`,
          offset: this.offset + at,
          expected: `at most ${this.bodyEnd - at - 4} bytes`,
          got: `${length} bytes`,
        });
      }
      if (code === OptionCode.EndOfOptions) {
        break;
      }
      found.push(new Option(this, code, at + 4, length));
      at += 4 + padded(length);
    }
    return found;
  }
}

/** One option of a block. */
export class Option {
  readonly code: number;
  /** Bytes of the value, without padding. */
  readonly length: number;
  readonly #block: Block;
  readonly #at: number;

  constructor(block: Block, code: number, at: number, length: number) {
    this.code = code;
    this.#block = block;
    this.#at = at;
    this.length = length;
  }

  /** A view, not a copy. */
  get value(): Uint8Array {
    return this.#block.bytes(this.#at, this.length);
  }

  /** The value as text; a zero byte ends it, as the draft demands. */
  get text(): string {
    return this.textFrom(0);
  }

  get u8(): number {
    return this.#block.u8(this.#fixed(1));
  }

  get u32(): number {
    return this.#block.u32(this.#fixed(4));
  }

  get u64(): bigint {
    return this.#block.u64(this.#fixed(8));
  }

  get i64(): bigint {
    return this.#block.i64(this.#fixed(8));
  }

  /** Two 32-bit words, the upper one first, as timestamps are written. */
  get wordPair(): { high: number; low: number } {
    const at = this.#fixed(8);
    return { high: this.#block.u32(at), low: this.#block.u32(at + 4) };
  }

  textFrom(start: number): string {
    // Copied, because a TextDecoder takes no shared memory.
    const bytes = this.value.slice(start);
    const end = bytes.indexOf(0);
    return utf8.decode(end === -1 ? bytes : bytes.subarray(0, end));
  }

  /**
   * Tells whether the value has the length that a table demands of its code.
   *
   * @param lengths - code to length
   * @returns true if it does, or if the table does not have the code
   */
  fits(lengths: ReadonlyMap<number, number>): boolean {
    return (lengths.get(this.code) ?? this.length) === this.length;
  }

  #fixed(length: number): number {
    if (this.length !== length) {
      throw new CaptureError('bad-option', {
        object: `${this.#block.name}, option ${this.code}`,
        offset: this.#block.offset + this.#at - 4,
        expected: `a value of ${length} bytes`,
        got: `${this.length} bytes`,
      });
    }
    return this.#at;
  }
}
