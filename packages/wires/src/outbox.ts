/*
 * Frames that wait to be put on a link: a bounded queue that empties itself in bursts, from an alarm, and waits while the
 * link has no room. What finds it full is dropped and counted, as at a switch's port.
 */

import type { Alarm, Clock } from '@netcx/clock';
import type { LinkEnd } from '@netcx/hardware';
import { roomOf, SHORTEST_FRAME, writeFrame } from './frame-list.ts';

/** Frames of an outbox at most, and their bytes. */
const MOST_FRAMES = 4096;
const MOST_BYTES = 4 * 1024 * 1024;
/** Bytes from which on a source that can wait is to wait, and below which it goes on. */
const PRESSED_BYTES = 256 * 1024;
const RELIEVED_BYTES = 64 * 1024;
/** The longest frame that goes onto a link. */
export const LONGEST_FRAME = 16 * 1024;

/** Frames on their way to one end of a link. */
export class Outbox {
  readonly #end: LinkEnd;
  readonly #alarm: Alarm;
  #queue: Uint8Array[] = [];
  #bytes = 0;
  #relieved: (() => void) | undefined;
  #sent = 0;
  #dropped = 0;
  #unfit = 0;

  /**
   * @param clock - empties it
   * @param end - where the frames go
   */
  constructor(clock: Clock, end: LinkEnd) {
    this.#end = end;
    this.#alarm = clock.alarm(() => this.#empty());
  }

  /** Whether it would take a frame now. */
  get open(): boolean {
    return this.#queue.length < MOST_FRAMES && this.#bytes < MOST_BYTES;
  }

  /**
   * Whether a source that can wait is to wait now: for the sake of the frames behind, which would only grow old here.
   *
   * @param relieved - called once, when it may go on
   * @returns true when it is to wait, and will be called
   */
  press(relieved: () => void): boolean {
    if (this.#bytes < PRESSED_BYTES) return false;
    this.#relieved = relieved;
    return true;
  }

  /**
   * @param frame - goes onto the link soon; the outbox's own from now on
   * @returns false when it was dropped: the queue is full, or the frame is none that a link carries
   */
  send(frame: Uint8Array): boolean {
    if (frame.length < SHORTEST_FRAME || frame.length > LONGEST_FRAME) {
      this.#unfit++;
      return false;
    }
    if (!this.open) {
      this.#dropped++;
      return false;
    }
    this.#queue.push(frame);
    this.#bytes += frame.length;
    if (this.#queue.length === 1) this.#alarm.soon();
    return true;
  }

  /** The link has room again. */
  room(): void {
    if (this.#queue.length > 0) this.#alarm.soon();
  }

  /** Forgets what waits. */
  clear(): void {
    this.#dropped += this.#queue.length;
    this.#queue = [];
    this.#bytes = 0;
    this.#alarm.cancel();
    this.#relieve();
  }

  /**
   * @returns frames put on the link, dropped because it was full, refused because no link carries such a frame, waiting
   */
  counters(): { readonly sent: number; readonly dropped: number; readonly unfit: number; readonly queued: number } {
    return { sent: this.#sent, dropped: this.#dropped, unfit: this.#unfit, queued: this.#queue.length };
  }

  /** One burst of as much as fits. */
  #empty(): void {
    const [first] = this.#queue;
    if (first === undefined) return;
    // Too little room: the link calls when there is more.
    const start = this.#end.reserve(roomOf(first.length));
    if (start < 0) return;
    const end = start + this.#end.available;
    let at = start;
    let frames = 0;
    for (const frame of this.#queue) {
      if (at + roomOf(frame.length) > end) break;
      at = writeFrame(at, frame);
      this.#bytes -= frame.length;
      frames++;
    }
    this.#queue.splice(0, frames);
    this.#sent += frames;
    this.#end.commit(frames, at - start);
    if (this.#queue.length > 0) this.#alarm.soon();
    if (this.#bytes < RELIEVED_BYTES) this.#relieve();
  }

  #relieve(): void {
    const relieved = this.#relieved;
    this.#relieved = undefined;
    relieved?.();
  }
}
