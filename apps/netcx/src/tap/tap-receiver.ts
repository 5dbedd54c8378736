/*
 * Owns: the way from the NIC to Linux: what the NIC has found out about a frame, and what was coalesced, becomes the header that
 * Linux reads in front of it.
 * Invariant: no byte of payload is copied here; Linux reads where the NIC has written.
 * Frames are handed over one by one, as they come: by a thread of its own, or several at a time so that Linux wakes its readers
 * less often, TCP passed no faster.
 */
import { FrameDescriptor } from '@netcx/adapter/edge';
import { i32, u8 } from '@netcx/dma/memory';
import { RxChecksumEvaluation } from '@netcx/extensions';
import { Layer3Type, Layer4Type } from '@netcx/rings';
import {
  DATA_VALID,
  NEEDS_CHECKSUM,
  newVnetHeader,
  PieceMemory,
  Pieces,
  Segmentation,
  VNET_HEADER_BYTES,
  writeVnetHeader,
  type Tap,
} from '@netcx/tap';
import { gatherParts, releaseParts, type ReceivedFrames } from './frame-parts.ts';
import { layer4ChecksumOffset, partialChecksum, writeChecksum } from './partial-checksum.ts';
import type { TapCounters } from './tap-counters.ts';

/** Most parts of a frame from the NIC, and the header. */
const MOST_PIECES = 128;
/** The checksum extension's byte: layer 4 from bit 4 on. */
const LAYER4_MASK = 3 << 4;
const LAYER4_VALID = RxChecksumEvaluation.Valid << 4;

/** What of a TAP takes frames. */
type WritableTap = Pick<Tap, 'queues' | 'write'>;

/** Hands frames of an adapter to a TAP. */
export class TapReceiver {
  readonly #tap: WritableTap;
  readonly #counters: TapCounters;
  readonly #host = new PieceMemory(u8);
  readonly #headerBytes = new Uint8Array(new SharedArrayBuffer(VNET_HEADER_BYTES));
  readonly #headerView = new DataView(this.#headerBytes.buffer);
  readonly #headerMemory = new PieceMemory(this.#headerBytes);
  readonly #header = newVnetHeader();
  readonly #pieces = new Pieces(MOST_PIECES);
  #closed = false;

  /**
   * @param tap - takes the frames
   * @param counters - what becomes of them
   */
  constructor(tap: WritableTap, counters: TapCounters) {
    this.#tap = tap;
    this.#counters = counters;
  }

  /** Hands nothing over from now on. */
  close(): void {
    this.#closed = true;
  }

  /**
   * @param edge - where frames have come in
   * @param count - how many descriptors
   */
  receive(edge: ReceivedFrames, count: number): void {
    const pieces = this.#pieces;
    const { beginIndex } = edge.ring;
    for (let taken = 0; taken < count;) {
      const first = beginIndex + taken;
      pieces.clear();
      pieces.add(this.#headerMemory, 0, VNET_HEADER_BYTES);
      const parts = gatherParts(edge, first, count - taken, pieces, this.#host);
      this.#describe(edge.ring.at(first), pieces.bytes - VNET_HEADER_BYTES);
      if (!this.#closed && this.#tap.write(edge.id % this.#tap.queues, pieces)) this.#counters.toLinux++;
      else this.#counters.refused++;
      releaseParts(edge, first, parts);
      taken += parts;
    }
    edge.complete(count);
  }

  /** Writes the header of a frame: `d` describes its first part, it has `length` bytes in all. */
  #describe(d: number, length: number): void {
    const header = this.#header;
    header.flags = 0;
    header.segmentation = Segmentation.None;
    header.headerLength = 0;
    header.segmentSize = 0;
    header.checksumStart = 0;
    header.checksumOffset = 0;
    if ((FrameDescriptor.checksum.get(i32, d) & LAYER4_MASK) === LAYER4_VALID) {
      header.flags = DATA_VALID;
      if (FrameDescriptor.coalesced.get(i32, d) > 1) this.#describeCoalesced(d, length);
    }
    writeVnetHeader(this.#headerView, 0, header);
  }

  /**
   * Segments that became one frame look to Linux like one that it could send: the checksum is still to be written, and begins
   * with that of the pseudo-header, and the frame can be cut into segments again.
   */
  #describeCoalesced(d: number, length: number): void {
    const header = this.#header;
    const address = FrameDescriptor.address.get(i32, d);
    const layer3 = FrameDescriptor.layer2HeaderLength.get(i32, d);
    const layer4 = layer3 + FrameDescriptor.layer3HeaderLength.get(i32, d);
    const payload = layer4 + FrameDescriptor.layer4HeaderLength.get(i32, d);
    const tcp = FrameDescriptor.layer4Type.get(i32, d) === Layer4Type.Tcp;
    const ipv6 = FrameDescriptor.layer3Type.get(i32, d) >= Layer3Type.IPv6UnspecifiedExtensions;
    const size = FrameDescriptor.coalescedDetail.get(i32, d);
    if (size === 0) return; // segments of several sizes, which nobody could cut again: told as one long frame
    const offset = layer4ChecksumOffset(tcp);
    const sum = partialChecksum(u8, address + layer3, ipv6, tcp, length - layer4);
    writeChecksum(u8, address + layer4 + offset, sum);
    header.flags = NEEDS_CHECKSUM;
    header.segmentation = tcp ? (ipv6 ? Segmentation.Tcp6 : Segmentation.Tcp4) : Segmentation.Udp;
    header.headerLength = payload;
    header.segmentSize = size;
    header.checksumStart = layer4;
    header.checksumOffset = offset;
  }
}
