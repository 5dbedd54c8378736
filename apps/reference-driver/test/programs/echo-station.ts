/*
 * A station for tests: the driver with a protocol that sends every frame back as it came. It can be asked to hold buffers, and to
 * throw where nobody catches it.
 */

import type { NetAdapter } from '@netcx/adapter';
import { FrameDescriptor, forwardFrame, type ReceiveEdge } from '@netcx/adapter/edge';
import { i32 } from '@netcx/dma/memory';
import type { BuildStation } from '@netcx/workers';
import { driverStation, type StationProtocol } from '../../src/worker-station.ts';

/** Sends everything back. */
class Echo implements StationProtocol {
  readonly #adapter: NetAdapter;
  #received = 0;
  #dropped = 0;
  #holds = 0;
  #held: (() => void)[] = [];

  constructor(adapter: NetAdapter) {
    this.#adapter = adapter;
  }

  readonly calls = {
    echoed: () => ({ received: this.#received, dropped: this.#dropped }),
    hold: ({ buffers = 1 }) => {
      this.#holds = buffers;
      return {};
    },
    release: () => {
      for (const release of this.#held.splice(0)) release();
      return {};
    },
    crash: () => {
      setImmediate(() => {
        throw new Error('nobody catches this');
      });
      return {};
    },
  };

  receive(edge: ReceiveEdge, count: number): void {
    const transmit = this.#adapter.transmitQueues[edge.id]?.edge;
    let sent = 0;
    for (let done = 0; done < count;) {
      const from = edge.ring;
      const first = from.beginIndex + done;
      const at = from.at(first);
      this.#received++;
      const buffer = FrameDescriptor.buffer.get(i32, at);
      if (this.#holds > 0) {
        this.#holds--;
        this.#held.push(() => edge.release(buffer));
        done++;
      } else if (transmit === undefined || transmit.room === sent) {
        this.#dropped++;
        edge.release(buffer);
        done++;
      } else {
        const parts = forwardFrame(from, first, transmit.ring, transmit.ring.endIndex + sent);
        sent += parts;
        done += parts;
      }
    }
    edge.complete(count);
    transmit?.submit(sent);
  }
}

export const buildStation: BuildStation = (context) => driverStation(context, (adapter) => new Echo(adapter));
