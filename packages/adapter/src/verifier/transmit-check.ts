/*
 * What a transmit queue's driver gives back in one call: each packet with all its fragments. A packet that comes back alone is
 * one that the framework would wait for, for ever.
 */

import { i32 as m } from '@netcx/dma/memory';
import { Packet } from '@netcx/rings';
import type { RingShadow } from './ring-shadow.ts';
import { raise, type Site } from './site.ts';

/** Checks what one transmit queue's driver gives back. */
export class TransmitCheck {
  readonly #site: Site;
  readonly #packets: RingShadow;
  readonly #fragments: RingShadow;

  /**
   * @param site - the queue
   * @param packets - its packet ring
   * @param fragments - its fragment ring
   */
  constructor(site: Site, packets: RingShadow, fragments: RingShadow) {
    this.#site = site;
    this.#packets = packets;
    this.#fragments = fragments;
  }

  /**
   * @throws ViolationError 0x87
   */
  check(): void {
    const { ring, begin, returned } = this.#packets;
    const fragments = this.#fragments.ring;
    for (let step = 0; step < returned; step++) {
      const index = (begin + step) & ring.mask;
      const p = ring.at(index);
      const run = Packet.fragmentCount.get(m, p);
      if (run === 0) continue;
      const last = (Packet.fragmentIndex.get(m, p) + run - 1) & fragments.mask;
      if (((last - fragments.beginIndex) & fragments.mask) >= fragments.driverCount) continue;
      raise(this.#site, 0x87, `${ring.name}: a packet came back, and its last fragment did not`, {
        index,
        field: `${fragments.name} beginIndex`,
        expected: `beyond ${String(last)}`,
        found: fragments.beginIndex,
      });
    }
  }
}
