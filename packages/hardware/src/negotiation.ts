/*
 * What the two ends of a cable agree on: the best mode that both have on offer and that the cable carries.
 */

import { HardwareError } from './hardware-error.ts';
import type { Duplex, LinkSpeed } from './link-end.ts';

/**
 * What an end of a link has on offer, bits: the modes that it can run at, a better one being a higher one, and whether PAUSE
 * frames may go both ways (`PAUSE`) or one way (`ASYMMETRIC_PAUSE`, which with `PAUSE` says: towards this end at least).
 */
// prettier-ignore
export const LINK_ABILITY = {
  HALF_10:   1,
  FULL_10:   2,
  HALF_100:  4,
  FULL_100:  8,
  HALF_1000: 16,
  FULL_1000: 32,
  PAUSE:            64,
  ASYMMETRIC_PAUSE: 128,
} as const;

/** Every mode that a link can run at, without flow control: what stands there does not heed PAUSE frames. */
export const ALL_MODES = 63;

/** Every {@link LINK_ABILITY}. */
export const ALL_ABILITIES = 255;

/** How fast both ends of a link can send, and whether both at once. */
export interface LinkMode {
  /** Mbit/s. */
  readonly speed: LinkSpeed;
  /** `half` lets the ends send one after the other. */
  readonly duplex: Duplex;
}

/** The best first. */
const MODES: readonly (LinkMode & { readonly ability: number })[] = [
  { ability: LINK_ABILITY.FULL_1000, speed: 1000, duplex: 'full' },
  { ability: LINK_ABILITY.HALF_1000, speed: 1000, duplex: 'half' },
  { ability: LINK_ABILITY.FULL_100, speed: 100, duplex: 'full' },
  { ability: LINK_ABILITY.HALF_100, speed: 100, duplex: 'half' },
  { ability: LINK_ABILITY.FULL_10, speed: 10, duplex: 'full' },
  { ability: LINK_ABILITY.HALF_10, speed: 10, duplex: 'half' },
];

/**
 * @param a - what one end has on offer, `LINK_ABILITY` bits
 * @param b - what the other end has
 * @param cable - the most that the cable carries
 * @returns the best mode in common; `undefined` when there is none
 */
export function agree(a: number, b: number, cable: LinkMode): LinkMode | undefined {
  return MODES.find(
    ({ ability, speed, duplex }) =>
      (a & b & ability) !== 0 && speed <= cable.speed && (cable.duplex === 'full' || duplex === 'half'),
  );
}

/**
 * @param speed - Mbit/s
 * @param duplex - `full` or `half`
 * @returns both
 * @throws HardwareError `BAD_LINK` when no link is like that
 */
export function linkMode(speed: number, duplex: string): LinkMode {
  if (speed !== 10 && speed !== 100 && speed !== 1000) {
    throw new HardwareError('BAD_LINK', `a speed of ${String(speed)} Mbit/s: expected 10, 100 or 1000`);
  }
  if (duplex !== 'full' && duplex !== 'half') {
    throw new HardwareError('BAD_LINK', `a duplex of ${JSON.stringify(duplex)}: expected "full" or "half"`);
  }
  return { speed, duplex };
}
