/*
 * From an adapter's declarations to its queues and back: what the NIC can do is kept, what it must say before it starts is
 * named, sizes are settled, and the queues are made and closed. There is one datapath at a time, and a failed close keeps it.
 */

import type { Settlement } from '@netcx/buffers';
import type { ExtensionRegistry } from '@netcx/extensions';
import { AdapterError } from './adapter-error.ts';
import { registerExtensions, settleAdapter } from './adapter-settlement.ts';
import { RxCapabilities, TxCapabilities } from './capabilities.ts';
import { checkDatapathCapabilities } from './capability-check.ts';
import { Datapath } from './datapath.ts';
import { DEFAULT_DATAPATH } from './device/default-datapath.ts';
import type { Protocol, ProtocolPlace } from './edge/protocol.ts';
import { ETHERNET_HEADER_BYTES, type LinkLayer } from './link-layer.ts';
import type { NetAdapterOptions } from './net-adapter-options.ts';
import { offloadPort } from './offload/offload-port.ts';
import type { Offloads } from './offload/offloads.ts';
import type { OwnExtensions } from './own-extensions.ts';
import type { ReceiveFilter } from './receive-filter/receive-filter.ts';
import type { ReceiveScaling } from './receive-scaling/receive-scaling.ts';
import type { StatedNeeds } from './stated-needs.ts';
import { AdapterWatch } from './statistics/adapter-watch.ts';
import type { TxDemux } from './tx-demux/tx-demux.ts';
import type { AdapterVerifier } from './verifier/adapter-verifier.ts';

/** What a datapath is made from. */
export interface AdapterDatapathOptions {
  /** How the adapter was made. */
  readonly adapter: NetAdapterOptions;
  readonly link: LinkLayer;
  /** What protocols need; asked for when sizes are settled. */
  readonly needs: () => StatedNeeds;
  readonly registry: ExtensionRegistry;
  readonly ownExtensions: OwnExtensions;
  readonly offloads: Offloads;
  readonly txDemux: TxDemux;
  readonly receiveFilter: ReceiveFilter;
  readonly receiveScaling: ReceiveScaling;
  readonly verifier: AdapterVerifier | undefined;
  readonly above: ProtocolPlace;
}

/** An adapter's capabilities, and the queues that come of them. */
export class AdapterDatapath {
  /** Measures and traces; `undefined` = nobody asked for it. */
  readonly watch: AdapterWatch | undefined;
  readonly #options: AdapterDatapathOptions;
  readonly #name: string;
  #tx: TxCapabilities | undefined;
  #rx: RxCapabilities | undefined;
  #datapath: Datapath | undefined;
  #settlement: Settlement | undefined;

  /**
   * @param options - what it is made from
   */
  constructor(options: AdapterDatapathOptions) {
    this.#options = options;
    this.#name = options.adapter.name;
    this.watch = AdapterWatch.of(options.adapter);
  }

  /** The queues; `undefined` while there are none. */
  get current(): Datapath | undefined {
    return this.#datapath;
  }

  /** What was settled last; `undefined` before the first time. */
  get settlement(): Settlement | undefined {
    return this.#settlement;
  }

  /**
   * @param tx - how the NIC sends
   * @param rx - how it receives
   * @throws AdapterError `CAPABILITIES_INVALID`, naming every field that cannot be
   */
  setCapabilities(tx: TxCapabilities, rx: RxCapabilities): void {
    checkDatapathCapabilities(this.#name, tx, rx);
    this.#tx = tx;
    this.#rx = rx;
  }

  /**
   * Settles sizes, and registers what elements carry.
   *
   * @returns what was settled
   * @throws AdapterError `CAPABILITIES_MISSING`; BufferError `NEEDS_UNMET` or `SIZING_INVALID`
   */
  settle(): Settlement {
    const { adapter, needs, registry, ownExtensions, offloads } = this.#options;
    const { tx, rx, linkSpeed, mtu } = this.require();
    const scales = this.#options.receiveScaling.capabilities !== undefined;
    registerExtensions(registry, tx, rx, offloads.advertised, { receiveScaling: scales });
    ownExtensions.registerIn(registry);
    this.#settlement = settleAdapter({
      name: this.#name,
      tx,
      rx,
      linkSpeed,
      maximumFrame: mtu + ETHERNET_HEADER_BYTES,
      queues: this.#queueCounts(tx, rx),
      needs: needs().all,
      sizing: adapter.sizing,
    });
    return this.#settlement;
  }

  /**
   * Creates the queues and starts them.
   *
   * @throws what `Datapath.create` throws; then there is none
   */
  open(): void {
    const { adapter, registry, ownExtensions, txDemux, receiveFilter, receiveScaling, above, verifier, offloads } =
      this.#options;
    const { clock, callbacks = DEFAULT_DATAPATH, checkedBuffers = false, bouncePolicy = 'ifNeeded' } = adapter;
    const { copyBreak = 0, idleMappings = 0 } = adapter;
    const { tx, rx, mtu } = this.require();
    const settlement = this.#settlement ?? this.settle();
    const datapath = new Datapath({
      name: this.#name,
      clock,
      callbacks,
      registry,
      ownExtensions,
      above,
      tx,
      rx,
      maximumFrame: mtu + ETHERNET_HEADER_BYTES,
      settlement,
      checkedBuffers,
      bouncePolicy,
      copyBreak,
      idleMappings,
      offloads: offloads.transmit,
      queues: this.#queueCounts(tx, rx),
      polling: adapter.polling ?? {},
      txDemux,
      receiveFilter,
      receiveOffloads: offloads.receive,
      receiveScaling,
      verifier,
      watch: this.watch,
    });
    this.#datapath = datapath;
    try {
      const protocol = (): Protocol | undefined => above.protocol;
      offloads.start(offloadPort({ name: this.#name, clock, transmitQueues: datapath.transmitQueues, protocol }));
      datapath.create();
    } catch (error) {
      this.#datapath = undefined;
      offloads.stop();
      throw error;
    }
  }

  /** Cancels, drains and closes the queues. To be repeated when it fails; what was done is not done twice. */
  async close(): Promise<void> {
    this.#datapath?.cancel();
    await this.#datapath?.drain();
    this.#datapath?.close();
    this.#datapath = undefined;
    this.#options.offloads.stop();
  }

  #queueCounts(tx: TxCapabilities, rx: RxCapabilities): { readonly transmit: number; readonly receive: number } {
    const { transmit, receive } = this.#options.adapter.queues ?? { transmit: 1, receive: 1 };
    return {
      transmit: this.#options.txDemux.queues(Math.min(transmit, tx.maximumNumberOfQueues), tx.maximumNumberOfQueues),
      receive: Math.min(receive, rx.maximumNumberOfQueues),
    };
  }

  /**
   * @returns what a start needs
   * @throws AdapterError `CAPABILITIES_MISSING`, naming each setter that was not called
   */
  require() {
    const { adapter, link } = this.#options;
    const { speed: linkSpeed, mtu } = link;
    if (adapter.callbacks === undefined && mtu !== undefined) {
      // The default data path moves no byte: it needs no more of a NIC than one queue each way.
      this.#tx ??= TxCapabilities.withoutDma(1);
      this.#rx ??= RxCapabilities.systemManaged(mtu + ETHERNET_HEADER_BYTES + 64, 1);
    }
    const tx = this.#tx;
    const rx = this.#rx;
    const missing = [...(tx === undefined || rx === undefined ? ['setDatapathCapabilities'] : []), ...link.missing()];
    if (missing.length === 0 && tx !== undefined && rx !== undefined && linkSpeed !== undefined && mtu !== undefined)
      return { tx, rx, linkSpeed, mtu };
    throw new AdapterError('CAPABILITIES_MISSING', `${this.#name} cannot start: call ${missing.join(', ')} first`);
  }
}
