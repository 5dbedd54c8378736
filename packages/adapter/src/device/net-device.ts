/*
 * A device: what its adapters stand on. Its host starts it, puts it to sleep, wakes it, resets it and takes it away; the
 * driver's callbacks and the adapters' queues follow in an order that the tables hold. One thing happens at a time; what is
 * asked for meanwhile waits. Queues come last on the way up and go first on the way down.
 */

import { AdapterError } from '../adapter-error.ts';
import { Configuration } from '../configuration/configuration.ts';
import type { NetAdapter } from '../net-adapter.ts';
import type { PowerOffload } from '../power/power-offloads.ts';
import { PowerTransition } from '../power/power-transition.ts';
import type { TransitionList } from '../power/transition-list.ts';
import type { WakeSource } from '../power/wake-sources.ts';
import { DeviceAdapters } from './device-adapters.ts';
import type { DeviceCallbacks } from './device-callbacks.ts';
import type { DevicePnpPowerState } from './device-pnp-power.ts';
import { DeviceSteps } from './device-steps.ts';
import { DeviceReset, type DeviceResetOutcome } from './device-reset.ts';
import type { NetDeviceOptions, PowerDownOptions } from './net-device-options.ts';
import type { PowerDownTarget, PowerState, SleepState } from './power-state.ts';
import { explainReset, type ResetKind, type ResetReport } from './reset-diagnostics.ts';

/** A device of a driver's. */
export class NetDevice {
  /** For messages. */
  readonly name: string;
  /** The device's keywords. */
  readonly configuration: Configuration;
  readonly #callbacks: DeviceCallbacks;
  readonly #adapters: DeviceAdapters;
  readonly #reset: DeviceReset;
  readonly #transition: PowerTransition;
  readonly #steps = new DeviceSteps();
  #power: PowerState = 'D3Final';
  #prepared = false;
  #inD0 = false;
  #ioInitialized = false;
  #ioSuspended = false;
  #armed = false;
  #waking = false;
  #pulledOut = false;
  #toldRemoval = false;
  #failed = false;

  /**
   * @param options - name, clock, and the driver's side
   */
  constructor(options: NetDeviceOptions) {
    const { name, clock, callbacks = {}, configuration = new Configuration(name), reset } = options;
    this.name = name;
    this.configuration = configuration;
    this.#callbacks = callbacks;
    this.#adapters = new DeviceAdapters(name, (state) => options.stateEntered?.(state));
    this.#transition = new PowerTransition(name, () => this.#adapters.all);
    this.#reset = new DeviceReset({
      name,
      clock,
      collect: () => callbacks.collectResetDiagnostics?.(this),
      down: async () => {
        if (this.state !== 'D0') return false;
        await this.#stop(); // a device that hangs may well fail at it: that is why it is reset
        return true;
      },
      perform: reset,
      up: () => this.#start(),
    });
  }

  /** Its adapters, in the order in which they were made. */
  get adapters(): readonly NetAdapter[] {
    return this.#adapters.all;
  }

  /** Where its life stands. */
  get state(): DevicePnpPowerState {
    return this.#adapters.state;
  }

  /** Its power: `D3Final` before the first start and after the last stop. */
  get powerState(): PowerState {
    return this.#power;
  }

  /** Whether it was pulled out; true at once, also while something else is still going on. */
  get surpriseRemoved(): boolean {
    return this.#pulledOut;
  }

  /** Whether it wakes from sleep: the time for reports of why. */
  get waking(): boolean {
    return this.#waking;
  }

  /** What its resets left to read, oldest first. */
  get resets(): readonly ResetReport[] {
    return this.#reset.reports;
  }

  /** @returns its resets for people, one after the other */
  explainResets(): string {
    return this.resets.length === 0 ? `${this.name} was never reset` : this.resets.map(explainReset).join('\n');
  }

  /**
   * What shall wake it: of all its adapters, for as long as it changes power.
   *
   * @throws ViolationError 0x2E `POWER_NOT_IN_TRANSITION`; reading the list later is 0x31
   */
  get wakeSources(): TransitionList<WakeSource> {
    return this.#transition.list('wakeSources', 0x31, (adapter) => adapter.power.enabledWakeSources);
  }

  /**
   * What it shall answer for in sleep: of all its adapters, for as long as it changes power.
   *
   * @throws ViolationError 0x2E `POWER_NOT_IN_TRANSITION`; reading the list later is 0x30
   */
  get powerOffloads(): TransitionList<PowerOffload> {
    return this.#transition.list('powerOffloads', 0x30, (adapter) => adapter.power.enabledPowerOffloads);
  }

  /**
   * For adapters: makes one the device's.
   *
   * @param adapter - an adapter that was just made
   */
  add(adapter: NetAdapter): void {
    this.#adapters.add(adapter);
  }

  /**
   * For adapters: asks the driver whether there is room.
   *
   * @param callback - which of the driver's previews
   * @param what - what it shall look at
   * @returns what the driver says; true when it has no such callback
   */
  preview<C extends 'previewBitmapPattern' | 'previewPowerOffload'>(
    callback: C,
    what: Parameters<NonNullable<DeviceCallbacks[C]>>[0],
  ): boolean {
    const ask = this.#callbacks[callback] as ((what: unknown) => boolean) | undefined;
    return ask?.call(this.#callbacks, what) ?? true;
  }

  /**
   * Starts it: `prepareHardware`, `d0Entry`, the adapters' queues, `selfManagedIoInit`. Also after `stop`.
   *
   * @returns when it works
   * @throws what a callback or the creation of queues throws, with what the undoing throws as its `suppressed`: then it is
   * stopped, and whatever was called is undone. Only while queues do not drain it stays in D0 with them, to be stopped or removed.
   * AdapterError `LIFE_ORDER` when it cannot start
   */
  start(): Promise<void> {
    return this.#steps.run(() => this.#start());
  }

  /**
   * Puts it to sleep: `selfManagedIoSuspend`, the queues go, `armWake`, `d0Exit`.
   *
   * @param target - how deep
   * @param options - whether it shall wake the machine
   * @returns when it sleeps
   * @throws AdapterError `LIFE_ORDER` when it does not work; what a callback throws, once it sleeps; what the stop of a queue throws: it is in D0 still then, without
   * those queues that went, and `powerDown` may be repeated
   */
  powerDown(target: SleepState, options: PowerDownOptions = {}): Promise<void> {
    return this.#steps.runDown(() => this.#powerDown(target, options.wake === true));
  }

  /**
   * Wakes it: `d0Entry`, `disarmWake`, new queues, `selfManagedIoRestart`.
   *
   * @returns when it works
   * @throws AdapterError `LIFE_ORDER` when it does not sleep; what a callback or the creation of queues throws, as `start`:
   * then it has failed, is stopped unless queues do not drain, and can only be removed
   */
  powerUp(): Promise<void> {
    return this.#steps.run(async () => {
      this.#require(this.state === 'Dx', 'powerUp', 'a device that sleeps');
      await this.#wake();
    });
  }

  /** A device that cannot wake is as good as pulled out. */
  async #wake(): Promise<void> {
    try {
      await this.#enterD0();
    } catch (error) {
      this.#failed = true;
      if (!this.#inD0) await this.#steps.attempt(() => this.#giveUp());
      throw error;
    }
  }

  async #giveUp(): Promise<void> {
    await this.#adapters.surpriseRemove();
    await this.#release();
  }

  /**
   * Stops it, to start it again later: `selfManagedIoSuspend`, the queues go, `d0Exit`, `releaseHardware`.
   *
   * @returns when it has stopped
   * @throws AdapterError `LIFE_ORDER` when it does not work; what a callback throws, once it has stopped; what the stop of a queue throws, as `powerDown`
   */
  stop(): Promise<void> {
    return this.#steps.runDown(() => this.#stop());
  }

  /**
   * It was pulled out. Its hardware answers no more; the driver's callbacks follow the state of power that it was in, down to
   * `releaseHardware`. After that it can only be removed.
   *
   * @returns when that is over
   * @throws what a callback throws, once it is over; what the stop of a queue throws: then it may be repeated
   */
  surpriseRemove(): Promise<void> {
    this.#pulledOut = true;
    return this.#steps.runDown(async () => {
      if (this.state === 'Removed') return;
      if (!this.#toldRemoval) await this.#steps.attempt(() => this.#callbacks.surpriseRemoval?.());
      this.#toldRemoval = true;
      if (this.#inD0) await this.#suspend();
      await this.#adapters.surpriseRemove();
      if (this.#inD0) {
        await this.#adapters.powerDown('D3Final');
        await this.#exitD0('D3Final');
      }
      await this.#release();
    });
  }

  /**
   * Takes it away for good: whatever state it is in, it is stopped, its adapters are deleted, and nothing of it is called any
   * more.
   *
   * @returns when it is gone
   * @throws what a callback throws, once it is gone: ViolationError 0x25 `REMOVING_DEVICE_WITH_ADAPTERS` when one made an adapter;
   * what the stop of a queue throws: then it may be repeated
   */
  remove(): Promise<void> {
    return this.#steps.runDown(async () => {
      if (this.state === 'Removed') return;
      this.#adapters.close();
      if (this.state === 'Dx') await this.#wake().catch(() => undefined);
      if (this.#inD0) await this.#down();
      if (this.#ioInitialized) await this.#steps.attempt(() => this.#callbacks.selfManagedIoFlush?.());
      await this.#release();
      if (this.#ioInitialized) await this.#steps.attempt(() => this.#callbacks.selfManagedIoCleanup?.());
      this.#ioInitialized = false;
      await this.#adapters.remove();
    });
  }

  /**
   * Deletes one of its adapters, and leaves the others as they are: it is stopped, and nothing of it is called any more.
   *
   * @param adapter - one of its adapters; nothing happens to one that is not
   * @returns when it is gone
   * @throws what the stop of a queue throws; it may be repeated
   */
  deleteAdapter(adapter: NetAdapter): Promise<void> {
    return this.#steps.run(() => this.#adapters.delete(adapter));
  }

  /**
   * It hangs: `collectResetDiagnostics`, then it goes down, is reset by its place, and comes up again. A request while one is
   * served, or while it is down, does nothing; before the first start the first one resets its place.
   *
   * @param kind - what shall be reset; `platform` when left out
   * @returns what came of it, when it works again
   * @throws what `stop` or `start` throws
   */
  requestReset(kind: ResetKind = 'platform'): Promise<DeviceResetOutcome> {
    return this.#reset.request(kind, (serve) =>
      this.#steps.run(async () => (this.#pulledOut || this.#failed ? 'ignored' : serve())),
    );
  }

  /**
   * For `collectResetDiagnostics`: keeps what was learnt.
   *
   * @param diagnostics - up to 1 MiB; a copy is kept
   * @throws ViolationError 0x55 `RESET_DIAGNOSTICS_SIZE_TOO_LARGE`; 0x56 `IS_NOT_COLLECTING_RESET_DIAGNOSTICS`
   */
  storeResetDiagnostics(diagnostics: Uint8Array): void {
    this.#reset.diagnostics.store(diagnostics);
  }

  #require(condition: boolean, what: string, expected: string): void {
    if (condition && !this.#failed && !this.#pulledOut) return;
    const onlyRemove = this.#pulledOut ? 'was pulled out' : 'could not wake';
    const wanted = this.#failed || this.#pulledOut ? `nothing but remove, since it ${onlyRemove}` : expected;
    throw new AdapterError('LIFE_ORDER', `${this.name}: ${what} in state ${this.state}; expected ${wanted}`);
  }

  async #start(): Promise<void> {
    this.#require(['Created', 'Stopped'].includes(this.state), 'start', 'a device that is stopped');
    await this.#adapters.start();
    try {
      this.#prepared = true;
      await this.#callbacks.prepareHardware?.();
      await this.#enterD0();
    } catch (error) {
      if (!this.#inD0) await this.#steps.attempt(() => this.#release());
      throw error;
    }
  }

  /** `d0Entry`, then the queues; undoes itself when it fails, unless there are queues that do not drain. */
  async #enterD0(): Promise<void> {
    const previous = this.#power as PowerDownTarget; // only a device that is down gets here
    this.#transition.begin();
    this.#waking = previous !== 'D3Final';
    try {
      await this.#callbacks.d0Entry?.(previous);
      this.#inD0 = true;
      try {
        if (this.#armed) await this.#callbacks.disarmWake?.();
        this.#armed = false;
        await this.#adapters.powerUp();
        this.#waking = false;
        this.#reset.entered();
        this.#power = 'D0';
        this.#adapters.tellPower('D0');
        if (this.#ioInitialized) await this.#callbacks.selfManagedIoRestart?.();
        else await this.#callbacks.selfManagedIoInit?.();
        this.#ioInitialized = true;
        this.#ioSuspended = false;
      } catch (error) {
        if (this.state === 'D0') await this.#steps.attempt(() => this.#adapters.powerDown('D3Final'));
        if (this.state === 'D0') this.#power = 'D0';
        else await this.#exitD0('D3Final');
        throw error;
      }
    } finally {
      this.#waking = false;
      this.#transition.end();
    }
  }

  async #powerDown(target: SleepState, wake: boolean): Promise<void> {
    this.#require(this.state === 'D0', 'powerDown', 'a device in D0');
    await this.#suspend();
    await this.#steps.attempt(() => this.#adapters.tellPower(target));
    this.#transition.begin();
    try {
      await this.#adapters.powerDown(target);
      if (wake) await this.#steps.attempt(() => this.#armWake(target));
      await this.#exitD0(target);
    } finally {
      this.#transition.end();
    }
  }

  async #armWake(target: SleepState): Promise<void> {
    await this.#callbacks.armWake?.(target);
    this.#armed = true;
  }

  async #stop(): Promise<void> {
    this.#require(this.state === 'D0', 'stop', 'a device in D0');
    await this.#down();
    await this.#release();
  }

  async #down(): Promise<void> {
    await this.#suspend();
    if (!this.#pulledOut) await this.#steps.attempt(() => this.#adapters.tellPower('D3Final'));
    await this.#adapters.powerDown('D3Final');
    await this.#exitD0('D3Final');
  }

  async #suspend(): Promise<void> {
    if (this.#ioSuspended || !this.#ioInitialized) return;
    this.#ioSuspended = true;
    await this.#steps.attempt(() => this.#callbacks.selfManagedIoSuspend?.());
  }

  async #exitD0(target: PowerDownTarget): Promise<void> {
    this.#inD0 = false;
    this.#power = target;
    this.#reset.exited(target);
    await this.#steps.attempt(() => this.#callbacks.d0Exit?.(target));
  }

  /** The adapters' interfaces stop, and the hardware is released. */
  async #release(): Promise<void> {
    await this.#adapters.stop();
    if (!this.#prepared) return;
    this.#prepared = false;
    await this.#steps.attempt(() => this.#callbacks.releaseHardware?.());
  }
}
