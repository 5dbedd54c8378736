/*
 * Extensions of a driver's own: what a NIC or a driver carries beside each packet or fragment that the framework knows
 * nothing of. They are laid out on the queues of the directions that they were added for, and cost nothing on the others.
 */

import { ExtensionRegistry, type Extension } from '@netcx/extensions';

/** The queues that carry an extension. */
export interface ExtensionUse {
  /** Whether the elements of transmit queues carry it; false when left out. */
  readonly transmit?: boolean;
  /** Whether those of receive queues do; false when left out. */
  readonly receive?: boolean;
}

/** The extensions that a driver adds to its adapter. */
export class OwnExtensions {
  readonly #refuseWhenStarted: () => void;
  readonly #added: { readonly extension: Extension; readonly use: ExtensionUse }[] = [];

  /**
   * @param refuseWhenStarted - throws while the adapter's queues exist
   */
  constructor(refuseWhenStarted: () => void) {
    this.#refuseWhenStarted = refuseWhenStarted;
  }

  /**
   * @param extension - what `defineExtension` returned
   * @param use - which queues carry it from the next start on
   * @throws AdapterError `ADAPTER_STARTED`; ExtensionError `RESERVED_NAME`, `DUPLICATE` or `INCOMPATIBLE`
   * @example
   * ```ts
   * adapter.ownExtensions.add(FlowMark, { receive: true });
   * // in createRxQueue: init.create((queue) => new ReceiveQueue(queue.extension(FlowMark).offset));
   * ```
   */
  add(extension: Extension, use: ExtensionUse): void {
    this.#refuseWhenStarted();
    const trial = new ExtensionRegistry();
    this.registerIn(trial);
    trial.register(extension);
    this.#added.push({ extension, use });
  }

  /**
   * @param registry - the adapter's, which takes them in the order in which they were added
   */
  registerIn(registry: ExtensionRegistry): void {
    for (const { extension } of this.#added) registry.register(extension);
  }

  /**
   * @param direction - of queues
   * @returns what they carry
   */
  usedBy(direction: 'transmit' | 'receive'): readonly Extension[] {
    return this.#added.filter(({ use }) => use[direction] === true).map(({ extension }) => extension);
  }
}
