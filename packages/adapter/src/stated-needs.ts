/*
 * What protocols need of an adapter's buffers: stated by any number of them, served at the next start. A need that a running
 * adapter does not meet is refused, since its buffers stay as they are until it stops.
 */

import { checkNeeds, unmetNeeds, type ProtocolNeeds, type Settlement } from '@netcx/buffers';
import { AdapterError } from './adapter-error.ts';

/** The needs that were stated and not withdrawn. */
export class StatedNeeds {
  readonly #name: string;
  readonly #running: () => Settlement | undefined;
  readonly #needs: ProtocolNeeds[] = [];

  /**
   * @param name - the adapter's, for messages
   * @param running - what was settled for the queues that exist; `undefined` while none do
   */
  constructor(name: string, running: () => Settlement | undefined) {
    this.#name = name;
    this.#running = running;
  }

  /** The needs, in the order in which they were stated. */
  get all(): readonly ProtocolNeeds[] {
    return this.#needs;
  }

  /**
   * @param needs - what a protocol needs
   * @returns withdraws the statement, for the start after
   * @throws BufferError `NEEDS_INVALID`; AdapterError `ADAPTER_STARTED` when the adapter runs with less than that
   */
  state(needs: ProtocolNeeds): () => void {
    checkNeeds(needs);
    const settlement = this.#running();
    const unmet = settlement === undefined ? [] : unmetNeeds(settlement, needs);
    if (unmet.length > 0)
      throw new AdapterError(
        'ADAPTER_STARTED',
        `${this.#name} runs with less than ${needs.name} needs (${unmet.join('; ')}); state needs before start`,
      );
    this.#needs.push(needs);
    return () => {
      const index = this.#needs.indexOf(needs);
      if (index >= 0) this.#needs.splice(index, 1);
    };
  }
}
