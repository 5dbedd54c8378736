/*
 * Owns: the glue between an adapter's upper edge and a TAP: what Linux sends becomes frames of the transmit queues, what
 * the NIC receives becomes frames for Linux, with what either knows about checksums.
 * Invariant: no byte is copied here: Linux reads and writes the adapter's own buffers.
 */
import type { NetAdapter } from '@netcx/adapter';
import {
  FRAME_DESCRIPTOR_BYTES,
  FrameDescriptor,
  type Protocol,
  type ReceiveEdge,
  type TransmitEdge,
} from '@netcx/adapter/edge';
import { i32, u8 } from '@netcx/dma/memory';
import { RxChecksumEvaluation, TxChecksumAction } from '@netcx/extensions';
import {
  DATA_VALID,
  NEEDS_CHECKSUM,
  newVnetHeader,
  PieceMemory,
  Pieces,
  readVnetHeader,
  VNET_HEADER_BYTES,
  writeVnetHeader,
  type Tap,
} from '@netcx/tap';
import { layoutFor } from './frame-layout.ts';

/** Frames that are taken from Linux before others get their turn. */
const BURST = 64;
/** Most parts of a frame from the NIC, and the header. */
const MOST_PIECES = 64;
const NO_BUFFER = 0;
/** The checksum extension's byte: layer 4 from bit 4 on. */
const LAYER4_VALID = RxChecksumEvaluation.Valid << 4;
const LAYER4_REQUIRED = TxChecksumAction.Required << 4;

/** What passed, and what did not. */
export interface TapCounters {
  /** Frames from Linux to the NIC. */
  fromLinux: number;
  /** Frames from the NIC to Linux. */
  toLinux: number;
  /** Frames from the NIC that Linux had no room for. */
  refused: number;
  /** Frames from Linux that asked for what the NIC cannot do. */
  unsupported: number;
  /** Frames from Linux that were longer than a buffer. */
  tooLong: number;
}

/** A TAP above an adapter. */
export class TapProtocol implements Protocol {
  readonly counters: TapCounters = { fromLinux: 0, toLinux: 0, refused: 0, unsupported: 0, tooLong: 0 };
  readonly #tap: Tap;
  readonly #adapter: NetAdapter;
  readonly #host = new PieceMemory(u8);
  readonly #headerBytes = new Uint8Array(new SharedArrayBuffer(VNET_HEADER_BYTES + 1));
  readonly #headerView = new DataView(this.#headerBytes.buffer);
  readonly #headerMemory = new PieceMemory(this.#headerBytes);
  readonly #header = newVnetHeader();
  readonly #pieces = new Pieces(MOST_PIECES);
  readonly #frameView = new DataView(u8.buffer);
  /** Whether the next turn for each queue is asked for already. */
  readonly #again = new Map<number, boolean>();
  #closed = false;

  /**
   * @param tap - open
   * @param adapter - started, with as many transmit queues as the TAP has at least
   */
  constructor(tap: Tap, adapter: NetAdapter) {
    this.#tap = tap;
    this.#adapter = adapter;
  }

  /** Attaches to both, and moves frames from now on. */
  open(): void {
    this.#adapter.attachProtocol(this);
    this.#tap.setCarrier(this.#adapter.linkState.connected);
    for (let queue = 0; queue < this.#tap.queues; queue++) this.#tap.watch(queue, () => this.#take(queue));
  }

  /** Detaches from the adapter; the TAP is its owner's to close. */
  close(): void {
    this.#closed = true;
    this.#adapter.detachProtocol();
  }

  linkChanged(up: boolean): void {
    if (!this.#closed) this.#tap.setCarrier(up);
  }

  sent(edge: TransmitEdge): void {
    // There is room again, and buffers are back.
    if (edge.id < this.#tap.queues) this.#takeLater(edge.id);
  }

  receive(edge: ReceiveEdge, count: number): void {
    const pieces = this.#pieces;
    const first = edge.ring.beginIndex;
    let start = 0;
    for (let index = 0; index < count; index++) {
      const d = edge.ring.at(first + index);
      if (index === start) {
        pieces.clear();
        pieces.add(this.#headerMemory, 0, VNET_HEADER_BYTES);
      }
      // A frame of more parts than fit is cut, which its length gives away to Linux.
      if (pieces.count < MOST_PIECES)
        pieces.add(this.#host, FrameDescriptor.address.get(i32, d), FrameDescriptor.length.get(i32, d));
      if (FrameDescriptor.more.get(i32, d) === 1) continue;
      const judged = FrameDescriptor.checksum.get(i32, edge.ring.at(first + start));
      this.#header.flags = (judged & (3 << 4)) === LAYER4_VALID ? DATA_VALID : 0;
      writeVnetHeader(this.#headerView, 0, this.#header);
      if (!this.#closed && this.#tap.write(edge.id % this.#tap.queues, pieces)) this.counters.toLinux++;
      else this.counters.refused++;
      for (let part = start; part <= index; part++)
        edge.release(FrameDescriptor.buffer.get(i32, edge.ring.at(first + part)));
      start = index + 1;
    }
    edge.complete(count);
  }

  #takeLater(queue: number): void {
    if (this.#again.get(queue) === true) return;
    this.#again.set(queue, true);
    setImmediate(() => {
      this.#again.set(queue, false);
      this.#take(queue);
    });
  }

  /** Takes a burst from Linux. */
  #take(queue: number): void {
    const edge = this.#adapter.transmitQueues[queue]?.edge;
    if (this.#closed || edge === undefined) return;
    const { pool, ring } = edge;
    let taken = 0;
    while (taken < BURST && taken < edge.room) {
      const buffer = pool.take();
      if (buffer === NO_BUFFER) break;
      const address = pool.address(buffer);
      const length = this.#readInto(queue, address, pool.capacity);
      const d = ring.at(ring.endIndex + taken);
      if (length > 0 && this.#describe(d, buffer, address, length)) taken++;
      else pool.release(buffer);
      if (length < 0) break;
    }
    this.counters.fromLinux += taken;
    if (taken > 0) edge.submit(taken);
    if (taken === BURST) this.#takeLater(queue); // there may be more
  }

  /** The bytes of the next frame, without its header; -1 when there is none, 0 when it is of no use. */
  #readInto(queue: number, address: number, capacity: number): number {
    const pieces = this.#pieces;
    pieces.clear();
    pieces.add(this.#headerMemory, 0, VNET_HEADER_BYTES);
    pieces.add(this.#host, address, capacity);
    pieces.add(this.#headerMemory, VNET_HEADER_BYTES, 1); // where the first byte too many would go
    const bytes = this.#tap.read(queue, pieces);
    if (bytes < 0) return -1;
    const length = bytes - VNET_HEADER_BYTES;
    if (length <= capacity) return Math.max(0, length);
    this.counters.tooLong++;
    return 0;
  }

  /** Writes the descriptor of a frame; false when the NIC cannot do what Linux wants. */
  #describe(d: number, buffer: number, address: number, length: number): boolean {
    readVnetHeader(this.#headerView, 0, this.#header);
    i32.fill(0, d, d + FRAME_DESCRIPTOR_BYTES / 4);
    FrameDescriptor.address.set(i32, d, address);
    FrameDescriptor.length.set(i32, d, length);
    FrameDescriptor.buffer.set(i32, d, buffer);
    const { flags, segmentation, checksumStart, checksumOffset } = this.#header;
    this.#header.segmentation = 0;
    if ((flags & NEEDS_CHECKSUM) === 0 && segmentation === 0) return true;
    const frame = new DataView(this.#frameView.buffer, address, length);
    const wanted = segmentation === 0 ? layoutFor(frame, checksumStart, checksumOffset) : undefined;
    if (wanted === undefined) {
      this.counters.unsupported++;
      return false;
    }
    FrameDescriptor.layout.set(i32, d, wanted.layout);
    FrameDescriptor.layer4Type.set(i32, d, wanted.layer4Type);
    FrameDescriptor.checksum.set(i32, d, LAYER4_REQUIRED);
    return true;
  }
}
