/*
 * A device's interrupts, by whichever mechanism the host switched on: MSI-X before MSI before the INTx pin. A device
 * that counts in vectors calls `trigger`; one whose interrupt is a level calls `setLevel`. While messages are on the pin
 * is silent.
 */

import { Configuration } from '@netcx/bus';
import type { ConfigSpace } from './config-space.ts';
import type { MessagePort } from './message-port.ts';
import type { MsiCapability } from './msi-capability.ts';
import type { MsixCapability } from './msix-capability.ts';

const { COMMAND_STATUS, INTERRUPT } = Configuration;

/** How a device interrupts. */
export type InterruptMode = 'msix' | 'msi' | 'intx';

/** The interrupts of a device. */
export class InterruptPort {
  readonly #config: ConfigSpace;
  readonly #port: MessagePort;
  readonly #msix: MsixCapability | undefined;
  readonly #msi: MsiCapability | undefined;
  readonly #hasPin: boolean;
  #level = false;
  #pin = false;

  /**
   * @param config - the function's configuration space
   * @param port - the way up
   * @param msix - its MSI-X, if it has it
   * @param msi - its MSI, if it has it
   */
  constructor(
    config: ConfigSpace,
    port: MessagePort,
    msix: MsixCapability | undefined,
    msi: MsiCapability | undefined,
  ) {
    this.#config = config;
    this.#port = port;
    this.#msix = msix;
    this.#msi = msi;
    this.#hasPin = INTERRUPT.PIN.get(config.load(INTERRUPT.offset)) !== 0;
  }

  /** What the host switched on. */
  get mode(): InterruptMode {
    if (this.#msix?.enabled === true) return 'msix';
    return this.#msi?.enabled === true ? 'msi' : 'intx';
  }

  /**
   * Raises a message: that MSI-X vector, or that MSI message as far as the host granted it. The pin knows no vectors, so
   * nothing happens while neither is on.
   *
   * @param vector - 0 or more
   */
  trigger(vector: number): void {
    const mode = this.mode;
    if (mode === 'msix') this.#msix?.trigger(vector);
    else if (mode === 'msi') this.#msi?.trigger(vector);
  }

  /** The pending bits of the first 32 MSI-X vectors, unsigned. */
  get pending(): number {
    return this.#msix?.pending(0) ?? 0;
  }

  /**
   * Forgets MSI-X vectors that wait.
   *
   * @param bits - those of the first 32 that are not pending any more
   */
  clearPending(bits: number): void {
    this.#msix?.clearPending(0, bits);
  }

  /**
   * Says whether the device wants attention. With INTx it is the level of the pin; with messages, message 0 is raised
   * when the level rises.
   *
   * @param asserted - the level
   */
  setLevel(asserted: boolean): void {
    const rises = asserted && !this.#level;
    this.#level = asserted;
    if (rises) this.trigger(0);
    this.#drivePin();
  }

  /** Looks again at what the host allows. */
  update(): void {
    this.#msix?.update();
    this.#msi?.update();
    this.#drivePin();
  }

  /** Forgets everything that is raised. */
  reset(): void {
    this.#level = false;
    this.#msix?.reset();
    this.#msi?.reset();
    this.#drivePin();
  }

  #drivePin(): void {
    const wanted = this.#level && this.#hasPin && this.#port.awake && this.mode === 'intx';
    this.#config.assign(COMMAND_STATUS.offset, COMMAND_STATUS.INTERRUPT.mask, wanted ? -1 : 0);
    const pin = wanted && !this.#config.intxDisabled;
    if (pin === this.#pin) return;
    this.#pin = pin;
    this.#port.setIntx(pin);
  }
}
