/*
 * A device whose driver writes down what is called, with adapters that do the same: the order of callbacks is what these tests
 * look at. Each line of the log is one callback; `fails` makes the next one of a name throw.
 */

import { VirtualClock } from '@netcx/clock';
import { DmaEnabler, Iommu } from '@netcx/dma';
import {
  dmaCapabilities,
  NetAdapter,
  NetDevice,
  RxCapabilities,
  TxCapabilities,
  type DeviceCallbacks,
  type NetAdapterOptions,
  type NetDeviceOptions,
} from '../src/index.ts';
import type { Protocol } from '../src/edge/index.ts';

export class DeviceRig {
  readonly clock = new VirtualClock();
  readonly log: string[] = [];
  /** Callbacks that throw the next time. */
  readonly fails = new Set<string>();
  readonly device: NetDevice;
  /** Made in `prepareHardware`, or by `add`. */
  readonly adapters: NetAdapter[] = [];
  /** Told of each line, and whether the callback fails. */
  observe: ((line: string, failed: boolean) => void) | undefined;
  /** Told of each state of the device. */
  entered: ((state: string) => void) | undefined;
  readonly #names: readonly string[];

  constructor(names: readonly string[] = ['a'], options: Partial<NetDeviceOptions> = {}) {
    this.#names = names;
    this.device = new NetDevice({
      name: 'device',
      clock: this.clock,
      stateEntered: (state) => this.entered?.(state),
      ...options,
      callbacks: { ...this.#callbacks(), ...options.callbacks },
    });
    for (const name of names) this.add(name);
  }

  /** What was called since the last time that somebody looked. */
  take(): string[] {
    return this.log.splice(0);
  }

  /** Runs the clock until a step of the device is over. */
  run<T>(step: Promise<T>): Promise<T> {
    return this.clock.drive(step);
  }

  note(line: string): void {
    this.log.push(line);
    const name = line.split(' ').at(-1)!;
    const failed = this.fails.delete(line) || this.fails.delete(name);
    this.observe?.(line, failed);
    if (failed) throw new Error(`${line} fails`);
  }

  /** An adapter with its capabilities set. */
  add(name: string, options: Partial<NetAdapterOptions> = {}): NetAdapter {
    const queue = (which: string) => ({
      start: () => this.note(`${name} ${which} start`),
      advance: () => undefined,
      setNotificationEnabled: () => undefined,
      cancel: () => undefined,
      stop: () => this.note(`${name} ${which} stop`),
    });
    const adapter = new NetAdapter({
      name,
      clock: this.clock,
      device: this.device,
      queues: { transmit: 1, receive: 0 },
      callbacks: {
        createTxQueue: (init) => {
          this.note(`${name} createTxQueue`);
          init.create(() => queue('tx'));
        },
        createRxQueue: (init) => void init.create(() => queue('rx')),
      },
      ...options,
    });
    const dma = dmaCapabilities(new DmaEnabler(new Iommu(), { addressWidth: 64, version: 3 }));
    adapter.setDatapathCapabilities(TxCapabilities.forDma(dma, 1), RxCapabilities.systemManagedDma(dma, 1536, 1));
    adapter.setLinkLayerCapabilities(1e9);
    adapter.setLinkLayerMtuSize(1500);
    adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 1));
    this.adapters.push(adapter);
    return adapter;
  }

  /** A protocol above the first adapter that notes what it is told of power and removal. */
  attach(index = 0): void {
    const name = this.#names[index]!;
    const protocol: Protocol = {
      receive: () => undefined,
      powerChanged: (state) => this.note(`${name} told ${state}`),
      removed: () => this.note(`${name} told removed`),
      woken: (reason) => this.note(`${name} told woken by ${reason.kind}`),
    };
    this.adapters[index]!.attachProtocol(protocol);
  }

  #callbacks(): DeviceCallbacks {
    const later = async (line: string): Promise<void> => {
      await this.clock.delay(1000); // hardware takes its time
      this.note(line);
    };
    return {
      prepareHardware: async () => {
        await later('prepareHardware');
        for (const adapter of this.adapters) adapter.start();
      },
      releaseHardware: () => this.note('releaseHardware'),
      d0Entry: (previous) => later(`d0Entry ${previous}`),
      d0Exit: (target) => later(`d0Exit ${target}`),
      selfManagedIoInit: () => this.note('selfManagedIoInit'),
      selfManagedIoSuspend: () => this.note('selfManagedIoSuspend'),
      selfManagedIoRestart: () => this.note('selfManagedIoRestart'),
      selfManagedIoFlush: () => this.note('selfManagedIoFlush'),
      selfManagedIoCleanup: () => this.note('selfManagedIoCleanup'),
      surpriseRemoval: () => this.note('surpriseRemoval'),
      armWake: (target) => this.note(`armWake ${target}`),
      disarmWake: () => this.note('disarmWake'),
    };
  }
}
