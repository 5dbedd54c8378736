/*
 * What the MAC itself looks for among frames, once, as they arrive: MAC control frames and those that it stamps. What it found
 * stands in front of them. The straight lines stop at a MAC control frame by themselves, so a burst that goes along one to its
 * end is not looked at: `look` comes before the first frame that leaves it.
 *
 * @hot
 */

import * as wire from '@netcx/hardware/wire';
import type { EngineParts } from './engine.ts';
import type { FlowControl } from './flow-control.ts';
import * as ways from './rows.ts';
import * as verdicts from './verdict.ts';

const { i32: w, Frame, FRAME_HEADER_BYTES } = wire;
const { FRAME_STAMPED, FRAME_TAKEN, judge, SHORTEST, SOUND } = verdicts;

/** Ether types that a straight line takes for packets, bytes in the order of memory: IPv4's and IPv6's. */
const IPV4 = 0x0008;
const IPV6 = 0xdd86;

/** The MAC's look at what arrives. */
export class Arrivals {
  /** Whether the burst at hand was not looked at yet. Never while frames wait in the packet buffer: they come behind a look. */
  #fresh = false;
  /** Whether a straight line would take MAC control frames for packets. */
  #disguised = false;
  readonly #filter: EngineParts['filter'];
  readonly #timestamps: EngineParts['timestamps'];
  readonly #flow: FlowControl;
  readonly #seekType = ways.rows().seekType;

  /**
   * @param parts - what the engine works with
   * @param flow - what MAC control frames are for
   */
  constructor(parts: EngineParts, flow: FlowControl) {
    this.#filter = parts.filter;
    this.#timestamps = parts.timestamps;
    this.#flow = flow;
  }

  /** Whether a burst is to be looked at before anything else, since a straight line might take what is looked for. */
  get early(): boolean {
    return this.#timestamps.receiving === true || this.#disguised === true;
  }

  /** Registers were written. */
  refresh(): void {
    const { etherType } = this.#flow;
    this.#disguised = etherType === IPV4 || etherType === IPV6;
  }

  /** A burst has come by the link. */
  begin(): void {
    this.#fresh = true;
  }

  /**
   * Looks at a burst, unless that was done.
   *
   * @param offset - byte offset of the first frame in device memory that no straight line has taken
   * @param frames - how many there are from there on
   */
  look(offset: number, frames: number): void {
    if (!this.#fresh) return;
    this.#fresh = false;
    const { etherType } = this.#flow;
    // Hardly ever is one for the MAC.
    if (this.#timestamps.receiving || (etherType >= 0 && this.#seekType(offset, frames, etherType) > 0))
      this.#inspect(offset, frames);
  }

  #inspect(offset: number, frames: number): void {
    const stamps = this.#timestamps.receiving;
    const macControl = this.#flow.etherType | 0;
    let at = offset | 0;
    for (let frame = 0; frame < frames; frame++) {
      const length = Frame.length.get(w, at >> 2) | 0;
      const data = (at + FRAME_HEADER_BYTES) | 0;
      const control = (w[(data + 12) >> 2]! & 0xffff) === macControl;
      if ((control || stamps) && length >= SHORTEST && Frame.status.get(w, at >> 2) === 0)
        this.#inspectFrame(at, length, control);
      at = (data + ((length + 7) & ~7)) | 0;
    }
  }

  #inspectFrame(at: number, length: number, control: boolean): void {
    const filter = this.#filter;
    const data = at + FRAME_HEADER_BYTES;
    if (control && this.#flow.takes(data)) Frame.status.set(w, at >> 2, FRAME_TAKEN);
    else if (this.#timestamps.receiving && judge(filter, false, at, length) === SOUND) {
      if (this.#timestamps.received(data, length) !== 0) Frame.status.set(w, at >> 2, FRAME_STAMPED);
    }
  }
}
