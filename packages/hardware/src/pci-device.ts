/*
 * The device end of the bus: configuration space, BARs, interrupts and the states that decide what passes. A register is
 * reached only while its space is decoded and the function is in D0; memory only while it is a bus master as well. NIC
 * models hold one of these and hand it to a bridge.
 */

import { CapabilityId, Configuration, Msi, PciExpress, PowerManagement } from '@netcx/bus';
import type { AccessSize, PciEndpoint, Upstream } from '@netcx/bus';
import type { DmaDomain } from '@netcx/dma';
import { ConfigSpace, type ConfigDescription } from './config-space.ts';
import { HardwareError } from './hardware-error.ts';
import { InterruptPort } from './interrupt-port.ts';
import type { MessagePort } from './message-port.ts';
import { MsiCapability } from './msi-capability.ts';
import { MsixCapability } from './msix-capability.ts';
import type { BarHandler } from './register-file.ts';

const { COMMAND_STATUS, BAR } = Configuration;
const { PM_CTRL } = PowerManagement;
const { EXP_DEVCAP, EXP_DEVCTL } = PciExpress;

/** What a read gives where nobody answers, by size. */
const ALL_ONES = { 1: 0xff, 2: 0xffff, 4: 0xffff_ffff } as const;

/** Why a device is reset: the host asked for this function, for the bus it is on, or woke it from D3. */
export type ResetKind = 'function' | 'bus' | 'power';

/** What a NIC model gives to its end of the bus. */
export interface PciDeviceOptions {
  /** What lies behind each BAR; the MSI-X table needs no handler. */
  readonly bars?: readonly (BarHandler | undefined)[];
  /**
   * The model forgets everything that a reset loses. Configuration space, MSI-X table and pending interrupts are reset
   * already.
   *
   * @param kind - why
   */
  onReset?(kind: ResetKind): void;
  /** What the host allows has changed: bus mastering, decoding, power state. */
  onChange?(): void;
  /** The device was pulled out. */
  onRemoved?(): void;
}

/** What answers behind a BAR. */
export interface BarWindow {
  /** Whether it answers now: its space is decoded, and the function is awake. */
  readonly open: boolean;
}

/** Such a window as the device holds it. */
interface Window extends BarWindow {
  open: boolean;
  readonly handler: BarHandler | undefined;
  readonly size: number;
  readonly isIo: boolean;
}

/** A PCI function of a model. */
export class PciDevice implements PciEndpoint, MessagePort {
  /** Whether it may reach memory now: awake, and bus mastering is on. */
  busMaster = false;
  /** Every logical address below this is the host offset of the same number; 0 when there are none, or it may not reach memory. */
  directLimit = 0;
  #upstream: Upstream | undefined;
  /** Its configuration space. */
  readonly config: ConfigSpace;
  /** Its interrupts. */
  readonly interrupts: InterruptPort;
  /** Whether it is plugged in and in D0. */
  awake = false;
  readonly #options: PciDeviceOptions;
  /** By BAR. */
  readonly #windows: readonly Window[];
  #removed = false;

  /**
   * @param description - what the function says about itself
   * @param options - what lies behind its BARs, and who is told
   * @throws HardwareError `BAD_BAR` or `BAD_CAPABILITY` when the description cannot be true
   */
  constructor(description: ConfigDescription, options: PciDeviceOptions = {}) {
    this.config = new ConfigSpace(description);
    this.#options = options;
    const { bars = [], capabilities = [] } = description;
    const msixDescription = capabilities.find((capability) => capability.kind === 'msix');
    const msix = msixDescription && new MsixCapability(msixDescription, this.config, this);
    this.#windows = Array.from({ length: BAR.count }, (_, index) => ({
      open: false,
      handler: handlerOf(index, options.bars?.[index], msix),
      size: bars[index]?.size ?? 0,
      isIo: bars[index]?.kind === 'io',
    }));
    if (msix !== undefined) this.#checkMsix(msix);
    for (const [index, { handler, size }] of this.#windows.entries()) {
      if (handler !== undefined && size === 0) {
        throw new HardwareError('BAD_BAR', `BAR ${String(index)} has a handler and no size`);
      }
    }
    const hasMsi = this.config.capability(CapabilityId.msi) !== undefined;
    const msi = hasMsi ? new MsiCapability(this.config, this) : undefined;
    this.interrupts = new InterruptPort(this.config, this, msix, msi);
    this.#listen();
  }

  /** How it reaches host memory; `undefined` while it is not plugged in. */
  get dma(): DmaDomain | undefined {
    return this.#upstream?.dma;
  }

  /** Whether it was pulled out. */
  get removedFromBus(): boolean {
    return this.#removed;
  }

  connect(upstream: Upstream): void {
    if (this.#upstream !== undefined) throw new HardwareError('CONNECTED', 'the device is plugged in already');
    this.#upstream = upstream;
    this.#update();
  }

  readConfig(offset: number, size: AccessSize): number {
    return this.#removed ? ALL_ONES[size] : this.config.read(offset, size);
  }

  writeConfig(offset: number, size: AccessSize, value: number): void {
    if (!this.#removed) this.config.write(offset, size, value);
  }

  read32(bar: number, offset: number): number {
    const window = this.#windows[bar];
    if (window?.open !== true || offset >= window.size) return ALL_ONES[4];
    return window.handler?.read32(offset) ?? ALL_ONES[4];
  }

  write32(bar: number, offset: number, value: number): void {
    const window = this.#windows[bar];
    if (window?.open === true && offset < window.size) window.handler?.write32(offset, value);
  }

  /**
   * For a model that reaches its registers by a shorter way than `write32`, which is open when this is.
   *
   * @param bar - which BAR, 0 to 5
   * @returns whether it answers, now and later
   * @throws HardwareError `BAD_BAR` for any other
   */
  window(bar: number): BarWindow {
    const window = this.#windows[bar];
    if (window === undefined) throw new HardwareError('BAD_BAR', `there are BARs 0 to 5, not ${String(bar)}`);
    return window;
  }

  reset(): void {
    if (!this.#removed) this.#reset('bus');
  }

  removed(): void {
    if (this.#removed) return;
    this.interrupts.reset(); // the pin goes with the device
    this.#removed = true;
    this.#update();
    this.#options.onRemoved?.();
  }

  writeMessage(addressLow: number, addressHigh: number, data: number): void {
    if (this.busMaster) this.#upstream?.writeMessage(addressLow, addressHigh, data);
  }

  setIntx(asserted: boolean): void {
    if (!this.#removed) this.#upstream?.setIntx(asserted);
  }

  #checkMsix(msix: MsixCapability): void {
    for (const { bar, end } of Object.values(msix.regions)) {
      if (end > (this.#windows[bar]?.size ?? 0)) {
        throw new HardwareError('BAD_CAPABILITY', `msix: BAR ${String(bar)} ends before ${String(end)}`);
      }
    }
  }

  /** Whether it is plugged in and not in D0. */
  get asleep(): boolean {
    return this.#upstream !== undefined && !this.#removed && !this.#inD0;
  }

  /**
   * Something has happened that the host may want to be woken for: PM_CTRL.PME_STATUS says so, and the host is told.
   *
   * @param always - whether it is told even if it did not set PM_CTRL.PME_ENABLE
   */
  requestWake(always = false): void {
    const power = this.config.capability(CapabilityId.powerManagement);
    if (power === undefined || this.#upstream === undefined || this.#removed) return;
    const at = power + PM_CTRL.offset;
    this.config.assign(at, PM_CTRL.PME_STATUS.mask, PM_CTRL.PME_STATUS.mask);
    if (always || PM_CTRL.PME_ENABLE.get(this.config.load(at)) === 1) this.#upstream.requestWake?.();
  }

  get #inD0(): boolean {
    const capability = this.config.capability(CapabilityId.powerManagement);
    return capability === undefined || PM_CTRL.STATE.get(this.config.load(capability + PM_CTRL.offset)) === 0;
  }

  #listen(): void {
    const { config } = this;
    const changed = (): void => this.#update();
    config.onWrite(COMMAND_STATUS.offset, changed);
    const power = config.capability(CapabilityId.powerManagement);
    if (power !== undefined)
      config.onWrite(power + PM_CTRL.offset, (value, previous) => this.#changePower(value, previous));
    const express = config.capability(CapabilityId.pciExpress);
    if (express !== undefined && (config.load(express + EXP_DEVCAP.offset) & EXP_DEVCAP.FLR.mask) !== 0) {
      config.onWrite(express + EXP_DEVCTL.offset, (_value, _previous, written) => {
        if ((written & EXP_DEVCTL.FLR.mask) !== 0) this.#reset('function');
      });
    }
    const msix = config.capability(CapabilityId.msix);
    if (msix !== undefined) config.onWrite(msix, changed);
    const msi = config.capability(CapabilityId.msi);
    if (msi === undefined) return;
    config.onWrite(msi, changed);
    config.onWrite(msi + Msi.MSI_MASK.offset, changed);
  }

  #changePower(value: number, previous: number): void {
    const wakes = PM_CTRL.STATE.get(value) === 0 && PM_CTRL.STATE.get(previous) !== 0;
    if (wakes && PM_CTRL.NO_SOFT_RESET.get(value) === 0) this.#reset('power');
    else this.#update();
  }

  #reset(kind: ResetKind): void {
    const power = this.config.capability(CapabilityId.powerManagement);
    const sticky = power === undefined ? 0 : this.config.load(power + PM_CTRL.offset);
    this.config.reset();
    // What woke the host is still to be read when it has put the function into D0.
    if (power !== undefined && kind === 'power') {
      this.config.assign(power + PM_CTRL.offset, PM_CTRL.PME_STATUS.mask | PM_CTRL.PME_ENABLE.mask, sticky);
    }
    this.interrupts.reset();
    this.#options.onReset?.(kind);
    this.#update();
  }

  #update(): void {
    this.awake = this.#upstream !== undefined && !this.#removed && this.#inD0;
    this.busMaster = this.awake && this.config.masterEnabled;
    this.directLimit = this.busMaster ? (this.dma?.directLimit ?? 0) : 0;
    for (const window of this.#windows) {
      window.open = this.awake && (window.isIo ? this.config.ioEnabled : this.config.memoryEnabled);
    }
    this.interrupts.update();
    this.#options.onChange?.();
  }
}

/** What answers in a BAR: the model's handler, the MSI-X table, or both where they share it. */
function handlerOf(
  index: number,
  handler: BarHandler | undefined,
  msix: MsixCapability | undefined,
): BarHandler | undefined {
  if (msix === undefined || !Object.values(msix.regions).some(({ bar }) => bar === index)) return handler;
  return {
    read32: (offset) => msix.read(index, offset) ?? handler?.read32(offset) ?? 0,
    write32: (offset, value) => {
      if (!msix.write(index, offset, value)) handler?.write32(offset, value);
    },
  };
}
