/*
 * Fragments of IPv4 datagrams, until they are whole. Everything is bounded: few datagrams at a time, each at most as long
 * as a datagram can be, for half a minute; fragments that overlap end their datagram.
 */

import { SECOND } from '@netcx/clock';
import type { Ipv4Datagram } from './ipv4.ts';
import { join } from './octets.ts';

/** Datagrams in parts at a time; the oldest makes room. */
const MOST_DATAGRAMS = 16;
const LONGEST = 65_535 - 20;
const PATIENCE = 30 * SECOND;

interface Parts {
  readonly began: number;
  /** In order of their places, none overlapping another. */
  readonly fragments: Ipv4Datagram[];
}

/** Datagrams that are not whole yet. */
export class Reassembly {
  readonly #datagrams = new Map<string, Parts>();
  #failed = 0;

  /** Datagrams given up: overlapping, too long, too old, or one too many. */
  get failed(): number {
    return this.#failed;
  }

  /** Datagrams of which something is missing. */
  get waiting(): number {
    return this.#datagrams.size;
  }

  /**
   * @param datagram - whole, or a fragment; what is kept is copied
   * @param now - nanoseconds
   * @returns it, if it is whole; the whole of which it is the last part; `undefined` while something is missing
   */
  take(datagram: Ipv4Datagram, now: number): Ipv4Datagram | undefined {
    if (datagram.offset === 0 && !datagram.more) return datagram;
    const { source, destination, protocol, identification } = datagram;
    const key = [source, destination, protocol, identification].join();
    this.#expire(now);
    const parts = this.#datagrams.get(key) ?? this.#begin(key, now);
    if (!insert(parts.fragments, { ...datagram, payload: datagram.payload.slice() })) {
      this.#datagrams.delete(key);
      this.#failed++;
      return undefined;
    }
    const whole = assemble(parts.fragments);
    if (whole !== undefined) this.#datagrams.delete(key);
    return whole;
  }

  #begin(key: string, now: number): Parts {
    const [oldest] = this.#datagrams.keys();
    if (oldest !== undefined && this.#datagrams.size >= MOST_DATAGRAMS) {
      this.#datagrams.delete(oldest);
      this.#failed++;
    }
    const parts: Parts = { began: now, fragments: [] };
    this.#datagrams.set(key, parts);
    return parts;
  }

  #expire(now: number): void {
    for (const [key, { began }] of this.#datagrams) {
      if (now - began <= PATIENCE) return;
      this.#datagrams.delete(key);
      this.#failed++;
    }
  }
}

const endOf = (fragment: Ipv4Datagram): number => fragment.offset + fragment.payload.length;

/** Puts a fragment in its place; false when it cannot belong there. The same one twice is no harm. */
function insert(fragments: Ipv4Datagram[], fragment: Ipv4Datagram): boolean {
  const { offset, more, payload } = fragment;
  // Only the last one may end anywhere, and none is empty: else any number of them would fit.
  if (payload.length === 0 || endOf(fragment) > LONGEST || (more && payload.length % 8 !== 0)) return false;
  const index = fragments.findIndex((other) => other.offset >= offset);
  const place = index < 0 ? fragments.length : index;
  const before = fragments[place - 1];
  const behind = fragments[place];
  if (behind?.offset === offset && endOf(behind) === endOf(fragment) && behind.more === more) return true;
  if (before !== undefined && (endOf(before) > offset || !before.more)) return false;
  if (behind !== undefined && (endOf(fragment) > behind.offset || !more)) return false;
  fragments.splice(place, 0, fragment);
  return true;
}

function assemble(fragments: readonly Ipv4Datagram[]): Ipv4Datagram | undefined {
  let end = 0;
  let more = true;
  for (const fragment of fragments) {
    if (fragment.offset !== end) return undefined;
    end = endOf(fragment);
    ({ more } = fragment);
  }
  const [first] = fragments;
  if (more || first === undefined) return undefined;
  return {
    ...first,
    more: false,
    fits: Math.max(...fragments.map(({ fits }) => fits)),
    payload: join(...fragments.map(({ payload }) => payload)),
  };
}
