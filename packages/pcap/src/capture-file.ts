/*
 * Owns: captures in files, for reading and for writing. The only place of this package that touches Node's own modules,
 * and it loads them when it is called, so that the rest runs in a browser.
 * Invariant: under the name asked for there is a whole capture or what was there before, never a part of one.
 */
import type { FileHandle } from 'node:fs/promises';
import type { CaptureErrorCode } from './capture-error.ts';
import { CaptureError } from './capture-error.ts';
import { CaptureReader } from './capture-reader.ts';
import type { CaptureWriter } from './capture-writer.ts';
import type { CaptureSink } from './output-buffer.ts';
import type { CaptureOptions } from './record-format.ts';

const READ_LENGTH = 256 * 1024;

/** Bytes that may wait for the disk before {@link CaptureOutputFile.congested} asks the writer to wait. */
const HIGH_WATER = 1024 * 1024;

/** Makes the names of files in the making differ within a process. */
let filesMade = 0;

/** A capture file that is being read. */
export class CaptureInputFile extends CaptureReader {
  readonly path: string;
  /** Size of the file in bytes when it was opened; 0 for a pipe or device. */
  readonly size: number;
  readonly #handle: FileHandle;

  constructor(path: string, size: number, handle: FileHandle, options?: CaptureOptions) {
    super(chunksOf(path, size, handle), options);
    this.path = path;
    this.size = size;
    this.#handle = handle;
  }

  /** Closes the file. Reading to the end, or leaving a `for await` loop, closes it too. */
  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/**
 * Opens a capture file for reading.
 *
 * @param path - the file
 * @param options - limits, and what to do with blocks that are not interpreted
 * @returns the file: iterate over it with `for await`, which closes it at the end; if it is not iterated over, call `close`
 * @throws CaptureError `unreadable` if the file cannot be opened
 *
 * @example
 * ```ts
 * for await (const packet of await openCapture('http.pcap')) console.log(packet.timestamp, packet.data.length);
 * ```
 */
export async function openCapture(path: string, options?: CaptureOptions): Promise<CaptureInputFile> {
  const { open } = await import('node:fs/promises');
  const handle = await attempt('unreadable', path, 'a file that can be opened', () => open(path, 'r'));
  try {
    const status = await attempt('unreadable', path, 'a file that can be examined', () => handle.stat());
    if (status.isDirectory()) {
      throw new CaptureError('unreadable', { object: `capture file ${path}`, expected: 'a file', got: 'a directory' });
    }
    return new CaptureInputFile(path, status.isFile() ? status.size : 0, handle, options);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** A capture file that is being written. Until it is closed, its bytes are in a file of another name beside it. */
export class CaptureOutputFile<Writer extends CaptureWriter = CaptureWriter> {
  readonly path: string;
  /** Writes into the file. What goes wrong on the disk is thrown by a later write, or by {@link close}. */
  readonly writer: Writer;
  readonly #handle: FileHandle;
  readonly #partPath: string;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #pump: Promise<void> | undefined;
  #failure: CaptureError | undefined;
  #ending: Promise<void> | undefined;

  constructor(path: string, partPath: string, handle: FileHandle, makeWriter: (sink: CaptureSink) => Writer) {
    this.path = path;
    this.#partPath = partPath;
    this.#handle = handle;
    this.writer = makeWriter((chunk) => this.#accept(chunk));
  }

  /** Whether more than 1 MiB waits for the disk. Whoever writes much awaits {@link drain} then. */
  get congested(): boolean {
    return this.#queuedBytes > HIGH_WATER;
  }

  /**
   * Waits until the disk has taken what waits for it.
   *
   * @throws CaptureError `unwritable` if the disk did not take it
   */
  async drain(): Promise<void> {
    await this.#pump;
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
  }

  /**
   * Ends the capture, brings it to the disk, and gives the file its name.
   *
   * @returns a promise of the end; closing again gives the same one
   * @throws CaptureError `unwritable`; the partial file is gone then, and what was there under the name before is still there
   */
  close(): Promise<void> {
    this.#ending ??= this.#finish();
    return this.#ending;
  }

  /**
   * Gives the capture up: removes the partial file and leaves what was there under the name before.
   *
   * @returns a promise of the end; after {@link close} the one that it gave
   */
  abort(): Promise<void> {
    this.#ending ??= this.#discard();
    return this.#ending;
  }

  #accept(chunk: Uint8Array): void {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.length;
    this.#pump ??= this.#writeQueue();
  }

  /** Never rejects: a failure is kept for whoever asks next. */
  async #writeQueue(): Promise<void> {
    try {
      await attempt('unwritable', this.path, 'a file that takes what is written', async () => {
        for (let chunk = this.#queue.shift(); chunk !== undefined; chunk = this.#queue.shift()) {
          await writeWhole(this.#handle, chunk);
          this.#queuedBytes -= chunk.length;
        }
      });
    } catch (error) {
      this.#failure = error as CaptureError;
    }
    this.#pump = undefined;
  }

  async #finish(): Promise<void> {
    try {
      this.writer.close();
      await this.drain();
      await attempt('unwritable', this.path, 'a file that can be completed', async () => {
        const { rename } = await import('node:fs/promises');
        if (this.#partPath !== this.path) {
          await this.#handle.sync();
        }
        await this.#handle.close();
        if (this.#partPath !== this.path) {
          await rename(this.#partPath, this.path);
        }
      });
    } catch (error) {
      await this.#discard();
      throw error;
    }
  }

  async #discard(): Promise<void> {
    this.#queue.length = 0;
    await this.#pump;
    await this.#handle.close();
    if (this.#partPath !== this.path) {
      const { rm } = await import('node:fs/promises');
      await rm(this.#partPath, { force: true });
    }
  }
}

/**
 * Creates a capture file. It appears under its name, in place of what was there, when it is closed.
 *
 * @param path - the file; a pipe or device is written to as it is
 * @param makeWriter - makes the writer from the sink that it is given: a {@link PcapngWriter} or {@link PcapWriter}, say
 * @returns the file; write with its `writer`, then `close` it
 * @throws CaptureError `unwritable` if no file can be made there
 *
 * @example
 * ```ts
 * const file = await createCaptureFile('out.pcap', (sink) => new PcapWriter(sink));
 * for (const packet of packets) {
 *   file.writer.write(packet);
 *   if (file.congested) await file.drain();
 * }
 * await file.close();
 * ```
 */
export async function createCaptureFile<Writer extends CaptureWriter>(
  path: string,
  makeWriter: (sink: CaptureSink) => Writer,
): Promise<CaptureOutputFile<Writer>> {
  const { open, rm } = await import('node:fs/promises');
  const { target, replaced } = await attempt('unwritable', path, 'a place for a file', () => resolveTarget(path));
  const partPath = replaced ? `${target}.${process.pid}-${++filesMade}.part` : target;
  const handle = await attempt('unwritable', path, 'a place where a file can be made', () =>
    open(partPath, replaced ? 'wx' : 'w'),
  );
  try {
    return new CaptureOutputFile(target, partPath, handle, makeWriter);
  } catch (error) {
    await handle.close();
    if (replaced) {
      await rm(partPath, { force: true });
    }
    throw error;
  }
}

/** Follows links, so that the file is replaced and not the link; pipes and devices are not replaced at all. */
async function resolveTarget(path: string): Promise<{ target: string; replaced: boolean }> {
  const { realpath, stat } = await import('node:fs/promises');
  try {
    const target = await realpath(path);
    const status = await stat(target);
    return { target, replaced: status.isFile() };
  } catch (error) {
    if (isNotFound(error)) {
      return { target: path, replaced: true };
    }
    throw error;
  }
}

async function* chunksOf(path: string, size: number, handle: FileHandle): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const length = size > 0 ? Math.min(size, READ_LENGTH) : READ_LENGTH;
    for (;;) {
      // A new one each time: packets view it.
      const chunk = new Uint8Array(length);
      const { bytesRead } = await attempt('unreadable', path, 'a file that can be read', () => handle.read(chunk));
      if (bytesRead === 0) {
        return;
      }
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function writeWhole(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) {
    const { bytesWritten } = await handle.write(chunk, at, chunk.length - at);
    at += bytesWritten;
  }
}

/** Runs a file operation and turns its failure into a {@link CaptureError}. */
async function attempt<T>(
  code: CaptureErrorCode,
  path: string,
  expected: string,
  operation: () => Promise<T>,
): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw new CaptureError(code, {
      object: `capture file ${path}`,
      expected,
      got: error instanceof Error ? error.message : String(error),
      cause: error,
    });
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
