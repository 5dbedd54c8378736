/*
 * How large rings and pools become: a plain function of what the driver asked for, which anyone can read, call and
 * replace. The original's tuner is closed, and its users complain that 4096 asked became 128 without a word
 * (reference netadaptercx §9); here the answer carries what was asked, what was granted, and why.
 */

/** What a queue's sizes depend on. */
export interface SizingInput {
  /** The driver's wish for the fragment ring, a power of two; 0 = no wish. */
  readonly fragmentRingHint: number;
  /** Link speed in bits per second. */
  readonly linkSpeed: number;
  /** Most fragments of one packet. */
  readonly maximumFragments: number;
}

/** What was asked and granted for one number. */
export interface Granted {
  /** What was asked; 0 when nothing was. */
  readonly asked: number;
  /** What it became. */
  readonly granted: number;
  /** Why. */
  readonly reason: string;
}

/** The sizes of a queue. */
export interface QueueSizes {
  /** Elements of the packet ring. */
  readonly packets: Granted;
  /** Elements of the fragment ring. */
  readonly fragments: Granted;
  /** Buffers: of the receive pool, or for copies on transmit. */
  readonly buffers: Granted;
}

/** Chooses a queue's sizes. Replace it with a function of your own where this one does not suit. */
export type RingSizing = (input: SizingInput) => { readonly transmit: QueueSizes; readonly receive: QueueSizes };

/** Elements for a gigabit; a faster link gets as many more as it is faster, since a wake-up takes as long. */
const ELEMENTS_PER_GIGABIT = 256;
const LARGEST = 4096;

const powerOfTwo = (atLeast: number): number => 2 ** Math.ceil(Math.log2(atLeast));

/**
 * The sizing that adapters use unless told otherwise: the hint if there is one (up to 2^16), else by link speed.
 *
 * @param input - what the driver asked for
 * @returns sizes for a transmit and for a receive queue
 */
export const defaultSizing: RingSizing = (input) => {
  const { fragmentRingHint: hint, linkSpeed, maximumFragments } = input;
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
    receive: {
      packets,
      fragments,
      buffers: { asked: 0, granted: 2 * fragments.granted, reason: 'as many with the protocol as on the ring' },
    },
  };
};

function ringOf(hint: number, bySpeed: number, least: number): Granted {
  if (hint > 0 && hint >= least) return { asked: hint, granted: hint, reason: 'as asked' };
  if (hint > 0) return { asked: hint, granted: least, reason: 'a packet of the most fragments must fit' };
  return { asked: 0, granted: Math.max(bySpeed, least), reason: 'by link speed' };
}
