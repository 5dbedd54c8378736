/*
 * The function in a slot of the in-process bridge, as its driver sees it. Accesses that no processor could make are the
 * driver's mistakes and throw; once the model is gone everything reads as all ones.
 */

import { BusError } from './bus-error.ts';
import type { AccessSize, PciFunction, RegisterPort } from './pci-function.ts';
import type { PciEndpoint } from './upstream.ts';

/** Bytes of a PCI Express function's configuration space. */
const CONFIGURATION_BYTES = 4096;
const LAST_BAR = 5;

/** A model's function behind a bridge. */
export class BridgeFunction implements PciFunction {
  readonly name: string;
  /** Whether the model was pulled out. */
  gone = false;
  readonly #endpoint: PciEndpoint;

  /**
   * @param endpoint - the model
   * @param name - for messages
   */
  constructor(endpoint: PciEndpoint, name: string) {
    this.#endpoint = endpoint;
    this.name = name;
  }

  readConfig(offset: number, size: AccessSize): number {
    this.#checkConfig(offset, size);
    return this.gone ? 2 ** (size * 8) - 1 : this.#endpoint.readConfig(offset, size);
  }

  writeConfig(offset: number, size: AccessSize, value: number): void {
    this.#checkConfig(offset, size);
    if (!this.gone) this.#endpoint.writeConfig(offset, size, value);
  }

  read32(bar: number, offset: number): number {
    if (!(bar >= 0 && bar <= LAST_BAR && offset >= 0) || (offset & 3) !== 0) this.#refuse(bar, offset);
    return this.gone ? 0xffff_ffff : this.#endpoint.read32(bar, offset);
  }

  write32(bar: number, offset: number, value: number): void {
    if (!(bar >= 0 && bar <= LAST_BAR && offset >= 0) || (offset & 3) !== 0) this.#refuse(bar, offset);
    if (!this.gone) this.#endpoint.write32(bar, offset, value);
  }

  port(bar: number, offset: number): RegisterPort | undefined {
    if (!(bar >= 0 && bar <= LAST_BAR && offset >= 0) || (offset & 3) !== 0) this.#refuse(bar, offset);
    return this.gone ? undefined : this.#endpoint.port?.(bar, offset);
  }

  #refuse(bar: number, offset: number): never {
    if (!(bar >= 0 && bar <= LAST_BAR))
      throw new BusError('BAD_BAR', `${this.name} has BARs 0 to 5, not ${String(bar)}`);
    throw new BusError(
      'BAD_OFFSET',
      `${this.name} BAR ${String(bar)}: ${String(offset)} is no multiple of 4 from 0 on`,
    );
  }

  #checkConfig(offset: number, size: number): void {
    if (size !== 1 && size !== 2 && size !== 4) {
      throw new BusError(
        'BAD_SIZE',
        `${this.name}: an access to configuration space has 1, 2 or 4 bytes, not ${String(size)}`,
      );
    }
    if (!(offset >= 0 && offset < CONFIGURATION_BYTES) || offset % size !== 0) {
      throw new BusError(
        'BAD_OFFSET',
        `${this.name}: configuration space has no ${String(size)} bytes at ${String(offset)}`,
      );
    }
  }
}
