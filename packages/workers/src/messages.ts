/*
 * What the main thread and a worker say to each other, and how an answer is checked before it is believed. Plain data: each
 * message survives the way between threads. A request is answered once, with its number.
 */

import { inspect } from 'node:util';
import type { Duplex, LinkSpeed } from '@netcx/hardware';
import type { BurstRingPlace } from './burst-ring.ts';
import type { Numbers } from './station.ts';
import { WorkerError, type RemoteError } from './worker-error.ts';

/** A part of a memory, from `start` up to `end`. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** What a worker is started with. */
export interface WorkerSettings {
  /** For messages. */
  readonly name: string;
  readonly index: number;
  readonly workers: number;
  /** Address of the station's module. */
  readonly module: string;
  readonly numbers: Numbers;
  /** The memory that all share, how much of it is host memory, and the slice that this worker hands out. */
  readonly memory: WebAssembly.Memory;
  readonly hostBytes: number;
  readonly pages: Part;
  readonly device: Part;
  /** The ways in and out. */
  readonly toWorker: BurstRingPlace;
  readonly fromWorker: BurstRingPlace;
  /** Lock-step: nanoseconds from a burst's sending to its arrival, and the seed of the worker's clock; `undefined` = free-running. */
  readonly lockStep: { readonly step: number; readonly seed: number } | undefined;
}

/** The cable, as the main thread sees it. */
export interface LinkNews {
  readonly up: boolean;
  readonly speed: LinkSpeed;
  readonly duplex: Duplex;
  readonly partnerAbilities: number;
}

/** What the main thread says. */
export type Order =
  | { readonly kind: 'start' | 'stop' | 'counters'; readonly id: number }
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly numbers: Numbers }
  | { readonly kind: 'run'; readonly id: number; readonly until: number }
  | { readonly kind: 'link'; readonly link: LinkNews }
  | { readonly kind: 'wake' };

/** What a worker says. */
export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly id: number; readonly numbers: Numbers }
  | { readonly kind: 'failed'; readonly id: number; readonly error: RemoteError }
  | { readonly kind: 'refused' | 'broken'; readonly error: RemoteError }
  | { readonly kind: 'transceiver'; readonly enabled: boolean; readonly abilities: number }
  | { readonly kind: 'wake' };

type Fields = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumbers = (value: unknown): value is Numbers =>
  isRecord(value) && Object.values(value).every((one) => typeof one === 'number');
const isError = (value: unknown): value is RemoteError =>
  isRecord(value) && typeof value['name'] === 'string' && typeof value['message'] === 'string';

const CHECKS: Readonly<Record<Report['kind'], (fields: Fields) => boolean>> = {
  ready: () => true,
  wake: () => true,
  done: ({ id, numbers }) => Number.isInteger(id) && isNumbers(numbers),
  failed: ({ id, error }) => Number.isInteger(id) && isError(error),
  refused: ({ error }) => isError(error),
  broken: ({ error }) => isError(error),
  transceiver: ({ enabled, abilities }) => typeof enabled === 'boolean' && Number.isInteger(abilities),
};

/**
 * @param name - the worker's, for messages
 * @param value - what came from it: a station shares its thread, and may have said anything
 * @returns the same, known to be a report
 * @throws WorkerError `BAD_MESSAGE` for anything else
 */
export function checkReport(name: string, value: unknown): Report {
  const kind = isRecord(value) ? value['kind'] : undefined;
  const check = typeof kind === 'string' && Object.hasOwn(CHECKS, kind) ? CHECKS[kind as Report['kind']] : undefined;
  if (!isRecord(value) || check?.(value) !== true)
    throw new WorkerError('BAD_MESSAGE', `${name} sent ${inspect(value, { depth: 1 })}, which is no report`);
  return value as unknown as Report;
}

/**
 * @param name - whose
 * @param value - what shall be sent to another thread
 * @returns a copy of it that holds numbers alone
 * @throws WorkerError `BAD_OPTION` for anything that is not a number
 */
export function checkNumbers(name: string, value: Numbers): Numbers {
  for (const [field, found] of Object.entries(value)) {
    if (typeof (found as unknown) !== 'number')
      throw new WorkerError('BAD_OPTION', `${name}: ${field} is ${String(found)}; expected a number`);
  }
  return { ...value };
}
