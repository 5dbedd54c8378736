/*
 * A protocol above a driver, for tests: keeps what arrives, with what the NIC said of it, and sends frames with wishes. It
 * does not know what NIC the driver drives.
 */

import { FrameDescriptor, type Protocol, type TransmitEdge } from '@netcx/adapter/edge';
import { i32, u8 } from '@netcx/dma/memory';
import type { ReferenceDriver } from '../src/driver.ts';

/** A frame as it arrived. */
export interface Arrival {
  readonly bytes: Uint8Array;
  /** The checksum extension's byte. */
  readonly checksum: number;
  readonly queue: number;
}

/** What a frame asks for besides being sent. */
export interface Wishes {
  readonly layout?: number;
  readonly layer4Type?: number;
  readonly checksum?: number;
  readonly queue?: number;
  /** Bytes of each part; one part when left out. */
  readonly parts?: readonly number[];
}

/** What stands above one driver. */
export class Endpoint {
  readonly arrivals: Arrival[] = [];
  completed = 0;
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
            parts = [];
          }
          edge.release(FrameDescriptor.buffer.get(i32, at));
        }
        edge.complete(count);
      },
      sent: (_edge, count) => {
        this.completed += count;
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

  /** Submits one frame if there is room for it. */
  trySend(bytes: Uint8Array, wishes: Wishes = {}): boolean {
    const { queue = 0, parts = [bytes.length] } = wishes;
    const { ring, pool } = this.edge(queue);
    if (this.edge(queue).room < parts.length || pool.free < parts.length) return false;
    let done = 0;
    parts.forEach((length, index) => {
      const buffer = pool.take();
      const address = pool.address(buffer);
      u8.set(bytes.subarray(done, done + length), address);
      const at = ring.at(ring.endIndex + index);
      i32.fill(0, at, at + ring.stride);
      FrameDescriptor.address.set(i32, at, address);
      FrameDescriptor.length.set(i32, at, length);
      FrameDescriptor.buffer.set(i32, at, buffer);
      FrameDescriptor.more.set(i32, at, index + 1 < parts.length ? 1 : 0);
      FrameDescriptor.layout.set(i32, at, wishes.layout ?? 0);
      FrameDescriptor.layer4Type.set(i32, at, wishes.layer4Type ?? 0);
      FrameDescriptor.checksum.set(i32, at, wishes.checksum ?? 0);
      done += length;
    });
    this.edge(queue).submit(parts.length);
    return true;
  }
}
