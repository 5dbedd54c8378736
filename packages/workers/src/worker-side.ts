/*
 * A worker, once its memory is chosen: opens its ends of the burst rings, makes the station, and carries out what the main thread
 * orders, each order answered once. In lock-step its clock stands still between two orders to run.
 */

import { RealClock, VirtualClock } from '@netcx/clock';
import { BurstReceiver } from './burst-receiver.ts';
import { BurstSender } from './burst-sender.ts';
import { checkNumbers, type Order, type Report, type WorkerSettings } from './messages.ts';
import { SharedEnd } from './shared-end.ts';
import type { BuildStation, Numbers, Station } from './station.ts';
import { remoteError, WorkerError } from './worker-error.ts';

/** Tells the main thread. */
type Tell = (report: Report) => void;

/**
 * @param settings - what the main thread says of memory, rings and station
 * @param report - tells the main thread
 * @returns what is to be called with each order
 * @throws WorkerError `STATION_MODULE` for a module without `buildStation`; whatever loading or building throws
 */
export async function openWorker(settings: WorkerSettings, report: Tell): Promise<(order: Order) => void> {
  const { name, index, workers, numbers, lockStep } = settings;
  const clock = lockStep === undefined ? new RealClock() : new VirtualClock({ seed: lockStep.seed });
  const failed = (error: unknown): void => report({ kind: 'broken', error: remoteError(error) });
  const link = new SharedEnd({
    ...{ clock, report, failed, delay: lockStep?.step },
    sender: new BurstSender(settings.fromWorker, `${name} out`),
    receiver: new BurstReceiver(settings.toWorker, `${name} in`),
  });
  const build = await loadStation(settings);
  const station = await build({ index, workers, clock, link, numbers });
  return (order) => {
    if (order.kind === 'link') link.setCable(order.link);
    else if (order.kind === 'wake') link.look();
    else void answer(order.id, report, () => carryOut(order, { name, clock, link, station }));
  };
}

async function loadStation({ name, module }: WorkerSettings): Promise<BuildStation> {
  const { buildStation } = (await import(module)) as { readonly buildStation?: unknown };
  if (typeof buildStation !== 'function')
    throw new WorkerError('STATION_MODULE', `${name}: ${module} exports no function buildStation`);
  return buildStation as BuildStation;
}

/** Does something, and says what came of it. */
async function answer(id: number, report: Tell, work: () => Promise<Numbers>): Promise<void> {
  try {
    report({ kind: 'done', id, numbers: await work() });
  } catch (error) {
    report({ kind: 'failed', id, error: remoteError(error) });
  }
}

interface WorkerSide {
  readonly name: string;
  readonly clock: RealClock | VirtualClock;
  readonly link: SharedEnd;
  readonly station: Station;
}

async function carryOut(
  order: Exclude<Order, { readonly kind: 'link' | 'wake' }>,
  { name, clock, link, station }: WorkerSide,
): Promise<Numbers> {
  switch (order.kind) {
    case 'start':
      await station.start();
      return {};
    case 'stop':
      await station.stop();
      return {};
    case 'counters':
      return checkNumbers(name, { ...station.counters?.(), 'frames lost at the link': link.lost });
    case 'call': {
      const { calls = {} } = station;
      const call = Object.hasOwn(calls, order.name) ? calls[order.name] : undefined;
      if (call === undefined) throw new WorkerError('BAD_OPTION', `${name} has no call ${order.name}`);
      return checkNumbers(name, await call(order.numbers));
    }
    case 'run':
      return runUntil(order.until, clock as VirtualClock, link);
  }
}

/** A turn of lock-step: everything up to a time, and what waited on it. */
async function runUntil(until: number, clock: VirtualClock, link: SharedEnd): Promise<Numbers> {
  link.look();
  clock.advance(until - clock.now());
  await new Promise((resolve) => setImmediate(resolve)); // every promise job has run then
  return { next: clock.nextTime };
}
