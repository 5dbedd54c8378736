/*
 * Where something is watched: an adapter's queue, by name, and how a rule that was broken there is said.
 */

import { violation, type ViolationDetails } from './violation.ts';

/** A queue that is watched. */
export interface Site {
  /** Adapter, direction and number, for people. */
  readonly object: string;
  /** The queue's number. */
  readonly queue: number;
}

/**
 * @param site - the queue
 * @param code - the rule's number
 * @param message - what happened
 * @param details - where, and how
 * @throws ViolationError always
 */
export function raise(site: Site, code: number, message: string, details: ViolationDetails = {}): never {
  throw violation(code, message, { ...site, ...details });
}

/** @returns a word as a person who reads dumps writes it */
export const hex = (word: number): string => `0x${(word >>> 0).toString(16).padStart(8, '0')}`;
