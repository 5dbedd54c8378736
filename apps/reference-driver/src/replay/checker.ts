/*
 * Compares what arrives with what was sent, in order. A frame that does not arrive is lost, one that arrives otherwise is
 * altered; neither is ever taken for equal, and what comes after it is still compared with the right frame.
 */

import type { Difference } from './report.ts';

/** Bytes of the shortest frame on the wire, without frame check sequence: what a NIC pads to. */
export const SHORTEST_FRAME = 60;
const MOST_DIFFERENCES = 10;

interface Expected {
  readonly frame: number;
  readonly bytes: Uint8Array;
}

/** The frames on their way, and what became of those that were. */
export class ReplayChecker {
  equal = 0;
  padded = 0;
  lost = 0;
  altered = 0;
  unexpected = 0;
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
    this.#expected.push({ frame, bytes });
  }

  /**
   * A frame has arrived.
   *
   * @param memory - where it lies
   * @param at - its first byte
   * @param length - its bytes
   */
  arrived(memory: Uint8Array, at: number, length: number): void {
    const next = this.#expected[this.#done];
    if (next === undefined) {
      this.unexpected++;
      this.#note(-1, `a frame of ${String(length)} bytes arrived that nobody had sent`);
      return;
    }
    if (firstDifference(next.bytes, memory, at, length) < 0) {
      this.#settle(next);
      return;
    }
    this.#resynchronise(next, memory, at, length);
  }

  /** The frame is not the next one: a later one, then those between are lost; or none, then it is altered. */
  #resynchronise(next: Expected, memory: Uint8Array, at: number, length: number): void {
    for (let index = this.#done + 1; index < this.#expected.length; index++) {
      const later = this.#expected[index];
      if (later === undefined || firstDifference(later.bytes, memory, at, length) >= 0) continue;
      while (this.#done < index) this.#lose();
      this.#settle(later);
      return;
    }
    this.altered++;
    const where = firstDifference(next.bytes, memory, at, length);
    const shown = (value: number | undefined): string => (value === undefined ? 'nothing' : `0x${value.toString(16)}`);
    this.#note(next.frame, `${String(next.bytes.length)} bytes sent, ${String(length)} arrived; byte ${String(where)} is ${shown(where < length ? memory[at + where] : undefined)} instead of ${shown(next.bytes[where])}`);
    this.#advance();
  }

  #settle(frame: Expected): void {
    if (frame.bytes.length < SHORTEST_FRAME) this.padded++;
    else this.equal++;
    this.#advance();
  }

  #lose(): void {
    this.lost++;
    this.#note(this.#expected[this.#done]?.frame ?? -1, 'did not arrive');
    this.#advance();
  }

  #advance(): void {
    this.#done++;
    if (this.#done < 4096) return;
    this.#expected.splice(0, this.#done);
    this.#done = 0;
  }

  /** Nothing more will come: what has not arrived is lost. */
  finish(): void {
    while (this.pending > 0) this.#lose();
  }

  #note(frame: number, what: string): void {
    if (this.differences.length < MOST_DIFFERENCES) this.differences.push({ frame, what });
  }
}

/** Index of the first byte that is not as sent, padding included; -1 when there is none. */
function firstDifference(sent: Uint8Array, memory: Uint8Array, at: number, length: number): number {
  const whole = Math.max(sent.length, SHORTEST_FRAME);
  const both = Math.min(whole, length);
  for (let index = 0; index < both; index++) if (memory[at + index] !== (sent[index] ?? 0)) return index;
  return whole === length ? -1 : both;
}
