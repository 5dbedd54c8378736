/*
 * Frames in bursts of device memory, as wires see them: one behind the other, each a header and its bytes.
 */

import { Frame, FRAME_BAD_FCS, FRAME_HEADER_BYTES, i32, u8 } from '@netcx/hardware/wire';

/**
 * Shows each good frame of a burst. One with a wrong check sequence goes nowhere, as in a switch.
 *
 * @param offset - byte offset of the first frame's header in device memory
 * @param frames - how many
 * @param take - given a view of the frame's bytes, which are the link's: whoever keeps them copies them
 * @returns how many had a wrong check sequence
 */
export function forEachFrame(offset: number, frames: number, take: (bytes: Uint8Array) => void): number {
  let at = offset;
  let bad = 0;
  for (let left = frames; left > 0; left--) {
    const length = Frame.length.get(i32, at >> 2);
    const from = at + FRAME_HEADER_BYTES;
    if ((Frame.status.get(i32, at >> 2) & FRAME_BAD_FCS) !== 0) bad++;
    else take(u8.subarray(from, from + length));
    at = (from + length + 7) & ~7;
  }
  return bad;
}

/** The shortest that can be one: two addresses and a type. */
export const SHORTEST_FRAME = 14;
/** The shortest frame on Ethernet, without its check sequence. */
const MINIMUM_LENGTH = 60;

/**
 * Peers that are programs (passt, QEMU's user network) send frames without padding; what stands for them on a cable pads them, as
 * QEMU does for its own NICs.
 *
 * @param frame - as a peer sent it
 * @returns the frame, padded to Ethernet's minimum; itself where it is long enough, or too short to be a frame at all
 */
export function padFrame(frame: Uint8Array): Uint8Array {
  if (frame.length >= MINIMUM_LENGTH || frame.length < SHORTEST_FRAME) return frame;
  const padded = new Uint8Array(MINIMUM_LENGTH);
  padded.set(frame);
  return padded;
}

/**
 * @param frame - as it came off a cable
 * @returns a view of it without the padding behind ARP, IPv4 or IPv6 (RFC 826, RFC 791 §3.1, RFC 8200 §3); itself where there
 * is none, or nobody could tell
 */
export function trimFrame(frame: Uint8Array): Uint8Array {
  if (frame.length !== MINIMUM_LENGTH) return frame;
  const word = (at: number): number => (frame[at]! << 8) | frame[at + 1]!;
  const type = word(12);
  if (type === 0x0800) return frame.subarray(0, Math.min(SHORTEST_FRAME + word(16), frame.length));
  if (type === 0x86dd) return frame.subarray(0, Math.min(SHORTEST_FRAME + 40 + word(18), frame.length));
  return type === 0x0806 ? frame.subarray(0, SHORTEST_FRAME + 28) : frame;
}

/**
 * @param length - bytes of a frame
 * @returns bytes that it takes in device memory, with header and padding
 */
export const roomOf = (length: number): number => (FRAME_HEADER_BYTES + length + 7) & ~7;

/**
 * Writes a frame into device memory.
 *
 * @param at - byte offset of the header, a multiple of 8
 * @param bytes - the frame
 * @returns byte offset behind it
 */
export function writeFrame(at: number, bytes: Uint8Array): number {
  Frame.length.set(i32, at >> 2, bytes.length);
  Frame.status.set(i32, at >> 2, 0);
  u8.set(bytes, at + FRAME_HEADER_BYTES);
  return at + roomOf(bytes.length);
}
