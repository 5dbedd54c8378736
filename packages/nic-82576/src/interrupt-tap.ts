/*
 * Between the MAC's interrupt logic and the function's pin and messages: where interrupts get lost and come from nowhere
 * when a fault says so. Without a fault everything passes.
 */

import { MICROSECOND, type Alarm, type Clock } from '@netcx/clock';
import type { InterruptPort } from '@netcx/hardware';

/** How the MAC interrupts: by a message, or by the level of the pin, which is a message when it rises. */
export interface InterruptOutlet {
  /**
   * @param vector - which message
   */
  trigger(vector: number): void;
  /**
   * @param asserted - whether the MAC wants attention
   */
  setLevel(asserted: boolean): void;
  /** The pending bits of the MSI-X vectors. */
  readonly pending: number;
  /**
   * @param bits - the vectors that are not pending any more
   */
  clearPending(bits: number): void;
}

/** How long a pin that nothing asserts stays asserted. */
const GLITCH = MICROSECOND;

/** The way of interrupts out of the MAC. */
export class InterruptTap implements InterruptOutlet {
  /** Asked for each interrupt that is about to go: whether it gets lost. */
  loses: (() => boolean) | undefined;
  readonly #port: InterruptPort;
  readonly #glitchOver: Alarm;
  #level = false;
  /** The level rose, and nobody saw it. */
  #muted = false;

  /**
   * @param port - how interrupts leave the function
   * @param clock - ends a glitch of the pin
   */
  constructor(port: InterruptPort, clock: Clock) {
    this.#port = port;
    this.#glitchOver = clock.alarm(() => port.setLevel(this.#level && !this.#muted));
  }

  trigger(vector: number): void {
    if (this.#port.mode === 'intx' || this.loses?.() === true) return; // a pin knows no messages
    this.#port.trigger(vector);
  }

  get pending(): number {
    return this.#port.pending;
  }

  clearPending(bits: number): void {
    this.#port.clearPending(bits);
  }

  setLevel(asserted: boolean): void {
    const rises = asserted && !this.#level;
    this.#level = asserted;
    if (rises) this.#muted = this.loses?.() === true;
    this.#port.setLevel(asserted && !this.#muted);
  }

  /**
   * An interrupt that has no cause: a message, or the pin for a microsecond.
   *
   * @param vector - which message
   */
  glitch(vector: number): void {
    if (this.#port.mode !== 'intx') {
      this.#port.trigger(vector);
      return;
    }
    this.#port.setLevel(true);
    this.#glitchOver.after(GLITCH);
  }
}
