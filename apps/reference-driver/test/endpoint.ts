/*
 * A protocol above a driver, for tests: keeps what arrives, with what the NIC said of it, and sends frames with wishes. It
 * does not know what NIC the driver drives.
 */

import { FrameDescriptor, type Protocol, type TransmitEdge } from '@netcx/adapter/edge';
import { hostPages } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';
import type { ReferenceDriver } from '../src/driver.ts';
import { describeFrame, submitFrame, type Wishes } from './submit-frame.ts';

export type { Wishes };

/** A frame as it arrived. */
export interface Arrival {
  readonly bytes: Uint8Array;
  /** The checksum extension's byte. */
  readonly checksum: number;
  readonly queue: number;
}

/** What a NIC said of a frame besides. */
export interface Metadata {
  readonly hash: number;
  readonly hashType: number;
  readonly tagging: number;
  readonly tag: number;
  readonly time: number;
}

/** The stamp of a ring's element; 0 when there is none. */
const timeAt = (times: number, index: number): number =>
  times === 0 ? 0 : (i32[(times >>> 2) + 2 * index]! >>> 0) + i32[(times >>> 2) + 2 * index + 1]! * 2 ** 32;

/** What stands above one driver. */
export class Endpoint {
  readonly arrivals: Arrival[] = [];
  /** For each of them. */
  readonly metadata: Metadata[] = [];
  /** When frames that completed were sent, where the NIC says so. */
  readonly sentTimes: number[] = [];
  completed = 0;
  /** Descriptors, of frames that were submitted and of those that completed; frames of one queue complete in order. */
  submitted = 0;
  #own: { memory: number; until: number }[] = [];
  linkChanges: boolean[] = [];
  readonly driver: ReferenceDriver;

  constructor(driver: ReferenceDriver) {
    this.driver = driver;
    driver.adapter.attachProtocol(this.#protocol());
  }

  #protocol(): Protocol {
    return {
      receive: (edge, count) => {
        let parts: Uint8Array[] = [];
        for (let index = 0; index < count; index++) {
          const at = edge.ring.at(edge.ring.beginIndex + index);
          const address = FrameDescriptor.address.get(i32, at);
          parts.push(u8.slice(address, address + FrameDescriptor.length.get(i32, at)));
          if (FrameDescriptor.more.get(i32, at) === 0) {
            const checksum = FrameDescriptor.checksum.get(i32, at);
            this.arrivals.push({ bytes: Uint8Array.from(Buffer.concat(parts)), checksum, queue: edge.id });
            this.metadata.push({
              hash: FrameDescriptor.hash.get(i32, at),
              hashType: FrameDescriptor.hashType.get(i32, at),
              tagging: FrameDescriptor.tagging.get(i32, at),
              tag: FrameDescriptor.tag.get(i32, at),
              time: timeAt(edge.times, (edge.ring.beginIndex + index) & edge.ring.mask),
            });
            parts = [];
          }
          edge.release(FrameDescriptor.buffer.get(i32, at));
        }
        edge.complete(count);
      },
      sent: (_edge, count) => {
        this.completed += count;
        for (const { memory } of this.#own.filter(({ until }) => until <= this.completed)) hostPages.free(memory);
        this.#own = this.#own.filter(({ until }) => until > this.completed);
      },
      linkChanged: (up) => {
        this.linkChanges.push(up);
      },
    };
  }

  edge(queue = 0): TransmitEdge {
    const found = this.driver.adapter.transmitQueues[queue];
    if (found === undefined) throw new Error(`transmit queue ${queue} is not there`);
    return found.edge;
  }

  /** Sends a frame that is longer than any buffer of the adapter's, out of memory of the test's own, in any parts. */
  sendLarge(bytes: Uint8Array, wishes: Wishes = {}): void {
    const { queue = 0, parts = [bytes.length] } = wishes;
    const { ring } = this.edge(queue);
    const memory = hostPages.allocate(bytes.length, { owner: 'a long frame' });
    this.#own.push({ memory, until: this.submitted + parts.length });
    u8.set(bytes, memory);
    let done = 0;
    parts.forEach((length, index) => {
      const at = ring.at(ring.endIndex + index);
      i32.fill(0, at, at + ring.stride);
      FrameDescriptor.address.set(i32, at, memory + done);
      FrameDescriptor.length.set(i32, at, length);
      FrameDescriptor.more.set(i32, at, index + 1 < parts.length ? 1 : 0);
      describeFrame(at, wishes);
      done += length;
    });
    this.submitted += parts.length;
    this.edge(queue).submit(parts.length);
  }

  /** Submits one frame if there is room for it. */
  trySend(bytes: Uint8Array, wishes: Wishes = {}): boolean {
    const parts = submitFrame(this.edge(wishes.queue), bytes, wishes);
    this.submitted += parts;
    return parts > 0;
  }
}
