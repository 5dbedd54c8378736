/*
 * Owns: what may happen to a machine in a simulation: to one of its sides, or to the cable between them.
 * Invariant: which of them happens, and when, follows from the seed alone.
 */

import { MILLISECOND, type Random } from '@netcx/clock';
import { type Link, parseImpairments } from '@netcx/hardware';
import type { Flow } from './flow.ts';
import { remove, type Side, SIDE_MISHAPS, type SideMishap, withoutBuffers } from './side-mishaps.ts';

/** A machine in the middle of a run. */
export interface Scene {
  readonly link: Link;
  readonly sides: readonly [Side, Side];
  readonly flows: readonly Flow[];
  /** Lets time pass, and frames on their way. */
  readonly pass: (nanoseconds: number) => void;
  /** Payload of the longest frame now. */
  mtu: number;
}

/** A thing that happens: says what, in a word or two. */
type Mishap = (scene: Scene, random: Random, which: 0 | 1) => Promise<string> | string;

const MTUS = [576, 1500, 3000, 9000];

/** A cable, and who lets time pass. */
export type Cable = Pick<Scene, 'link'> & Pick<Side, 'pass'>;

async function flap({ link, pass }: Cable, random: Random): Promise<string> {
  link.plug(false);
  await pass(random.below(5 * MILLISECOND));
  link.plug(true);
  return 'flap';
}

function bad({ link }: Cable, random: Random): string {
  const text = random.pick(['', 'loss=1%', 'loss=5%,corrupt=1e-5', 'delay=20us,jitter=5us', 'rate=100mbit,limit=64k']);
  link.impair(parseImpairments(text));
  return `cable(${text})`;
}

function speed({ link }: Cable, random: Random): string {
  const megabits = random.pick([10, 100, 1000] as const);
  link.change({ speed: megabits });
  return `speed:${megabits}`;
}

/** To a cable. */
export const CABLE_MISHAPS = [flap, bad, speed];

async function mtu(scene: Scene, random: Random): Promise<string> {
  scene.mtu = random.pick(MTUS);
  for (const side of scene.sides)
    await withoutBuffers(side, () => side.machine.driver.adapter.changeLinkLayerMtuSize(scene.mtu));
  return `mtu:${scene.mtu}`;
}

function stall({ pass }: Scene, random: Random): string {
  pass(random.below(30 * MILLISECOND));
  return 'stall';
}

const of =
  (mishap: SideMishap): Mishap =>
  ({ sides }, random, which) =>
    mishap(sides[which], random);
const { reset, restart, offloads, scaling, fault, mend, keep, sleep, pause, deaf, swap, crowd } = SIDE_MISHAPS;

/** Each as often as the others. */
// prettier-ignore
const MISHAPS: readonly Mishap[] = [
  flap, bad, of(reset), of(restart), mtu, of(offloads), of(scaling), of(fault), of(mend), of(keep), of(sleep), of(pause), speed,
  of(deaf), of(swap), of(crowd), stall,
];

/** One mishap in so many is a device that is pulled out, which ends most of what else could happen to it. */
const MISHAPS_TO_A_REMOVAL = 72;

/**
 * Has something happen.
 *
 * @param scene - the machine
 * @param random - decides what
 * @returns what it was
 */
export async function mishap(scene: Scene, random: Random): Promise<string> {
  const which = random.pick([0, 1] as const);
  const whole = scene.sides.every(({ removed }) => !removed);
  if (whole && random.below(MISHAPS_TO_A_REMOVAL) === 0) return remove(scene.sides[which], random);
  return random.pick(MISHAPS)(scene, random, which);
}
