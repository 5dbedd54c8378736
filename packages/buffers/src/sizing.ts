/*
 * How large rings and pools become: a plain function of what the driver asked for, which anyone can read, call and
 * replace. The original's tuner is closed, and its users complain that 4096 asked became 128 without a word
 * (reference netadaptercx §9); here the answer carries what was asked, what was granted, and why.
 */

import { BufferError } from './buffer-error.ts';

/**
 * What a queue's sizes depend on.
 *
 * @example
 * ```ts
 * const input: SizingInput = { fragmentRingHint: 4096, linkSpeed: 10e9, maximumFragments: 16 };
 * ```
 */
export interface SizingInput {
  /** The driver's wish for the fragment ring, a power of two; 0 = no wish. */
  readonly fragmentRingHint: number;
  /** Link speed in bits per second. */
  readonly linkSpeed: number;
  /** Most fragments of one packet. */
  readonly maximumFragments: number;
  /** How long protocols hold received buffers, in nanoseconds; 0 when left out. */
  readonly holdingTime?: number;
}

/**
 * What was asked and granted for one number.
 *
 * @example
 * ```ts
 * const ring: Granted = { asked: 4096, granted: 4096, reason: 'as asked' };
 * ```
 */
export interface Granted {
  /** What was asked; 0 when nothing was. */
  readonly asked: number;
  /** What it became. */
  readonly granted: number;
  /** Why. */
  readonly reason: string;
}

/**
 * The sizes of a queue.
 *
 * @example
 * ```ts
 * const { packets, fragments, buffers }: QueueSizes = defaultSizing(input).receive;
 * ```
 */
export interface QueueSizes {
  /** Elements of the packet ring. */
  readonly packets: Granted;
  /** Elements of the fragment ring. */
  readonly fragments: Granted;
  /** Buffers: of the receive pool, or for copies on transmit. */
  readonly buffers: Granted;
}

/**
 * Chooses a queue's sizes. Replace it with a function of your own where this one does not suit.
 *
 * @example
 * ```ts
 * const generous: RingSizing = (input) => defaultSizing({ ...input, linkSpeed: 10 * input.linkSpeed });
 * ```
 */
export type RingSizing = (input: SizingInput) => { readonly transmit: QueueSizes; readonly receive: QueueSizes };

/** Elements for a gigabit; a faster link gets as many more as it is faster, since a wake-up takes as long. */
const ELEMENTS_PER_GIGABIT = 256;
const LARGEST = 4096;
const MOST_BUFFERS = 2 ** 20;
/** Bits that the shortest Ethernet frame takes on a link, with preamble and gap. */
const SHORTEST_FRAME_BITS = 84 * 8;

const powerOfTwo = (atLeast: number): number => 2 ** Math.ceil(Math.log2(atLeast));

/**
 * The sizing that adapters use unless told otherwise: the hint if there is one (up to 2^16), else by link speed; buffers for
 * the ring, and as many again or what the link can bring while protocols hold them, whichever is more.
 *
 * @param input - what the driver asked for
 * @returns sizes for a transmit and for a receive queue
 * @example
 * ```ts
 * defaultSizing({ fragmentRingHint: 4096, linkSpeed: 1e9, maximumFragments: 16 }).receive.fragments;
 * // { asked: 4096, granted: 4096, reason: 'as asked' }
 * ```
 */
export const defaultSizing: RingSizing = (input) => {
  const { fragmentRingHint: hint, linkSpeed, maximumFragments, holdingTime = 0 } = input;
  const wanted = powerOfTwo(ELEMENTS_PER_GIGABIT * Math.max(1, linkSpeed / 1e9));
  const bySpeed = Math.min(LARGEST, wanted);
  const least = powerOfTwo(maximumFragments + 1); // one packet of the most fragments must fit, with one element free
  const fragments = ringOf(hint, bySpeed, least);
  const packets = { asked: 0, granted: fragments.granted, reason: 'as many as fragments, for frames of one fragment' };
  return {
    transmit: {
      packets,
      fragments,
      buffers: { asked: 0, granted: fragments.granted, reason: 'one for each element, should every frame be copied' },
    },
    receive: { packets, fragments, buffers: buffersOf(fragments.granted, linkSpeed, maximumFragments, holdingTime) },
  };
};

function ringOf(hint: number, bySpeed: number, least: number): Granted {
  if (hint > 0 && hint >= least) return { asked: hint, granted: hint, reason: 'as asked' };
  if (hint > 0) return { asked: hint, granted: least, reason: 'a packet of the most fragments must fit' };
  return { asked: 0, granted: Math.max(bySpeed, least), reason: 'by link speed' };
}

/** While buffers are held, either short frames come, one buffer each, or long ones, which take as many but come seldom. */
function buffersOf(onRing: number, linkSpeed: number, maximumFragments: number, holdingTime: number): Granted {
  const held = Math.ceil((linkSpeed / SHORTEST_FRAME_BITS) * (holdingTime / 1e9)) + maximumFragments - 1;
  if (holdingTime === 0 || held <= onRing)
    return {
      asked: holdingTime === 0 ? 0 : held,
      granted: 2 * onRing,
      reason: 'as many with the protocol as on the ring',
    };
  const granted = Math.min(MOST_BUFFERS, onRing + held);
  const reason = 'on the ring, and what comes at link speed while protocols hold buffers';
  return {
    asked: onRing + held,
    granted,
    reason: granted < onRing + held ? `${reason}; a pool has at most 2^20` : reason,
  };
}

/**
 * @param sizes - what a sizing function chose
 * @param whose - for messages
 * @throws BufferError `SIZING_INVALID`, naming what no ring or pool can be
 */
export function checkSizes(sizes: QueueSizes, whose: string): void {
  for (const [what, least] of [
    ['packets', 2],
    ['fragments', 2],
    ['buffers', 1],
  ] as const) {
    const { granted } = sizes[what];
    const whole = Number.isInteger(granted) && granted >= least && granted <= MOST_BUFFERS;
    if (!whole || (what !== 'buffers' && (granted & (granted - 1)) !== 0))
      throw new BufferError(
        'SIZING_INVALID',
        `${whose}: the sizing function granted ${String(granted)} ${what}; expected ${what === 'buffers' ? '1 to 2^20' : 'a power of two from 2 to 2^20'}`,
      );
  }
}
