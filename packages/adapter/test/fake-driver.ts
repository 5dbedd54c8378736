/*
 * A driver without a NIC: both callbacks' sides of a queue, with a device that finishes frames when a test says so, in any
 * order, and says so once each time that it is armed. It reads and writes frames at their logical addresses only, and notes
 * whatever the framework hands it that cannot be.
 */

import type { DmaDomain } from '@netcx/dma';
import { i32 as m, u8 } from '@netcx/dma/memory';
import { LogicalAddress, VirtualAddress } from '@netcx/extensions';
import { Fragment, Layer2Type, Layer3Type, Layer4Type, Packet, type Ring } from '@netcx/rings';
import type { PacketQueueCallbacks, RxQueue, TxQueue } from '../src/index.ts';

/** What both directions have in common: who called, and where a fragment's bytes are. */
abstract class FakeQueue implements PacketQueueCallbacks {
  /** Every callback but `advance`, in order. */
  readonly calls: string[] = [];
  /** What the framework did that it must not do. */
  readonly violations: string[] = [];
  /** Whether the device would notify now. */
  armed = false;
  protected readonly packets: Ring;
  protected readonly fragments: Ring;
  readonly #domain: DmaDomain | undefined;
  readonly #notify: () => void;
  readonly #logical: number;
  readonly #virtual: number;
  #state: 'created' | 'started' | 'stopped' = 'created';

  constructor(queue: TxQueue | RxQueue, domain: DmaDomain | undefined, notify: () => void) {
    this.packets = queue.rings.packets;
    this.fragments = queue.rings.fragments;
    this.#domain = domain;
    this.#notify = notify;
    this.#logical = queue.extension(LogicalAddress).offset;
    this.#virtual = queue.extension(VirtualAddress).offset;
  }

  start(): void {
    this.calls.push('start');
    this.#state = 'started';
    for (const ring of [this.packets, this.fragments]) {
      if (ring.beginIndex + ring.nextIndex + ring.endIndex !== 0) this.violations.push(`${ring.describe()} at start`);
    }
  }

  abstract post(): void;
  abstract drain(): void;

  advance(): void {
    if (this.#state !== 'started') this.violations.push(`advance while ${this.#state}`);
    this.post();
    this.drain();
  }

  setNotificationEnabled(enabled: boolean): void {
    if (this.#state !== 'started') this.violations.push(`setNotificationEnabled while ${this.#state}`);
    this.calls.push(enabled ? 'arm' : 'disarm');
    this.armed = enabled;
  }

  cancel(): void {
    this.calls.push('cancel');
  }

  stop(): void {
    this.calls.push('stop');
    this.#state = 'stopped';
    if (this.packets.driverCount + this.fragments.driverCount > 0)
      this.violations.push('stopped before everything was given back');
  }

  /** The device has something; it says so if it is armed, once. */
  protected raise(): void {
    if (!this.armed) return;
    this.armed = false;
    this.#notify();
  }

  /** Host offset of a fragment's bytes as the device finds them. */
  protected reach(f: number, length: number, access: 'read' | 'write'): number {
    const offset = Fragment.offset.get(m, f);
    if (this.#domain === undefined) return VirtualAddress.hostOffset.get(m, f, this.#virtual) + offset;
    const low = LogicalAddress.address.low.get(m, f, this.#logical) + offset;
    const at = this.#domain.translate(low, LogicalAddress.address.high.get(m, f, this.#logical), length, access);
    if (at < 0) this.violations.push(`${access} of ${length} bytes at an address that is not mapped`);
    return at;
  }
}

interface Posted {
  readonly packet: number;
  readonly fragments: number;
  done: boolean;
}

/** A transmit queue's driver. */
export class FakeTx extends FakeQueue {
  /** Frames that the device has sent, in ring order. */
  readonly frames: Uint8Array[] = [];
  /** Packets that the framework gave up. */
  ignored = 0;
  /** Most packets on the device at once. */
  slots = Infinity;
  /** Whether `cancel` gives up what the device has not sent. */
  givesUp = false;
  #posted: Posted[] = [];
  readonly #bytes = new Map<number, Uint8Array>();

  constructor(queue: TxQueue, domain: DmaDomain | undefined) {
    super(queue, domain, () => {
      queue.notifyMoreCompletedPacketsAvailable();
    });
  }

  /** Packets on the device that it has not sent. */
  get outstanding(): number {
    return this.#posted.filter(({ done }) => !done).length;
  }

  post(): void {
    while (this.packets.postCount > 0 && this.#posted.length < this.slots) {
      const packet = this.packets.nextIndex;
      const p = this.packets.at(packet);
      const count = Packet.fragmentCount.get(m, p);
      const ignore = Packet.ignore.get(m, p) === 1;
      if (ignore !== (count === 0))
        this.violations.push(`packet ${packet} has ${count} fragments and ignore ${ignore}`);
      if (Packet.fragmentIndex.get(m, p) !== this.fragments.nextIndex)
        this.violations.push(`packet ${packet} leaves a gap`);
      if (count > this.fragments.postCount)
        this.violations.push(`packet ${packet} has fragments that were not published`);
      this.#posted.push({ packet, fragments: count, done: ignore });
      this.fragments.post(count);
      this.packets.post(1);
    }
  }

  /** The device sends one of the frames that it has, counted from the oldest. */
  finish(which = 0): void {
    const waiting = this.#posted.filter(({ done }) => !done);
    const posted = waiting[which % Math.max(1, waiting.length)];
    if (posted === undefined) return;
    const p = this.packets.at(posted.packet);
    const parts = Array.from({ length: posted.fragments }, (_, part) => {
      const f = this.fragments.at(Packet.fragmentIndex.get(m, p) + part);
      const length = Fragment.validLength.get(m, f);
      const at = this.reach(f, length, 'read');
      return u8.slice(at, at + length);
    });
    this.#bytes.set(posted.packet, Buffer.concat(parts));
    posted.done = true;
    this.raise();
  }

  finishAll(): void {
    while (this.outstanding > 0) this.finish();
  }

  drain(): void {
    let first = this.#posted[0];
    while (first?.done === true) {
      const frame = this.#bytes.get(first.packet);
      if (frame === undefined) this.ignored++;
      else this.frames.push(frame);
      this.#bytes.delete(first.packet);
      this.fragments.complete(first.fragments);
      this.packets.complete(1);
      this.#posted.shift();
      first = this.#posted[0];
    }
  }

  override cancel(): void {
    super.cancel();
    if (!this.givesUp) return;
    this.#posted = [];
    this.fragments.complete(this.fragments.driverCount);
    this.packets.complete(this.packets.driverCount);
  }
}

/** A frame on its way to a receive queue, and how its driver describes it. */
export interface Arrival {
  readonly bytes: Uint8Array;
  /** How many fragments it is spread over. */
  readonly parts?: number;
  /** Where it begins in its first buffer. */
  readonly offset?: number;
  /** Fragments that the driver gives back unused before it. */
  readonly gap?: number;
  /** Whether the driver says to ignore it. */
  readonly ignore?: boolean;
  /** Whether the driver gives the fragments back without any packet. */
  readonly packetless?: boolean;
  /** Changes the descriptors after they were written. */
  readonly spoil?: (packet: number, fragment: (part: number) => number) => void;
}

/** A receive queue's driver. */
export class FakeRx extends FakeQueue {
  /** Most arrivals that one `advance` hands up. */
  batch = Infinity;
  /** Whether `cancel` gives nothing back: the driver is broken. */
  stuck = false;
  /** Fewest buffers that the device had at the beginning of an `advance` while frames waited for some. */
  leastBuffers = Infinity;
  /** Whether packets are empty when they are handed over; a verifier spoils what the driver must write. */
  expectsEmpty = true;
  readonly #arrivals: Arrival[] = [];
  #cancelled = false;

  constructor(queue: RxQueue, domain: DmaDomain | undefined) {
    super(queue, domain, () => {
      queue.notifyMoreReceivedPacketsAvailable();
    });
  }

  /** Arrivals that found no buffers yet, or were not handed up. */
  get waiting(): number {
    return this.#arrivals.length;
  }

  /** Buffers that the device has. */
  get buffers(): number {
    return this.fragments.driverCount;
  }

  /** Frames arrive; the device says so if it is armed. */
  arrive(...arrivals: Arrival[]): void {
    this.#arrivals.push(...arrivals);
    this.raise();
  }

  post(): void {
    const count = this.fragments.postCount;
    for (let index = 0; index < count; index++) {
      const f = this.fragments.at(this.fragments.nextIndex + index);
      const used = Fragment.validLength.get(m, f) !== 0 || Fragment.offset.get(m, f) !== 0;
      if (used || Fragment.capacity.get(m, f) === 0) this.violations.push('a fragment that is not as a new one is');
    }
    this.fragments.post(count);
    if (this.waiting > 0) this.leastBuffers = Math.min(this.leastBuffers, this.buffers);
  }

  drain(): void {
    for (let count = 0; count < this.batch && !this.#cancelled; count++) {
      const arrival = this.#arrivals[0];
      if (arrival === undefined) break;
      const { parts = 1, gap = 0, packetless = false } = arrival;
      if (this.fragments.driverCount < parts + gap || this.packets.driverCount === 0) break;
      this.#write(arrival);
      this.fragments.complete(parts + gap);
      if (!packetless) this.packets.complete(1);
      this.#arrivals.shift();
    }
    if (this.#cancelled && !this.stuck) this.#giveBack();
  }

  #write({ bytes, parts = 1, offset = 0, gap = 0, ignore = false, packetless = false, spoil }: Arrival): void {
    const first = this.fragments.beginIndex + gap;
    const cut = (part: number): number => Math.floor((part * bytes.length) / parts);
    const fragment = (part: number): number => this.fragments.at(first + part);
    for (let part = 0; part < parts; part++) {
      const f = fragment(part);
      const piece = bytes.subarray(cut(part), cut(part + 1));
      Fragment.validLength.set(m, f, piece.length);
      Fragment.offset.set(m, f, part === 0 ? offset : 0);
      u8.set(piece, this.reach(f, Math.max(1, piece.length), 'write'));
    }
    if (packetless) return;
    const p = this.packets.at(this.packets.beginIndex);
    if (this.expectsEmpty && m.subarray(p, p + this.packets.stride).some((word) => word !== 0))
      this.violations.push('a packet that was not cleared');
    if (ignore) Packet.ignore.set(m, p, 1);
    else {
      Packet.fragmentIndex.set(m, p, first & this.fragments.mask);
      Packet.fragmentCount.set(m, p, parts);
      Packet.layer2Type.set(m, p, Layer2Type.Ethernet);
      Packet.layer2HeaderLength.set(m, p, 14);
      Packet.layer3Type.set(m, p, Layer3Type.Unspecified);
      Packet.layer4Type.set(m, p, Layer4Type.Unspecified);
    }
    spoil?.(p, fragment);
  }

  #giveBack(): void {
    const count = this.packets.driverCount;
    for (let index = 0; index < count; index++)
      Packet.ignore.set(m, this.packets.at(this.packets.beginIndex + index), 1);
    this.fragments.complete(this.fragments.driverCount);
    this.packets.complete(count);
  }

  override cancel(): void {
    super.cancel();
    this.#cancelled = true;
    this.drain();
  }
}
