/* Two software NICs on a wire, with a protocol above each that takes frames in, and one that sends. */

import type { NetAdapter } from '@netcx/adapter';
import { FrameDescriptor, type Protocol } from '@netcx/adapter/edge';
import { VirtualClock } from '@netcx/clock';
import { i32, u8 } from '@netcx/dma/memory';
import { SoftwareNicDriver, WireEnd } from '../src/index.ts';

/** Keeps copies of what it is shown, and the buffers for as long as `holds` is set. */
class Listener implements Protocol {
  readonly frames: Uint8Array[] = [];
  readonly links: boolean[] = [];
  holds = false;
  #letGo: (() => void)[] = [];

  receive(...[edge, count]: Parameters<Protocol['receive']>): void {
    for (let index = 0; index < count; index++) {
      const frame = edge.ring.at(edge.ring.beginIndex + index);
      const address = FrameDescriptor.address.get(i32, frame);
      this.frames.push(u8.slice(address, address + FrameDescriptor.length.get(i32, frame)));
      const buffer = FrameDescriptor.buffer.get(i32, frame);
      if (this.holds) this.#letGo.push(() => edge.release(buffer));
      else edge.release(buffer);
    }
    edge.complete(count);
  }

  linkChanged(up: boolean): void {
    this.links.push(up);
  }

  letGo(): void {
    for (const release of this.#letGo.splice(0)) release();
  }
}

export function buildNic(clock: VirtualClock, name: string, wire: WireEnd) {
  const driver = new SoftwareNicDriver({ name, clock, macAddress: Uint8Array.of(2, 0, 0, 0, 0, 1), wire });
  const listener = new Listener();
  driver.adapter.attachProtocol(listener);
  return { driver, listener };
}

export function buildPair() {
  const clock = new VirtualClock({ seed: 1 });
  const wire = WireEnd.pair();
  return { clock, wire, left: buildNic(clock, 'left', wire.a), right: buildNic(clock, 'right', wire.b) };
}

/** A frame of some length, each byte of it said by its number. */
export const frameOf = (length: number, number: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 7 + number) & 0xff);

/** Sends a frame in a buffer of the adapter's; false when it has none, or no room. */
export function send(adapter: NetAdapter, bytes: Uint8Array): boolean {
  const edge = adapter.transmitQueues[0]!.edge;
  if (edge.room === 0) return false;
  const buffer = edge.pool.take();
  if (buffer === 0) return false;
  u8.set(bytes, edge.pool.address(buffer));
  const frame = edge.ring.at(edge.ring.endIndex);
  i32.fill(0, frame, frame + edge.ring.stride);
  FrameDescriptor.address.set(i32, frame, edge.pool.address(buffer));
  FrameDescriptor.length.set(i32, frame, bytes.length);
  FrameDescriptor.buffer.set(i32, frame, buffer);
  edge.submit(1);
  return true;
}
