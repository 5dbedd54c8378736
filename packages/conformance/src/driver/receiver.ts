/*
 * Receives frames at an adapter's receive edge: copies each out of the buffer it was shown in and releases that at once,
 * unless a case wants to hold buffers, or to send them on.
 */

import { FrameDescriptor, type ReceiveEdge } from '@netcx/adapter/edge';
import { i32, u8 } from '@netcx/dma/memory';

/** A frame of one part that is held in the buffer it came in. */
export interface HeldFrame {
  readonly edge: ReceiveEdge;
  /** Its first byte in host memory. */
  readonly address: number;
  /** Its bytes. */
  readonly length: number;
  /** Handle of the buffer: whoever takes it releases it, or sends it on. */
  readonly buffer: number;
}

/** The receiving half of the protocol that a case plays. */
export class Receiver {
  /** Whether buffers are kept in `held` instead of being released. */
  holds = false;
  /** What is kept, oldest first. */
  held: HeldFrame[] = [];
  readonly #frame: (bytes: Uint8Array) => void;
  readonly #problem: (what: string) => void;
  readonly #parts: Uint8Array[] = [];

  /**
   * @param frame - told of each frame, with a copy of its bytes
   * @param problem - told what is wrong with what was shown
   */
  constructor(frame: (bytes: Uint8Array) => void, problem: (what: string) => void) {
    this.#frame = frame;
    this.#problem = problem;
  }

  /**
   * Descriptors have come.
   *
   * @param edge - the queue that they came by
   * @param count - how many, from `beginIndex` on
   */
  receive(edge: ReceiveEdge, count: number): void {
    const first = edge.ring.beginIndex;
    for (let index = 0; index < count; index++) this.#take(edge, edge.ring.at(first + index));
    edge.complete(count);
  }

  #take(edge: ReceiveEdge, at: number): void {
    const address = FrameDescriptor.address.get(i32, at);
    const length = FrameDescriptor.length.get(i32, at);
    const buffer = FrameDescriptor.buffer.get(i32, at);
    if (length === 0 || buffer === 0) this.#problem(`a descriptor of ${length} bytes in buffer ${buffer} was shown`);
    this.#parts.push(u8.slice(address, address + length));
    if (this.holds) this.held.push({ edge, address, length, buffer });
    else edge.release(buffer);
    if (FrameDescriptor.more.get(i32, at) === 1) return;
    const parts = this.#parts.splice(0);
    this.#frame(parts.length === 1 && parts[0] !== undefined ? parts[0] : Uint8Array.from(Buffer.concat(parts)));
  }

  /** Gives back everything that is held, and holds nothing from now on. */
  letGo(): void {
    this.holds = false;
    for (const { edge, buffer } of this.held.splice(0)) edge.release(buffer);
  }
}
