/*
 * A list that a driver may read while its device changes power, and not after: what it says is true only then. NetAdapterCx
 * hands out such lists of wake sources and of power offloads (reference netadaptercx §5.1).
 */

import { violation } from '../verifier/violation.ts';

/** What a list is made of. */
export interface TransitionListOptions<T> {
  /** The device's name, for messages. */
  readonly device: string;
  /** The rule that is broken by who reads it later. */
  readonly rule: number;
  readonly elements: readonly T[];
  /** Whether the transition that it was made in is over. */
  readonly over: () => boolean;
}

/** Wake sources or power offloads of a device, for one change of its power. */
export class TransitionList<T> implements Iterable<T> {
  readonly #options: TransitionListOptions<T>;

  /**
   * @param options - what is in it, and until when
   */
  constructor(options: TransitionListOptions<T>) {
    this.#options = options;
  }

  /** How many there are. */
  get count(): number {
    return this.#live().length;
  }

  /**
   * @param index - 0 for the first
   * @returns the element, or `undefined` behind the last
   */
  at(index: number): T | undefined {
    return this.#live()[index];
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#live()[Symbol.iterator]();
  }

  #live(): readonly T[] {
    const { device, rule, elements, over } = this.#options;
    if (over())
      throw violation(rule, `${device}: a list was read after the change of power that it was made for`, {
        object: device,
        expected: 'a list from device.wakeSources or device.powerOffloads, taken in this change of power',
      });
    return elements;
  }
}
