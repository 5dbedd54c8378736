/*
 * The transmit queue. A frame is sent the moment that it is looked at: its fragments are copied onto the wire, and it is
 * complete. So everything that the framework hands over comes back in the same `advance`, and there is nothing to wait for.
 */

import type { PacketQueueCallbacks, TxQueue } from '@netcx/adapter';
import { i32, u8 } from '@netcx/dma/memory';
import { VirtualAddress } from '@netcx/extensions';
import { Fragment, Packet } from '@netcx/rings';
import type { WireEnd } from './wire.ts';

/** Bytes of the shortest frame that Ethernet knows, without its check sequence. */
const SHORTEST_FRAME = 60;

/** The driver's side of the transmit queue. */
export class SoftwareTxQueue implements PacketQueueCallbacks {
  readonly #queue: TxQueue;
  readonly #wire: WireEnd;

  /**
   * @param queue - the framework's side
   * @param wire - what frames go out to
   */
  constructor(queue: TxQueue, wire: WireEnd) {
    this.#queue = queue;
    this.#wire = wire;
  }

  advance(): void {
    const { packets, fragments } = this.#queue.rings;
    while (packets.driverCount > 0) {
      const packet = packets.at(packets.beginIndex);
      const count = Packet.fragmentCount.get(i32, packet);
      // A packet to be ignored is one that the framework could not translate: it only has its turn.
      if (Packet.ignore.get(i32, packet) === 0) this.#send(Packet.fragmentIndex.get(i32, packet), count);
      fragments.complete(count);
      packets.complete(1);
    }
  }

  #send(first: number, count: number): void {
    const { fragments } = this.#queue.rings;
    let length = 0;
    for (let part = 0; part < count; part++) length += Fragment.validLength.get(i32, fragments.at(first + part));
    const padded = Math.max(length, SHORTEST_FRAME);
    let to = this.#wire.reserve(padded);
    if (to === 0) return; // lost, and counted by the wire
    u8.fill(0, to + length, to + padded);
    const { address } = this.#queue.extension(VirtualAddress);
    for (let part = 0; part < count; part++) {
      const fragment = fragments.at(first + part);
      const from = address.get(i32, fragment) + Fragment.offset.get(i32, fragment);
      const bytes = Fragment.validLength.get(i32, fragment);
      u8.copyWithin(to, from, from + bytes);
      to += bytes;
    }
    this.#wire.commit(padded);
  }

  setNotificationEnabled(): void {
    // Nothing is ever in flight, so there is nothing to notify of.
  }

  cancel(): void {
    // The same: what the framework handed over, the next `advance` sends and gives back.
  }
}
