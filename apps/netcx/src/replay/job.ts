/*
 * Owns: one replay of some captures with some settings, which can be run any number of times.
 * Invariant: every run of a job gives the same frames, the same counters and the same bytes.
 */
import { replay, type ReplayReport } from '@netcx/reference-driver/replay';
import type { CaptureInput } from './inputs.ts';
import type { FrameSink } from './output.ts';
import { FrameSource, type SourceFrame } from './source.ts';

/** Bytes of a frame that are not its payload. */
const ETHERNET_HEADER_BYTES = 14;

/** What has influence on a replay. */
export interface ReplaySettings {
  readonly seed: number;
  readonly timing: 'captured' | 'varied' | 'none';
  /** How often the captures are read. */
  readonly repeat: number;
  /** Frames to send at most. */
  readonly frames?: number;
  /** Payload of the longest frame. */
  readonly mtu: number;
  readonly iommu: boolean;
}

/** What came of a run. */
export interface Replayed {
  readonly report: ReplayReport;
  /** What was read. */
  readonly source: FrameSource;
  /** What ended the replay early, if anything did. */
  readonly failure: Error | undefined;
}

/** A replay that can be run. */
export class ReplayJob {
  readonly inputs: readonly CaptureInput[];
  readonly settings: ReplaySettings;

  /**
   * @param inputs - the captures
   * @param settings - what else has influence
   */
  constructor(inputs: readonly CaptureInput[], settings: ReplaySettings) {
    this.inputs = inputs;
    this.settings = settings;
  }

  /** Bytes of the longest frame that the NIC sends. */
  get longestFrame(): number {
    return this.settings.mtu + ETHERNET_HEADER_BYTES;
  }

  /** What the written capture says about where it comes from. */
  get comments(): string[] {
    const { seed, timing, repeat, frames, mtu, iommu } = this.settings;
    const names = this.inputs.map(({ name }) => `replay of ${name}`);
    const limit = frames === undefined ? '' : `, at most ${frames} frames`;
    return [
      ...names,
      `seed ${seed}, timing ${timing}, ${repeat} times${limit}, mtu ${mtu}, ${iommu ? 'with' : 'without'} IOMMU`,
    ];
  }

  /** @returns the frames, to be read once */
  source(): FrameSource {
    return new FrameSource(this.inputs, this.settings.repeat, this.settings.frames ?? Infinity);
  }

  /**
   * @param sink - takes what arrives
   * @param signal - ends the replay early
   * @param progressed - told now and then how much of the captures is read, from 0 to 1, and how many frames that is
   * @returns what came of it
   */
  async run(
    sink: FrameSink,
    signal: AbortSignal,
    progressed: (part: number, frames: number) => void,
  ): Promise<Replayed> {
    const source = this.source();
    const { seed, timing, mtu, iommu } = this.settings;
    const options = {
      seed,
      timing,
      mtu,
      iommu,
      signal,
      onReceived: (bytes: Uint8Array, timestamp: bigint): void => {
        sink.write(bytes, timestamp);
      },
      onProgress: (frames: number): void => {
        progressed(source.progress, frames);
      },
    };
    try {
      return { report: await replay(paced(source, sink), options), source, failure: undefined };
    } catch (error) {
      if (!(error instanceof Error) || !('report' in error)) throw error;
      return { report: error.report as ReplayReport, source, failure: error };
    }
  }
}

/**
 * Reads no faster than the sink takes what arrives.
 *
 * @yields the frames of the source
 */
async function* paced(source: FrameSource, sink: FrameSink): AsyncGenerator<SourceFrame, void, undefined> {
  for await (const frame of source.frames()) {
    const wait = sink.ready();
    if (wait !== undefined) await wait;
    yield frame;
  }
}
