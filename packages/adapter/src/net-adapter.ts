/*
 * The adapter: what a driver creates for its NIC, tells what the NIC can do, and starts; what a protocol attaches to. Its
 * queues exist while it is started and its device, if it has one, is in D0. Follows NetAdapterCx's contract (reference
 * netadaptercx §5.2): capabilities first, and a start that finds one missing says which.
 */

import { explainSettlement, type ProtocolNeeds, type QueueSizes, type Settlement } from '@netcx/buffers';
import { ExtensionRegistry } from '@netcx/extensions';
import { AdapterDatapath } from './adapter-datapath.ts';
import { AdapterError } from './adapter-error.ts';
import type { RxCapabilities, TxCapabilities } from './capabilities.ts';
import { Configuration } from './configuration/configuration.ts';
import { AdapterLife, type StartRequestor } from './device/adapter-life.ts';
import { checkCallbacks } from './device/default-datapath.ts';
import type { NetDevice } from './device/net-device.ts';
import type { Protocol } from './edge/protocol.ts';
import { ExecutionContext, type ExecutionContextConfig } from './execution-context.ts';
import { driverContextConfig } from './execution/polling-options.ts';
import { inspectAdapter, type AdapterInspection } from './inspection/adapter-inspection.ts';
import { LinkLayer } from './link-layer.ts';
import type { LinkState } from './link-state.ts';
import { MtuChanges } from './mtu-changes.ts';
import { checkNetAdapterOptions, type NetAdapterOptions } from './net-adapter-options.ts';
import type { OffloadCapabilities } from './offload-capabilities.ts';
import { allowedBy } from './offload/offload-keywords.ts';
import { Offloads } from './offload/offloads.ts';
import { OwnExtensions } from './own-extensions.ts';
import { PowerPolicy } from './power/power-policy.ts';
import { alwaysPowered } from './power-reference.ts';
import { ReceiveFilter } from './receive-filter/receive-filter.ts';
import type { ReceiveQueue } from './receive-queue.ts';
import { ReceiveScaling } from './receive-scaling/receive-scaling.ts';
import { StatedNeeds } from './stated-needs.ts';
import { collectStatistics, type AdapterStatistics } from './statistics.ts';
import type { TransmitQueue } from './transmit-queue.ts';
import { TxDemux } from './tx-demux/tx-demux.ts';
import { verifierOf, type AdapterVerifier } from './verifier/adapter-verifier.ts';
import { violation, type ViolationError } from './verifier/violation.ts';

/** A network adapter. */
export class NetAdapter {
  /** For messages. */
  readonly name: string;
  /** The device that it is an adapter of; `undefined` when it has none. */
  readonly device: NetDevice | undefined;
  /** What the adapter registered for its queues. */
  readonly extensions = new ExtensionRegistry();
  /** Extensions of the driver's own, added before the adapter starts. */
  readonly ownExtensions = new OwnExtensions(() => this.#refuseWhenStarted('ownExtensions.add'));
  /** What the NIC does for protocols, what software does in its place, and what of that is on. */
  readonly offloads: Offloads;
  /** Which frames the NIC lets through. */
  readonly receiveFilter: ReceiveFilter;
  /** How frames are spread over receive queues. */
  readonly receiveScaling: ReceiveScaling;
  /** What transmit queues are told apart by. */
  readonly txDemux: TxDemux;
  /** What the NIC can do while its device sleeps, and what the protocol wants of that. */
  readonly power: PowerPolicy;
  /** The adapter's keywords. */
  readonly configuration: Configuration;
  /** Its states: for the device, and for whoever wants to see them. */
  readonly life: AdapterLife;
  readonly #options: NetAdapterOptions;
  readonly #verifier: AdapterVerifier | undefined;
  readonly #link: LinkLayer;
  readonly #needs: StatedNeeds;
  readonly #datapath: AdapterDatapath;
  readonly #mtuChanges: MtuChanges;
  readonly #above: { protocol: Protocol | undefined } = { protocol: undefined };
  #withdrawNeeds: (() => void) | undefined;
  #stopping: Promise<void> | undefined;

  /**
   * @param options - name, clock, the driver's side, and how many queues
   * @throws AdapterError `QUEUE_CONFIGURATION` for a number of queues that cannot be; ViolationError 0x26 when one of the two
   * callbacks is missing
   */
  constructor(options: NetAdapterOptions) {
    checkNetAdapterOptions(options);
    checkCallbacks(options.name, options.callbacks);
    this.name = options.name;
    this.#options = options;
    this.#verifier = verifierOf(options.clock, options.verifier);
    this.device = options.device;
    this.configuration = options.configuration ?? new Configuration(options.name);
    const protocol = (): Protocol | undefined => this.#above.protocol;
    this.offloads = new Offloads({
      name: this.name,
      refuseWhenStarted: () => {
        this.#refuseWhenStarted('offloads.advertise');
      },
      software: options.softwareOffloads,
      allowed: allowedBy(this.configuration),
    });
    const refuse = (what: string) => (): void => {
      this.#refuseWhenStarted(what);
    };
    // Queues exist in D0 only, and these call the driver while there are queues.
    this.receiveFilter = new ReceiveFilter(this.name, refuse('receiveFilter.setCapabilities'), alwaysPowered);
    this.receiveScaling = new ReceiveScaling(this.name, refuse('receiveScaling.setCapabilities'), alwaysPowered);
    this.txDemux = new TxDemux(this.name, refuse('txDemux.add'));
    this.#link = new LinkLayer(this.name, protocol);
    this.#datapath = new AdapterDatapath({
      adapter: options,
      link: this.#link,
      needs: () => this.#needs,
      registry: this.extensions,
      ownExtensions: this.ownExtensions,
      offloads: this.offloads,
      txDemux: this.txDemux,
      receiveFilter: this.receiveFilter,
      receiveScaling: this.receiveScaling,
      verifier: this.#verifier,
      above: this.#above,
    });
    this.#needs = new StatedNeeds(this.name, () => this.#datapath.current && this.#datapath.settlement);
    this.power = new PowerPolicy({
      name: this.name,
      protocol,
      device: this.device,
      configuration: this.configuration,
      refuseWhenStarted: (what) => {
        this.#refuseWhenStarted(what);
      },
    });
    this.life = new AdapterLife({
      name: this.name,
      protocol,
      datapath: this.#datapath,
      pulledOut: () => this.device?.surpriseRemoved === true,
    });
    this.#mtuChanges = new MtuChanges({ link: this.#link, life: this.life, protocol });
    if (this.device === undefined) void this.life.post('IoStart');
    else this.device.add(this);
  }

  /**
   * @param tx - how the NIC sends
   * @param rx - how it receives
   * @throws AdapterError `CAPABILITIES_INVALID`, naming every field that cannot be, or `ADAPTER_STARTED`
   */
  setDatapathCapabilities(tx: TxCapabilities, rx: RxCapabilities): void {
    this.#refuseWhenStarted('setDatapathCapabilities');
    this.#datapath.setCapabilities(tx, rx);
  }

  /**
   * @param linkSpeed - the fastest that the link can be, in bits per second
   * @throws AdapterError `CAPABILITIES_INVALID` or `ADAPTER_STARTED`
   */
  setLinkLayerCapabilities(linkSpeed: number): void {
    this.#refuseWhenStarted('setLinkLayerCapabilities');
    this.#link.setSpeed(linkSpeed);
  }

  /**
   * @param mtu - longest payload of a frame, in bytes, without the link layer's header
   * @throws AdapterError `CAPABILITIES_INVALID`; `ADAPTER_STARTED` once started, when it is `changeLinkLayerMtuSize` that changes it
   */
  setLinkLayerMtuSize(mtu: number): void {
    this.#refuseWhenStarted('setLinkLayerMtuSize');
    this.#link.setMtu(mtu);
  }

  /**
   * Changes the MTU at any time; of several changes the last one stays. Where queues exist they go, and come again for the new size;
   * frames that the driver was given are sent first. The protocol hears of it when the new queues are there.
   *
   * @param mtu - longest payload of a frame, in bytes, without the link layer's header
   * @returns when the new queues are there
   * @throws AdapterError `CAPABILITIES_INVALID`; whatever `stop` throws, when it may be repeated; whatever the creation of queues
   * throws: then queues for the old MTU are made again, if they can be
   */
  changeLinkLayerMtuSize(mtu: number): Promise<void> {
    return this.#mtuChanges.change(mtu);
  }

  /**
   * @param address - the NIC's permanent address, 6 bytes for Ethernet; it is the current one, too, unless that is set
   * @throws AdapterError `ADDRESS_INVALID` or `ADAPTER_STARTED`
   */
  setPermanentLinkLayerAddress(address: Uint8Array): void {
    this.#refuseWhenStarted('setPermanentLinkLayerAddress');
    this.#link.permanentAddress = address;
  }

  /**
   * Sets the address that the NIC uses, at any time; the protocol hears of a change. It is the permanent one, too, unless that
   * is set.
   *
   * @param address - 6 bytes for Ethernet; as long as before once the adapter was started
   * @throws AdapterError `ADDRESS_INVALID`
   */
  setCurrentLinkLayerAddress(address: Uint8Array): void {
    this.#link.setCurrentAddress(address, this.life.started);
  }

  /**
   * Advertises offloads: another name for `offloads.advertise`.
   *
   * @param offloads - what the NIC can do
   * @throws what that throws
   */
  setOffloadCapabilities(offloads: OffloadCapabilities): void {
    this.offloads.advertise(offloads);
  }

  /**
   * @param protocol - what stands above; called from the next burst on
   * @throws AdapterError `PROTOCOL_ATTACHED` when there is one; what `stateNeeds` throws
   */
  attachProtocol(protocol: Protocol): void {
    if (this.#above.protocol !== undefined)
      throw new AdapterError('PROTOCOL_ATTACHED', `${this.name} has a protocol above it already; detach it first`);
    if (protocol.needs !== undefined) this.#withdrawNeeds = this.stateNeeds(protocol.needs);
    for (const queue of this.receiveQueues) queue.discard();
    this.#above.protocol = protocol;
    if (this.#link.state.connected) protocol.linkChanged?.(true);
  }

  /**
   * Takes the protocol away: what is received from now on is discarded, and so is what it was shown and has not completed.
   */
  detachProtocol(): void {
    this.#above.protocol = undefined;
    this.#withdrawNeeds?.();
    this.#withdrawNeeds = undefined;
    for (const { context } of this.receiveQueues) context.wake(); // what was shown goes with the next poll
  }

  /** The link, as the driver last reported it. */
  get linkState(): LinkState {
    return this.#link.state;
  }

  /**
   * @param state - the link now; told to the protocol if it changed
   * @throws ViolationError `LINK_STATE_INVALID` for values that no link has; nothing changes
   */
  setLinkState(state: LinkState): void {
    this.#link.state = state;
  }

  /** Payload bytes of the longest frame; 0 before it was set. */
  get mtu(): number {
    return this.#link.mtu ?? 0;
  }

  /** The address that the NIC uses; empty before it was set. */
  get linkLayerAddress(): Uint8Array {
    return this.#link.currentAddress;
  }

  /** The address that the NIC was made with; empty before it was set. */
  get permanentLinkLayerAddress(): Uint8Array {
    return this.#link.permanentAddress;
  }

  /** Sizes of rings and pools: what was asked, what was granted, and why; `undefined` before the first start. */
  get sizes(): { readonly transmit: QueueSizes; readonly receive: QueueSizes } | undefined {
    return this.#datapath.settlement;
  }

  /** What was settled between the NIC and the protocols at the last start; `undefined` before the first. */
  get settlement(): Settlement | undefined {
    return this.#datapath.settlement;
  }

  /** @returns one line for each decision of the last start: what was granted, who asked for what, and why */
  explain(): string {
    const { settlement } = this;
    return settlement === undefined
      ? `${this.name} was not started: nothing is settled`
      : explainSettlement(settlement);
  }

  /**
   * States what a protocol above needs of buffers. Several may; the next start serves all of them.
   *
   * @param needs - what it needs
   * @returns withdraws the statement, for the start after
   * @throws BufferError `NEEDS_INVALID`; AdapterError `ADAPTER_STARTED` when the adapter runs with less than that
   */
  stateNeeds(needs: ProtocolNeeds): () => void {
    return this.#needs.state(needs);
  }

  /**
   * An execution context of the driver's own, for queues that shall be polled together: one interrupt, one core.
   *
   * @param config - how the device's notification is enabled, and how much the context does before it lets others run
   * @returns the context; good for every start of the adapter
   * @throws ViolationError `INVALID_EXECUTION_CONTEXT_CONFIG` without `setNotificationEnabled`; AdapterError
   * `QUEUE_CONFIGURATION` for a budget that cannot be
   * @example
   * ```ts
   * const context = adapter.createExecutionContext({ name: 'vector 0', setNotificationEnabled: (on) => vector.arm(on) });
   * vector.onInterrupt(() => context.notify());
   * // in createTxQueue and createRxQueue:
   * init.create((queue) => ({ executionContext: context, advance: () => drain(queue), cancel: () => giveBack(queue) }));
   * ```
   */
  createExecutionContext(config: ExecutionContextConfig): ExecutionContext {
    const { clock, polling } = this.#options;
    const context = new ExecutionContext(clock, driverContextConfig(this.name, polling, config));
    context.times = this.#datapath.watch?.context(context.name);
    return context;
  }

  /** Every rule that the driver has broken on its queues, oldest first; none without a verifier, which looks for them. */
  get violations(): readonly ViolationError[] {
    return this.#verifier?.violations ?? [];
  }

  /** The transmit queues; none while the adapter is stopped or its device sleeps. */
  get transmitQueues(): readonly TransmitQueue[] {
    return this.#datapath.current?.transmitQueues ?? [];
  }

  /** The receive queues; none while the adapter is stopped or its device sleeps. */
  get receiveQueues(): readonly ReceiveQueue[] {
    return this.#datapath.current?.receiveQueues ?? [];
  }

  /**
   * Starts the adapter: creates the queues and starts them, at once or, on a device, as soon as that is in D0. Where other
   * requestors were named, it waits for the last of them.
   *
   * @throws AdapterError `CAPABILITIES_MISSING`, naming each; `INVALID_DEVICE_STATE` on a device that has stopped for good;
   * `QUEUE_NOT_CREATED` when the driver's callback made none. Whatever was created is undone
   */
  start(): void {
    this.life.requestor().start();
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
    this.#stopping ??= this.life
      .requestor()
      .stop()
      .finally(() => {
        this.#stopping = undefined;
      });
    return this.#stopping;
  }

  /**
   * Somebody else who must want the adapter started, such as the extension for a kind of medium: `start` waits for all, and a
   * `stop` of any stops it.
   *
   * @param name - whose requests
   * @returns its two requests; the same requestor's for the same name
   * @throws ViolationError `ADAPTER_STARTED` for a new name while the adapter is started
   */
  requestor(name: string): StartRequestor {
    return this.life.requestor(name);
  }

  /** @returns the adapter's counters now */
  statistics(): AdapterStatistics {
    return this.#datapath.current?.statistics() ?? collectStatistics([], [], []);
  }

  /**
   * @param elements - how many elements in flight to show of each ring
   * @returns everything that there is to see of the adapter now, as a plain object, and in `text` for a person
   */
  inspect(elements = 8): AdapterInspection {
    return inspectAdapter(this, elements);
  }

  #refuseWhenStarted(what: string): void {
    if (this.life.started)
      throw violation(0x03, `${this.name}: ${what} comes before start; stop the adapter first`, { object: this.name });
  }
}
