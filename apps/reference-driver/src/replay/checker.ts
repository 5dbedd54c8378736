/*
 * Compares what arrives with what was sent, in order. A frame that does not arrive is lost, one that arrives otherwise is
 * altered, one that arrives behind a later one is reordered; none of them is ever taken for equal, and what comes after
 * it is still compared with the right frame.
 */

import type { Difference } from './report.ts';

/** Bytes of the shortest frame on the wire, without frame check sequence: what a NIC pads to. */
const SHORTEST_FRAME = 60;
const MOST_DIFFERENCES = 10;
/** Frames that are dealt with and still remembered, to know one that comes late or twice. */
const REMEMBERED = 64;
/** Frames that are dealt with before the list is cut. */
const CUT_EVERY = 1024;

interface Expected {
  readonly frame: number;
  readonly bytes: Uint8Array;
  fate: 'on its way' | 'arrived' | 'lost' | 'altered';
}

/** The frames on their way, and what became of those that were. */
export class ReplayChecker {
  equal = 0;
  padded = 0;
  lost = 0;
  altered = 0;
  reordered = 0;
  unexpected = 0;
  /** The first differences, at most 10. */
  readonly differences: Difference[] = [];
  readonly #expected: Expected[] = [];
  /** How many of `#expected` are dealt with: the list is cut now and then, not for each frame. */
  #done = 0;

  /** Frames that were sent and have not arrived. */
  get pending(): number {
    return this.#expected.length - this.#done;
  }

  /**
   * @param frame - number of the frame in the source
   * @param bytes - its bytes, unchanged until it has arrived
   */
  expect(frame: number, bytes: Uint8Array): void {
    this.#expected.push({ frame, bytes, fate: 'on its way' });
  }

  /**
   * A frame has arrived.
   *
   * @param memory - where it lies
   * @param at - its first byte
   * @param length - its bytes
   */
  arrived(memory: Uint8Array, at: number, length: number): void {
    const isIt = (index: number): boolean => {
      const expected = this.#expected[index];
      return expected !== undefined && firstDifference(expected.bytes, memory, at, length) < 0;
    };
    for (let index = this.#done; index < this.#expected.length; index++) {
      if (!isIt(index)) continue;
      while (this.#done < index) this.#lose();
      this.#settle();
      return;
    }
    for (let index = this.#done - 1; index >= Math.max(0, this.#done - REMEMBERED); index--) {
      const earlier = this.#expected[index];
      if (earlier === undefined || !isIt(index)) continue;
      this.#cameLate(earlier);
      return;
    }
    const next = this.#expected[this.#done];
    if (next === undefined) this.#strange(`a frame of ${String(length)} bytes`);
    else this.#alter(next, memory, at, length);
  }

  #settle(): void {
    this.#countArrived(this.#deal('arrived'));
  }

  #countArrived(bytes: number): void {
    if (bytes < SHORTEST_FRAME) this.padded++;
    else this.equal++;
  }

  #lose(): void {
    this.lost++;
    this.#note(this.#expected[this.#done]?.frame ?? -1, 'did not arrive');
    this.#deal('lost');
  }

  #alter(next: Expected, memory: Uint8Array, at: number, length: number): void {
    this.altered++;
    const where = firstDifference(next.bytes, memory, at, length);
    const shown = (value: number | undefined): string =>
      value === undefined ? 'nothing' : `0x${value.toString(16).padStart(2, '0')}`;
    const got = shown(where < length ? memory[at + where] : undefined);
    this.#note(
      next.frame,
      `${String(next.bytes.length)} bytes sent, ${String(length)} arrived; byte ${String(where)} is ${got} instead of ${shown(next.bytes[where])}`,
    );
    this.#deal('altered');
  }

  /** A frame that was dealt with before. */
  #cameLate(frame: Expected): void {
    if (frame.fate === 'lost') {
      this.lost--;
      this.reordered++;
      this.#forget(frame.frame);
      this.#note(frame.frame, 'arrived behind a later frame');
    } else if (frame.fate === 'altered') {
      // What was taken for it was none of ours.
      this.altered--;
      this.#forget(frame.frame);
      this.#countArrived(frame.bytes.length);
      this.#strange('a frame');
    } else {
      this.unexpected++;
      this.#note(frame.frame, 'arrived once more');
    }
    frame.fate = 'arrived';
  }

  #strange(what: string): void {
    this.unexpected++;
    this.#note(-1, `${what} arrived that nobody had sent`);
  }

  /** @returns bytes of the frame that is dealt with now */
  #deal(fate: Expected['fate']): number {
    const next = this.#expected[this.#done];
    if (next === undefined) return 0;
    next.fate = fate;
    this.#done++;
    if (this.#done >= CUT_EVERY) {
      this.#expected.splice(0, this.#done - REMEMBERED);
      this.#done = REMEMBERED;
    }
    return next.bytes.length;
  }

  /** Nothing more will come: what has not arrived is lost. */
  finish(): void {
    while (this.pending > 0) this.#lose();
  }

  #note(frame: number, what: string): void {
    if (this.differences.length < MOST_DIFFERENCES) this.differences.push({ frame, what });
  }

  /** What was said of a frame has turned out otherwise. */
  #forget(frame: number): void {
    const index = this.differences.findIndex((difference) => difference.frame === frame);
    if (index >= 0) this.differences.splice(index, 1);
  }
}

/** Index of the first byte that is not as sent, padding included; -1 when there is none. */
function firstDifference(sent: Uint8Array, memory: Uint8Array, at: number, length: number): number {
  const whole = Math.max(sent.length, SHORTEST_FRAME);
  const both = Math.min(whole, length);
  for (let index = 0; index < both; index++) if (memory[at + index] !== (sent[index] ?? 0)) return index;
  return whole === length ? -1 : both;
}
