/*
 * How one side of a ring sleeps until the other has moved an index, and is woken. The sleeper raises its flag, looks at
 * the index once more, and only then sleeps, for as long as the flag is up; the mover moves the index, then takes the flag
 * down if it is up. All of it is sequentially consistent, so one of the two always sees the other: no wake-up is lost. It
 * sleeps on the flag and not on the index, because a mover that is late for an earlier move takes the flag down too. A
 * mover pays one load for a sleeper that is not there, where `Atomics.notify` costs thirty times as much.
 * hand-off-model.test.ts tries every interleaving of both.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';

const { i32: m } = memory;

/**
 * After an index was moved: wakes whoever raised the flag, once for each time that it was raised.
 *
 * @param armed - word index of the sleeper's flag
 * @returns whether the flag was up
 */
export function wakeArmed(armed: number): boolean {
  if (Atomics.load(m, armed) === 0 || Atomics.exchange(m, armed, 0) === 0) return false;
  Atomics.notify(m, armed);
  return true;
}

/**
 * Raises the flag and looks at the index again.
 *
 * @param armed - word index of the flag
 * @param index - word index of what the other side moves
 * @param seen - where it was
 * @returns whether it is still there: whoever moves it from now on sees the flag
 */
export function arm(armed: number, index: number, seen: number): boolean {
  Atomics.store(m, armed, 1);
  if (Atomics.load(m, index) === seen) return true;
  Atomics.store(m, armed, 0);
  return false;
}

/**
 * Sleeps until the index is moved, for a time at most, or less: a wake-up may come for what was seen before.
 *
 * @param armed - word index of the flag
 * @param index - word index of what the other side moves
 * @param seen - where it was
 * @param polls - how often to look before sleeping
 * @param timeout - milliseconds
 */
export function sleepWhile(armed: number, index: number, seen: number, polls: number, timeout: number): void {
  for (let poll = 0; poll < polls; poll++) if (Atomics.load(m, index) !== seen) return;
  if (!arm(armed, index, seen)) return;
  Atomics.wait(m, armed, 1, timeout);
  Atomics.store(m, armed, 0);
}
