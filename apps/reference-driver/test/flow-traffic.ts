/*
 * UDP flows at the far end of a cable, for tests of several queues and workers: each datagram says its number, and what comes back is
 * compared with what was sent, flow by flow.
 */

import { createHash } from 'node:crypto';
import type { Random } from '@netcx/clock';
import type { LinkEnd } from '@netcx/hardware';
import { Frame, FRAME_HEADER_BYTES, i32, u8 } from '@netcx/hardware/wire';

const STATION = [2, 0, 0, 0, 0, 1];
const HEADERS = 42;

/** A datagram of a flow, with this number, for the station whose address all tests use. */
function datagram(flow: number, number: number, length: number): Uint8Array {
  const frame = new Uint8Array(length);
  const view = new DataView(frame.buffer);
  frame.set([...STATION, 2, 0, 0, 0, 0, 99, 8, 0, 0x45]);
  view.setUint16(16, length - 14);
  frame.set([64, 17], 22);
  frame.set([10, 0, flow >> 8, flow & 255, 10, 1, 0, 1], 26);
  view.setUint16(34, 1024 + flow);
  view.setUint16(36, 53);
  view.setUint16(38, length - 34);
  for (let byte = HEADERS; byte < length; byte++) frame[byte] = (flow * 31 + number + byte) & 255;
  view.setUint32(HEADERS, number);
  return frame;
}

/** The far end: sends datagrams, and keeps what comes back. */
export class FlowTraffic {
  readonly sent = new Map<number, string[]>();
  readonly came = new Map<number, string[]>();
  /** Frames, both ways. */
  out = 0;
  in = 0;
  up = false;
  readonly #end: LinkEnd;
  readonly #hash = createHash('sha256');

  constructor(end: LinkEnd, now: () => number) {
    this.#end = end;
    end.attach({
      receive: (offset, frames) => this.#receive(offset, frames, now()),
      room: () => undefined,
      changed: (up) => (this.up = up),
    });
    end.enable(true);
  }

  /** Everything that came, byte by byte, and when. */
  get digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Sends a random burst. */
  send(random: Random, flows: number, most = 16): void {
    const frames = Array.from({ length: 1 + random.below(most) }, () => {
      const flow = random.below(flows);
      const frame = datagram(flow, this.out++, 64 + random.below(1400));
      keep(this.sent, flow, frame);
      return frame;
    });
    const bytes = frames.reduce((sum, { length }) => sum + ((FRAME_HEADER_BYTES + length + 7) & ~7), 0);
    let at = this.#end.reserve(bytes);
    if (at < 0) throw new Error('the cable is full');
    for (const frame of frames) {
      Frame.length.set(i32, at >>> 2, frame.length);
      Frame.status.set(i32, at >>> 2, 0);
      u8.set(frame, at + FRAME_HEADER_BYTES);
      at += (FRAME_HEADER_BYTES + frame.length + 7) & ~7;
    }
    this.#end.commit(frames.length, bytes);
  }

  #receive(offset: number, frames: number, now: number): void {
    let at = offset;
    this.#hash.update(`${String(now)} ${String(frames)}\n`);
    for (let left = frames; left > 0; left--) {
      const length = Frame.length.get(i32, at >>> 2);
      const frame = u8.slice(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length);
      this.#hash.update(frame);
      keep(this.came, new DataView(frame.buffer).getUint16(34) - 1024, frame);
      this.in++;
      at += (FRAME_HEADER_BYTES + length + 7) & ~7;
    }
  }
}

function keep(flows: Map<number, string[]>, flow: number, frame: Uint8Array): void {
  const bytes = Buffer.from(frame).toString('hex');
  const list = flows.get(flow);
  if (list === undefined) flows.set(flow, [bytes]);
  else list.push(bytes);
}
