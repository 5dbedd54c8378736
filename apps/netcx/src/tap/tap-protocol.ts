/*
 * Owns: the glue between an adapter's upper edge and a TAP: a sender for each of the TAP's queues, and one receiver.
 * Invariant: attached from `open` to `close`; memory of its own is free once the adapter has stopped.
 */
import type { NetAdapter } from '@netcx/adapter';
import type { Protocol, ReceiveEdge, TransmitEdge } from '@netcx/adapter/edge';
import type { Clock } from '@netcx/clock';
import type { Tap } from '@netcx/tap';
import type { LargeFrames } from './large-frames.ts';
import { newTapCounters } from './tap-counters.ts';
import { TapReceiver } from './tap-receiver.ts';
import { TapSender } from './tap-sender.ts';

/** What of a TAP moves frames. */
export type FrameTap = Pick<Tap, 'queues' | 'read' | 'write' | 'watch' | 'resume' | 'setCarrier'>;

/** A TAP above an adapter. */
export class TapProtocol implements Protocol {
  readonly counters = newTapCounters();
  readonly #tap: FrameTap;
  readonly #adapter: NetAdapter;
  readonly #senders: readonly TapSender[];
  readonly #receiver: TapReceiver;
  #closed = false;

  /**
   * @param tap - open
   * @param adapter - started, with as many transmit queues as the TAP has at least
   * @param clock - gives other work its turn between bursts
   * @param large - where the tails of frames go that are longer than a buffer, for each queue: a queue that waits for a place is
   * told of its own frames' end, and of no other's. Nothing when there are no such frames
   */
  constructor(tap: FrameTap, adapter: NetAdapter, clock: Clock, large: readonly LargeFrames[] = []) {
    this.#tap = tap;
    this.#adapter = adapter;
    const { counters } = this;
    this.#senders = Array.from(
      { length: tap.queues },
      (_, queue) => new TapSender({ tap, queue, adapter, clock, large: large[queue], counters }),
    );
    this.#receiver = new TapReceiver(tap, counters);
  }

  /** Attaches to both, and moves frames from now on. */
  open(): void {
    this.#adapter.attachProtocol(this);
    this.#tap.setCarrier(this.#adapter.linkState.connected);
    for (const sender of this.#senders) sender.open();
  }

  /** Nothing moves any more. It stays attached, to be told of what is still on its way, until the adapter stops. */
  close(): void {
    this.#closed = true;
    for (const sender of this.#senders) sender.close();
    this.#receiver.close();
  }

  linkChanged(up: boolean): void {
    if (!this.#closed) this.#tap.setCarrier(up);
  }

  sent(edge: TransmitEdge, count: number): void {
    this.#senders[edge.id]?.sent(edge, count);
  }

  receive(edge: ReceiveEdge, count: number): void {
    this.#receiver.receive(edge, count);
  }
}
