/*
 * The far end of a group's cable, for tests: sends frames that say their flow and their number, and keeps what comes back.
 */

import { createHash } from 'node:crypto';
import type { Clock } from '@netcx/clock';
import { Link } from '@netcx/hardware';
import { Frame, FRAME_HEADER_BYTES, i32, u8 } from '@netcx/hardware/wire';

const HEADER = 8;

/** A cable with a group at one end and a test at the other. */
export class Cable {
  readonly link: Link;
  /** For each flow, the numbers of the frames that came back, in their order. */
  readonly came = new Map<number, number[]>();
  up = false;
  sent = 0;
  received = 0;
  damaged = 0;
  readonly #hash = createHash('sha256');

  constructor(clock: Clock, options: ConstructorParameters<typeof Link>[1] = {}) {
    this.link = new Link(clock, options);
    this.link.b.attach({
      receive: (offset, frames) => this.#receive(offset, frames, clock.now()),
      room: () => undefined,
      changed: (up) => (this.up = up),
    });
    this.link.b.enable(true);
  }

  /** What came, byte by byte, and when. */
  get digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Sends a burst: one frame of each of these flows and lengths. */
  send(frames: readonly (readonly [flow: number, length: number])[]): void {
    const bytes = frames.reduce((sum, [, length]) => sum + ((FRAME_HEADER_BYTES + length + 7) & ~7), 0);
    let at = this.link.b.reserve(bytes);
    if (at < 0) throw new Error('the cable is full');
    for (const [flow, length] of frames) {
      Frame.length.set(i32, at >>> 2, length);
      Frame.status.set(i32, at >>> 2, 0);
      const data = at + FRAME_HEADER_BYTES;
      for (let byte = HEADER; byte < length; byte++) u8[data + byte] = (flow + this.sent + byte) & 255;
      new DataView(u8.buffer).setUint32(data, flow);
      new DataView(u8.buffer).setUint32(data + 4, this.sent++);
      at += (FRAME_HEADER_BYTES + length + 7) & ~7;
    }
    this.link.b.commit(frames.length, bytes);
  }

  /** Every frame came back once and whole, and those of a flow in the order in which they were sent. */
  get complete(): boolean {
    const ordered = [...this.came.values()].every((numbers) =>
      numbers.every((n, at) => at === 0 || numbers[at - 1]! < n),
    );
    return ordered && this.damaged === 0 && this.received === this.sent;
  }

  #receive(offset: number, frames: number, now: number): void {
    this.#hash.update(`${String(now)} ${String(frames)}\n`);
    let at = offset;
    for (let left = frames; left > 0; left--) {
      const length = Frame.length.get(i32, at >>> 2);
      const data = at + FRAME_HEADER_BYTES;
      const bytes = u8.slice(data, data + length);
      this.#hash.update(bytes);
      const view = new DataView(bytes.buffer);
      const [flow, number] = [view.getUint32(0), view.getUint32(4)];
      if (bytes.some((byte, index) => index >= HEADER && byte !== ((flow + number + index) & 255))) this.damaged++;
      const list = this.came.get(flow);
      if (list === undefined) this.came.set(flow, [number]);
      else list.push(number);
      this.received++;
      at += (FRAME_HEADER_BYTES + length + 7) & ~7;
    }
  }
}

/** Steers by the flow that a frame says. */
export const byFlow =
  (workers: number) =>
  (data: number): number =>
    new DataView(u8.buffer).getUint32(data) % workers;
