/*
 * Receives frames at an adapter's receive edge: copies each out of the buffer it was shown in and releases that at once,
 * unless a case wants to hold buffers, or to send them on.
 */

import { FrameDescriptor, type ReceiveEdge } from '@netcx/adapter/edge';
import { i32, u8 } from '@netcx/dma/memory';

/** A part of a received frame, in the buffer it came in. */
export interface HeldPart {
  /** Its first byte in host memory. */
  readonly address: number;
  /** Its bytes. */
  readonly length: number;
  /** Handle of the buffer: whoever takes it releases it, or sends it on. */
  readonly buffer: number;
}

/** A received frame that is held. */
export interface HeldFrame {
  /** Where it came by. */
  readonly edge: ReceiveEdge;
  /** A copy of its bytes. */
  readonly bytes: Uint8Array;
  /** Where they lie. */
  readonly parts: readonly HeldPart[];
}

/** Nanoseconds of the NIC's clock; 0 when it took no stamp, or takes none. */
function stampOf({ times }: ReceiveEdge, element: number): number {
  if (times === 0) return 0;
  const word = (times >>> 2) + 2 * element;
  return ((i32[word] ?? 0) >>> 0) + ((i32[word + 1] ?? 0) >>> 0) * 2 ** 32;
}

/** The receiving half of the protocol that a case plays. */
export class Receiver {
  /** Whether buffers are kept in `held` instead of being released. */
  holds = false;
  /**
   * Told of each frame before its bytes are, with the word index of its first descriptor, the edge that it came by, and the
   * NIC's time stamp, 0 when there is none: good until it returns.
   */
  look: ((descriptor: number, edge: ReceiveEdge, time: number) => void) | undefined;
  /** Told of frames in place of the account, with a copy of their bytes. */
  instead: ((bytes: Uint8Array) => void) | undefined;
  /** What is kept, oldest first. */
  held: HeldFrame[] = [];
  readonly #frame: (bytes: Uint8Array) => void;
  readonly #problem: (what: string) => void;
  /** The parts of a frame whose last part has not come. */
  #parts: HeldPart[] = [];

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
    for (let index = 0; index < count; index++) this.#take(edge, first + index);
    edge.complete(count);
  }

  #take(edge: ReceiveEdge, index: number): void {
    const at = edge.ring.at(index);
    const address = FrameDescriptor.address.get(i32, at);
    const length = FrameDescriptor.length.get(i32, at);
    const buffer = FrameDescriptor.buffer.get(i32, at);
    if (length === 0 || buffer === 0) this.#problem(`a descriptor of ${length} bytes in buffer ${buffer} was shown`);
    if (this.#parts.length === 0) this.look?.(at, edge, stampOf(edge, index & edge.ring.mask));
    this.#parts.push({ address, length, buffer });
    if (FrameDescriptor.more.get(i32, at) === 1) return;
    const parts = this.#parts;
    this.#parts = [];
    const bytes = Buffer.concat(parts.map((part) => u8.subarray(part.address, part.address + part.length)));
    (this.instead ?? this.#frame)(bytes);
    if (this.holds) this.held.push({ edge, bytes, parts });
    else for (const part of parts) edge.release(part.buffer);
  }

  /** Gives back everything that is held, and holds nothing from now on. */
  letGo(): void {
    this.holds = false;
    for (const { edge, parts } of this.held.splice(0)) for (const { buffer } of parts) edge.release(buffer);
  }
}
