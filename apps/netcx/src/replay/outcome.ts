/*
 * Owns: what a replay comes to once it is over: the verdict, the problems, and the exit code.
 * Invariant: the verdict calls frames equal only if each one became what it had to, and says which were not byte for byte
 * what was captured, and why.
 */
import type { ReplayReport } from '@netcx/reference-driver/replay';
import { ExitCode } from '../exit-code.ts';
import type { Replayed, ReplaySettings } from './job.ts';
import type { FrameOrigin, InputTally } from './source.ts';
import type { Verification } from './verification.ts';

/** A difference, with the place that a person can look up. */
export interface LocatedDifference {
  /** Where the frame comes from; absent for a frame that nobody sent. */
  readonly origin: FrameOrigin | undefined;
  readonly what: string;
}

/** What the written capture came to. */
export interface WrittenCapture {
  readonly name: string;
  readonly frames: number;
  /** Why it could not be written. */
  readonly problem: string | undefined;
}

/** Everything that is told at the end of a replay. */
export class ReplayOutcome {
  readonly report: ReplayReport;
  readonly settings: ReplaySettings;
  readonly inputs: readonly InputTally[];
  readonly output: WrittenCapture;
  /** Whether the user ended it. */
  readonly interrupted: boolean;
  /** What a second look has found, if there was one. */
  readonly verification: Verification | undefined;
  readonly differences: readonly LocatedDifference[];
  readonly #failure: Error | undefined;

  /**
   * @param replayed - the run
   * @param settings - how it ran
   * @param output - what was written
   * @param verification - what a second look has found
   * @param interrupted - whether the user ended it
   */
  constructor(
    replayed: Replayed,
    settings: ReplaySettings,
    output: WrittenCapture,
    verification: Verification | undefined,
    interrupted: boolean,
  ) {
    const { report, source, failure } = replayed;
    this.report = report;
    this.settings = settings;
    this.inputs = source.tallies;
    this.output = output;
    this.verification = verification;
    this.interrupted = interrupted;
    this.#failure = output.problem === undefined ? failure : undefined;
    this.differences = report.differences.map(({ frame, what }) => ({
      origin: frame < 0 ? undefined : source.origin(frame),
      what,
    }));
  }

  /** Frames that arrived as they had to. */
  get arrived(): number {
    return this.report.frames.equal + this.report.frames.padded;
  }

  /** Frames per second of real time. */
  get framesPerSecond(): number {
    const { frames, wallTime } = this.report;
    return wallTime > 0 ? Math.round((frames.read * 1000) / wallTime) : 0;
  }

  /** Whether every frame became what it had to, no buffer leaked, and a second look agreed. */
  get good(): boolean {
    const { verification } = this;
    const verified = verification?.mismatch === undefined && verification?.irreproducible === undefined;
    return this.report.ok && verified && this.#failure === undefined;
  }

  /** What keeps the captures from having been replayed whole, a line each. */
  get problems(): string[] {
    const early = this.#failure === undefined ? undefined : `the replay ended early: ${this.#failure.message}`;
    const all = [...this.inputs.map(({ fault }) => fault?.message), this.output.problem, early];
    return all.filter((problem) => problem !== undefined);
  }

  /** The exit code, unless the user ended it. */
  get exitCode(): number {
    if (!this.good) return ExitCode.Different;
    return this.problems.length > 0 ? ExitCode.BadInput : ExitCode.Ok;
  }

  /** One sentence. */
  get verdict(): string {
    const { frames, unexpected, buffers } = this.report;
    const { equal, padded, tooLong, empty, lost, altered, reordered } = frames;
    const some = (count: number, what: string): string[] =>
      count === 0 ? [] : [`${count.toLocaleString('en-US')} ${what}`];
    if (!this.report.ok) {
      const wrong = [
        ...some(lost, 'lost'),
        ...some(altered, 'altered'),
        ...some(reordered, 'out of order'),
        ...some(unexpected, 'that nobody had sent'),
        ...some(buffers.leaked, 'buffers leaked'),
      ];
      return `NOT EQUAL: ${wrong.length > 0 ? wrong.join(', ') : 'the counters do not agree with each other'}.`;
    }
    if (frames.read === 0) return 'Nothing to compare: no frames.';
    const parts = [
      ...some(equal, 'byte for byte'),
      ...some(padded, 'shorter than 60 bytes and padded by the NIC, as it must'),
      ...some(tooLong, 'longer than the NIC can send and refused, as they must be'),
      ...some(empty, 'without a byte and refused, as they must be'),
    ];
    const which =
      tooLong + empty === 0 ? 'Every frame equal, in order' : 'Every frame that can be sent equal, in order';
    return `${this.arrived === 0 ? 'No frame could be sent' : which}: ${parts.join('; ')}.`;
  }
}
