/*
 * The receive queue, driver-managed: fragments come empty, and this driver says in each where the frame lies, how large that
 * buffer is, and what it wants to be told when nobody holds it any more. A fragment goes back either with a frame or not at
 * all, until the queue is cancelled; then everything does.
 */

import type { PacketQueueCallbacks, RxQueue } from '@netcx/adapter';
import { i32 } from '@netcx/dma/memory';
import { ReturnContext, VirtualAddress } from '@netcx/extensions';
import { Fragment, Layer2Type, Layer3Type, Layer4Type, Packet } from '@netcx/rings';
import { SLOT_BYTES, type ArrivedFrame, type ReceiveMemory } from './receive-memory.ts';

const ETHERNET_HEADER_BYTES = 14;

/** The driver's side of the receive queue. */
export class SoftwareRxQueue implements PacketQueueCallbacks {
  readonly #queue: RxQueue;
  readonly #memory: ReceiveMemory;
  #armed = false;
  #cancelled = false;

  /**
   * @param queue - the framework's side
   * @param memory - the buffers, and what has arrived in them
   */
  constructor(queue: RxQueue, memory: ReceiveMemory) {
    this.#queue = queue;
    this.#memory = memory;
  }

  /** A frame has arrived: an interrupt, good for once, if the framework wants one. */
  interrupt(): void {
    if (!this.#armed) return;
    this.#armed = false;
    this.#queue.notifyMoreReceivedPacketsAvailable();
  }

  setNotificationEnabled(enabled: boolean): void {
    this.#armed = enabled;
  }

  advance(): void {
    const { packets, fragments } = this.#queue.rings;
    while (!this.#cancelled && packets.driverCount > 0 && fragments.driverCount > 0) {
      const frame = this.#memory.lend();
      if (frame === undefined) return;
      this.#show(frame);
    }
    if (this.#cancelled) this.#giveBack();
  }

  #show({ slot, length }: ArrivedFrame): void {
    const { packets, fragments } = this.#queue.rings;
    const fragment = fragments.at(fragments.beginIndex);
    this.#queue.extension(VirtualAddress).address.set(i32, fragment, this.#memory.address(slot));
    this.#queue.extension(ReturnContext).context.low.set(i32, fragment, slot);
    Fragment.capacity.set(i32, fragment, SLOT_BYTES);
    Fragment.offset.set(i32, fragment, 0);
    Fragment.validLength.set(i32, fragment, length);
    const packet = packets.at(packets.beginIndex);
    Packet.fragmentIndex.set(i32, packet, fragments.beginIndex);
    Packet.fragmentCount.set(i32, packet, 1);
    Packet.layer2Type.set(i32, packet, Layer2Type.Ethernet);
    Packet.layer2HeaderLength.set(i32, packet, ETHERNET_HEADER_BYTES);
    Packet.layer3Type.set(i32, packet, Layer3Type.Unspecified); // the framework looks further if somebody wants to know
    Packet.layer4Type.set(i32, packet, Layer4Type.Unspecified);
    fragments.complete(1);
    packets.complete(1);
  }

  cancel(): void {
    this.#cancelled = true;
    this.#giveBack();
  }

  /** Packets without a frame are to be ignored; fragments without one have nothing in them. */
  #giveBack(): void {
    const { packets, fragments } = this.#queue.rings;
    for (let left = packets.driverCount; left > 0; left--) {
      Packet.ignore.set(i32, packets.at(packets.beginIndex), 1);
      packets.complete(1);
    }
    fragments.complete(fragments.driverCount);
  }
}
