/*
 * When a receive queue's places are filled: at once while little comes, and a batch at a time while frames come in bursts,
 * so that in the end, and whenever the device may wait for it, every place has its buffer.
 */

import { expect, it } from 'vitest';
import { buildFakeMachine } from './fake-machine.ts';
import { pattern } from './frames.ts';

const ELEMENTS = 256;

async function run(burst: number): Promise<number> {
  const machine = buildFakeMachine({ packets: ELEMENTS, fragments: ELEMENTS, buffers: 2 * ELEMENTS });
  const { adapter, clock, rx, recorder } = machine;
  adapter.start();
  clock.run();
  const { fragments } = adapter.receiveQueues[0]!.rings;
  expect(fragments.freeCount).toBe(0);
  let most = 0;
  const advance = rx[0]!.advance.bind(rx[0]);
  rx[0]!.advance = () => {
    most = Math.max(most, fragments.freeCount);
    advance();
  };
  for (let frame = 0; frame < 40; frame++) {
    rx[0]!.arrive(...Array.from({ length: burst }, (_, index) => ({ bytes: pattern(60, frame + index) })));
    clock.run();
    expect(fragments.freeCount).toBe(0);
  }
  expect(recorder.shown).toHaveLength(40 * burst);
  const found = most;
  await machine.stop();
  return found;
}

it.each([1, 4, 15])('%d frames at a time: places are filled before the driver has its turn', async (burst) => {
  expect(await run(burst)).toBe(0);
});

it.each([16, 32, 63])('%d frames at a time: as many places wait for others', async (burst) => {
  expect(await run(burst)).toBe(burst);
});

it.each([64, 100])('%d frames at a time are a batch', async (burst) => {
  expect(await run(burst)).toBe(0);
});
