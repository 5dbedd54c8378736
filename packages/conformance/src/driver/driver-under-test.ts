/*
 * What a driver's author hands to `driverSuite`: a machine with the driver in it, built anew for each case. The suite
 * stands at both ends of it, above the adapter as its protocol and at the far end of the cable, and moves its time.
 */

import type { NetAdapter } from '@netcx/adapter';
import type { DmaDomain } from '@netcx/dma';
import type { LinkEnd } from '@netcx/hardware';
import type { FarEnd } from '../far-end.ts';
import type { VirtualTime } from '../virtual-time.ts';

/** A machine that can let its NIC sleep. */
export interface SleepUnderTest {
  /**
   * Stops the driver, so that a magic packet for its address wakes the host, and nothing else. `start` ends the sleep.
   *
   * @returns when the NIC sleeps, and everything that `start` took was given back
   */
  sleep(): Promise<void>;
  /** @returns how often the NIC has called its host to wake up */
  wakeCalls(): number;
}

/** A driver in a machine of its own, not started. */
export interface DriverUnderTest {
  /** The machine's time; nobody but the suite moves it. */
  readonly clock: VirtualTime;
  /** The driver's adapter, without a protocol. */
  readonly adapter: NetAdapter;
  /** The far end of the NIC's cable, with nobody there: of a link, or of anything else that carries frames. */
  readonly peer: LinkEnd | FarEnd;
  /** How the NIC reaches host memory; left out when it does not. */
  readonly domain?: DmaDomain;
  /**
   * Starts the driver. May be called again after each `stop`.
   *
   * @returns when its queues take frames; the link may come up later
   */
  start(): Promise<void>;
  /**
   * Stops the driver.
   *
   * @returns when everything that `start` took was given back
   */
  stop(): Promise<void>;
  /** Pulls the NIC out without warning; left out where that cannot be. */
  remove?(): void;
  /** How the NIC sleeps; left out where it does not. */
  readonly power?: SleepUnderTest;
  /**
   * Resets the NIC under its running adapter; left out where the driver has no such thing.
   *
   * @returns when the NIC works again, but for its link
   */
  reset?(): Promise<void>;
  /**
   * Takes the machine apart. The driver is stopped, unless its `start` or `stop` failed.
   *
   * @returns when the machine's memory was given back
   */
  dispose?(): void | Promise<void>;
}

/** What a case wishes of the machine. */
export interface DriverWishes {
  /** Whether an IOMMU stands between NIC and memory. */
  readonly iommu: boolean;
  /** For the machine's clock. */
  readonly seed: number;
}

/** What `driverSuite` is told. */
export interface DriverSuiteOptions {
  /**
   * Builds a machine with the driver in it.
   *
   * @param wishes - whether there is an IOMMU, and the seed
   * @returns the machine; the suite disposes of it
   */
  create(wishes: DriverWishes): DriverUnderTest | Promise<DriverUnderTest>;
  /** Which machines to try; `both` when left out. A driver whose NIC does no DMA has only `without`. */
  readonly iommu?: 'both' | 'with' | 'without';
}
