/*
 * Owns: one queue's way from Linux to the NIC: a frame is read where the NIC will read it, and what Linux has left undone
 * becomes the frame's offload wishes.
 * Invariant: no byte is copied here, and nothing is allocated for a frame.
 */
import type { NetAdapter } from '@netcx/adapter';
import { FrameDescriptor, type TransmitEdge } from '@netcx/adapter/edge';
import { MILLISECOND, type Alarm, type Clock } from '@netcx/clock';
import { i32, u8 } from '@netcx/dma/memory';
import { TxChecksumAction } from '@netcx/extensions';
import { Layer3Type, Layer4Type } from '@netcx/rings';
import {
  NEEDS_CHECKSUM,
  newVnetHeader,
  PieceMemory,
  Pieces,
  readVnetHeader,
  Segmentation,
  VNET_HEADER_BYTES,
  type Tap,
} from '@netcx/tap';
import { layer4TypeFor, layoutFor } from './frame-layout.ts';
import { clearDescriptor } from './frame-parts.ts';
import { IPV4_CHECKSUM, layer4ChecksumOffset, partialChecksum, writeChecksum } from './partial-checksum.ts';
import { LARGE_BYTES, type LargeFrames } from './large-frames.ts';
import type { TapCounters } from './tap-counters.ts';

/** Frames that are taken from Linux before others get their turn. */
const BURST = 64;
/** Header, buffer, large place, and one byte that shows a frame too long. */
const PIECES = 4;
/** Frames that lately came closer to each other than this, in nanoseconds, are looked for: being woken costs more than looking. */
const CLOSE = 250_000;
/**
 * Nanoseconds between two looks: what came meanwhile is taken at once, as from a NIC that moderates its interrupts. One frame after
 * the other finds code and data of each step on its way cold.
 */
const BETWEEN_LOOKS = 50_000;
/** For how long they are looked for behind the last one. */
const LOOK_AGAIN = MILLISECOND;
/** Nanoseconds until an adapter without queues is looked at again. */
const ABSENCE = 10 * MILLISECOND;
/** Most descriptors of a frame: what lies in the buffer, and what does not fit there. */
const PARTS = 2;
const NO_BUFFER = 0;
/** No frame was taken: Linux has none, or there is no memory for one. */
const NOTHING = -1;
const NO_MEMORY = -2;
/** The checksum extension's byte: layer 3 from bit 2 on, layer 4 from bit 4 on. */
const LAYER4_REQUIRED = TxChecksumAction.Required << 4;
const LAYERS_REQUIRED = LAYER4_REQUIRED | (TxChecksumAction.Required << 2);

/** What a sender works with. */
export interface TapSenderOptions {
  readonly tap: Pick<Tap, 'read' | 'watch' | 'resume'>;
  readonly queue: number;
  readonly adapter: NetAdapter;
  readonly clock: Clock;
  /** Where the tails of long frames go; none when Linux sends no frame that is longer than a buffer. */
  readonly large: LargeFrames | undefined;
  readonly counters: TapCounters;
}

/** Takes frames from one queue of a TAP and sends them by the transmit queue of the same number. */
export class TapSender {
  readonly #options: TapSenderOptions;
  readonly #again: Alarm;
  readonly #host = new PieceMemory(u8);
  readonly #headerBytes = new Uint8Array(new SharedArrayBuffer(VNET_HEADER_BYTES + 1));
  readonly #headerView = new DataView(this.#headerBytes.buffer);
  readonly #headerMemory = new PieceMemory(this.#headerBytes);
  readonly #header = newVnetHeader();
  readonly #pieces = new Pieces(PIECES);
  /** Whether the TAP calls when there is more. */
  #watching = true;
  /** When frames came last, and how far from each other lately, at most `LOOK_AGAIN`. */
  #lastCame = 0;
  #distance = LOOK_AGAIN;
  /** Whether there is no room or no memory, until frames were sent. */
  #blocked = false;
  #closed = false;

  /**
   * @param options - where frames come from and go to
   */
  constructor(options: TapSenderOptions) {
    this.#options = options;
    this.#again = options.clock.alarm(() => {
      if (!this.#watching && this.#goOn()) options.tap.resume(options.queue);
    });
  }

  /** Takes frames from now on. */
  open(): void {
    const { tap, queue } = this.#options;
    tap.watch(queue, () => this.#goOn());
  }

  /**
   * Takes what there is; whether the TAP is to call when there is more. Where frames come one behind the other it is not: looking
   * again costs less than being woken.
   */
  #goOn(): boolean {
    const drained = this.#take();
    const looks = this.#distance < CLOSE && this.#options.clock.now() < this.#lastCame + LOOK_AGAIN;
    this.#watching = drained && !looks;
    if (drained && looks) this.#again.after(BETWEEN_LOOKS);
    else if (!drained && !this.#blocked) this.#again.soon();
    return this.#watching;
  }

  /** Takes no frame from now on. */
  close(): void {
    this.#closed = true;
    this.#again.cancel();
  }

  /**
   * Frames were sent: their memory is free again, and there is room for others.
   *
   * @param edge - the transmit queue's
   * @param count - descriptors, from `processedIndex` on
   */
  sent(edge: TransmitEdge, count: number): void {
    const { large } = this.#options;
    if (large !== undefined) {
      for (let index = 0; index < count; index++) {
        const d = edge.ring.at(edge.ring.processedIndex + index);
        if (FrameDescriptor.buffer.get(i32, d) === NO_BUFFER) large.release(FrameDescriptor.context.get(i32, d));
      }
    }
    if (this.#blocked && !this.#closed) this.#again.soon();
  }

  /** Takes a burst from Linux; whether there is nothing more. */
  #take(): boolean {
    const { adapter, counters, queue, clock } = this.#options;
    const edge = adapter.transmitQueues[queue]?.edge;
    this.#blocked = this.#closed || edge === undefined;
    if (this.#closed) return false;
    if (edge === undefined) {
      this.#again.after(ABSENCE); // its queues are being made anew
      return false;
    }
    let end = 0;
    let frames = 0;
    let descriptors = 0;
    while (frames < BURST) {
      const written = descriptors + PARTS > edge.room ? NO_MEMORY : this.#takeFrame(edge, descriptors);
      if (written < 0) {
        end = written;
        break;
      }
      if (written > 0) frames++;
      descriptors += written;
    }
    counters.fromLinux += frames;
    if (descriptors > 0) edge.submit(descriptors);
    if (frames > 0) this.#note(clock.now(), frames);
    this.#blocked = end === NO_MEMORY;
    return end === NOTHING;
  }

  /** Frames came: those of a take have come one by one since the last. */
  #note(now: number, frames: number): void {
    this.#distance += (Math.min(now - this.#lastCame, LOOK_AGAIN) / frames - this.#distance) / 4;
    this.#lastCame = now;
  }

  /** Takes one frame: how many descriptors it has become, 0 when it is of no use; or NOTHING or NO_MEMORY. */
  #takeFrame(edge: TransmitEdge, behind: number): number {
    const { tap, queue, large, counters } = this.#options;
    const { pool, ring } = edge;
    const { capacity } = pool;
    const place = large?.next ?? 0;
    if (place < 0) return NO_MEMORY; // a frame that completes frees one, and brings the next turn
    const buffer = pool.take();
    if (buffer === NO_BUFFER) return NO_MEMORY;
    const address = pool.address(buffer);
    const room = capacity + (large === undefined ? 0 : LARGE_BYTES);
    const pieces = this.#pieces;
    pieces.clear();
    pieces.add(this.#headerMemory, 0, VNET_HEADER_BYTES);
    pieces.add(this.#host, address, capacity);
    if (large !== undefined) pieces.add(this.#host, large.address(place), LARGE_BYTES);
    pieces.add(this.#headerMemory, VNET_HEADER_BYTES, 1); // where the first byte too many would go
    const bytes = tap.read(queue, pieces);
    const length = bytes - VNET_HEADER_BYTES;
    if (length > room) counters.tooLong++;
    const d = ring.at(ring.endIndex + behind);
    if (length <= 0 || length > room || !this.#describe(d, address, Math.min(length, capacity))) {
      pool.release(buffer);
      return bytes < 0 ? NOTHING : 0;
    }
    FrameDescriptor.buffer.set(i32, d, buffer);
    if (length <= capacity || large === undefined) return 1;
    FrameDescriptor.more.set(i32, d, 1);
    large.take();
    const tail = ring.at(ring.endIndex + behind + 1);
    clearDescriptor(tail);
    FrameDescriptor.address.set(i32, tail, large.address(place));
    FrameDescriptor.length.set(i32, tail, length - capacity);
    FrameDescriptor.context.set(i32, tail, place);
    return 2;
  }

  /** Writes the descriptor of a frame's first part, with what Linux wants; false when nobody could do that. */
  #describe(d: number, address: number, length: number): boolean {
    readVnetHeader(this.#headerView, 0, this.#header);
    clearDescriptor(d);
    FrameDescriptor.address.set(i32, d, address);
    FrameDescriptor.length.set(i32, d, length);
    const { flags, segmentation, segmentSize, checksumStart, checksumOffset } = this.#header;
    if ((flags & NEEDS_CHECKSUM) === 0 && segmentation === Segmentation.None) return true;
    const layout = layoutFor(u8, address, length, checksumStart, checksumOffset);
    if (layout === 0 || (segmentation !== Segmentation.None && segmentSize === 0)) {
      this.#options.counters.unsupported++;
      return false;
    }
    FrameDescriptor.layout.set(i32, d, layout);
    FrameDescriptor.layer4Type.set(i32, d, layer4TypeFor(checksumOffset));
    // Each segment has an IPv4 header of its own, whose checksum nobody has written yet.
    FrameDescriptor.checksum.set(i32, d, segmentation === Segmentation.None ? LAYER4_REQUIRED : LAYERS_REQUIRED);
    if (segmentation === Segmentation.None) return true;
    FrameDescriptor.segmentSize.set(i32, d, segmentSize);
    this.#seedChecksum(d, address);
    return true;
  }

  /**
   * What a NIC wants of a frame that it cuts: IPv4's checksum is zero, and layer 4's begins with the pseudo-header's sum without
   * the length, since each segment has its own. Linux leaves there what would be right for the whole.
   */
  #seedChecksum(d: number, address: number): void {
    const layer3 = address + FrameDescriptor.layer2HeaderLength.get(i32, d);
    const layer4 = layer3 + FrameDescriptor.layer3HeaderLength.get(i32, d);
    const ipv6 = FrameDescriptor.layer3Type.get(i32, d) >= Layer3Type.IPv6UnspecifiedExtensions;
    const tcp = FrameDescriptor.layer4Type.get(i32, d) === Layer4Type.Tcp;
    if (!ipv6) writeChecksum(u8, layer3 + IPV4_CHECKSUM, 0);
    writeChecksum(u8, layer4 + layer4ChecksumOffset(tcp), partialChecksum(u8, layer3, ipv6, tcp, 0));
  }
}
