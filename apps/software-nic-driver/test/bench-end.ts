/*
 * The far end of a software NIC's wire, as the conformance suite stands there: a port with room for one frame, which hands
 * on copies of what comes, and a sender that writes into the NIC as another NIC would.
 */

import type { FarEnd, FarEndPartner } from '@netcx/conformance';
import { hostPages } from '@netcx/dma';
import { u8 } from '@netcx/dma/memory';
import type { Port, WireEnd } from '../src/index.ts';

export class BenchEnd implements FarEnd, Port {
  readonly #wire: WireEnd;
  readonly #room: number;
  #partner: FarEndPartner | undefined;

  constructor(wire: WireEnd) {
    this.#wire = wire;
    this.#room = hostPages.allocate(4096, { owner: 'the bench' });
  }

  attach(partner: FarEndPartner): void {
    this.#partner = partner;
  }

  enable(plugged: boolean): void {
    this.#wire.plug(plugged ? this : undefined);
  }

  send(bytes: Uint8Array): void {
    const to = this.#wire.reserve(bytes.length);
    if (to === 0) return;
    u8.set(bytes, to);
    this.#wire.commit(bytes.length);
  }

  reserve(bytes: number): number {
    return bytes <= 4096 ? this.#room : 0;
  }

  commit(bytes: number): void {
    this.#partner?.receive(u8.subarray(this.#room, this.#room + bytes));
  }

  linkChanged(up: boolean): void {
    this.#partner?.changed(up);
  }

  close(): void {
    hostPages.free(this.#room);
  }
}
