/*
 * The adapter: what a driver creates for its NIC, tells what the NIC can do, and starts; what a protocol attaches to. Its
 * queues exist from start to stop. Follows NetAdapterCx's contract (reference netadaptercx §5.2): capabilities first, and
 * a start that finds one missing says which.
 */

import {
  checkNeeds,
  explainSettlement,
  unmetNeeds,
  type ProtocolNeeds,
  type QueueSizes,
  type RingSizing,
  type Settlement,
} from '@netcx/buffers';
import type { Clock } from '@netcx/clock';
import { ExtensionRegistry } from '@netcx/extensions';
import { FRAGMENT_MAXIMUM_LENGTH } from '@netcx/rings';
import { AdapterError } from './adapter-error.ts';
import { registerExtensions, settleAdapter } from './adapter-settlement.ts';
import type { RxCapabilities, TxCapabilities } from './capabilities.ts';
import { checkDatapathCapabilities } from './capability-check.ts';
import { Datapath } from './datapath.ts';
import type { Protocol } from './edge/protocol.ts';
import { checkLinkState, DISCONNECTED, type LinkState } from './link-state.ts';
import type { OffloadCapabilities } from './offload-capabilities.ts';
import type { AdapterCallbacks } from './queue-creation.ts';
import type { ReceiveQueue } from './receive-queue.ts';
import { OwnExtensions } from './own-extensions.ts';
import { collectStatistics, type AdapterStatistics } from './statistics.ts';
import type { TransmitQueue } from './transmit-queue.ts';

/** How an adapter is made. */
export interface NetAdapterOptions {
  /** For messages. */
  readonly name: string;
  /** Time, for the queues' execution contexts. */
  readonly clock: Clock;
  /** The driver's side. */
  readonly callbacks: AdapterCallbacks;
  /** Queues to create; 1 each when left out, never more than the NIC has. */
  readonly queues?: { readonly transmit: number; readonly receive: number };
  /** Chooses ring and pool sizes; `defaultSizing` when left out. */
  readonly sizing?: RingSizing;
  /**
   * Whether use of buffers after their release, and writing past their ends, is looked for, and since when who holds what is
   * noted; false when left out. For tests, not for speed.
   */
  readonly checkedBuffers?: boolean;
  /** `always` copies every frame to send, for tests and for NICs that are not trusted; `ifNeeded` when left out. */
  readonly bouncePolicy?: 'ifNeeded' | 'always';
  /**
   * Behind an IOMMU, frames of a protocol's own memory up to so many bytes are copied and not mapped; 0 when left out. Copying
   * a usual frame costs less than mapping it and unmapping it again (bench/mapping.bench.ts).
   */
  readonly copyBreak?: number;
  /**
   * Behind an IOMMU, how many mappings of a protocol's own memory stay in each transmit queue when no frame uses them, so that
   * memory which is sent again and again is mapped once. None when left out: a frame is unmapped when it is sent.
   */
  readonly idleMappings?: number;
}

/** Bytes of an Ethernet header: what a frame is longer than its MTU. */
const ETHERNET_HEADER_BYTES = 14;
/** The longest frame that a fragment can say, without its header. */
const MAXIMUM_MTU = FRAGMENT_MAXIMUM_LENGTH - ETHERNET_HEADER_BYTES;

/** A network adapter. */
export class NetAdapter {
  /** For messages. */
  readonly name: string;
  /** What the adapter registered for its queues. */
  readonly extensions = new ExtensionRegistry();
  /** Extensions of the driver's own, added before the adapter starts. */
  readonly ownExtensions = new OwnExtensions(() => this.#refuseWhenStarted('ownExtensions.add'));
  readonly #clock: Clock;
  readonly #callbacks: AdapterCallbacks;
  readonly #wanted: { readonly transmit: number; readonly receive: number };
  readonly #options: NetAdapterOptions;
  readonly #needs: ProtocolNeeds[] = [];
  #tx: TxCapabilities | undefined;
  #rx: RxCapabilities | undefined;
  #linkSpeed: number | undefined;
  #mtu: number | undefined;
  #address: Uint8Array | undefined;
  #offloads: OffloadCapabilities = {};
  #linkState: LinkState = DISCONNECTED;
  #protocol: Protocol | undefined;
  #withdrawNeeds: (() => void) | undefined;
  #stopping: Promise<void> | undefined;
  #datapath: Datapath | undefined;
  #settlement: Settlement | undefined;

  /**
   * @param options - name, clock, the driver's side, and how many queues
   * @throws AdapterError `QUEUE_CONFIGURATION` for a number of queues that cannot be
   */
  constructor(options: NetAdapterOptions) {
    this.name = options.name;
    for (const [direction, count] of Object.entries(options.queues ?? {})) {
      if (!Number.isInteger(count) || count < 0)
        throw new AdapterError(
          'QUEUE_CONFIGURATION',
          `${this.name}: queues.${direction} is ${String(count)}; expected 0 or more`,
        );
    }
    this.#clock = options.clock;
    this.#callbacks = options.callbacks;
    this.#wanted = options.queues ?? { transmit: 1, receive: 1 };
    const { idleMappings = 0, copyBreak = 0 } = options;
    for (const [what, value] of Object.entries({ idleMappings, copyBreak })) {
      if (!Number.isInteger(value) || value < 0)
        throw new AdapterError('QUEUE_CONFIGURATION', `${this.name}: ${what} is ${String(value)}; expected 0 or more`);
    }
    this.#options = options;
  }

  /**
   * @param tx - how the NIC sends
   * @param rx - how it receives
   * @throws AdapterError `CAPABILITIES_INVALID`, naming every field that cannot be, or `ADAPTER_STARTED`
   */
  setDatapathCapabilities(tx: TxCapabilities, rx: RxCapabilities): void {
    this.#refuseWhenStarted('setDatapathCapabilities');
    checkDatapathCapabilities(this.name, tx, rx);
    this.#tx = tx;
    this.#rx = rx;
  }

  /**
   * @param linkSpeed - the fastest that the link can be, in bits per second
   * @throws AdapterError `CAPABILITIES_INVALID` or `ADAPTER_STARTED`
   */
  setLinkLayerCapabilities(linkSpeed: number): void {
    this.#refuseWhenStarted('setLinkLayerCapabilities');
    if (!Number.isFinite(linkSpeed) || linkSpeed <= 0)
      throw new AdapterError(
        'CAPABILITIES_INVALID',
        `${this.name}: linkSpeed is ${String(linkSpeed)} bit/s; expected more than 0`,
      );
    this.#linkSpeed = linkSpeed;
  }

  /**
   * @param mtu - longest payload of a frame, in bytes, without the link layer's header
   * @throws AdapterError `CAPABILITIES_INVALID` or `ADAPTER_STARTED`
   */
  setLinkLayerMtuSize(mtu: number): void {
    this.#refuseWhenStarted('setLinkLayerMtuSize');
    if (!Number.isInteger(mtu) || mtu <= 0 || mtu > MAXIMUM_MTU)
      throw new AdapterError(
        'CAPABILITIES_INVALID',
        `${this.name}: an MTU of ${String(mtu)}; expected 1 to ${String(MAXIMUM_MTU)}`,
      );
    this.#mtu = mtu;
  }

  /**
   * @param address - the NIC's permanent address, 6 bytes for Ethernet
   * @throws AdapterError `ADDRESS_INVALID` or `ADAPTER_STARTED`
   */
  setPermanentLinkLayerAddress(address: Uint8Array): void {
    this.#refuseWhenStarted('setPermanentLinkLayerAddress');
    if (address.length === 0 || address.length > 32)
      throw new AdapterError(
        'ADDRESS_INVALID',
        `${this.name}: an address of ${String(address.length)} bytes; expected 1 to 32`,
      );
    this.#address = address.slice();
  }

  /**
   * Advertises offloads; the extensions that they need are registered on the driver's behalf.
   *
   * @param offloads - what the NIC can do
   * @throws AdapterError `ADAPTER_STARTED`
   */
  setOffloadCapabilities(offloads: OffloadCapabilities): void {
    this.#refuseWhenStarted('setOffloadCapabilities');
    this.#offloads = offloads;
  }

  /**
   * @param protocol - what stands above; called from the next burst on
   * @throws AdapterError `PROTOCOL_ATTACHED` when there is one; what `stateNeeds` throws
   */
  attachProtocol(protocol: Protocol): void {
    if (this.#protocol !== undefined)
      throw new AdapterError('PROTOCOL_ATTACHED', `${this.name} has a protocol above it already; detach it first`);
    if (protocol.needs !== undefined) this.#withdrawNeeds = this.stateNeeds(protocol.needs);
    for (const queue of this.receiveQueues) queue.discard();
    this.#protocol = protocol;
    if (this.#linkState.connected) protocol.linkChanged?.(true);
  }

  /**
   * Takes the protocol away: what is received from now on is discarded, and so is what it was shown and has not completed.
   */
  detachProtocol(): void {
    this.#protocol = undefined;
    this.#withdrawNeeds?.();
    this.#withdrawNeeds = undefined;
  }

  /** The link, as the driver last reported it. */
  get linkState(): LinkState {
    return this.#linkState;
  }

  /**
   * @param state - the link now; told to the protocol if it changed
   * @throws AdapterError `LINK_STATE_INVALID` for speeds that no such link has; nothing changes
   */
  setLinkState(state: LinkState): void {
    checkLinkState(this.name, state);
    const changed = state.connected !== this.#linkState.connected;
    this.#linkState = state;
    if (changed) this.#protocol?.linkChanged?.(state.connected);
  }

  /** Payload bytes of the longest frame; 0 before it was set. */
  get mtu(): number {
    return this.#mtu ?? 0;
  }

  /** The NIC's address; empty before it was set. */
  get linkLayerAddress(): Uint8Array {
    return this.#address?.slice() ?? new Uint8Array(0);
  }

  /** Sizes of rings and pools: what was asked, what was granted, and why; `undefined` before the first start. */
  get sizes(): { readonly transmit: QueueSizes; readonly receive: QueueSizes } | undefined {
    return this.#settlement;
  }

  /** What was settled between the NIC and the protocols at the last start; `undefined` before the first. */
  get settlement(): Settlement | undefined {
    return this.#settlement;
  }

  /** @returns one line for each decision of the last start: what was granted, who asked for what, and why */
  explain(): string {
    return this.#settlement === undefined
      ? `${this.name} was not started: nothing is settled`
      : explainSettlement(this.#settlement);
  }

  /**
   * States what a protocol above needs of buffers. Several may; the next start serves all of them.
   *
   * @param needs - what it needs
   * @returns withdraws the statement, for the start after
   * @throws BufferError `NEEDS_INVALID`; AdapterError `ADAPTER_STARTED` when the adapter runs with less than that
   */
  stateNeeds(needs: ProtocolNeeds): () => void {
    checkNeeds(needs);
    this.#refuseUnmet(needs);
    this.#needs.push(needs);
    return () => {
      const index = this.#needs.indexOf(needs);
      if (index >= 0) this.#needs.splice(index, 1);
    };
  }

  #refuseUnmet(needs: ProtocolNeeds): void {
    if (this.#datapath === undefined || this.#settlement === undefined) return;
    const unmet = unmetNeeds(this.#settlement, needs);
    if (unmet.length > 0)
      throw new AdapterError(
        'ADAPTER_STARTED',
        `${this.name} runs with less than ${needs.name} needs (${unmet.join('; ')}); state needs before start`,
      );
  }

  /** The transmit queues, from start to stop. */
  get transmitQueues(): readonly TransmitQueue[] {
    return this.#datapath?.transmitQueues ?? [];
  }

  /** The receive queues, from start to stop. */
  get receiveQueues(): readonly ReceiveQueue[] {
    return this.#datapath?.receiveQueues ?? [];
  }

  /**
   * Creates the queues and starts them.
   *
   * @throws AdapterError `CAPABILITIES_MISSING`, naming each; `QUEUE_NOT_CREATED` when the driver's callback made none.
   * Whatever was created is undone
   */
  start(): void {
    this.#refuseWhenStarted('start');
    const { tx, rx, linkSpeed, mtu } = this.#requireCapabilities();
    registerExtensions(this.extensions, tx, rx, this.#offloads);
    this.ownExtensions.registerIn(this.extensions);
    const maximumFrame = mtu + ETHERNET_HEADER_BYTES;
    const queues = {
      transmit: Math.min(this.#wanted.transmit, tx.maximumNumberOfQueues),
      receive: Math.min(this.#wanted.receive, rx.maximumNumberOfQueues),
    };
    const settlement = settleAdapter({
      name: this.name,
      tx,
      rx,
      linkSpeed,
      maximumFrame,
      queues,
      needs: this.#needs,
      sizing: this.#options.sizing,
    });
    this.#settlement = settlement;
    const { checkedBuffers = false, bouncePolicy = 'ifNeeded', copyBreak = 0, idleMappings = 0 } = this.#options;
    const datapath = new Datapath({
      name: this.name,
      clock: this.#clock,
      callbacks: this.#callbacks,
      registry: this.extensions,
      ownExtensions: this.ownExtensions,
      protocol: () => this.#protocol,
      tx,
      rx,
      maximumFrame,
      settlement,
      checkedBuffers,
      bouncePolicy,
      copyBreak,
      idleMappings,
      queues,
    });
    this.#datapath = datapath;
    try {
      datapath.create();
    } catch (error) {
      this.#datapath = undefined;
      throw error;
    }
  }

  /**
   * Cancels and drains every queue, stops it and gives its memory back. Received buffers that the protocol still holds
   * must be released first. After an error the adapter is not stopped yet: once the reason is gone, stop it again.
   *
   * @returns a promise that resolves when everything was given back; the same one while it is still going on
   * @throws AdapterError `QUEUE_NOT_DRAINED` when driver and protocol do not give everything back within a second;
   * BufferError `STILL_HELD` when somebody holds buffers
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await Promise.resolve(); // a protocol may call this from inside a poll: queues go when the poll is over
    this.#datapath?.cancel();
    await this.#datapath?.drain();
    this.#datapath?.close();
    this.#datapath = undefined;
  }

  /** @returns the adapter's counters now */
  statistics(): AdapterStatistics {
    return this.#datapath?.statistics() ?? collectStatistics([], [], []);
  }

  #requireCapabilities() {
    const { name } = this;
    const tx = this.#tx;
    const rx = this.#rx;
    const linkSpeed = this.#linkSpeed;
    const mtu = this.#mtu;
    if (
      tx !== undefined &&
      rx !== undefined &&
      linkSpeed !== undefined &&
      mtu !== undefined &&
      this.#address !== undefined
    ) {
      return { tx, rx, linkSpeed, mtu };
    }
    const missing: string[] = [];
    if (tx === undefined || rx === undefined) missing.push('setDatapathCapabilities');
    if (linkSpeed === undefined) missing.push('setLinkLayerCapabilities');
    if (mtu === undefined) missing.push('setLinkLayerMtuSize');
    if (this.#address === undefined) missing.push('setPermanentLinkLayerAddress');
    throw new AdapterError('CAPABILITIES_MISSING', `${name} cannot start: call ${missing.join(', ')} first`);
  }

  #refuseWhenStarted(what: string): void {
    if (this.#datapath !== undefined)
      throw new AdapterError('ADAPTER_STARTED', `${this.name}: ${what} comes before start; stop the adapter first`);
  }
}
