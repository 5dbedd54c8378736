/*
 * Owns: the second look at a replay: the written capture against the source captures, and a whole second run against the
 * first.
 * Invariant: nothing here trusts what was found while frames arrived; the captures are read anew, and so is the file.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { openCapture, type CapturePacket, type PcapngWriter } from '@netcx/pcap';
import type { ReplayReport } from '@netcx/reference-driver/replay';
import type { ReplayJob } from './job.ts';
import { beginCapture, writeFrame, type FrameSink } from './output.ts';

/** A frame has this many bytes at least when it arrives: the NIC fills shorter ones up with zeros (IEEE 802.3's minimum). */
const SHORTEST_ARRIVING = 60;

/** What a second look has found. */
export interface Verification {
  /** Frames of the written capture that were compared. */
  readonly compared: number;
  /** The first way in which the written capture is not what it must be. */
  readonly mismatch: string | undefined;
  /** What a second run did otherwise. */
  readonly irreproducible: string | undefined;
  /** SHA-256 of the written capture. */
  readonly sha256: string;
}

/**
 * @param job - what was run
 * @param path - the capture that it wrote
 * @param report - what it reported
 * @param signal - ends the look early
 * @param progressed - told now and then how far the second run is
 * @returns what was found; `undefined` when it was ended
 */
export async function verify(
  job: ReplayJob,
  path: string,
  report: ReplayReport,
  signal: AbortSignal,
  progressed: (part: number, frames: number) => void,
): Promise<Verification | undefined> {
  const { compared, mismatch } = await compareFile(job, path);
  const sha256 = await hashOf(path);
  const sink = new HashSink(job.comments);
  const second = await job.run(sink, signal, progressed);
  if (signal.aborted) return undefined;
  const irreproducible =
    differenceOf(report, second.report) ?? (sink.digest() === sha256 ? undefined : 'the second run wrote other bytes');
  return { compared, mismatch, irreproducible, sha256 };
}

/** Takes the place of the file in the second run, of which only the hash is wanted. */
class HashSink implements FrameSink {
  readonly #hash = createHash('sha256');
  readonly #writer: PcapngWriter;

  constructor(comments: readonly string[]) {
    this.#writer = beginCapture((chunk) => this.#hash.update(chunk), comments);
  }

  write(bytes: Uint8Array, timestamp: bigint): void {
    writeFrame(this.#writer, bytes, timestamp);
  }

  ready(): undefined {
    return undefined;
  }

  digest(): string {
    this.#writer.close();
    return this.#hash.digest('hex');
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

/** The first counter in which two runs differ; how long they took may differ. */
function differenceOf(first: ReplayReport, second: ReplayReport): string | undefined {
  const one = counters(first);
  const other = counters(second);
  const keys = [...new Set([...one.keys(), ...other.keys()])];
  const key = keys.find((name) => one.get(name) !== other.get(name));
  return key === undefined
    ? undefined
    : `${key} was ${one.get(key) ?? 'absent'} in the first run and ${other.get(key) ?? 'absent'} in the second`;
}

function counters(report: ReplayReport): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [name, value] of Object.entries(report) as [string, unknown][]) {
    if (name === 'wallTime') continue;
    if (typeof value !== 'object' || value === null) flat.set(name, String(value));
    else for (const [part, number] of Object.entries(value)) flat.set(`${name}.${part}`, JSON.stringify(number));
  }
  return flat;
}

/** Compares the written capture with the captures, frame by frame. */
async function compareFile(job: ReplayJob, path: string): Promise<{ compared: number; mismatch: string | undefined }> {
  const source = job.source();
  const written = (await openCapture(path))[Symbol.asyncIterator]();
  let compared = 0;
  let frame = 0;
  let time = 0n;
  const end = async (mismatch?: string): Promise<{ compared: number; mismatch: string | undefined }> => {
    await written.return(undefined);
    return { compared, mismatch };
  };
  try {
    for await (const { bytes } of source.frames()) {
      const { file, pass, frame: number } = source.origin(frame++);
      if (bytes.length === 0 || bytes.length > job.longestFrame) continue;
      const next = await written.next();
      const where = `frame ${number} of ${file}${pass > 1 ? `, pass ${pass}` : ''}`;
      if (next.done === true) return await end(`${where} is not in the file, which has ${compared} frames`);
      const packet: CapturePacket = next.value;
      if (!isArrivalOf(bytes, packet.data))
        return await end(`${where} is not what stands at place ${compared + 1} of the file`);
      if (packet.timestamp < time) return await end(`time steps back at place ${compared + 1} of the file`);
      time = packet.timestamp;
      compared++;
    }
    const more = await written.next();
    return await end(more.done === true ? undefined : `the file has more than the ${compared} frames that were sent`);
  } catch (error) {
    return end(`the file cannot be read back: ${(error as Error).message}`);
  }
}

/** Whether a frame is what a sent one has to arrive as. */
function isArrivalOf(sent: Uint8Array, arrived: Uint8Array): boolean {
  if (arrived.length !== Math.max(sent.length, SHORTEST_ARRIVING)) return false;
  if (Buffer.compare(arrived.subarray(0, sent.length), sent) !== 0) return false;
  return arrived.subarray(sent.length).every((byte) => byte === 0);
}
