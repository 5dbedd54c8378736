/*
 * The verifier of one adapter: what its queues' watches report is listed here, and told to whoever wants to know. Telling is
 * an alarm of its own on the adapter's clock, so whatever the listener does, the poll in which a rule was broken has ended and
 * the queue has stopped by then.
 */

import { BufferError, type BufferPool, type LentBuffers } from '@netcx/buffers';
import type { Alarm, Clock } from '@netcx/clock';
import type { DmaDomain, DmaFault } from '@netcx/dma';
import { raise, type Site } from './site.ts';
import { violation, type ViolationError } from './violation.ts';

/** How an adapter's drivers are watched. */
export interface VerifierOptions {
  /**
   * Told of each broken rule. When left out the violation is thrown out of the adapter's clock, which ends a test, or a
   * program on real time.
   *
   * @param violation - what was broken, by which queue, and how; the queue has stopped, everything else goes on
   */
  readonly onViolation?: (violation: ViolationError) => void;
}

/**
 * @param error - anything that was thrown
 * @param site - where
 * @returns what a checked pool found out, as a violation; `undefined` when it is something else
 */
export function bufferViolation(error: unknown, site: Partial<Site>): ViolationError | undefined {
  if (!(error instanceof BufferError)) return undefined;
  if (error.code !== 'WRITTEN_AFTER_FREE' && error.code !== 'WRITTEN_BEYOND_END') return undefined;
  const broken = violation(0x8e, error.message, { ...site, field: 'a buffer’s bytes', expected: 'them as they were' });
  broken.cause = error;
  return broken;
}

/** Lists violations, and tells of them. */
export class AdapterVerifier {
  /** Every broken rule so far, oldest first. */
  readonly violations: ViolationError[] = [];
  /** When the adapter is. */
  readonly clock: Clock;
  readonly #listener: (violation: ViolationError) => void;
  readonly #alarm: Alarm;
  readonly #untold: ViolationError[] = [];
  readonly #faults = new Map<DmaDomain, number>();

  /**
   * @param clock - the adapter's
   * @param options - who is told
   */
  constructor(clock: Clock, options: VerifierOptions = {}) {
    this.clock = clock;
    this.#listener =
      options.onViolation ??
      ((violation) => {
        throw violation;
      });
    this.#alarm = clock.alarm(() => {
      this.flush();
    });
  }

  /**
   * @param violation - what was broken
   */
  report(violation: ViolationError): void {
    this.violations.push(violation);
    this.#untold.push(violation);
    this.#alarm.soon();
  }

  /**
   * Tells at once of what nobody was told of.
   *
   * @throws whatever the listener throws; what is left is told by the clock
   */
  flush(): void {
    try {
      for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift()) this.#listener(next);
    } finally {
      if (this.#untold.length > 0) this.#alarm.soon();
    }
  }

  /**
   * Reports whatever a checked pool knows of its buffers' misuse.
   *
   * @param pool - of a queue that has stopped
   */
  inspect(pool: BufferPool | LentBuffers): void {
    if (!('verify' in pool)) return;
    for (;;) {
      try {
        pool.verify();
        return;
      } catch (error) {
        const broken = bufferViolation(error, { object: pool.name });
        if (broken === undefined) throw error;
        this.report(broken);
      }
    }
  }

  /**
   * From now on a fault in one of these domains is a violation.
   *
   * @param domains - through which the NIC reaches memory
   */
  watch(domains: readonly (DmaDomain | undefined)[]): void {
    this.#faults.clear();
    for (const domain of domains) if (domain !== undefined) this.#faults.set(domain, domain.faultCount);
  }

  /**
   * @param site - who notices
   * @throws ViolationError 0x8d when the NIC wanted to go where it may not since the last call
   */
  checkFaults(site: Site): void {
    for (const [domain, known] of this.#faults) {
      if (domain.faultCount === known) continue;
      this.#faults.set(domain, domain.faultCount);
      raise(site, 0x8d, `the device was refused ${describe(domain.faults.at(-1))}`, {
        field: 'logical address',
        expected: 'one that was mapped for the device, for as long as it is',
        found: domain.faults.at(-1)?.address,
      });
    }
  }
}

const describe = (fault: DmaFault | undefined): string =>
  fault === undefined
    ? 'an access'
    : `a ${fault.access} of ${String(fault.length)} bytes (${fault.reason}); the queue that noticed may not be the one at fault`;

/**
 * @param clock - the adapter's
 * @param wanted - what it was told
 * @returns its verifier; `undefined` when it shall have none
 */
export function verifierOf(clock: Clock, wanted: boolean | VerifierOptions | undefined): AdapterVerifier | undefined {
  if (wanted === undefined || wanted === false) return undefined;
  return new AdapterVerifier(clock, wanted === true ? {} : wanted);
}
