/*
 * How a NIC may work without being wrong: of the frames in its ring it fetches the later half and says that their descriptors
 * are done, then the earlier half, and sends all of them in order. A driver that counts done descriptors from the front gives
 * memory back that the NIC has yet to read.
 */

import { i32 } from '@netcx/hardware/wire';
import { PlainDescriptor } from './plain-nic.ts';

/** Nanoseconds between the two halves. */
export const BETWEEN_HALVES = 5000;
const SHORTEST = 60;

/** What it needs of its NIC. */
export interface BurstSource {
  /** Fetches a descriptor; its word index in device memory, or -1 after a fault. */
  readonly fetch: (index: number) => number;
  /** Fetches the bytes of a descriptor; `undefined` after a fault. */
  readonly read: (word: number, length: number) => Uint8Array | undefined;
  /** Writes back that the frame ends here and is done. */
  readonly done: (index: number) => void;
}

/** A frame of a burst. */
interface Fetched {
  /** Its first descriptor. */
  readonly first: number;
  /** Behind its last one. */
  readonly end: number;
  bytes: Uint8Array | undefined;
}

/** A frame that was fetched. */
export type Sendable = Fetched & { readonly bytes: Uint8Array };

export class OutOfOrderBurst {
  readonly #source: BurstSource;
  #frames: Fetched[] = [];

  constructor(source: BurstSource) {
    this.#source = source;
  }

  forget(): void {
    this.#frames = [];
  }

  /** Takes a step: fetches a half, and after the second one has all frames ready to be sent in order. */
  goOn(ring: {
    readonly head: number;
    readonly tail: number;
    readonly count: number;
  }): 'nothing' | 'half' | Sendable[] {
    if (this.#frames.length === 0) {
      this.#frames = this.#find(ring);
      if (this.#frames.length === 0) return 'nothing';
      this.#fetch(this.#frames.slice(this.#frames.length >>> 1), ring.count);
      return 'half';
    }
    this.#fetch(this.#frames, ring.count);
    const ready = this.#frames.filter((frame): frame is Sendable => frame.bytes !== undefined);
    this.#frames = [];
    return ready;
  }

  /** The whole frames that wait in the ring. */
  #find({ head, tail, count }: { readonly head: number; readonly tail: number; readonly count: number }): Fetched[] {
    const frames: Fetched[] = [];
    let first = head;
    for (let index = head; index !== tail;) {
      const word = this.#source.fetch(index);
      if (word < 0) return [];
      index = (index + 1) % count;
      if (PlainDescriptor.last.get(i32, word) === 0) continue;
      frames.push({ first, end: index, bytes: undefined });
      first = index;
    }
    return frames;
  }

  #fetch(frames: readonly Fetched[], count: number): void {
    for (const frame of frames) {
      if (frame.bytes !== undefined) continue;
      const parts: Uint8Array[] = [];
      for (let index = frame.first; index !== frame.end; index = (index + 1) % count) {
        const word = this.#source.fetch(index);
        const part = word < 0 ? undefined : this.#source.read(word, PlainDescriptor.length.get(i32, word));
        if (part === undefined) return;
        parts.push(part);
      }
      const bytes = Buffer.concat(parts);
      frame.bytes = Buffer.concat([bytes, new Uint8Array(Math.max(0, SHORTEST - bytes.length))]);
      this.#source.done((frame.end + count - 1) % count);
    }
  }
}
