/*
 * Owns: gathering written records into chunks for a sink.
 * Invariant: a chunk belongs to whoever received it and is never touched again; its bytes are zero where nothing was
 * written, so padding needs no writing.
 */
import { CaptureError } from './capture-error.ts';

/**
 * Takes the bytes that a writer makes, in order. The chunk is the receiver's own from then on. An error that it throws
 * comes out of the writer's call; the chunk is not offered again.
 */
export type CaptureSink = (chunk: Uint8Array) => void;

const CHUNK_LENGTH = 64 * 1024;

/** Gathers records into chunks. */
export class OutputBuffer {
  view = new DataView(new ArrayBuffer(0));
  bytes = new Uint8Array(0);
  readonly #sink: CaptureSink;
  #start = 0;
  #end = 0;
  #closed = false;

  constructor(sink: CaptureSink) {
    this.#sink = sink;
  }

  /**
   * Makes room for a record; {@link view} and {@link bytes} then hold it.
   *
   * @param length - bytes of the record
   * @returns where in {@link bytes} the record begins
   */
  reserve(length: number): number {
    this.requireOpen();
    if (this.#end + length > this.bytes.length) {
      this.flush();
      this.bytes = new Uint8Array(Math.max(length, CHUNK_LENGTH));
      this.view = new DataView(this.bytes.buffer);
      this.#start = 0;
      this.#end = 0;
    }
    const at = this.#end;
    this.#end += length;
    return at;
  }

  /** Hands on what has been gathered. */
  flush(): void {
    if (this.#end > this.#start) {
      const chunk = this.bytes.subarray(this.#start, this.#end);
      this.#start = this.#end;
      this.#sink(chunk);
    }
  }

  /** Hands on what has been gathered, the first time; after that nothing can be written. */
  close(): void {
    if (!this.#closed) {
      this.#closed = true;
      this.flush();
    }
  }

  /** Throws `closed` once the writer has been closed. */
  requireOpen(): void {
    if (this.#closed) {
      throw new CaptureError('closed', { object: 'capture writer', expected: 'an open writer', got: 'a closed one' });
    }
  }
}
