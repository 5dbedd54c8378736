import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { schedule } from '../check/schedule.js';

interface Step {
  readonly name: string;
  readonly needs: string[];
}

const step = (name: string, ...needs: string[]): Step => ({ name, needs });

/** Runs steps that take a moment each and keeps what happened. */
async function play(steps: Step[], lanes: number, failing: string[] = []) {
  const events: string[] = [];
  let running = 0;
  let most = 0;
  await schedule(
    steps,
    lanes,
    async ({ name }) => {
      events.push(`start ${name}`);
      most = Math.max(most, ++running);
      await delay(5);
      running--;
      return { problems: failing.includes(name) ? ['broken'] : [] };
    },
    ({ name }, found) => events.push(found === undefined ? `drop ${name}` : `end ${name}`),
  );
  return { events, most };
}

it('starts in order, as far as lanes allow', async () => {
  const { events, most } = await play([step('a'), step('b'), step('c')], 2);
  expect(most).toBe(2);
  expect(events.slice(0, 2)).toEqual(['start a', 'start b']);
  expect(events).toContain('end c');
});

it('waits for what a step needs', async () => {
  const { events } = await play([step('late', 'first'), step('first')], 4);
  expect(events).toEqual(['start first', 'end first', 'start late', 'end late']);
});

it('drops whatever needs a step that failed, and runs the rest', async () => {
  const { events } = await play([step('a'), step('b', 'a'), step('c', 'b'), step('d')], 1, ['a']);
  expect(events).toEqual(['start a', 'end a', 'drop b', 'drop c', 'start d', 'end d']);
});

it('says so when a step waits for nothing that exists', async () => {
  await expect(play([step('a', 'nowhere')], 1)).rejects.toThrow('wait for something that is no step: a');
});
