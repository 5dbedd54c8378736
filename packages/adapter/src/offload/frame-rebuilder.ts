/*
 * Frames that software changes before the NIC gets them: headers are written anew into a buffer of their own, and the
 * payload is sent from where it lies, or copied behind them where the NIC cannot read it. A frame that is cut is one packet a
 * segment; when there is no room for more, it goes on later, and its descriptors complete with the last segment.
 */

import { BufferEntry, NO_BUFFER } from '@netcx/buffers';
import { i32 as m } from '@netcx/dma/memory';
import type { Ring } from '@netcx/rings';
import { FrameDescriptor } from '../edge/frame-descriptor.ts';
import { frameSum } from '../layout/internet-sum.ts';
import { isBounce, type BounceReason, type RetryReason } from '../tx-decision.ts';
import type { TxWriter } from '../tx-writer.ts';
import { TAG_BYTES, type FramePlan } from './frame-plan.ts';
import {
  copyFromFrame,
  copyHeaders,
  CWR,
  dropFlags,
  FIN,
  FLAGS_AT,
  PSH,
  writeLayer3Checksum,
  writeLayer4Checksum,
  writeSegmentHeaders,
  type WrittenHeaders,
} from './header-writer.ts';
import { isIPv4 } from './offload-decision.ts';
import type { SegmentRun } from './segment-run.ts';

/** Places rebuilt frames of one transmit queue, one after the other. */
export class FrameRebuilder {
  /** Whether the frame at `next` is placed in part. */
  active = false;
  /** Whether a part of it was mapped. */
  mapped = false;
  /** Packets that the last frame became so far. */
  made = 0;
  readonly #writer: TxWriter;
  readonly #plan: FramePlan;
  readonly #send: Ring;
  readonly #copyAlways: boolean;
  readonly #run: SegmentRun;
  /** Where the headers lie that are being written; one object, since segments are many. */
  readonly #at: { -readonly [Field in keyof WrittenHeaders]: WrittenHeaders[Field] } = {
    network: 0,
    transport: 0,
    ipv4: true,
    tcp: true,
  };
  /** Payload that was placed. */
  #done = 0;
  /** The descriptor that holds the next byte of payload, counted from the frame's first, and where in it. */
  #part = 0;
  #within = 0;

  /**
   * @param writer - the ends of the rings
   * @param plan - what shall be done with the frame
   * @param send - the protocol's descriptors
   * @param copyAlways - whether no payload shall be sent from where it lies
   * @param run - places segments that are all alike
   */
  constructor(writer: TxWriter, plan: FramePlan, send: Ring, copyAlways: boolean, run: SegmentRun) {
    this.#writer = writer;
    this.#plan = plan;
    this.#send = send;
    this.#copyAlways = copyAlways;
    this.#run = run;
  }

  /**
   * The frame at `next` is a new one.
   *
   * @returns as `goOn`
   */
  begin(): RetryReason | 'tooLong' | undefined {
    this.#done = 0;
    this.#part = 0;
    this.#within = this.#plan.rebuilt;
    this.made = 0;
    this.mapped = false;
    return this.goOn();
  }

  /**
   * Places what there is room for.
   *
   * @returns `undefined` when all of the frame is placed, what it waits for otherwise; `tooLong` when a packet would have to
   * be copied and no buffer is as long
   */
  goOn(): RetryReason | 'tooLong' | undefined {
    const { rebuilt, segmentSize, layout } = this.#plan;
    const payload = layout.reader.length - rebuilt;
    do {
      if (segmentSize !== 0 && this.#placeAlike(payload)) continue;
      const size = segmentSize === 0 ? payload : Math.min(segmentSize, payload - this.#done);
      const last = this.#done + size === payload;
      const why = this.#writer.packets.freeCount === 0 ? 'packets' : this.#placePacket(size, last);
      if (why !== undefined) {
        this.active = this.made > 0;
        return why;
      }
    } while (this.#done < payload);
    this.active = false;
    return undefined;
  }

  /** The frame is given up in the middle. */
  giveUp(): void {
    this.active = false;
  }

  /** One packet: all that is left, or a segment. */
  #placePacket(size: number, last: boolean): RetryReason | 'tooLong' | undefined {
    const writer = this.#writer;
    const { rebuilt, insertedTag, layout, wishes } = this.#plan;
    if (writer.backfill + rebuilt + TAG_BYTES > writer.capacity) return 'tooLong'; // more headers than any frame has
    const buffer = writer.fragments.freeCount === 0 ? NO_BUFFER : writer.take();
    if (buffer === NO_BUFFER) return writer.fragments.freeCount === 0 ? 'fragments' : 'buffers';
    const start = BufferEntry.address.get(m, buffer) + writer.backfill;
    const header = copyHeaders(layout.reader, rebuilt, insertedTag, start);
    writer.layCopy(0, buffer, writer.backfill + header);
    const placed = this.#copyAlways ? 'policy' : this.#layPayload(size, header + size);
    let fragments = 1;
    if (typeof placed === 'number') fragments = placed;
    else if (!isBounce(placed) || writer.backfill + header + size > writer.capacity) {
      writer.undo(1);
      return isBounce(placed) ? 'tooLong' : placed;
    } else {
      copyFromFrame(layout.reader, rebuilt + this.#done, size, start + header);
      writer.layCopy(0, buffer, writer.backfill + header + size);
      this.#skip(size);
    }
    this.#finishHeaders(start, size, last);
    if (writer.mapped) this.mapped = true;
    writer.publish(this.#send.at(this.#send.nextIndex), fragments, wishes, !last);
    this.made++;
    this.#done += size;
    return undefined;
  }

  /** Lays the payload where it is: how many fragments the packet has then, or why not; nothing is laid then. */
  #layPayload(size: number, total: number): number | BounceReason | RetryReason {
    const writer = this.#writer;
    let part = this.#part;
    let within = this.#within;
    let fragments = 1;
    let left = size;
    while (left > 0) {
      const d = this.#send.at(this.#send.nextIndex + part);
      const run = Math.min(left, FrameDescriptor.length.get(m, d) - within);
      if (run <= 0) {
        within -= FrameDescriptor.length.get(m, d);
        part++;
        continue;
      }
      const start = FrameDescriptor.address.get(m, d) + within;
      const why = this.#obstacle(start, fragments) ?? writer.lay(fragments, bufferOf(d), start, run, total);
      if (why !== undefined) {
        writer.undo(fragments, 1);
        return why;
      }
      fragments++;
      within += run;
      left -= run;
    }
    this.#part = part;
    this.#within = within;
    return fragments;
  }

  /** Places the segments that come next and are alike, as many as lie in one piece and there is room for; whether there were any. */
  #placeAlike(payload: number): boolean {
    const run = this.#run;
    const { layout, segmentSize, layer4Seed, rebuilt, wishes, insertedTag } = this.#plan;
    if (!layer4Seed || wishes.tagging !== 0) return false;
    const d = this.#send.at(this.#send.nextIndex + this.#part);
    const left = payload - this.#done;
    const count = Math.trunc(Math.min(left, FrameDescriptor.length.get(m, d) - this.#within) / segmentSize);
    if (count <= 0) return false;
    const address = FrameDescriptor.address.get(m, d) + this.#within;
    const template = run.begin(rebuilt + TAG_BYTES, bufferOf(d), address, segmentSize, count);
    if (template < 0) return false;
    run.header = copyHeaders(layout.reader, rebuilt, insertedTag, template);
    this.#finishHeaders(template, segmentSize, false);
    this.#describeRun(template);
    const placed = run.place(count * segmentSize === left);
    this.made += placed;
    this.#done += placed * segmentSize;
    this.#within += placed * segmentSize;
    return true;
  }

  /** Says what the segments of a run have in common, and what differs from one to the next, as `template` has it. */
  #describeRun(template: number): void {
    const run = this.#run;
    const { layout, wishes } = this.#plan;
    const { reader, layer2Length, layer3Length } = layout;
    const { network, transport, ipv4, tcp } = this.#at;
    run.identificationAt = ipv4 ? network + 4 - template : 0;
    run.identification = ipv4 ? reader.half(layer2Length + 4) + this.made : 0;
    run.transportAt = tcp ? transport - template : 0;
    run.sequence = tcp ? reader.word(layer2Length + layer3Length + 4) + this.#done : 0;
    const flags = tcp ? reader.byte(layer2Length + layer3Length + FLAGS_AT) : 0;
    run.firstFlags = this.made === 0 ? flags & CWR : 0;
    run.lastFlags = flags & (FIN | PSH);
    if (run.firstFlags !== 0) dropFlags(this.#at, CWR);
    const first = this.#send.at(this.#send.nextIndex);
    const words = FrameDescriptor.layout.get(m, first) + wishes.layer2Added;
    run.layoutLow = 2 | (words << 16);
    run.layoutHigh = (words >>> 16) | (FrameDescriptor.layer4Type.get(m, first) << 16);
    run.checksums = wishes.checksum;
  }

  #obstacle(start: number, fragments: number): BounceReason | RetryReason | undefined {
    const writer = this.#writer;
    if ((start & writer.misaligned) !== 0) return 'alignment';
    if (fragments >= writer.maximumFragments) return 'tooManyParts';
    return fragments >= writer.fragments.freeCount ? 'fragments' : undefined;
  }

  /** Payload was copied: the next one begins behind it. */
  #skip(size: number): void {
    this.#within += size;
    for (;;) {
      const length = FrameDescriptor.length.get(m, this.#send.at(this.#send.nextIndex + this.#part));
      if (this.#within < length || this.#done + size + this.#plan.rebuilt === this.#plan.layout.reader.length) return;
      this.#within -= length;
      this.#part++;
    }
  }

  #finishHeaders(start: number, size: number, last: boolean): void {
    const plan = this.#plan;
    const { layer2Length, layer3Type, layer3Length, layer4Length, reader } = plan.layout;
    if (plan.segmentSize === 0 && !plan.layer3Checksum && !plan.layer4Checksum) return;
    const at = this.#at;
    const ipv4 = isIPv4(layer3Type);
    at.network = start + layer2Length + plan.wishes.layer2Added;
    at.transport = at.network + layer3Length;
    at.ipv4 = ipv4;
    at.tcp = plan.tcp;
    const layer4Bytes = plan.segmentSize === 0 ? plan.layer4Bytes : layer4Length + size;
    if (plan.segmentSize !== 0) writeSegmentHeaders(at, layer4Bytes, this.made, this.#done, last);
    if (ipv4 && (plan.segmentSize !== 0 || plan.layer3Checksum)) writeLayer3Checksum(at, plan.layer3Checksum);
    if (plan.layer4Seed) writeLayer4Checksum(at, layer4Bytes, layer4Length, -1);
    else if (plan.layer4Checksum)
      writeLayer4Checksum(
        at,
        layer4Bytes,
        layer4Length,
        frameSum(reader, plan.rebuilt + this.#done, layer4Bytes - layer4Length),
      );
  }
}

const bufferOf = (d: number): number => FrameDescriptor.buffer.get(m, d) | 0;
