/*
 * An adapter whose driver receives what it sends, with a clock of the test's own. Elements are written at literal places, as
 * they lie in memory: the packet's first fragment and count in its first two words, a fragment's length in its first word and
 * its host address in its third. So what a trace says is checked against bytes and not against the same definitions.
 */

import { NetAdapter, RxCapabilities, TxCapabilities, type NetAdapterOptions } from '@netcx/adapter';
import { FrameDescriptor, type Protocol } from '@netcx/adapter/edge';
import { i32, u8 } from '@netcx/dma/memory';

/** A clock that runs what is due when it is told to; a poll takes no time of it. */
class TestClock {
  time = 1_000_000;
  #due: (() => void)[] = [];

  now(): number {
    return this.time;
  }

  alarm(callback: () => void) {
    let pending = false;
    const run = (): void => {
      if (!pending) return;
      pending = false;
      callback();
    };
    const set = (): void => {
      if (pending) return;
      pending = true;
      this.#due.push(run);
    };
    return {
      get pending() {
        return pending;
      },
      soon: set,
      after: set,
      at: set,
      cancel: () => void (pending = false),
    };
  }

  delay(): Promise<void> {
    return new Promise((resolve) => {
      this.#due.push(resolve);
    });
  }

  run(): void {
    for (let next = this.#due.shift(); next !== undefined; next = this.#due.shift()) next();
  }

  /** Runs whatever becomes due until a promise is settled. */
  async drive(promise: Promise<void>): Promise<void> {
    const state = { settled: false };
    const done = promise.finally(() => (state.settled = true));
    for (let turn = 0; !state.settled && turn < 1000; turn++) {
      this.time += 100_000;
      this.run();
      await Promise.resolve();
    }
    await done;
  }
}

/** A started adapter, and how to use it. */
export function buildLoopback(options: Partial<NetAdapterOptions> = {}) {
  const clock = new TestClock();
  const arriving: Uint8Array[] = [];
  let notify = (): void => undefined;
  const adapter = new NetAdapter({
    name: 'nic',
    clock,
    ...options,
    callbacks: {
      createTxQueue: (init) =>
        void init.create(({ rings: { packets, fragments } }) => ({
          advance() {
            while (packets.driverCount > 0) {
              const p = packets.at(packets.beginIndex);
              const count = i32[p + 1]! & 0xffff;
              const parts = Array.from({ length: count }, (_, part) => {
                const f = fragments.at(i32[p]! + part);
                return u8.slice(i32[f + 2], i32[f + 2]! + (i32[f]! & 0x3ff_ffff));
              });
              if (count > 0) arriving.push(Uint8Array.from(Buffer.concat(parts)));
              fragments.complete(count);
              packets.complete(1);
            }
            if (arriving.length > 0) notify();
          },
          setNotificationEnabled: () => undefined,
          cancel: () => undefined,
        })),
      createRxQueue: (init) =>
        void init.create((queue) => {
          const { packets, fragments } = queue.rings;
          return {
            advance() {
              fragments.post(fragments.postCount);
              while (arriving.length > 0 && packets.driverCount > 0 && fragments.driverCount > 0) {
                const bytes = arriving.shift()!;
                const f = fragments.at(fragments.beginIndex);
                u8.set(bytes, i32[f + 2]);
                i32[f] = (i32[f]! & ~0x3ff_ffff) | bytes.length;
                const p = packets.at(packets.beginIndex);
                i32[p] = fragments.beginIndex;
                i32[p + 1] = 1;
                fragments.complete(1);
                packets.complete(1);
              }
            },
            setNotificationEnabled: (enabled) => {
              notify = enabled ? () => queue.notifyMoreReceivedPacketsAvailable() : () => undefined;
            },
            cancel() {
              for (let left = packets.driverCount; left > 0; left--) {
                const p = packets.at(packets.beginIndex);
                i32[p + 2] = i32[p + 2]! | 0x0100_0000; // ignore
                packets.complete(1);
              }
              fragments.complete(fragments.driverCount);
            },
          };
        }),
    },
  });
  adapter.setDatapathCapabilities(TxCapabilities.withoutDma(1), RxCapabilities.systemManaged(2048, 1));
  adapter.setLinkLayerCapabilities(1e9);
  adapter.setLinkLayerMtuSize(1500);
  adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 1));
  adapter.attachProtocol(returning);
  adapter.start();
  clock.run();
  return { clock, adapter };
}

/** Gives every frame back as it comes. */
const returning: Protocol = {
  receive(edge, count) {
    for (let index = 0; index < count; index++)
      edge.release(FrameDescriptor.buffer.get(i32, edge.ring.at(edge.ring.beginIndex + index)));
    edge.complete(count);
  },
};

/** Sends a frame in one or more parts, each in a buffer of the adapter's. */
export function send(adapter: NetAdapter, parts: readonly Uint8Array[], wishes: (d: number) => void = () => undefined) {
  const { edge } = adapter.transmitQueues[0]!;
  parts.forEach((bytes, part) => {
    const buffer = edge.pool.take();
    u8.set(bytes, edge.pool.address(buffer));
    const d = edge.ring.at(edge.ring.endIndex + part);
    i32.fill(0, d, d + edge.ring.stride);
    FrameDescriptor.address.set(i32, d, edge.pool.address(buffer));
    FrameDescriptor.length.set(i32, d, bytes.length);
    FrameDescriptor.more.set(i32, d, part + 1 < parts.length ? 1 : 0);
    FrameDescriptor.buffer.set(i32, d, buffer);
    if (part === 0) wishes(d);
  });
  edge.submit(parts.length);
}
