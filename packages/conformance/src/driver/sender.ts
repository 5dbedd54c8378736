/*
 * Sends frames through an adapter's transmit edge: from its buffers or from memory of the protocol's own, whole or in
 * parts, at any alignment. Follows each until it completes: in order, once, and with the buffers gone back.
 */

import type { NetAdapter } from '@netcx/adapter';
import { FrameDescriptor, type TransmitEdge } from '@netcx/adapter/edge';
import { hostPages, PAGE_BYTES } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';
import type { HeldPart } from './receiver.ts';

/** Where a part of a frame lies before it is sent. */
export interface PartPlace {
  /** `buffer`: in one of the adapter's buffers. `own`: in memory that the NIC need not reach. */
  readonly from: 'buffer' | 'own';
  /** Bytes that its first byte lies behind the start of the buffer, or of a page: 0 to 63. */
  readonly offset: number;
}

/** A part of a frame. */
export interface Part extends PartPlace {
  /** Its bytes. */
  readonly bytes: Uint8Array;
}

/** What a frame's descriptor asks of the adapter. */
export interface FrameWishes {
  /** Which checksums it shall insert: those of TCP or UDP over IPv4, with IPv4's own, or over IPv6. None when left out. */
  readonly checksums?: 4 | 6;
  /** Bytes of payload of each segment that it shall be cut into; it goes as it is when left out. */
  readonly segmentSize?: number;
  /** A tag to put in, priority and VLAN as they stand on the wire (IEEE 802.1Q); none when left out. */
  readonly tag?: number;
}

/** What a descriptor's checksum byte says is required: layers 3 and 4, or layer 4 alone, since IPv6 has no checksum. */
const CHECKSUMS_REQUIRED = { 4: 0x28, 6: 0x20 } as const;
/** What a descriptor's tagging says when priority and VLAN count. */
const WHOLE_TAG = 3;
/** What a case writes over the protocol's own memory once a frame has completed. */
const SCRIBBLE = 0xa5;

interface Submitted {
  readonly descriptors: number;
  readonly ownSlots: readonly number[];
}

/** No buffer: the bytes lie in the protocol's own memory. */
const OWN_MEMORY = 0;
/** Places for frames in the protocol's own memory. */
const OWN_SLOTS = 64;
const SLOT_MARGIN = 64;

/** The sending half of the protocol that a case plays. */
export class Sender {
  /** Whether it writes to its own memory as soon as the frame in it has completed. */
  scribbles = false;
  readonly #adapter: NetAdapter;
  readonly #problem: (what: string) => void;
  readonly #slotBytes: number;
  readonly #slots: number;
  readonly #freeSlots: number[] = [];
  readonly #submitted = new Map<number, Submitted>();
  #written = 0;
  #last = 0;
  #completed = 0;

  /**
   * @param adapter - sends
   * @param longest - bytes of the longest frame that will be tried
   * @param problem - told what is wrong with completions
   */
  constructor(adapter: NetAdapter, longest: number, problem: (what: string) => void) {
    this.#adapter = adapter;
    this.#problem = problem;
    this.#slotBytes = Math.ceil((longest + SLOT_MARGIN) / 64) * 64;
    this.#slots = hostPages.allocate(OWN_SLOTS * this.#slotBytes, { owner: "conformance: the protocol's own memory" });
    for (let slot = 0; slot < OWN_SLOTS; slot++) this.#freeSlots.push(slot);
  }

  /** Bytes of host memory that it takes for itself. */
  get bytes(): number {
    return Math.ceil((OWN_SLOTS * this.#slotBytes) / PAGE_BYTES) * PAGE_BYTES;
  }

  /** Frames that were submitted and have not completed. */
  get pending(): number {
    return this.#submitted.size;
  }

  /** Frames that have completed. */
  get completed(): number {
    return this.#completed;
  }

  get #edge(): TransmitEdge {
    const queue = this.#adapter.transmitQueues[0];
    if (queue === undefined) throw new RangeError(`${this.#adapter.name} has no transmit queue: it is not started`);
    return queue.edge;
  }

  /** Descriptors that fit now. */
  get room(): number {
    return this.#adapter.transmitQueues.length === 0 ? 0 : this.#edge.room - this.#written;
  }

  /**
   * Writes a frame's descriptors; `flush` submits them.
   *
   * @param parts - the frame, in order; one part without bytes is a frame without bytes
   * @param wishes - offloads; none when left out
   * @returns false when there is no room, no buffer or no memory for it now; nothing is written then
   */
  write(parts: readonly Part[], wishes: FrameWishes = {}): boolean {
    if (this.room < parts.length) return false;
    const edge = this.#edge;
    const placed: HeldPart[] = [];
    const ownSlots: number[] = [];
    for (const part of parts) {
      const place = part.from === 'buffer' ? this.#intoBuffer(part) : this.#intoSlot(part, ownSlots);
      if (place === undefined) {
        for (const { buffer } of placed) if (buffer !== OWN_MEMORY) edge.pool.release(buffer);
        this.#freeSlots.push(...ownSlots);
        return false;
      }
      placed.push(place);
    }
    this.#describe(placed, ownSlots, wishes);
    return true;
  }

  /**
   * Writes the descriptors of a frame that lies in buffers that came by the receive edge; they go with it.
   *
   * @param parts - where it lies
   * @returns false when there is no room now
   */
  writeReceived(parts: readonly HeldPart[]): boolean {
    if (this.room < parts.length) return false;
    this.#describe(parts, [], {});
    return true;
  }

  #intoBuffer({ bytes, offset }: Part): HeldPart | undefined {
    const { pool } = this.#edge;
    if (offset + bytes.length > pool.capacity) return undefined;
    const buffer = pool.take();
    if (buffer === OWN_MEMORY) return undefined;
    const address = pool.address(buffer) + offset;
    u8.set(bytes, address);
    return { address, length: bytes.length, buffer };
  }

  #intoSlot({ bytes, offset }: Part, taken: number[]): HeldPart | undefined {
    const slot = this.#freeSlots.pop();
    if (slot === undefined) return undefined;
    taken.push(slot);
    const address = this.#slots + slot * this.#slotBytes + offset;
    u8.set(bytes, address);
    return { address, length: bytes.length, buffer: OWN_MEMORY };
  }

  #describe(parts: readonly HeldPart[], ownSlots: readonly number[], wishes: FrameWishes): void {
    const { ring } = this.#edge;
    const number = ++this.#last;
    for (const [index, { address, length, buffer }] of parts.entries()) {
      const at = ring.at(ring.endIndex + this.#written);
      i32.fill(0, at, at + ring.stride);
      FrameDescriptor.address.set(i32, at, address);
      FrameDescriptor.length.set(i32, at, length);
      FrameDescriptor.more.set(i32, at, index + 1 < parts.length ? 1 : 0);
      FrameDescriptor.buffer.set(i32, at, buffer);
      FrameDescriptor.context.set(i32, at, number);
      if (index === 0) {
        if (wishes.checksums !== undefined) FrameDescriptor.checksum.set(i32, at, CHECKSUMS_REQUIRED[wishes.checksums]);
        FrameDescriptor.segmentSize.set(i32, at, wishes.segmentSize ?? 0);
        if (wishes.tag !== undefined) {
          FrameDescriptor.tagging.set(i32, at, WHOLE_TAG);
          FrameDescriptor.tag.set(i32, at, wishes.tag);
        }
      }
      this.#written++;
    }
    this.#submitted.set(number, { descriptors: parts.length, ownSlots });
  }

  /** Submits what was written. */
  flush(): void {
    if (this.#written === 0) return;
    const count = this.#written;
    this.#written = 0;
    this.#edge.submit(count);
  }

  /**
   * Descriptors have completed.
   *
   * @param edge - the queue that sent them
   * @param count - how many, from `processedIndex` on
   */
  sent(edge: TransmitEdge, count: number): void {
    let index = 0;
    while (index < count) {
      const number = FrameDescriptor.context.get(i32, edge.ring.at(edge.ring.processedIndex + index));
      const frame = this.#submitted.get(number);
      if (frame === undefined || number !== this.#completed + 1) {
        this.#problem(`frame ${number} completed as number ${this.#completed + 1}: each completes once, in order`);
      }
      this.#submitted.delete(number);
      for (const slot of frame?.ownSlots ?? []) this.#reuse(slot);
      this.#completed = number;
      index += frame?.descriptors ?? 1;
    }
    if (index > count) this.#problem(`a frame of ${index - count} more parts completed before its last part`);
  }

  /** A frame has completed: its memory is the protocol's again, which may write to it at once. */
  #reuse(slot: number): void {
    if (this.scribbles)
      u8.fill(SCRIBBLE, this.#slots + slot * this.#slotBytes, this.#slots + (slot + 1) * this.#slotBytes);
    this.#freeSlots.push(slot);
  }

  /** Gives the protocol's own memory back. */
  close(): void {
    hostPages.free(this.#slots);
  }
}
