/*
 * Changes of the MTU while the adapter runs: one after the other, in the order in which they were asked for, so that the last one is
 * what stays. Where queues exist they go and come again; what fails leaves the MTU that was there before.
 */

import type { AdapterLife } from './device/adapter-life.ts';
import type { Protocol } from './edge/protocol.ts';
import type { LinkLayer } from './link-layer.ts';

/** What a change of the MTU is made with. */
export interface MtuChangeOptions {
  readonly link: LinkLayer;
  readonly life: AdapterLife;
  /** The protocol above, to be told. */
  readonly protocol: () => Protocol | undefined;
}

/** The changes of one adapter's MTU. */
export class MtuChanges {
  readonly #options: MtuChangeOptions;
  #last: Promise<void> = Promise.resolve();

  /**
   * @param options - the adapter
   */
  constructor(options: MtuChangeOptions) {
    this.#options = options;
  }

  /**
   * @param mtu - payload of the longest frame, in bytes
   * @returns when the new queues are there
   * @throws what `NetAdapter.changeLinkLayerMtuSize` says
   */
  async change(mtu: number): Promise<void> {
    this.#options.link.checkMtu(mtu);
    // Asked for from inside a poll, the queues go when the poll is over.
    const done = this.#last.then(() => this.#change(mtu));
    this.#last = done.catch(() => undefined);
    await done;
  }

  async #change(mtu: number): Promise<void> {
    const { link, life, protocol } = this.#options;
    const before = link.mtu;
    if (mtu === before) return;
    const set = (value: number) => () => {
      link.setMtu(value);
    };
    try {
      await life.changeProperty(set(mtu));
    } catch (error) {
      const changed = link.mtu !== before;
      // Without the old queues either, it is the first error that says why.
      if (changed && before !== undefined) await life.changeProperty(set(before)).catch(() => undefined);
      throw error;
    }
    protocol()?.mtuChanged?.(mtu);
  }
}
