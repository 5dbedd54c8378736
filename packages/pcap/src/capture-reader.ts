/*
 * Owns: reading a capture from anything that gives bytes, sync or async.
 * Invariant: packets before a fault are always handed out before the fault is thrown.
 */
import { CaptureError } from './capture-error.ts';
import type { CaptureOptions } from './record-format.ts';
import { CaptureParser } from './capture-parser.ts';
import type { CapturePacket, CaptureSection } from './capture.ts';

/** Anything that gives the bytes of a capture in order: a stream, a list of chunks, or all of them at once. */
export type CaptureSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array> | Uint8Array;

/** A chunk is parsed in pieces of this many bytes, so that a whole capture in one chunk does not become one list of packets. */
const PIECE_LENGTH = 256 * 1024;

/** A capture being read. Iterate over it once; packets come as they are read. */
export class CaptureReader implements AsyncIterable<CapturePacket> {
  readonly #source: CaptureSource;
  readonly #parser: CaptureParser;
  #started = false;

  constructor(source: CaptureSource, options?: CaptureOptions) {
    this.#source = source;
    this.#parser = new CaptureParser(options);
  }

  /** The last section that could be read, with its interfaces; undefined until its header has been read. */
  get section(): CaptureSection | undefined {
    return this.#parser.section;
  }

  /** Bytes of the capture read so far. */
  get bytesRead(): number {
    return this.#parser.offset;
  }

  /**
   * Reads the capture, list by list: for many packets a second, cheaper than one by one.
   *
   * @yields lists of at least one packet, in file order
   * @throws CaptureError a fault of the capture, after the packets before it; `already-read` on a second reading
   */
  async *batches(): AsyncGenerator<CapturePacket[], void, undefined> {
    this.#start();
    for await (const chunk of chunksOf(this.#source)) {
      for (const packets of parsed(this.#parser, chunk)) {
        yield packets;
      }
    }
    this.#parser.end();
  }

  /**
   * Reads the capture packet by packet.
   *
   * @yields the packets in file order; throws as {@link batches} does
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<CapturePacket, void, undefined> {
    for await (const packets of this.batches()) {
      yield* packets;
    }
  }

  #start(): void {
    if (this.#started) {
      throw new CaptureError('already-read', {
        object: 'capture reader',
        expected: 'one reading of a capture; make a new reader for another',
        got: 'a second reading',
      });
    }
    this.#started = true;
  }
}

/**
 * Reads a pcap or pcapng capture from a source of bytes, such as a stream.
 *
 * @param source - the bytes of the capture
 * @param options - limits, and what to do with blocks that are not interpreted
 * @returns a reader: iterate over it with `for await`
 *
 * @example
 * ```ts
 * for await (const packet of readCapture(process.stdin)) console.log(packet.timestamp, packet.data.length);
 * ```
 */
export function readCapture(source: CaptureSource, options?: CaptureOptions): CaptureReader {
  return new CaptureReader(source, options);
}

/**
 * Reads a capture that is in memory.
 *
 * @param source - all bytes of the capture, or its chunks
 * @param options - limits, and what to do with blocks that are not interpreted
 * @yields the packets in file order
 * @throws CaptureError a fault of the capture, after the packets before it
 *
 * @example
 * ```ts
 * const packets = [...parseCapture(readFileSync('http.pcap'))];
 * ```
 */
export function* parseCapture(
  source: Iterable<Uint8Array> | Uint8Array,
  options?: CaptureOptions,
): Generator<CapturePacket, void, undefined> {
  const parser = new CaptureParser(options);
  for (const chunk of source instanceof Uint8Array ? [source] : source) {
    for (const packets of parsed(parser, chunk)) {
      yield* packets;
    }
  }
  parser.end();
}

function chunksOf(source: CaptureSource): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  return source instanceof Uint8Array ? [source] : source;
}

/**
 * Parses a chunk piece by piece.
 *
 * @yields lists of at least one packet; a fault is thrown after the packets before it
 */
function* parsed(parser: CaptureParser, chunk: Uint8Array): Generator<CapturePacket[], void, undefined> {
  // A stream with an encoding gives strings, whatever its type says.
  if (!((chunk as unknown) instanceof Uint8Array)) {
    throw new CaptureError('bad-chunk', {
      object: 'capture source',
      offset: parser.offset,
      expected: 'chunks that are Uint8Array (a stream without encoding)',
      got: `a chunk of type ${typeof chunk}`,
    });
  }
  for (let at = 0; at < chunk.length; at += PIECE_LENGTH) {
    const packets = parser.push(chunk.subarray(at, at + PIECE_LENGTH));
    if (packets.length > 0) {
      yield packets;
    }
    if (parser.failed) {
      parser.end();
    }
  }
}
