/*
 * What a NIC's author hands to `nicSuite`: the model and the cable it is plugged into, built anew for each case. The
 * suite plays the bus, the host and the far end of the cable. It knows no register of the NIC; what it cannot know it
 * asks for by two small functions that any model can offer.
 */

import type { PciEndpoint, PciFunction } from '@netcx/bus';
import type { LinkEnd } from '@netcx/hardware';
import type { VirtualTime } from '../virtual-time.ts';

/** Who resets the NIC: the bus that it is on, or the host by the function-level reset of PCI Express. */
export type ResetKind = 'bus' | 'function';

/** A NIC model, not plugged in. */
export interface NicUnderTest {
  /** The model. */
  readonly endpoint: PciEndpoint;
  /** The model's time; nobody but the suite moves it. */
  readonly clock: VirtualTime;
  /** The far end of the NIC's cable, with nobody there. */
  readonly peer: LinkEnd;
  /**
   * Makes the NIC reach host memory as a driver would, for instance by having it fetch a descriptor; left out, the cases
   * about single accesses are skipped.
   *
   * @param fn - the function; memory space is on, bus mastering as the case wants it
   * @param address - logical address of 4096 bytes, all zero, that it shall reach
   */
  startDma?(fn: PciFunction, address: number): void;
  /**
   * Makes the NIC raise an MSI-X vector as a driver could, for instance by a register that sets interrupt causes; left
   * out, the cases about single messages are skipped.
   *
   * @param fn - the function; memory space and MSI-X are on
   * @param vector - which vector, 0 or more
   */
  raiseVector?(fn: PciFunction, vector: number): void;
  /**
   * @param bar - a memory BAR
   * @param offset - byte offset of a register in it
   * @param kind - which reset
   * @returns whether the register may differ after it from what it is after power-on; none may when left out
   */
  survivesReset?(bar: number, offset: number, kind: ResetKind): boolean;
  /**
   * Gives back what the model took.
   *
   * @returns when it was given back
   */
  dispose?(): void | Promise<void>;
}

/** What a case wishes of the NIC. */
export interface NicWishes {
  /** For the model's clock. */
  readonly seed: number;
}

/** What `nicSuite` is told. */
export interface NicSuiteOptions {
  /**
   * Builds a NIC.
   *
   * @param wishes - the seed
   * @returns the NIC; the suite disposes of it
   */
  create(wishes: NicWishes): NicUnderTest | Promise<NicUnderTest>;
}
