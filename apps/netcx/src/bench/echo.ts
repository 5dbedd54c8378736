/*
 * Owns: the protocol of the benchmark: what an adapter receives it sends back in the same buffer, for ever, a full burst at a time.
 * Invariant: no byte is copied and nothing is allocated: what is measured is the way through edge, driver and NIC.
 */
import type { NetAdapter } from '@netcx/adapter';
import {
  forwardFrame,
  FRAME_DESCRIPTOR_BYTES,
  FrameDescriptor,
  type Protocol,
  type ReceiveEdge,
} from '@netcx/adapter/edge';
import { i32 as m, u8 } from '@netcx/dma/memory';

const WORDS = FRAME_DESCRIPTOR_BYTES / 4;
/** Two station addresses, and the local experimental EtherType (IEEE 802). */
const HEADER = Uint8Array.of(2, 0, 0, 0, 0, 0xfe, 2, 0, 0, 0, 0, 0xff, 0x88, 0xb5);

/**
 * Frames of a burst, as many as in the benchmarks beside others. Were each sent back when it comes, the wire's speed would pull
 * long frames apart, until each is a burst of its own, and short ones together.
 */
export const BURST = 32;

/** Sends each frame back to where it came from. */
export class Echo implements Protocol {
  /** Frames sent back. */
  frames = 0;
  /** Frames that were not as long as they had to be. */
  wrong = 0;
  readonly #adapter: NetAdapter;
  readonly #length: number;
  /** In the ring, and not yet sent. */
  #waiting = 0;

  /**
   * @param adapter - it stands above this; receives whatever comes
   * @param length - bytes of each frame
   */
  constructor(adapter: NetAdapter, length: number) {
    this.#adapter = adapter;
    this.#length = length;
  }

  receive(from: ReceiveEdge, count: number): void {
    const to = this.#adapter.transmitQueues[0]!.edge;
    for (let index = 0; index < count; index++) {
      const d = from.ring.at(from.ring.beginIndex + index);
      if (FrameDescriptor.length.get(m, d) !== this.#length) this.wrong++;
      forwardFrame(from.ring, from.ring.beginIndex + index, to.ring, to.ring.endIndex + this.#waiting++);
    }
    from.complete(count);
    this.frames += count;
    for (; this.#waiting >= BURST; this.#waiting -= BURST) to.submit(BURST);
  }

  /** Starts a burst on its way. */
  begin(): void {
    const { edge } = this.#adapter.transmitQueues[0]!;
    for (let index = 0; index < BURST; index++) {
      const buffer = edge.pool.take();
      const address = edge.pool.address(buffer);
      u8.fill(index, address, address + this.#length);
      u8.set(HEADER, address);
      const d = edge.ring.at(edge.ring.endIndex + index);
      m.fill(0, d, d + WORDS);
      FrameDescriptor.address.set(m, d, address);
      FrameDescriptor.length.set(m, d, this.#length);
      FrameDescriptor.buffer.set(m, d, buffer);
    }
    edge.submit(BURST);
  }
}
