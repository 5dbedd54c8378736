/*
 * The far end of the cable: takes down every frame that comes out of the device, and sends frames to it in bursts, as
 * many as the cable takes at once. It plays no protocol and answers nothing by itself.
 */

import { Frame, FRAME_HEADER_BYTES, i32, u8 } from '@netcx/hardware/wire';
import { ALL_MODES, type LinkEnd, type LinkPartner } from '@netcx/hardware';

/**
 * Told of each frame that arrives.
 *
 * @param bytes - a copy of it, without frame check sequence
 * @param status - FRAME_* bits of `@netcx/hardware/wire`
 */
export type FrameListener = (bytes: Uint8Array, status: number) => void;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly status: number;
}

/** Bytes that a frame takes in device memory, header and padding included. */
const placeOf = (length: number): number => (FRAME_HEADER_BYTES + length + 7) & ~7;

/** A partner at the end of a link that a case plays. */
export class Peer implements LinkPartner {
  /** Whether the link passes frames, as this end was told last. */
  up = false;
  readonly #end: LinkEnd;
  readonly #listener: FrameListener;
  #waiting: Waiting[] = [];

  /**
   * @param end - the end of the link; nobody else may stand there
   * @param listener - told of each frame
   */
  constructor(end: LinkEnd, listener: FrameListener) {
    this.#end = end;
    this.#listener = listener;
    end.attach(this);
    end.enable(true, ALL_MODES); // it heeds nobody's PAUSE frames
  }

  /** Frames that wait for room on the cable. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * @param plugged - false pulls the cable out, true plugs it in
   */
  plug(plugged: boolean): void {
    this.#end.enable(plugged, ALL_MODES);
  }

  /**
   * Sends frames, back to back.
   *
   * @param frames - in order; their bytes must not change until they have left
   * @param status - FRAME_* bits: what is wrong with them
   */
  send(frames: readonly Uint8Array[], status = 0): void {
    for (const bytes of frames) this.#waiting.push({ bytes, status });
    this.#flush();
  }

  receive(offset: number, frames: number): void {
    let at = offset;
    for (let index = 0; index < frames; index++) {
      const length = Frame.length.get(i32, at >>> 2);
      const first = at + FRAME_HEADER_BYTES;
      this.#listener(u8.slice(first, first + length), Frame.status.get(i32, at >>> 2));
      at += placeOf(length);
    }
  }

  room(): void {
    this.#flush();
  }

  changed(up: boolean): void {
    this.up = up;
  }

  #flush(): void {
    let next = this.#waiting[0];
    while (next !== undefined) {
      const begin = this.#end.reserve(placeOf(next.bytes.length));
      if (begin < 0) return; // `room` is called when there is some
      const limit = begin + this.#end.available;
      let at = begin;
      let frames = 0;
      while (next !== undefined && at + placeOf(next.bytes.length) <= limit) {
        Frame.length.set(i32, at >>> 2, next.bytes.length);
        Frame.status.set(i32, at >>> 2, next.status);
        u8.set(next.bytes, at + FRAME_HEADER_BYTES);
        at += placeOf(next.bytes.length);
        frames++;
        next = this.#waiting[frames];
      }
      this.#waiting = this.#waiting.slice(frames);
      this.#end.commit(frames, at - begin);
    }
  }
}
