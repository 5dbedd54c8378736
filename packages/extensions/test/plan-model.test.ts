/*
 * The offset plan beside naive models, over random commands: extensions come and go as an adapter's queues are created anew,
 * and each element is planned in every mode. NetAdapterCx's and XDP's plans are written out in naive.ts; a packed one must
 * be as small as the best of all orders. Whatever a queue does not have costs nothing.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  defineExtension,
  describeExtension,
  INVALID_OFFSET,
  planElement,
  type ElementPlan,
  type Extension,
  type Level,
  type PlanMode,
} from '../src/index.ts';
import { alignUp, bruteForce, netAdapterCx, xdp } from './naive.ts';

const CORES = { packet: [12, 4], fragment: [8, 8], buffer: [8, 8] } as const;
const LEVELS = ['packet', 'fragment', 'buffer'] as const;
const MODES = ['packed', 'cx', 'xdp'] as const;

/** Every extension that a command may name: made once, since making one takes longer than planning with it. */
const extensions = new Map(
  LEVELS.map((level) => {
    const shapes = [1, 2, 3, 4, 6, 8, 20].flatMap((size) => [1, 2, 4, 8].map((alignment) => ({ size, alignment })));
    const fitting = shapes.filter(({ alignment }) => alignment <= CORES[level][1]);
    const defined = fitting.map(({ size, alignment }) =>
      defineExtension({ name: `test_${size}_${alignment}`, version: 1, size, alignment, level, fields: {} }),
    );
    return [level, defined] as const;
  }),
);

interface Queue {
  readonly level: Level;
  readonly used: Extension[];
  coreWords: number;
}
interface Planner {
  plan: ElementPlan | undefined;
}

let commandsRun = 0;
const command = (name: string, run: (queue: Queue, planner: Planner) => void): fc.Command<Queue, Planner> => ({
  check: () => true,
  toString: () => name,
  run(queue, planner) {
    commandsRun++;
    run(queue, planner);
  },
});

const using = (which: number): fc.Command<Queue, Planner> =>
  command(`use(${which})`, ({ level, used }) => {
    const known = extensions.get(level)!;
    const extension = known[which % known.length]!;
    if (used.length < 5 && !used.includes(extension)) used.push(extension);
  });

const dropping = (which: number): fc.Command<Queue, Planner> =>
  command(`drop(${which})`, ({ used }) => void used.splice(which % Math.max(1, used.length), 1));

const growing = (words: number): fc.Command<Queue, Planner> =>
  command(`grow(${words})`, (queue) => {
    queue.coreWords = words;
  });

const planning = (mode: PlanMode): fc.Command<Queue, Planner> =>
  command(`plan(${mode})`, ({ level, used, coreWords }, planner) => {
    const [size, coreAlignment] = CORES[level];
    const coreSize = size + coreWords * coreAlignment;
    const coreVersion = 1 + coreWords;
    const plan = planElement({ level, coreSize, coreVersion, coreAlignment, extensions: [...used], mode });
    planner.plan = plan;
    const blocks = used.map(describeExtension);
    const naive = mode === 'xdp' ? xdp(coreSize, coreAlignment, blocks) : netAdapterCx(coreSize, blocks);
    const stride = mode === 'packed' ? alignUp(bruteForce(coreSize, blocks), coreAlignment) : naive.stride;
    if (plan.stride !== stride) expect(plan.stride).toBe(stride);
    if (plan.coreVersion !== coreVersion) expect(plan.coreVersion).toBe(coreVersion);
    const offsets = used.map((extension) => plan.offsetOf(extension));
    if (mode !== 'packed' && offsets.some((offset, at) => offset !== naive.offsets[at])) {
      expect(offsets).toEqual(naive.offsets);
    }
    expectApart(plan, coreSize);
  });

/** Nothing overlaps, everything is aligned, and what the queue does not use is not there. */
function expectApart(plan: ElementPlan, coreSize: number): void {
  let end = coreSize;
  for (const { definition, offset } of plan.placements) {
    const { size, alignment } = describeExtension(definition);
    if (offset < end || offset % alignment !== 0) expect.fail(plan.explain());
    end = offset + size;
  }
  if (end > plan.stride) expect.fail(plan.explain());
}

const asking = (which: number): fc.Command<Queue, Planner> =>
  command(`ask(${which})`, ({ level }, { plan }) => {
    const known = extensions.get(level)!;
    const extension = known[which % known.length]!;
    if (plan === undefined) return;
    const placed = plan.placements.find(({ definition }) => definition === extension);
    const offset = plan.offsetOf(extension); // the same as when the queue was created, whatever was used since
    if (offset !== (placed?.offset ?? INVALID_OFFSET)) expect(offset).toBe(placed?.offset);
  });

const which = fc.nat(200);
const commands = fc.commands(
  [
    which.map(using),
    which.map(using),
    which.map(dropping),
    fc.nat(3).map(growing),
    fc.constantFrom(...MODES).map(planning),
    which.map(asking),
  ],
  { maxCommands: 200, size: 'max' },
);
const seeded = process.env['NETCX_SEED'] === undefined ? {} : { seed: Number(process.env['NETCX_SEED']) };

it('plans as naive models do, over 100,000 commands', () => {
  fc.assert(
    fc.property(fc.constantFrom(...LEVELS), commands, (level, sequence) => {
      fc.modelRun(() => ({ model: { level, used: [], coreWords: 0 }, real: { plan: undefined } }), sequence);
    }),
    { numRuns: 1_100, ...seeded },
  );
  expect(commandsRun).toBeGreaterThan(100_000);
});
