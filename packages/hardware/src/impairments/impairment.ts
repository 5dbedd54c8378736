/*
 * What an impairment is: a stage that takes each frame and passes on what it likes, when it likes. Stages stand one
 * behind the other in the order in which they are listed. A frame is never changed in place: who damages one makes a
 * new one, so that a duplicate of it stays as it was.
 */

import type { Alarm, Random } from '@netcx/clock';

/** A frame on its way through impairments. */
export interface PassingFrame {
  /** Its bytes, without check sequence. Never written to. */
  readonly bytes: Uint8Array;
  /** `FRAME_*` bits, as in the header of a frame in device memory. */
  readonly status: number;
}

/** What a stage is given. */
export interface ImpairmentContext {
  /** Numbers of this stage's own: decided by the link's random stream, the direction and the place in the list. */
  readonly random: Random;
  /** Bytes of frames that a stage may hold if it names no limit of its own. */
  readonly limit: number;
  /**
   * @returns nanoseconds of the link's clock
   */
  now(): number;
  /**
   * @param callback - may pass frames on
   * @returns an alarm of the link's clock that is not set
   */
  alarm(callback: () => void): Alarm;
}

/** An impairment at work in one direction of a link. */
export interface ImpairmentStage {
  /** Frames that it holds now. */
  readonly held: number;
  /**
   * @param frame - arrives here; passed on at once, later, several times or never
   */
  take(frame: PassingFrame): void;
  /** Forgets the frames that it holds, and unsets its alarms. */
  clear(): void;
  /**
   * @returns what it did so far, by name
   */
  counters(): Readonly<Record<string, number>>;
}

/** An impairment: can be put to work in any number of links and directions. */
export interface Impairment {
  /** What it is called, in counters. */
  readonly name: string;
  /**
   * @param context - time, chance and limits
   * @param next - takes what is passed on
   * @returns the stage, which holds nothing yet
   */
  start(context: ImpairmentContext, next: (frame: PassingFrame) => void): ImpairmentStage;
}

/** What an impairment did in one direction of a link. */
export interface ImpairmentCounters {
  /** The impairment's name. */
  readonly name: string;
  /** Frames that it holds now. */
  readonly held: number;
  /** What it counts, by name. */
  readonly counts: Readonly<Record<string, number>>;
}
