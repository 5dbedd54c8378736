/*
 * Where in a burst of frames the first of an Ether type is: the MAC looks at every frame that arrives for its own, the PAUSE
 * frames, and finds one in a million.
 *
 * @hot
 */

import * as wire from '@netcx/hardware/wire';

const { i32: w, Frame, FRAME_HEADER_BYTES } = wire;
/** Bytes of a frame up to the end of its Ether type. */
const TYPED_BYTES = 14;
const TYPE_OFFSET = FRAME_HEADER_BYTES + 12;

/**
 * @param offset - byte offset of the first frame in device memory
 * @param frames - how many there are
 * @param type - the Ether type, its bytes in the order of memory
 * @returns how many are left, from the first of that type on; 0 when there is none
 */
export function seekTypeByWords(offset: number, frames: number, type: number): number {
  let at = offset | 0;
  let left = frames | 0;
  while (left !== 0) {
    const length = Frame.length.get(w, at >> 2) | 0;
    if (length >= TYPED_BYTES && (w[(at + TYPE_OFFSET) >> 2]! & 0xffff) === type) return left;
    at = (at + FRAME_HEADER_BYTES + ((length + 7) & ~7)) | 0;
    left = (left - 1) | 0;
  }
  return 0;
}
