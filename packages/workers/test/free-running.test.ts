/*
 * Groups in real time: what always holds, whoever is faster; and workers that fall over, stop answering or leave.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { RealClock, VirtualClock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { wireBytesTaken } from '@netcx/hardware/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkerGroup, type WorkerError, type WorkerGroupOptions } from '../src/index.ts';
import { byFlow, Cable } from './cable.ts';
import { testSize } from './test-size.ts';

const bursts = testSize('bursts through a free-running group', { quick: 300, ci: 3000, long: 100_000 });
const module = new URL('./programs/echo.ts', import.meta.url);
const sizes = { hostBytes: 1 << 20, deviceBytes: 16 << 20 };

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 120_000; !(await holds());) {
    await sleep(2);
    if (performance.now() > end) throw new Error('it did not come to that');
  }
}

describe('a free-running group', () => {
  const before = [hostPages.bytesTaken, wireBytesTaken()];
  const clock = new RealClock();
  const lost: string[] = [];
  let cable: Cable;
  let group: WorkerGroup;
  beforeAll(async () => {
    const onLost = (index: number, { message }: WorkerError): void => void lost.push(`${String(index)} ${message}`);
    const numbers = { refuseStart: 1 };
    group = await WorkerGroup.open({
      ...sizes,
      name: 'g',
      workers: 2,
      module,
      clock,
      numbers,
      patience: 10_000,
      onLost,
    });
    cable = new Cable(clock, { speedup: Infinity });
    group.plug(cable.link.a, byFlow(2));
  });
  afterAll(async () => {
    await group.close();
    clock.close();
  });

  it('starts all of its stations or none', async () => {
    const error: unknown = await group.start().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: 'STATION_FAILED: g 1: it does not start', remote: { code: 'COLD' } });
    // Its NIC is told of the link by an alarm, some time after that.
    const ups = async (): Promise<number> => (await group.callAll('who')).reduce((sum, { up = 0 }) => sum + up, 0);
    await until(async () => !cable.up && (await ups()) === 0);
    await group.start();
    await until(async () => cable.up && (await ups()) === 2);
  });

  it('has no time that anybody could move, and drives by itself', async () => {
    await expect(group.advance(1)).rejects.toMatchObject({ code: 'NOT_LOCK_STEP' });
    expect([group.inLockStep, await group.drive(Promise.resolve(7))]).toEqual([false, 7]);
  });

  it('brings every frame once, whole, and those of a flow in order', async () => {
    for (let burst = 0; burst < bursts; burst++) {
      cable.send(
        Array.from({ length: 1 + (burst % 16) }, (_, n) => [(burst * 7 + n) % 5, 60 + ((burst * n) % 1200)] as const),
      );
      if (burst % 8 === 7) await until(() => cable.received === cable.sent); // both sides sleep, and are woken
    }
    await until(() => cable.received === cable.sent);
    expect(cable.complete).toBe(true);
    const { steered, sent, full, nowhere } = group.counters();
    expect([steered, full, nowhere]).toEqual([sent, 0, 0]);
    expect((await group.sums())['echoed']).toBe(cable.sent);
  });

  it('ends one that does not answer, and the others go on', async () => {
    const stuck = group.call(0, 'hang').catch((error: unknown) => error);
    // Meanwhile its ring fills up: what finds no room is lost and counted, and nobody waits for it.
    for (let burst = 0; burst < 300; burst++) cable.send([[0, 60]]);
    await until(() => group.counters().full > 0);
    expect(await stuck).toMatchObject({ message: 'WORKER_STUCK: g 0: no answer within 10000 ms' });
    const { full } = group.counters();
    expect(full).toBeLessThanOrEqual(300 - 255);
    expect(lost).toEqual(['0 WORKER_STUCK: g 0: no answer within 10000 ms']);
    const { received } = cable;
    cable.send([
      [0, 60],
      [1, 60],
    ]);
    await until(() => cable.received === received + 1);
    expect(group.counters().nowhere).toBe(1);
  });

  it('says what became of one that leaves, and gives its memory back', async () => {
    await expect(group.call(1, 'leave')).rejects.toMatchObject({
      message: 'WORKER_LOST: g 1: its thread ended with 3',
    });
    await until(() => !cable.up); // nobody is left at this end
    await expect(group.stop()).rejects.toMatchObject({ code: 'WORKER_STUCK' });
    cable.link.close();
    // Before the group is closed, and once the thread of the one that was ended is gone.
    await until(() => hostPages.bytesTaken === before[0] && wireBytesTaken() === before[1]);
  });
});

it('has no cable for a group that has lost a worker', async () => {
  const clock = new RealClock();
  const group = await WorkerGroup.open({ ...sizes, workers: 1, module, clock });
  const cable = new Cable(clock);
  await expect(group.call(0, 'say')).rejects.toMatchObject({
    message:
      "WORKER_LOST: workers 0: it sent what is no report: BAD_MESSAGE: workers 0 sent { kind: 'unheard of' }, which is no report",
    remote: { code: 'BAD_MESSAGE' },
  });
  expect(() => group.plug(cable.link.a)).toThrow('WORKER_LOST: workers 0: it sent what is no report');
  await group.close();
  cable.link.close();
  clock.close();
});

describe('a group that cannot be', () => {
  const clock = new VirtualClock();
  const open = (options: Partial<WorkerGroupOptions>): Promise<WorkerGroup> =>
    WorkerGroup.open({ ...sizes, workers: 1, module, clock, ...options });

  it('is refused before anything is made', async () => {
    const before = [hostPages.bytesTaken, wireBytesTaken()];
    const wrong: [Partial<WorkerGroupOptions>, string][] = [
      [{ workers: 0 }, 'workers: workers is 0; expected 1 to 16'],
      [{ workers: 17 }, 'workers: workers is 17; expected 1 to 16'],
      [{ workers: 1.5 }, 'workers: workers is 1.5; expected 1 to 16'],
      [{ hostBytes: 5000 }, 'workers: hostBytes is 5000; expected a multiple of 65536'],
      [{ deviceBytes: NaN }, 'workers: deviceBytes is NaN; expected a multiple of 65536'],
      [{ patience: 0 }, 'workers: patience is 0; expected more than 0 ms'],
      [{ lockStep: { step: 0.5 } }, 'workers: lockStep.step is 0.5; expected whole nanoseconds, 1 or more'],
      [{ ring: { bytes: 64 } }, 'workers 0 in: 64 bytes for frames; expected a multiple of 64 from 16384 on'],
      [{ numbers: { a: '1' as unknown as number } }, 'workers: a is 1; expected a number'],
    ];
    for (const [options, message] of wrong)
      await expect(open(options), message).rejects.toMatchObject({ message: `BAD_OPTION: ${message}` });
    await expect(open({ hostBytes: 2 ** 31 })).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
    await expect(open({ hostBytes: 640 << 20, workers: 2 })).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' }); // for the second
    expect([hostPages.bytesTaken, wireBytesTaken()]).toEqual(before);
  });

  it('is refused with a module that is no station, by name, and leaves nothing behind', async () => {
    const before = [hostPages.bytesTaken, wireBytesTaken()];
    const nothing = 'data:text/javascript,export const buildStation = 7';
    await expect(open({ module: nothing })).rejects.toMatchObject({
      code: 'STATION_MODULE',
      message: `STATION_MODULE: workers 0: its station was not built: STATION_MODULE: workers 0: ${nothing} exports no function buildStation`,
    });
    expect([hostPages.bytesTaken, wireBytesTaken()]).toEqual(before);
  });
});

it('ends and gives its memory back even if whoever is told of a loss throws', async () => {
  const before = [hostPages.bytesTaken, wireBytesTaken()];
  const clock = new RealClock();
  const thrown: unknown[] = [];
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => void thrown.push(error.message));
  try {
    const onLost = (): never => {
      throw new Error('not now');
    };
    const group = await WorkerGroup.open({ ...sizes, workers: 1, module, clock, onLost });
    await expect(group.call(0, 'leave')).rejects.toMatchObject({ code: 'WORKER_LOST' });
    await until(() => hostPages.bytesTaken === before[0] && wireBytesTaken() === before[1]);
    await group.close();
    expect(thrown).toEqual(['not now']);
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of others) process.on('uncaughtException', listener);
    clock.close();
  }
});
