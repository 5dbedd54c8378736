/*
 * Configuration space as the peer reads it: the function's own, without the capabilities that are hidden. A hidden
 * capability is not in the list any more; its registers stay where they are, as those of nobody.
 */

import { Configuration, type PciEndpoint } from '@netcx/bus';

const { CAPABILITIES } = Configuration;
const FIRST_CAPABILITY = 0x40;
const MOST_CAPABILITIES = 48;

/** A function's configuration space, read byte by byte. */
export class ConfigView {
  readonly #endpoint: PciEndpoint;
  /** Bytes that read differently: pointers of the list. */
  readonly #replaced = new Map<number, number>();

  /**
   * @param endpoint - the function
   * @param hidden - ids of capabilities that are not shown
   */
  constructor(endpoint: PciEndpoint, hidden: readonly number[]) {
    this.#endpoint = endpoint;
    if (hidden.length > 0) this.#hide(hidden);
  }

  /**
   * @param offset - first byte
   * @param target - filled with what is there
   */
  read(offset: number, target: Uint8Array): void {
    let word = 0;
    for (let byte = 0; byte < target.length; byte++) {
      const at = offset + byte;
      if (byte === 0 || (at & 3) === 0) word = this.#endpoint.readConfig(at & ~3, 4);
      target[byte] = this.#replaced.get(at) ?? word >>> ((at & 3) * 8);
    }
  }

  #hide(hidden: readonly number[]): void {
    let pointer = CAPABILITIES.offset;
    let at = this.#endpoint.readConfig(pointer, 1) & ~3;
    for (let count = 0; count < MOST_CAPABILITIES && at >= FIRST_CAPABILITY; count++) {
      const id = this.#endpoint.readConfig(at, 1);
      const next = this.#endpoint.readConfig(at + 1, 1) & ~3;
      if (hidden.includes(id)) this.#replaced.set(pointer, next);
      else pointer = at + 1;
      at = next;
    }
  }
}
