/*
 * Runs an adapter's two tables: its interface and I/O (adapter-pnp-power.ts) and its data path (adapter-states.ts). The
 * interface starts when every requestor wants it: the framework, the owner and whoever else was named; it stops when one of
 * them does not any more. An adapter without a device is always in D0.
 */

import type { AdapterDatapath } from '../adapter-datapath.ts';
import { AdapterError } from '../adapter-error.ts';
import type { Protocol } from '../edge/protocol.ts';
import { violation } from '../verifier/violation.ts';
import {
  ADAPTER_PNP_POWER,
  type AdapterPnpPowerAction,
  type AdapterPnpPowerEvent,
  type AdapterPnpPowerState,
} from './adapter-pnp-power.ts';
import { ADAPTER_STATES, type AdapterAction, type AdapterEvent, type AdapterState } from './adapter-states.ts';
import type { PowerDownTarget, PowerState } from './power-state.ts';
import { StateMachine } from './state-machine.ts';

/** What an adapter's life is made of. */
export interface AdapterLifeOptions {
  /** The adapter's, for messages. */
  readonly name: string;
  /** The protocol above, to be told. */
  readonly protocol: () => Protocol | undefined;
  /** Settles, makes and closes the queues. */
  readonly datapath: AdapterDatapath;
  /** Whether the device was pulled out, though its table may not have come to that yet. */
  readonly pulledOut: () => boolean;
}

/** Somebody who must want the interface for it to start. */
interface Requestor {
  readonly name: string;
  wants: boolean;
  asking: boolean;
}

/** What an event carries: who asked, or what shall change while no queue is there. */
interface Detail {
  readonly requestor?: Requestor;
  readonly change?: () => void;
}

/** One requestor's two requests. */
export interface StartRequestor {
  /**
   * Wants the interface started, which it is once every requestor does.
   *
   * @throws AdapterError `ADAPTER_STARTED`, `INVALID_DEVICE_STATE`, `CAPABILITIES_MISSING`, or what the start of queues throws
   */
  start(): void;
  /**
   * Wants it stopped, which it is.
   *
   * @returns when it is stopped
   * @throws AdapterError `QUEUE_NOT_DRAINED`; BufferError `STILL_HELD`
   */
  stop(): Promise<void>;
}

const REFUSED = 'expected a device that is not stopped for good';

/** The states and requestors of one adapter. */
export class AdapterLife {
  readonly #host: AdapterLifeOptions;
  readonly #power: StateMachine<AdapterPnpPowerState, AdapterPnpPowerEvent, AdapterPnpPowerAction, Detail>;
  readonly #path: StateMachine<AdapterState, AdapterEvent, AdapterAction>;
  readonly #framework: Requestor = { name: 'the framework', wants: true, asking: false };
  readonly #owner: Requestor;
  readonly #requestors: Requestor[];
  #interfaceStarted = false;
  #removalReported = false;

  /**
   * @param host - the adapter
   */
  constructor(host: AdapterLifeOptions) {
    this.#host = host;
    this.#owner = { name: host.name, wants: false, asking: false };
    this.#requestors = [this.#framework, this.#owner];
    this.#path = new StateMachine({
      name: host.name,
      table: ADAPTER_STATES,
      initial: 'Halted',
      actions: {
        createDatapath: () => {
          host.datapath.settle();
          return undefined;
        },
        startDatapath: () => {
          host.datapath.open();
          return undefined;
        },
        stopDatapath: () => host.datapath.close().then(() => undefined),
        destroyDatapath: () => undefined, // its settlement stays for who wants to read it
      },
    });
    const stopIo = (): Promise<undefined> => this.#stopIo();
    this.#power = new StateMachine({
      name: host.name,
      table: ADAPTER_PNP_POWER,
      initial: 'IoStopped',
      actions: {
        startInterface: (detail) => this.#startInterface(detail),
        refuseStart: () => this.#refuseStart(),
        stopInterface: (detail) => this.#stopInterface(detail),
        alreadyStopped: ({ requestor }) => {
          if (requestor !== undefined) requestor.wants = false;
          return undefined;
        },
        startIo: () => this.#startIo(),
        startIoD0: () => this.#startIo(),
        stopIoD1: stopIo,
        stopIoD2: stopIo,
        stopIoD3: stopIo,
        stopIoD3Final: stopIo,
        change: ({ change }) => {
          change?.();
          return undefined;
        },
        changeDatapath: ({ change }) => this.#changeDatapath(change),
        reportSurpriseRemoval: () => this.#reportSurpriseRemoval(),
        deleted: () => {
          this.#reportRemoval();
          return undefined;
        },
      },
    });
  }

  /** Where interface and I/O are. */
  get state(): AdapterPnpPowerState {
    return this.#power.state;
  }

  /** Where the data path is. */
  get datapathState(): AdapterState {
    return this.#path.state;
  }

  /** Whether the owner has asked for a start, or the interface is started still: capabilities stay as they are. */
  get started(): boolean {
    return this.#interfaceStarted || this.#owner.wants || this.#owner.asking;
  }

  /**
   * @param name - whose requests; the owner's when left out, a new requestor's the first time that it is named
   * @returns the requests
   * @throws AdapterError `ADAPTER_STARTED` for a new requestor while the interface is started
   */
  requestor(name?: string): StartRequestor {
    const requestor = name === undefined ? this.#owner : this.#named(name);
    return {
      start: () => {
        this.#start(requestor);
      },
      stop: () => this.#stop(requestor),
    };
  }

  #named(name: string): Requestor {
    const known = this.#requestors.find((one) => one.name === name);
    if (known !== undefined && known !== this.#framework) return known;
    if (this.#interfaceStarted)
      throw violation(0x03, `${this.#host.name}: ${name} cannot be waited for any more; name requestors before start`, {
        object: this.#host.name,
      });
    const requestor = { name, wants: false, asking: false };
    this.#requestors.push(requestor);
    return requestor;
  }

  #start(requestor: Requestor): void {
    const { name } = this.#host;
    if (requestor.wants || requestor.asking || this.#interfaceStarted || this.#power.busy)
      throw violation(0x03, `${name} is started already; stop it first`, { object: name });
    void this.#power.post('NetAdapterStart', { requestor });
  }

  async #stop(requestor: Requestor): Promise<void> {
    await Promise.resolve(); // a protocol may call this from inside a poll: queues go when the poll is over
    await this.#power.post('NetAdapterStop', { requestor });
  }

  /**
   * What the device does to the adapter.
   *
   * @param event - the event
   * @returns a promise when it takes time
   */
  post(
    event: Exclude<AdapterPnpPowerEvent, 'NetAdapterStart' | 'NetAdapterStop' | 'PropertyChange'>,
  ): Promise<void> | undefined {
    return this.#power.post(event, {});
  }

  /**
   * @param event - an event
   * @returns whether the state has a row for it
   */
  takes(event: AdapterPnpPowerEvent): boolean {
    return this.#power.takes(event);
  }

  /** The framework wants the interface started again: the device starts anew. */
  async restart(): Promise<void> {
    if (this.takes('DeviceRestart')) await this.post('DeviceRestart');
    this.#framework.wants = true;
  }

  /** The device was pulled out. Nothing the second time. */
  async surpriseRemove(): Promise<void> {
    if (this.#power.busy || this.takes('SurpriseRemove')) await this.post('SurpriseRemove');
  }

  /** The adapter goes with its device: its interface stops, and nothing starts it again. */
  async delete(): Promise<void> {
    if (this.state === 'ObjectDeleted') return;
    await this.stopForDevice();
    await this.post('Cleanup');
  }

  /** The device stops: the framework does not want the interface any more, and what others wanted is forgotten. */
  async stopForDevice(): Promise<void> {
    await this.#power.post('NetAdapterStop', { requestor: this.#framework });
    for (const one of this.#requestors) one.wants = false;
  }

  /**
   * Powers down, when the adapter has I/O: to be repeated after it failed.
   *
   * @param target - what the device goes down to
   */
  async stopIo(target: PowerDownTarget): Promise<void> {
    const event = `IoStop${target}` as const;
    if (this.#power.busy || this.takes(event)) await this.post(event);
  }

  /**
   * @param state - what the device changes to, for the protocol
   */
  tellPower(state: PowerState): void {
    if (this.#interfaceStarted) this.#host.protocol()?.powerChanged?.(state);
  }

  /**
   * Changes something that queues depend on: at once when there are none, else in between the old ones and new ones.
   *
   * @param change - makes the change; called again, with what was before, by the caller when new queues cannot be made
   * @returns when there are new queues
   */
  async changeProperty(change: () => void): Promise<void> {
    await this.#power.post('PropertyChange', { change });
  }

  #startInterface({ requestor }: Detail): string {
    if (requestor === undefined) return 'deferred';
    this.#host.datapath.require();
    requestor.asking = true;
    try {
      const waitsForOther = this.#requestors.some((one) => !one.wants && !one.asking);
      if (!waitsForOther) {
        void this.#path.post('MiniportInitializeEx', undefined);
        void this.#path.post('Restart', undefined);
        this.#interfaceStarted = true;
      }
      requestor.wants = true;
      return waitsForOther ? 'deferred' : 'started';
    } finally {
      requestor.asking = false;
    }
  }

  #refuseStart(): undefined {
    const { name } = this.#host;
    throw new AdapterError('INVALID_DEVICE_STATE', `${name} cannot start in state ${this.state}; ${REFUSED}`);
  }

  #stopInterface({ requestor }: Detail): undefined {
    if (requestor !== undefined) requestor.wants = false;
    this.#halt();
    return undefined;
  }

  #halt(): void {
    if (this.#path.takes('Pause')) void this.#path.post('Pause', undefined);
    if (this.#path.takes('MiniportHalt')) void this.#path.post('MiniportHalt', undefined);
    this.#interfaceStarted = false;
  }

  #startIo(): undefined {
    this.#requireDevice();
    void this.#path.post('DatapathCreate', undefined);
    return undefined;
  }

  /** No queue is made for hardware that does not answer. */
  #requireDevice(): void {
    const { name, pulledOut } = this.#host;
    if (pulledOut())
      throw new AdapterError('INVALID_DEVICE_STATE', `${name}: its device was pulled out; expected one that is there`);
  }

  async #stopIo(): Promise<undefined> {
    if (this.#path.takes('DatapathDestroy')) await this.#path.post('DatapathDestroy', undefined);
    return undefined;
  }

  async #changeDatapath(change: (() => void) | undefined): Promise<undefined> {
    // An earlier change may have failed half way: what it left is where this one goes on.
    if (this.#path.takes('Pause')) await this.#path.post('Pause', undefined);
    if (this.#path.takes('DatapathDestroy')) await this.#path.post('DatapathDestroy', undefined);
    change?.();
    this.#requireDevice();
    await this.#path.post('DatapathCreate', undefined);
    await this.#path.post('Restart', undefined);
    return undefined;
  }

  #reportSurpriseRemoval(): undefined {
    this.#halt();
    for (const one of this.#requestors) one.wants = false;
    this.#reportRemoval();
    return undefined;
  }

  /** Once, whichever way the device went. */
  #reportRemoval(): void {
    if (this.#removalReported) return;
    this.#removalReported = true;
    this.#host.protocol()?.removed?.();
  }
}
