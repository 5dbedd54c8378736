/*
 * The time in which a device changes its power: the only one in which its wake sources and power offloads are listed. A list
 * that was taken in one change is not read in another.
 */

import type { NetAdapter } from '../net-adapter.ts';
import { violation } from '../verifier/violation.ts';
import { TransitionList } from './transition-list.ts';

/** The changes of power of one device. */
export class PowerTransition {
  readonly #device: string;
  readonly #adapters: () => readonly NetAdapter[];
  #current: object | undefined;

  /**
   * @param device - its name, for messages
   * @param adapters - what is listed is theirs
   */
  constructor(device: string, adapters: () => readonly NetAdapter[]) {
    this.#device = device;
    this.#adapters = adapters;
  }

  /** Power begins to change. */
  begin(): void {
    this.#current = {};
  }

  /** It has changed: lists are not read any more. */
  end(): void {
    this.#current = undefined;
  }

  /**
   * @param what - what is listed, for messages
   * @param rule - what is broken by who reads the list later
   * @param of - what an adapter adds to it
   * @returns the list
   * @throws ViolationError 0x2E `POWER_NOT_IN_TRANSITION`
   */
  list<T>(what: string, rule: number, of: (adapter: NetAdapter) => readonly T[]): TransitionList<T> {
    const object = this.#device;
    const transition = this.#current;
    if (transition === undefined)
      throw violation(0x2e, `${object}: ${what} are listed while power changes, and at no other time`, { object });
    const over = (): boolean => this.#current !== transition;
    return new TransitionList({ device: object, rule, elements: this.#adapters().flatMap(of), over });
  }
}
