/*
 * Measures a burst in one pass over its headers: what it takes on the wire, what its frames hold, and where it ends.
 * @hot
 */

import * as wire from './wire.ts';

const { Frame, FRAME_HEADER_BYTES: HEADER, i32: m } = wire;

/** Preamble and start delimiter, check sequence, and the gap behind a frame: time that a frame takes beside its bytes. */
const OVERHEAD = 8 + 4 + 12;
/** No frame takes less time than one of this length: a sender pads it, or the wire is busy as long. */
const SHORTEST = 60;

/**
 * @param length - bytes of one frame, without check sequence
 * @returns bytes of time that it takes on the wire, with preamble, padding, check sequence and gap
 */
export const wireBytes = (length: number): number => Math.max(length, SHORTEST) + OVERHEAD;

/** The measures of the last burst. */
export class BurstMeter {
  /** Bytes of time on the wire, with preambles, padding, check sequences and gaps. */
  wireBytes = 0;
  /** Bytes that the frames hold. */
  frameBytes = 0;
  /** Byte offset behind the last frame, a multiple of 8. */
  end = 0;

  /**
   * @param offset - byte offset of the first frame's header
   * @param frames - how many frames lie there one behind the other
   */
  measure(offset: number, frames: number): void {
    let at = offset | 0;
    let wireBytes = 0;
    let frameBytes = 0;
    for (let left = frames | 0; left > 0; left--) {
      const length = Frame.length.get(m, at >>> 2) | 0;
      frameBytes = (frameBytes + length) | 0;
      wireBytes = (wireBytes + (length < SHORTEST ? SHORTEST : length) + OVERHEAD) | 0;
      at = (at + HEADER + length + 7) & ~7;
    }
    this.wireBytes = wireBytes;
    this.frameBytes = frameBytes;
    this.end = at;
  }
}
