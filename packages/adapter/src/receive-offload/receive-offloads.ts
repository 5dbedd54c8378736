/*
 * What receive queues do in software now: the part of an adapter's offloads that its hardware does not do, and what a
 * protocol asks for besides. Queues look at one word a poll; nothing of it costs anything while it is 0.
 */

import type { OffloadChange, OffloadSet } from '../offload/offload-set.ts';
import { switchWord, type ReceiveWork } from './receive-offload-switches.ts';

/** The software offloads of an adapter's receive queues. */
export class ReceiveOffloads {
  #work: ReceiveWork = {};
  #word = 0;

  /** Bits of `ReceiveSwitch`: what each queue does from its next poll on; 0 = nothing. */
  get word(): number {
    return this.#word;
  }

  /**
   * Whose rules coalescing goes by: a receiver's, where one frame stands for segments of any size, with the last
   * acknowledgement, window and timestamp; or a forwarder's, which takes only what segmentation turns into the same segments
   * again, and says their size in `coalescedDetail`.
   */
  get coalescingFor(): 'receiving' | 'forwarding' {
    return this.#work.coalescingFor ?? 'receiving';
  }

  set coalescingFor(purpose: 'receiving' | 'forwarding') {
    this.#set({ coalescingFor: purpose });
  }

  /** Whether headers are found that the driver has not; in any case where something here needs them. */
  get findsLayouts(): boolean {
    return this.#work.layout ?? false;
  }

  set findsLayouts(wanted: boolean) {
    this.#set({ layout: wanted });
  }

  /**
   * Follows the adapter's switches. A checksum that the hardware checks is looked at here, too, once a protocol has asked for
   * it: for the frames that the hardware passes unchecked.
   *
   * @param enabled - what is on
   * @param inHardware - what of that the hardware does
   * @param asked - what was asked for
   * @param software - what software may do
   */
  use(
    enabled: OffloadSet,
    inHardware: OffloadSet,
    asked: OffloadChange,
    software: Readonly<Record<'rxChecksum' | 'rsc', boolean>>,
  ): void {
    const { rxChecksum = {} } = asked;
    this.#set({
      rxChecksum: software.rxChecksum
        ? pick(enabled.rxChecksum, (name) => !inHardware.rxChecksum[name] || rxChecksum[name] === true)
        : {},
      rsc: software.rsc
        ? {
            ...pick(enabled.rsc, (name) => !inHardware.rsc[name]),
            tcpTimestampOption: enabled.rsc.tcpTimestampOption,
          }
        : {},
    });
  }

  #set(change: ReceiveWork): void {
    this.#work = { ...this.#work, ...change };
    this.#word = switchWord(this.#work);
  }
}

/** The switches that are on and that are wanted. */
function pick<Name extends string>(
  switches: Readonly<Record<Name, boolean>>,
  wanted: (name: Name) => boolean,
): Partial<Record<Name, boolean>> {
  const chosen: Partial<Record<Name, boolean>> = {};
  for (const name of Object.keys(switches) as Name[]) chosen[name] = switches[name] && wanted(name);
  return chosen;
}
