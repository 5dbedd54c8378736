// Owns: somebody who stands at a wire's end in these tests: sends frames of bytes and keeps what arrives.
// Invariant: what it keeps are copies, so they stay as they were when they arrived.
import type { LinkEnd, LinkPartner } from '@netcx/hardware';
import { Frame, FRAME_HEADER_BYTES, i32, u8 } from '@netcx/hardware/wire';

/** The address of the tests' own station. */
export const MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 0x0a);
/** The address of the responder's station when none is given. */
export const RESPONDER_MAC = Uint8Array.of(0x52, 0x55, 0x0a, 0x00, 0x02, 0x02);

/** @returns the bytes of text in hexadecimal, whatever else stands between */
export const hex = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(text.replaceAll(/[^0-9a-f]/gi, ''), 'hex'));

/** @returns bytes as text in hexadecimal */
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A station with frames. */
export class Station implements LinkPartner {
  readonly frames: Uint8Array[] = [];
  readonly end: LinkEnd;
  up = false;

  constructor(end: LinkEnd) {
    this.end = end;
    end.attach(this);
    end.enable(true);
  }

  send(...frames: readonly Uint8Array[]): void {
    for (const frame of frames) {
      const room = (FRAME_HEADER_BYTES + frame.length + 7) & ~7;
      const at = this.end.reserve(room);
      if (at < 0) throw new Error('the link has no room');
      Frame.length.set(i32, at >> 2, frame.length);
      Frame.status.set(i32, at >> 2, 0);
      u8.set(frame, at + FRAME_HEADER_BYTES);
      this.end.commit(1, room);
    }
  }

  /** @returns what arrived since the last call */
  take(): Uint8Array[] {
    return this.frames.splice(0);
  }

  receive(offset: number, frames: number): void {
    let at = offset;
    for (let left = frames; left > 0; left--) {
      const length = Frame.length.get(i32, at >> 2);
      this.frames.push(u8.slice(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length));
      at = (at + FRAME_HEADER_BYTES + length + 7) & ~7;
    }
  }

  room(): void {
    // These tests never fill a link.
  }

  changed(up: boolean): void {
    this.up = up;
  }
}
