/*
 * Frames that tell: each has bytes of its own, decided by a seed, so that one that is lost, doubled, late or altered is
 * recognised and named. Not valid IP unless a case asks for it: a NIC must carry whatever is in a frame.
 */

/** Bytes of the shortest frame on the wire, without frame check sequence: what a NIC pads to. */
export const SHORTEST_FRAME = 60;
/** Bytes of an Ethernet header. */
export const HEADER_BYTES = 14;
/** Everybody's address. */
const BROADCAST: Uint8Array = new Uint8Array(6).fill(0xff);
/** IEEE's EtherType for experiments: no protocol wakes up for it. */
const EXPERIMENTAL = 0x88b5;
const SOURCE = Uint8Array.of(0x02, 0x4e, 0x43, 0x58, 0x00, 0x01);

/** What a frame says in its header. */
export interface FrameOptions {
  /** Who it is for. */
  readonly destination?: Uint8Array;
  /** What it carries; 0x88b5, meant for experiments, when left out. */
  readonly etherType?: number;
}

/** Makes frames, each different from all before. */
export class FrameMaker {
  readonly #seed: number;
  #made = 0;

  /**
   * @param seed - decides the bytes
   */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /**
   * @param length - bytes, without frame check sequence; below 18 two frames may be alike
   * @param options - what the header says; shorter frames have a part of it
   * @returns a new frame
   */
  make(length: number, options: FrameOptions = {}): Uint8Array {
    const { destination = BROADCAST, etherType = EXPERIMENTAL } = options;
    const number = ++this.#made;
    const frame = new Uint8Array(length);
    const header = [...destination, ...SOURCE, etherType >>> 8, etherType & 0xff];
    header.push(number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff);
    frame.set(header.slice(0, length));
    let state = (Math.imul(number, 0x9e37_79b1) ^ this.#seed) | 0;
    for (let index = header.length; index < length; index++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      frame[index] = state >>> 24;
    }
    return frame;
  }
}

/**
 * @param frame - a frame
 * @returns what a NIC makes of it on the wire: with zeros up to Ethernet's minimum
 */
export function padded(frame: Uint8Array): Uint8Array {
  if (frame.length >= SHORTEST_FRAME) return frame;
  const whole = new Uint8Array(SHORTEST_FRAME);
  whole.set(frame);
  return whole;
}

/**
 * @param one - bytes
 * @param other - bytes
 * @returns whether they are the same
 */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/**
 * @param expected - what should have come
 * @param came - what came
 * @returns how they differ, in words
 */
export function difference(expected: Uint8Array, came: Uint8Array): string {
  const both = Math.min(expected.length, came.length);
  let at = 0;
  while (at < both && expected[at] === came[at]) at++;
  const shown = (bytes: Uint8Array): string => {
    const byte = bytes[at];
    return byte === undefined ? 'nothing' : `0x${byte.toString(16).padStart(2, '0')}`;
  };
  return `${expected.length} bytes expected and ${came.length} came; byte ${at} is ${shown(came)} instead of ${shown(expected)}`;
}
