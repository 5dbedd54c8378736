/*
 * The domain of a device whose machine's memory is elsewhere: what the pieces of a region table cover can be reached,
 * everything else is a fault. It gives out no addresses: the machine over there has its own.
 */

import { DmaError } from './dma-error.ts';
import { FaultLog, type DmaDomain, type DmaFault } from './domain.ts';
import type { ForeignMemory } from './foreign-memory.ts';
import { RegionTable, type ForeignRegion, type RegionTableOptions } from './region-table.ts';

const TWO_32 = 0x1_0000_0000;

/**
 * A domain over pieces of foreign memory.
 *
 * @example
 * ```ts
 * const domain = new ForeignDomain();
 * domain.regions.add({ address: 0x10_0000, size: 4096, direction: 'both', access });
 * domain.foreign.read(0x10_0000, 0, 16, new Uint8Array(16), 0); // true
 * domain.foreign.read(0x20_0000, 0, 16, new Uint8Array(16), 0); // false, and a fault: nothing is there
 * ```
 */
export class ForeignDomain implements DmaDomain {
  readonly directLimit = 0;
  /** The pieces; whoever knows of them adds and removes them. */
  readonly regions: RegionTable;
  readonly foreign: ForeignMemory;
  readonly #faults = new FaultLog();

  /**
   * @param options - limits of the table
   */
  constructor(options: RegionTableOptions = {}) {
    this.regions = new RegionTable(options);
    this.foreign = {
      reaches: (low, high, length, access) => this.#walk(low, high, length, access, () => true),
      read: (low, high, length, target, offset) =>
        this.#walk(low, high, length, 'read', (region, at, bytes, done) =>
          region.access.read(at, bytes, target, offset + done),
        ),
      write: (source, offset, length, low, high) =>
        this.#walk(low, high, length, 'write', (region, at, bytes, done) =>
          region.access.write(at, bytes, source, offset + done),
        ),
    };
  }

  get faultCount(): number {
    return this.#faults.count;
  }

  get faults(): readonly DmaFault[] {
    return this.#faults.recent;
  }

  translate(low: number, high: number, length: number, access: DmaFault['access']): number {
    return this.#faults.refuse(low, high, length, access, 'beyond memory');
  }

  map(offset: number, length: number): never {
    throw new DmaError(
      'NOT_REACHABLE',
      `host memory at ${String(offset)} + ${String(length)} is not in the machine that this device belongs to`,
    );
  }

  unmap(): never {
    throw new DmaError('NOT_MAPPED', 'nothing is ever mapped here');
  }

  /** Visits the pieces that a range lies in, in order, up to the first that refuses. */
  #walk(
    low: number,
    high: number,
    length: number,
    access: DmaFault['access'],
    visit: (region: ForeignRegion, at: number, bytes: number, done: number) => boolean,
  ): boolean {
    const start = (high >>> 0) * TWO_32 + (low >>> 0);
    let done = 0;
    while (done < length) {
      const address = start + done;
      const region = address <= Number.MAX_SAFE_INTEGER ? this.regions.find(address) : undefined;
      const reason = refusal(region, access);
      if (region === undefined || reason !== undefined) {
        return this.#refuse({ low, high, done }, length - done, access, reason ?? 'not mapped');
      }
      const at = address - region.address;
      const bytes = Math.min(length - done, region.size - at);
      if (!visit(region, at, bytes, done)) {
        return this.#refuse({ low, high, done }, bytes, access, 'beyond memory');
      }
      done += bytes;
    }
    return true;
  }

  /** Records a fault, `done` bytes behind the address of an access. */
  #refuse(
    { low, high, done }: { readonly low: number; readonly high: number; readonly done: number },
    length: number,
    access: DmaFault['access'],
    reason: DmaFault['reason'],
  ): false {
    const from = (low >>> 0) + done;
    this.#faults.refuse(from % TWO_32, high + Math.floor(from / TWO_32), length, access, reason);
    return false;
  }
}

/** Why a piece refuses an access; `undefined` when it does not. */
function refusal(region: ForeignRegion | undefined, access: DmaFault['access']): DmaFault['reason'] | undefined {
  if (region === undefined) return 'not mapped';
  if (region.direction === 'both' || region.direction === access) return undefined;
  return access === 'write' ? 'read only' : 'write only';
}
