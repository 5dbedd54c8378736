/*
 * What cases ask of values and bytes, in messages of a few words. `deepEqual` of `node:assert` would do where both sides are
 * small, but a wrong driver decides how large they are: Node 24 prints both in full and looks for their shortest difference,
 * whose time and memory grow with the square of it. A stream of 134,400 bytes of which none came took 24 GB.
 */

import { fail } from 'node:assert/strict';
import { inspect, isDeepStrictEqual } from 'node:util';
import { difference, sameBytes } from './frames.ts';

const show = (value: unknown): string =>
  inspect(value, { depth: 3, maxArrayLength: 8, maxStringLength: 200, breakLength: Infinity });

/**
 * @param found - a value, of whatever depth
 * @param expected - what it should be
 * @param what - what it is, for the message
 * @throws AssertionError when they differ
 */
export function expectEqual(found: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(found, expected)) fail(`${what}: ${show(found)} instead of ${show(expected)}`);
}

/**
 * @param came - bytes, however many
 * @param expected - what should have come
 * @param what - what they are, for the message
 * @throws AssertionError when they differ, with the first byte that does
 */
export function expectBytes(came: Uint8Array, expected: Uint8Array, what: string): void {
  if (!sameBytes(expected, came)) fail(`${what}: ${difference(expected, came)}`);
}

/**
 * @param came - frames, however many
 * @param expected - what should have come, in order
 * @param what - what they are, for the message
 * @throws AssertionError when they differ, with the first frame and byte that does
 */
export function expectFrames(came: readonly Uint8Array[], expected: readonly Uint8Array[], what: string): void {
  const both = Math.min(came.length, expected.length);
  for (let index = 0; index < both; index++)
    expectBytes(came[index]!, expected[index]!, `${what}, number ${index + 1} of ${expected.length}`);
  if (came.length !== expected.length) fail(`${what}: ${expected.length} expected and ${came.length} came`);
}
