/*
 * Keeps account of frames on their way: what was handed over at one end, in order, and what came out at the other. Each
 * frame is settled once; one that is lost, doubled, out of order or altered is named, and never counted as something else.
 */

import { fail } from 'node:assert/strict';
import { difference, sameBytes } from './frames.ts';

interface Entry {
  readonly bytes: Uint8Array;
  /** Whether it need not come; it may still not come late, twice or altered. */
  optional: boolean;
  settled: boolean;
}

/** Problems that a message names; the others are counted. */
const NAMED = 4;
/** Problems after which frames are not searched for any more, only counted. */
const SEARCHED = 50;

/** The account of one direction. */
export class FrameLedger {
  readonly #where: string;
  readonly #entries: Entry[] = [];
  readonly #problems: string[] = [];
  #problemCount = 0;
  /** Every entry before this one is settled, or was passed by one that came after it. */
  #next = 0;
  #open = 0;
  #arrived = 0;

  /**
   * @param where - where frames come out, for messages: `on the wire`
   */
  constructor(where: string) {
    this.#where = where;
  }

  /** Frames that have to come and have not. */
  get pending(): number {
    return this.#open;
  }

  /** Frames that came, whatever they were. */
  get arrived(): number {
    return this.#arrived;
  }

  /**
   * A frame was handed over.
   *
   * @param bytes - what has to come out, after everything before it
   * @param optional - whether it need not come
   */
  expect(bytes: Uint8Array, optional = false): void {
    this.#entries.push({ bytes, optional, settled: false });
    if (!optional) this.#open++;
  }

  /** What has not come by now need not come any more: the cable was pulled, or the driver told to stop. */
  forgive(): void {
    for (const entry of this.#entries) if (!entry.settled) entry.optional = true;
    this.#open = 0;
  }

  /** What was handed over so far must not come out any more; what does is a frame that nobody had sent. */
  expire(): void {
    this.#entries.length = 0;
    this.#next = 0;
    this.#open = 0;
  }

  /**
   * A frame came out.
   *
   * @param bytes - the frame; the ledger does not keep it
   */
  came(bytes: Uint8Array): void {
    this.#arrived++;
    const entry = this.#entries[this.#next];
    if (entry !== undefined && sameBytes(entry.bytes, bytes)) this.#settle(entry);
    else this.#cameOtherwise(bytes);
    while (this.#entries[this.#next]?.settled === true) this.#next++;
  }

  #settle(entry: Entry): void {
    entry.settled = true;
    if (!entry.optional) this.#open--;
  }

  #cameOtherwise(bytes: Uint8Array): void {
    if (this.#problemCount >= SEARCHED) {
      this.#problemCount++;
      return;
    }
    const found = this.#entries.findIndex((entry) => !entry.settled && sameBytes(entry.bytes, bytes));
    const entry = this.#entries[found];
    if (entry === undefined) {
      this.#cameUnexpected(bytes);
      return;
    }
    this.#settle(entry);
    if (found < this.#next) {
      this.problem(`${this.#name(found)} came after a later one`);
      return;
    }
    const missing = this.#entries.findIndex((other, index) => index >= this.#next && !other.settled && !other.optional);
    if (missing >= 0 && missing < found) this.problem(`${this.#name(found)} came before ${this.#name(missing)}`);
    // Those that were passed have lost their turn: if they still come, they come late.
    this.#next = found;
  }

  #cameUnexpected(bytes: Uint8Array): void {
    const before = this.#entries.findIndex((entry) => entry.settled && sameBytes(entry.bytes, bytes));
    if (before >= 0) {
      this.problem(`${this.#name(before)} came twice`);
      return;
    }
    const expected = this.#entries[this.#next];
    if (expected === undefined || expected.optional) {
      this.problem(`a frame of ${bytes.length} bytes came that nobody had sent so`);
      return;
    }
    this.problem(`${this.#name(this.#next)} is altered: ${difference(expected.bytes, bytes)}`);
    this.#settle(expected);
  }

  #name(index: number): string {
    return `frame ${index + 1} of ${this.#entries.length} (${this.#entries[index]?.bytes.length ?? 0} bytes)`;
  }

  /**
   * Notes something wrong that is not about one frame's bytes.
   *
   * @param what - in words
   */
  problem(what: string): void {
    this.#problemCount++;
    if (this.#problems.length < NAMED) this.#problems.push(what);
  }

  /**
   * Closes the account as it stands.
   *
   * @throws AssertionError when a frame is missing, or anything was wrong
   */
  verify(): void {
    const lost = this.#entries.findIndex((entry) => !entry.settled && !entry.optional);
    if (this.#open > 0) this.problem(`${this.#open} never came, the first of them ${this.#name(lost)}`);
    if (this.#problemCount === 0) return;
    const more = this.#problemCount - this.#problems.length;
    fail(`frames ${this.#where}: ${this.#problems.join('; ')}${more > 0 ? `; and ${more} problems more` : ''}`);
  }
}
