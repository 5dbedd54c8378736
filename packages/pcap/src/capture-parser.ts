/*
 * Owns: the incremental parser: chunks of any size in, packets out. It knows no file system and no streams.
 * Invariant: what comes out does not depend on where the chunks are cut; packets before a fault are always delivered,
 * the fault after them.
 */
import { CaptureError } from './capture-error.ts';
import type { CapturePacket, CaptureSection } from './capture.ts';
import { detectFormat, SIGNATURE_LENGTH } from './detection.ts';
import type { CaptureOptions, Limits, RecordFormat } from './record-format.ts';
import { MAX_RECORD_LENGTH } from './record-format.ts';
import { RecordFeed } from './record-feed.ts';

const DEFAULT_MAX_INTERFACES = 65_536;

/**
 * Reads a pcap or pcapng capture, chunk by chunk, and holds at most one record of it.
 *
 * @example
 * ```ts
 * const parser = new CaptureParser();
 * for (const chunk of chunks) for (const packet of parser.push(chunk)) console.log(packet.data.length);
 * parser.end();
 * ```
 */
export class CaptureParser {
  readonly #limits: Limits;
  readonly #feed = new RecordFeed();
  #format: RecordFormat | undefined;
  #offset = 0;
  #skip = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: CaptureOptions = {}) {
    this.#limits = {
      maxRecordLength: positive('maxRecordLength', options.maxRecordLength ?? MAX_RECORD_LENGTH),
      maxInterfaces: positive('maxInterfaces', options.maxInterfaces ?? DEFAULT_MAX_INTERFACES),
      skipUnsupportedSections: options.unsupportedSections === 'skip',
      onBlock: options.onBlock,
    };
  }

  /** The last section that could be read, with its interfaces; undefined until its header has been read. */
  get section(): CaptureSection | undefined {
    return this.#format?.section;
  }

  /** Bytes of the capture that have been read: the file position of the next record, or of the fault's record. */
  get offset(): number {
    return this.#offset;
  }

  /** Whether a fault was met. The next {@link push} or {@link end} throws it. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Reads a chunk.
   *
   * @param chunk - the next bytes of the capture, any number of them. The packets view them: leave them as they are for as
   *   long as the packets are used.
   * @returns the packets that the chunk completes, in file order. When the chunk has a fault, the packets before it; look at
   *   {@link failed} or call on, as the fault is thrown by the next call.
   * @throws CaptureError the fault that an earlier chunk had
   */
  push(chunk: Uint8Array): CapturePacket[] {
    this.#throwFailure();
    const packets: CapturePacket[] = [];
    try {
      this.#read(chunk, packets);
    } catch (error) {
      this.#failure = { error };
    }
    return packets;
  }

  /**
   * Says that the capture is over.
   *
   * @throws CaptureError the fault that an earlier chunk had, or `truncated` if the capture ends inside a record
   */
  end(): void {
    this.#throwFailure();
    const unfinished = this.#format?.unfinished();
    if (unfinished !== undefined) {
      const arrived = this.#offset + this.#feed.length - unfinished.offset;
      this.#fail(unfinished.object, unfinished.offset, `${unfinished.length} bytes`, `${arrived} bytes`);
    }
    if (this.#feed.length > 0) {
      const object = this.#format?.recordName ?? 'capture file';
      this.#fail(object, this.#offset, `at least ${this.#feed.needed} bytes`, `${this.#feed.length} bytes`);
    }
    if (this.#format === undefined) {
      this.#fail('capture file', 0, 'a pcap or pcapng header', 'an empty file');
    }
  }

  #read(chunk: Uint8Array, packets: CapturePacket[]): void {
    const feed = this.#feed;
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        this.#offset += skipped;
        at += skipped;
      } else if (feed.length > 0) {
        at += feed.add(chunk, at);
        if (feed.length === feed.needed) {
          feed.needed = this.#readRecord(feed.view(), 0, packets);
          if (feed.needed === feed.length) {
            feed.clear();
          }
        }
      } else {
        const length = this.#readRecord(view, at, packets);
        if (at + length > chunk.length) {
          feed.needed = length;
          feed.add(chunk, at);
          return;
        }
        at += length;
      }
    }
  }

  /** Reads the record at a position if it is whole. Returns its length, or the length that is needed to go on. */
  #readRecord(view: DataView, at: number, packets: CapturePacket[]): number {
    const available = view.byteLength - at;
    if (this.#format === undefined) {
      if (available < SIGNATURE_LENGTH) {
        return SIGNATURE_LENGTH;
      }
      this.#format = detectFormat(view, at, this.#limits);
    }
    const length = this.#format.measure(view, at, available, this.#offset);
    if (length <= available) {
      this.#skip = this.#format.take(view, at, length, this.#offset, packets);
      this.#offset += length;
    }
    return length;
  }

  #fail(object: string, offset: number, expected: string, got: string): never {
    const error = new CaptureError('truncated', { object, offset, expected, got });
    this.#failure = { error };
    throw error;
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) {
      // Not always an Error: a callback may throw what it likes.
      throw this.#failure.error;
    }
  }
}

function positive(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value <= 0) {
    throw new CaptureError('bad-value', {
      object: `option ${name}`,
      expected: 'a positive integer',
      got: String(value),
    });
  }
  return value;
}
