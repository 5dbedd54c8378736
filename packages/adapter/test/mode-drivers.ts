/*
 * Drivers for the two receive modes in which they attach buffers themselves. They show whatever arrives, and let a test spoil
 * what they wrote before they give it back.
 */

import { i32 as m, u8 } from '@netcx/dma/memory';
import { DataBuffer, ReturnContext, VirtualAddress } from '@netcx/extensions';
import { Fragment, Layer2Type, Layer3Type, Layer4Type, Packet, type Ring } from '@netcx/rings';
import { OfferedBuffer, type PacketQueueCallbacks, type RxQueue } from '../src/index.ts';

/** What both drivers have in common: frames wait, `advance` shows them, `cancel` gives everything else back. */
export abstract class ModeDriver implements PacketQueueCallbacks {
  readonly queue: RxQueue;
  readonly packets: Ring;
  readonly fragments: Ring;
  readonly waiting: { readonly bytes: Uint8Array; readonly parts: number }[] = [];
  /** Whether a notification is wanted: it is good for one. */
  armed = false;
  /** Changes what was written, before it is given back. */
  spoil: ((packet: number, fragment: (part: number) => number) => void) | undefined;
  #cancelled = false;

  constructor(queue: RxQueue) {
    this.queue = queue;
    this.packets = queue.rings.packets;
    this.fragments = queue.rings.fragments;
  }

  /** Attaches buffers with these bytes to the fragments from `begin` on; false when it has none. */
  abstract fill(pieces: readonly Uint8Array[]): boolean;
  abstract letGo(): void;

  arrive(bytes: Uint8Array, parts = 1): void {
    this.waiting.push({ bytes, parts });
    this.raise();
  }

  /** There is something new. */
  raise(): void {
    if (!this.armed) return;
    this.armed = false;
    this.queue.notifyMoreReceivedPacketsAvailable();
  }

  advance(): void {
    while (this.waiting.length > 0 && !this.#cancelled) {
      const { bytes, parts } = this.waiting[0]!;
      if (this.packets.driverCount === 0 || this.fragments.driverCount < parts) break;
      const cut = (part: number) => Math.floor((part * bytes.length) / parts);
      const pieces = Array.from({ length: parts }, (_, part) => bytes.subarray(cut(part), cut(part + 1)));
      if (!this.fill(pieces)) break;
      const p = this.packets.at(this.packets.beginIndex);
      Packet.fragmentIndex.set(m, p, this.fragments.beginIndex);
      Packet.fragmentCount.set(m, p, parts);
      Packet.layer2Type.set(m, p, Layer2Type.Ethernet);
      Packet.layer2HeaderLength.set(m, p, 0); // not known
      Packet.layer3Type.set(m, p, Layer3Type.Unspecified);
      Packet.layer4Type.set(m, p, Layer4Type.Unspecified);
      const first = this.fragments.beginIndex;
      this.spoil?.(p, (part) => this.fragments.at(first + part));
      this.fragments.complete(parts);
      this.packets.complete(1);
      this.waiting.shift();
    }
    if (this.#cancelled) this.#giveBack();
  }

  #giveBack(): void {
    for (let left = this.packets.driverCount, index = 0; index < left; index++)
      Packet.ignore.set(m, this.packets.at(this.packets.beginIndex + index), 1);
    this.letGo();
    this.fragments.complete(this.fragments.driverCount);
    this.packets.complete(this.packets.driverCount);
  }

  setNotificationEnabled(enabled: boolean): void {
    this.armed = enabled;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#giveBack();
  }
}

/** Bytes of each buffer of the drivers' own. */
export const SLOT = 2048;

/** A driver with memory of its own: slots that it lends, and gets back by their number. */
export class Lender extends ModeDriver {
  readonly free: number[] = [];
  readonly returned: [number, number][] = [];
  /** Whether fragments are empty when they are handed over; a verifier spoils what the driver must write. */
  expectsEmpty = true;
  readonly memory: number;

  constructor(queue: RxQueue, memory: number, slots: number) {
    super(queue);
    this.memory = memory;
    for (let slot = slots - 1; slot >= 0; slot--) this.free.push(slot);
  }

  fill(pieces: readonly Uint8Array[]): boolean {
    if (this.free.length < pieces.length) return false;
    const virtual = this.queue.extension(VirtualAddress);
    const context = this.queue.extension(ReturnContext);
    pieces.forEach((bytes, part) => {
      const f = this.fragments.at(this.fragments.beginIndex + part);
      if (this.expectsEmpty && m.subarray(f, f + this.fragments.stride).some((word) => word !== 0))
        throw new Error('not cleared');
      const slot = this.free.pop()!;
      const offset = part === 0 ? 7 : 0;
      virtual.address.set(m, f, this.memory + slot * SLOT);
      context.context.low.set(m, f, slot);
      context.context.high.set(m, f, 0xfeed_0000 + slot);
      Fragment.capacity.set(m, f, SLOT);
      Fragment.offset.set(m, f, offset);
      Fragment.validLength.set(m, f, bytes.length);
      u8.set(bytes, this.memory + slot * SLOT + offset);
    });
    return true;
  }

  letGo(): void {
    // What was not lent never left.
  }

  back(low: number, high: number): void {
    this.returned.push([low, high]);
    this.free.push(low);
    this.raise();
  }
}

/** A driver that attaches the system's buffers: takes offers in order, and gives a place back once its frame is shown. */
export class Attacher extends ModeDriver {
  readonly offers: Ring;
  /** How many fragments each buffer is attached to. */
  share = 1;
  /** Offers that it keeps back when it shows frames. */
  lag = 0;
  #used = 0;

  constructor(queue: RxQueue) {
    super(queue);
    this.offers = queue.rings.dataBuffers!;
  }

  fill(pieces: readonly Uint8Array[]): boolean {
    const needed = Math.ceil(pieces.length / this.share);
    if (this.offers.driverCount - this.#used < needed) return false;
    const handle = this.queue.extension(DataBuffer).buffer;
    const capacity = this.queue.bufferCapacity;
    pieces.forEach((bytes, part) => {
      const offer = this.offers.at(this.offers.beginIndex + this.#used + Math.floor(part / this.share));
      const f = this.fragments.at(this.fragments.beginIndex + part);
      // Shared: each fragment has its part of the buffer, reached by the first fragment's offset alone.
      const offset = part === 0 ? 5 : 0;
      handle.set(m, f, OfferedBuffer.handle.get(m, offer));
      Fragment.capacity.set(m, f, capacity);
      Fragment.offset.set(m, f, offset);
      Fragment.validLength.set(m, f, bytes.length);
      u8.set(bytes, OfferedBuffer.hostOffset.get(m, offer) + offset);
    });
    this.#used += needed;
    while (this.#used > this.lag) {
      this.offers.complete(1);
      this.#used--;
    }
    return true;
  }

  letGo(): void {
    this.offers.complete(this.offers.driverCount);
    this.#used = 0;
  }
}
