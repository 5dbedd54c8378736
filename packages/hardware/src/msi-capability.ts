/*
 * MSI on the device's side: up to 32 messages that differ in the low bits of their data. A masked message waits in its
 * pending bit and is sent once when it is unmasked.
 */

import { CapabilityId, Msi } from '@netcx/bus';
import type { ConfigSpace } from './config-space.ts';
import { HardwareError } from './hardware-error.ts';
import type { MessagePort } from './message-port.ts';

const { MSI_CONTROL, MSI_LOW, MSI_HIGH, MSI_DATA, MSI_MASK, MSI_PENDING } = Msi;

/** The MSI messages of a device. */
export class MsiCapability {
  readonly #config: ConfigSpace;
  readonly #capability: number;
  readonly #port: MessagePort;
  readonly #maskable: boolean;
  /** Messages that wait for bus mastering or a mask; the same as the pending bits where the function shows them. */
  #pending = 0;

  /**
   * @param config - the function's configuration space, with the capability
   * @param port - the way up
   */
  constructor(config: ConfigSpace, port: MessagePort) {
    const capability = config.capability(CapabilityId.msi);
    if (capability === undefined) throw new HardwareError('BAD_CAPABILITY', 'the configuration space has no MSI');
    this.#capability = capability;
    this.#config = config;
    this.#port = port;
    this.#maskable = MSI_CONTROL.MASKABLE.get(config.load(capability)) === 1;
  }

  /** Whether the host switched MSI on. */
  get enabled(): boolean {
    return (this.#config.load(this.#capability) & MSI_CONTROL.ENABLE.mask) !== 0;
  }

  /** How many messages the host granted. */
  get messages(): number {
    const control = this.#config.load(this.#capability);
    return 1 << Math.min(MSI_CONTROL.ENABLED.get(control), MSI_CONTROL.CAPABLE.get(control));
  }

  /**
   * Raises a message. Nothing happens while the host has MSI off.
   *
   * @param message - 0 or more; when the host granted fewer, several share the granted ones
   */
  trigger(message: number): void {
    if (!this.enabled) return;
    const granted = message & (this.messages - 1);
    if (this.#passes(granted)) this.#send(granted);
    else this.#setPending(this.#pending | (1 << granted));
  }

  /** Looks again at what the host allows, and sends what waited for it. */
  update(): void {
    if (!this.enabled) return;
    for (let message = 0; message < this.messages; message++) {
      if ((this.#pending & (1 << message)) === 0 || !this.#passes(message)) continue;
      this.#setPending(this.#pending & ~(1 << message));
      this.#send(message);
    }
  }

  /** Forgets what is pending. */
  reset(): void {
    this.#setPending(0);
  }

  #passes(message: number): boolean {
    const mask = this.#maskable ? this.#config.load(this.#capability + MSI_MASK.offset) : 0;
    return this.#port.busMaster && (mask & (1 << message)) === 0;
  }

  #setPending(bits: number): void {
    this.#pending = bits;
    if (this.#maskable) this.#config.assign(this.#capability + MSI_PENDING.offset, -1, bits);
  }

  #send(message: number): void {
    const load = (offset: number): number => this.#config.load(this.#capability + offset) >>> 0;
    const data = (load(MSI_DATA.offset) & ~(this.messages - 1)) | message;
    this.#port.writeMessage(load(MSI_LOW.offset), load(MSI_HIGH.offset), data);
  }
}
