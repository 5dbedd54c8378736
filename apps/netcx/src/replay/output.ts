/*
 * Owns: the capture that a replay writes, and when it may take a file's place.
 * Invariant: a file is replaced only if netcx wrote it or the user insists, and never while it is one of the inputs; until
 * the new one is whole, the old one stays.
 */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  CaptureError,
  createCaptureFile,
  openCapture,
  PcapngWriter,
  type CaptureOutputFile,
  type CaptureSink,
} from '@netcx/pcap';
import { CommandError } from '../exit-code.ts';
import { signature, version } from '../version.ts';
import { fileProblem, type CaptureInput } from './inputs.ts';

/** A place to write to. */
export interface OutputPlace {
  readonly path: string;
  /** As the user knows it. */
  readonly name: string;
  /** Whether it is, or will be, a file that can be read back. */
  readonly regular: boolean;
}

/** Takes the frames that arrive. */
export interface FrameSink {
  /**
   * @param bytes - a frame
   * @param timestamp - when it arrived, in nanoseconds
   */
  write(bytes: Uint8Array, timestamp: bigint): void;
  /** @returns what to wait for before reading on; `undefined` when there is nothing to wait for */
  ready(): Promise<void> | undefined;
}

/**
 * Decides whether the capture may be written where the user wants it.
 *
 * @param file - path as the user gave it
 * @param folder - where a relative one starts
 * @param inputs - what will be read
 * @param force - whether to replace a file that somebody else wrote
 * @returns the place
 * @throws CommandError when it may not
 */
export async function chooseOutput(
  file: string,
  folder: string,
  inputs: readonly CaptureInput[],
  force: boolean,
): Promise<OutputPlace> {
  if (file === '') throw new CommandError('--out was given an empty name');
  const path = resolve(folder, file);
  const status = await stat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CommandError(cannotWrite(file, error));
  });
  const place = { path, name: file, regular: status?.isFile() ?? true };
  if (status === undefined) return place;
  if (status.isDirectory())
    throw new CommandError(`cannot write ${file}: it is a directory; name a file in it with --out`);
  if (inputs.some(({ identity }) => identity === `${status.dev}:${status.ino}`)) {
    throw new CommandError(`${file} is one of the inputs and would be overwritten; choose another file with --out`);
  }
  if (!place.regular || force || (await isOurs(path))) return place;
  throw new CommandError(`${file} exists and netcx did not write it; choose another file with --out, or add --force`);
}

/**
 * @param name - the file as the user knows it
 * @param error - what went wrong with writing it
 * @returns one line for the user
 */
export function cannotWrite(name: string, error: unknown): string {
  const cause = error instanceof CaptureError ? (error.cause ?? error) : error;
  if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return `cannot write ${name}: its folder does not exist`;
  return `cannot write ${fileProblem(name, error)}`;
}

/** Whether netcx wrote the capture: its first section says so. */
async function isOurs(path: string): Promise<boolean> {
  try {
    const reader = await openCapture(path);
    for await (const _ of reader.batches()) break;
    return reader.section?.application?.startsWith(`${signature} `) === true;
  } catch {
    return false;
  }
}

/**
 * Begins a capture of what arrives at station b.
 *
 * @param sink - takes its bytes
 * @param comments - what the capture says about where it comes from
 * @returns the writer, with one interface; the same sink and comments get the same bytes
 */
export function beginCapture(sink: CaptureSink, comments: readonly string[]): PcapngWriter {
  const writer = new PcapngWriter(sink, { application: `${signature} ${version}`, comments });
  writer.addInterface({
    name: 'b',
    description: "the receiving 82576 of a replay; times are the machine's, from 0 on",
    macAddress: Uint8Array.of(2, 0, 0, 0, 0, 2),
    speed: 1_000_000_000n,
  });
  return writer;
}

/**
 * @param writer - a capture from {@link beginCapture}
 * @param bytes - a frame
 * @param timestamp - when it arrived
 */
export function writeFrame(writer: PcapngWriter, bytes: Uint8Array, timestamp: bigint): void {
  writer.write({ interface: 0, timestamp, data: bytes, direction: 'inbound' });
}

/** A capture that goes into a file. */
export class OutputCapture implements FrameSink {
  /** Frames written. */
  frames = 0;
  readonly #file: CaptureOutputFile<PcapngWriter>;

  constructor(file: CaptureOutputFile<PcapngWriter>) {
    this.#file = file;
  }

  /**
   * @param place - where
   * @param comments - what the capture says about where it comes from
   * @returns the capture; it takes the place of what is there once it is closed
   * @throws CommandError when it cannot be created
   */
  static async create(place: OutputPlace, comments: readonly string[]): Promise<OutputCapture> {
    try {
      return new OutputCapture(await createCaptureFile(place.path, (sink) => beginCapture(sink, comments)));
    } catch (error) {
      throw new CommandError(cannotWrite(place.name, error));
    }
  }

  write(bytes: Uint8Array, timestamp: bigint): void {
    writeFrame(this.#file.writer, bytes, timestamp);
    this.frames++;
  }

  ready(): Promise<void> | undefined {
    return this.#file.congested ? this.#file.drain() : undefined;
  }

  /**
   * Ends the capture.
   *
   * @returns a promise of the end: the file has its name then
   */
  close(): Promise<void> {
    return this.#file.close();
  }

  /**
   * Gives the capture up.
   *
   * @returns a promise of the end: what was there before is still there
   */
  abort(): Promise<void> {
    return this.#file.abort();
  }
}
