/*
 * How an adapter is made. Only what no capability says stands here: whose it is, how it keeps time, and how its buffers and
 * queues are chosen and watched.
 */

import type { RingSizing } from '@netcx/buffers';
import type { Clock } from '@netcx/clock';
import { AdapterError } from './adapter-error.ts';
import type { Configuration } from './configuration/configuration.ts';
import { checkPollingOptions, type PollingOptions } from './execution/polling-options.ts';
import type { NetDevice } from './device/net-device.ts';
import type { SoftwareOffloads } from './offload/transmit-offloads.ts';
import type { AdapterCallbacks } from './queue-creation.ts';
import type { TraceSink } from './statistics/trace-sink.ts';
import type { VerifierOptions } from './verifier/adapter-verifier.ts';

/** How an adapter is made. */
export interface NetAdapterOptions {
  /** For messages. */
  readonly name: string;
  /** Time, for the queues' execution contexts. */
  readonly clock: Clock;
  /**
   * The driver's side: both callbacks, or neither. Without, the adapter has the default data path: every frame to send is
   * completed at once, and nothing is received.
   */
  readonly callbacks?: AdapterCallbacks;
  /** The device that it is an adapter of; without one it is in D0 from the first moment to the last. */
  readonly device?: NetDevice;
  /** Its keywords; the empty configuration when left out. */
  readonly configuration?: Configuration;
  /** Queues to create; 1 each when left out, never more than the NIC has. */
  readonly queues?: { readonly transmit: number; readonly receive: number };
  /** Chooses ring and pool sizes; `defaultSizing` when left out. */
  readonly sizing?: RingSizing;
  /**
   * Whether use of buffers after their release, and writing past their ends, is looked for, and since when who holds what is
   * noted; false when left out. For tests, not for speed.
   */
  readonly checkedBuffers?: boolean;
  /**
   * Whether everything that the driver does to its queues is compared with what it may do; false when left out. Buffers are
   * checked then, too, and extensions lie where no driver expects them. For tests, not for speed: see docs/verifier.
   */
  readonly verifier?: boolean | VerifierOptions;
  /** `always` copies every frame to send, for tests and for NICs that are not trusted; `ifNeeded` when left out. */
  readonly bouncePolicy?: 'ifNeeded' | 'always';
  /**
   * Behind an IOMMU, frames of a protocol's own memory up to so many bytes are copied and not mapped; 0 when left out. Copying
   * a usual frame costs less than mapping it and unmapping it again (bench/mapping.bench.ts).
   */
  readonly copyBreak?: number;
  /**
   * Behind an IOMMU, how many mappings of a protocol's own memory stay in each transmit queue when no frame uses them, so that
   * memory which is sent again and again is mapped once. None when left out: a frame is unmapped when it is sent.
   */
  readonly idleMappings?: number;
  /** How queues are polled, and how long they may take to stop. */
  readonly polling?: PollingOptions;
  /** What software may do where the NIC cannot, or cannot to a particular frame; everything when left out. */
  readonly softwareOffloads?: boolean | Partial<SoftwareOffloads>;
  /**
   * Whether it is kept how long rounds of polling and the driver's callbacks take; false when left out. True measures with the
   * adapter's clock, which in virtual time stands still during a poll; a function is a stopwatch, in nanoseconds.
   */
  readonly histograms?: boolean | (() => number);
  /** Told of everything that the adapter does; nobody when left out. `@netcx/trace` has some that write files. */
  readonly trace?: TraceSink;
}

/**
 * @param options - how an adapter shall be made
 * @throws AdapterError `QUEUE_CONFIGURATION` for a number that cannot be
 */
export function checkNetAdapterOptions(options: NetAdapterOptions): void {
  const { name, queues = {}, idleMappings = 0, copyBreak = 0 } = options;
  const prefixed = Object.fromEntries(Object.entries(queues).map(([direction, n]) => [`queues.${direction}`, n]));
  for (const [what, value] of Object.entries({ ...prefixed, idleMappings, copyBreak })) {
    if (!Number.isInteger(value) || value < 0)
      throw new AdapterError('QUEUE_CONFIGURATION', `${name}: ${what} is ${String(value)}; expected 0 or more`);
  }
  checkPollingOptions(name, options.polling);
}
