/*
 * Frames in host memory, cut into parts that lie far from one another, with descriptors in a ring: what code that reads
 * received frames is handed, without any adapter. What a test places is taken back by `clear`.
 */

import { hostPages } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';
import { Ring } from '@netcx/rings';
import { FrameDescriptor, FRAME_DESCRIPTOR_BYTES } from '../src/edge/index.ts';

const ELEMENTS = 256;
const BYTES = 4 * 1024 * 1024;

export class FrameMemory {
  readonly ring: Ring;
  readonly #bytes: number;
  readonly #pages: number;
  #used = 0;

  constructor() {
    const options = { name: 'frames', elements: ELEMENTS, stride: FRAME_DESCRIPTOR_BYTES };
    this.#pages = hostPages.allocate(Ring.bytes(options) + BYTES, { owner: 'frame memory' });
    this.ring = Ring.create(this.#pages, options);
    this.#bytes = this.#pages + Ring.bytes(options);
  }

  /** Places a frame, cut at the offsets given, and publishes its descriptors; returns the index of the first. */
  place(frame: Uint8Array, cuts: readonly number[] = []): number {
    const first = this.ring.endIndex;
    const edges = [0, ...cuts, frame.length];
    for (let part = 0; part + 1 < edges.length; part++) {
      const bytes = frame.subarray(edges[part], edges[part + 1]);
      this.#used += 3; // parts lie at odd places, and nothing lies right behind one
      const address = this.#bytes + this.#used;
      u8.set(bytes, address);
      u8.fill(0xee, address + bytes.length, address + bytes.length + 8);
      this.#used += bytes.length + 8;
      const d = this.ring.at(first + part);
      i32.fill(0, d, d + this.ring.stride);
      FrameDescriptor.address.set(i32, d, address);
      FrameDescriptor.length.set(i32, d, bytes.length);
      FrameDescriptor.more.set(i32, d, part + 2 < edges.length ? 1 : 0);
    }
    this.ring.publish(edges.length - 1);
    return first;
  }

  /** Forgets every frame. */
  clear(): void {
    this.ring.complete(this.ring.driverCount);
    this.ring.reap(this.ring.reapCount);
    this.#used = 0;
  }

  free(): void {
    hostPages.free(this.#pages);
  }
}
