/*
 * Completes a transmit queue's packets, and counts by whom they were for those that the NIC took. As long as every frame in
 * the ring is known to be for one station, a burst is completed without a look at any; as long as none was given
 * up, its descriptors are looked at together; otherwise one by one, to tell which are which.
 */

import type { Ring } from '@netcx/rings';
import type { TxTranslatorCounters } from '../tx-translator-options.ts';
import { TrafficCounter } from './traffic.ts';

/** What completes packets. */
export interface CompletingTranslator {
  readonly counters: TxTranslatorCounters;
  /** Whether every frame that was placed and has not completed is for one station, and was not given up. */
  readonly plain: boolean;
  /**
   * @param limit - most packets
   * @returns how many descriptors completed
   */
  complete(limit: number): number;
}

/** The traffic of one transmit queue. */
export class TransmitTally {
  readonly traffic: TrafficCounter;
  readonly #translator: CompletingTranslator;
  readonly #packets: Ring;
  readonly #send: Ring;
  /** Frames that were given up and have completed. */
  #refusedBefore = 0;

  /**
   * @param translator - completes packets
   * @param packets - the queue's packet ring
   * @param send - its frame descriptors
   */
  constructor(translator: CompletingTranslator, packets: Ring, send: Ring) {
    this.traffic = new TrafficCounter(translator.counters);
    this.#translator = translator;
    this.#packets = packets;
    this.#send = send;
  }

  /**
   * @param limit - most packets to complete
   */
  complete(limit: number): void {
    if (this.#translator.plain === true) this.#translator.complete(limit);
    else this.#completeAndLook(limit);
  }

  #completeAndLook(limit: number): void {
    const { counters } = this.#translator;
    const { packets, bytes } = counters;
    if (counters.refused === this.#refusedBefore) this.#completeTogether(limit);
    else this.#completeEach(limit);
    this.traffic.lookedAt(counters.packets - packets, counters.bytes - bytes);
  }

  /** As long as none was given up. */
  #completeTogether(limit: number): void {
    const { beginIndex } = this.#send;
    const completed = this.#translator.complete(limit);
    if (completed > 0) this.traffic.count(this.#send, beginIndex, completed);
  }

  #completeEach(limit: number): void {
    const { counters } = this.#translator;
    for (let left = limit; left > 0; left--) {
      const waiting = this.#packets.reapCount;
      const { packets } = counters;
      const first = this.#send.beginIndex;
      const completed = this.#translator.complete(1);
      if (counters.packets > packets) this.traffic.count(this.#send, first, completed);
      else if (completed > 0) this.#refusedBefore++;
      if (this.#packets.reapCount === waiting) return;
    }
  }
}
