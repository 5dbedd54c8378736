// Owns: a link in virtual time whose end a sends numbered frames and whose end b writes down what arrives.
// Invariant: a frame is its number in four bytes, so that every one can be told from every other.
import { MICROSECOND, VirtualClock } from '@netcx/clock';
import { Link, type Impairments, type LinkOptions } from '../src/index.ts';
import { Frame, FRAME_HEADER_BYTES, i32, u8 } from '../src/wire.ts';

const open: { close(): void }[] = [];

/**
 * Closes every link of this test.
 */
export function closeLinks(): void {
  for (const link of open.splice(0)) link.close();
}

/** Bytes of every frame. */
export const BYTES = 60;
/** Bytes that it takes in device memory. */
export const ROOM = FRAME_HEADER_BYTES + ((BYTES + 7) & ~7);

/** A frame that arrived. */
export interface Arrival {
  readonly number: number;
  readonly time: number;
  readonly status: number;
  readonly bytes: Uint8Array;
}

/** @returns the link, and ways to send and to see what arrived */
export function rig(impairments: Impairments, options: LinkOptions & { seed?: number } = {}) {
  const { seed = 1, ...rest } = options;
  const clock = new VirtualClock({ seed });
  const link = new Link(clock, { delay: 0, ...rest, impairments });
  open.push(link);
  const arrivals: Arrival[] = [];
  const partner = { receive: () => undefined, room: () => undefined, changed: () => undefined };
  link.a.attach(partner);
  link.b.attach({
    ...partner,
    receive: (offset: number, frames: number) => {
      let at = offset;
      for (let left = frames; left > 0; left--) {
        const length = Frame.length.get(i32, at >> 2);
        const bytes = u8.slice(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length);
        const number = new DataView(bytes.buffer).getUint32(0);
        arrivals.push({ number, time: clock.now(), status: Frame.status.get(i32, at >> 2), bytes });
        at += FRAME_HEADER_BYTES + ((length + 7) & ~7);
      }
    },
  });
  link.a.enable(true);
  link.b.enable(true);
  clock.run();
  let sent = 0;
  const send = (count: number): void => {
    let at = link.a.reserve(count * ROOM);
    if (at < 0) throw new Error('no room');
    for (let left = count; left > 0; left--) {
      Frame.length.set(i32, at >> 2, BYTES);
      Frame.status.set(i32, at >> 2, 0);
      u8.fill(0, at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + BYTES);
      new DataView(u8.buffer, at + FRAME_HEADER_BYTES).setUint32(0, sent++);
      at += ROOM;
    }
    link.a.commit(count, count * ROOM);
  };
  /** Sends so many frames, in bursts, and lets all of it happen. */
  const run = (count: number, burst = 10): readonly Arrival[] => {
    for (let left = count; left > 0; left -= burst) {
      send(Math.min(burst, left));
      clock.run({ until: clock.now() + Math.max(10 * MICROSECOND, 672 * burst) });
    }
    clock.run();
    return arrivals;
  };
  const counts = (index = 0): Readonly<Record<string, number>> => link.impairments().aToB[index]?.counts ?? {};
  return { clock, link, send, run, arrivals, counts };
}

/** @returns the frames' numbers */
export const numbers = (arrivals: readonly Arrival[]): number[] => arrivals.map(({ number }) => number);
/** @returns 0 and so on */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
