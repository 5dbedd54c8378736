/*
 * A transmit queue of the driver's on rings that a test fills by itself, beside the adapter's own queues: for packets as no
 * protocol of these tests would have them. It has every extension that the driver knows.
 */

import type { TxQueue } from '@netcx/adapter';
import type { PciSlot } from '@netcx/bus';
import type { Clock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { i32 as m, u8 } from '@netcx/dma/memory';
import {
  Checksum,
  describeExtension,
  Gso,
  HardwareTimestamp,
  Ieee8021q,
  LogicalAddress,
  planElement,
} from '@netcx/extensions';
import { Fragment, FRAGMENT_BYTES, Packet, PACKET_BYTES, RingCollection } from '@netcx/rings';
import { Device } from '../src/device.ts';
import { HardwareClock } from '../src/timestamp.ts';
import { TransmitQueue } from '../src/tx-queue.ts';

const ELEMENTS = 64;
const BUFFER_BYTES = 128 * 1024;

/** Bytes of a fragment, and where in its buffer they begin. */
export interface HandMadePart {
  readonly bytes: Uint8Array;
  readonly offset?: number;
}

/** What a packet says of itself: fields of the core descriptor and of extensions. */
export interface HandMadeWishes {
  readonly layer2?: number;
  readonly layer3Type?: number;
  readonly layer3?: number;
  readonly layer4Type?: number;
  readonly layer4?: number;
  readonly sums?: number;
  readonly segmentSize?: number;
  readonly tagging?: number;
  readonly priority?: number;
  readonly vlan?: number;
}

/** The queue and its rings. */
export class HandMadeTxQueue {
  readonly rings: RingCollection;
  readonly driver: TransmitQueue;
  readonly #packets = planElement({
    ...{ level: 'packet', coreSize: PACKET_BYTES, coreAlignment: 4, mode: 'packed' },
    extensions: [Checksum, Gso, Ieee8021q, HardwareTimestamp],
  });
  readonly #fragments = planElement({
    ...{ level: 'fragment', coreSize: FRAGMENT_BYTES, coreAlignment: 8, mode: 'packed' },
    extensions: [LogicalAddress],
  });
  readonly #pages: number[] = [];

  constructor(slot: PciSlot, clock: Clock, id: number) {
    const layout = {
      name: 'hand-made',
      packets: ELEMENTS,
      fragments: ELEMENTS,
      packetStride: this.#packets.stride,
      fragmentStride: this.#fragments.stride,
    };
    this.rings = RingCollection.create(this.#allocate(RingCollection.bytes(layout)), layout);
    const queue: TxQueue = {
      id,
      demux8021p: 0,
      rings: this.rings,
      extension: (definition) =>
        (describeExtension(definition).level === 'packet' ? this.#packets : this.#fragments).extension(definition),
      notifyMoreCompletedPacketsAvailable: () => undefined,
    };
    const device = new Device(slot, clock);
    const stamps = new HardwareClock(device);
    stamps.start();
    this.driver = new TransmitQueue(device, queue, {
      connect: () => () => undefined,
      sleeping: () => undefined,
      clock: stamps,
    });
    this.driver.start();
  }

  #allocate(bytes: number): number {
    const page = hostPages.allocate(bytes, { owner: 'hand-made queue' });
    this.#pages.push(page);
    return page;
  }

  /** Hands a packet to the driver. */
  send(parts: readonly HandMadePart[], wishes: HandMadeWishes = {}): void {
    const { packets, fragments } = this.rings;
    const p = packets.at(packets.endIndex);
    m.fill(0, p, p + packets.stride);
    Packet.fragmentIndex.set(m, p, fragments.endIndex);
    Packet.fragmentCount.set(m, p, parts.length);
    Packet.layer2HeaderLength.set(m, p, wishes.layer2 ?? 0);
    Packet.layer3Type.set(m, p, wishes.layer3Type ?? 0);
    Packet.layer3HeaderLength.set(m, p, wishes.layer3 ?? 0);
    Packet.layer4Type.set(m, p, wishes.layer4Type ?? 0);
    Packet.layer4HeaderLength.set(m, p, wishes.layer4 ?? 0);
    this.#packets.extension(Checksum).whole.set(m, p, wishes.sums ?? 0);
    this.#packets.extension(Gso).mss.set(m, p, wishes.segmentSize ?? 0);
    const tag = this.#packets.extension(Ieee8021q);
    tag.txTagging.set(m, p, wishes.tagging ?? 0);
    tag.priorityCodePoint.set(m, p, wishes.priority ?? 0);
    tag.vlanIdentifier.set(m, p, wishes.vlan ?? 0);
    for (const { bytes, offset = 0 } of parts) {
      const f = fragments.at(fragments.endIndex);
      const buffer = this.#allocate(BUFFER_BYTES);
      m.fill(0, f, f + fragments.stride);
      u8.set(bytes, buffer + offset);
      Fragment.capacity.set(m, f, BUFFER_BYTES);
      Fragment.validLength.set(m, f, bytes.length);
      Fragment.offset.set(m, f, offset);
      this.#fragments.extension(LogicalAddress).address.set(m, f, buffer);
      fragments.publish(1);
    }
    packets.publish(1);
    this.driver.advance();
  }

  /** The stamp of a packet that came back; packets count from 0. */
  stampOf(packet: number): number {
    return this.#packets.extension(HardwareTimestamp).time.get(m, this.rings.packets.at(packet));
  }

  close(): void {
    this.driver.cancel();
    this.driver.advance();
    this.driver.stop();
    for (const page of this.#pages) hostPages.free(page);
  }
}
