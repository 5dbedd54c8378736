/*
 * What runs in a worker, as the worker calls it: whoever uses workers writes a module that exports `buildStation`. Between threads
 * only numbers travel, so a station is told numbers, and answers with numbers.
 */

import type { Clock } from '@netcx/clock';
import type { LinkEnd } from '@netcx/hardware';

/** Numbers by name: what survives the way between threads. */
export type Numbers = Readonly<Record<string, number>>;

/** What a station is made with. */
export interface StationContext {
  /** Which worker this is, from 0 on. */
  readonly index: number;
  /** How many there are. */
  readonly workers: number;
  /** Everything in this worker that takes time goes through it. */
  readonly clock: Clock;
  /** The end of the group's cable that this worker's NIC is plugged into. */
  readonly link: LinkEnd;
  /** What the group was told, the same for all workers. */
  readonly numbers: Numbers;
}

/** What runs in a worker. */
export interface Station {
  /**
   * @returns when it runs
   */
  start(): Promise<void> | void;
  /**
   * @returns when it has stopped, and given back what it held
   */
  stop(): Promise<void> | void;
  /**
   * @returns what it has counted; the group adds the workers' up
   */
  counters?(): Numbers;
  /** What else it can be asked to do, by name. */
  readonly calls?: Readonly<Record<string, (numbers: Numbers) => Promise<Numbers> | Numbers>>;
}

/** The function that a station's module exports as `buildStation`. */
export type BuildStation = (context: StationContext) => Promise<Station> | Station;
