/*
 * A domain whose memory can only be copied, as a virtual machine's: behind it is this process's host memory all the same,
 * so that a test's driver writes descriptors where it always does, and the device never gets an offset.
 */

import { FaultLog, logicalAddress, type DmaDomain, type DmaFault, type ForeignMemory } from '@netcx/dma';
import { hostBytes, u8 as host } from '@netcx/dma/memory';

export class CopiedMemory implements DmaDomain {
  readonly directLimit = 0;
  /** What the device wrote, in order: where, and how many bytes. */
  readonly writes: { readonly at: number; readonly length: number }[] = [];
  /** What the device read, likewise. */
  readonly reads: { readonly at: number; readonly length: number }[] = [];
  readonly #faults = new FaultLog();

  readonly foreign: ForeignMemory = {
    reaches: (low, high, length, access) => this.#check(low, high, length, access),
    read: (low, high, length, target, offset) => {
      if (!this.#check(low, high, length, 'read')) return false;
      const at = low >>> 0;
      this.reads.push({ at, length });
      target.set(host.subarray(at, at + length), offset);
      return true;
    },
    write: (source, offset, length, low, high) => {
      if (!this.#check(low, high, length, 'write')) return false;
      const at = low >>> 0;
      this.writes.push({ at, length });
      host.set(source.subarray(offset, offset + length), at);
      return true;
    },
  };

  get faultCount(): number {
    return this.#faults.count;
  }

  get faults(): readonly DmaFault[] {
    return this.#faults.recent;
  }

  translate(low: number, high: number, length: number, access: 'read' | 'write'): number {
    return this.#faults.refuse(low, high, length, access, 'not mapped');
  }

  map(offset: number): ReturnType<DmaDomain['map']> {
    return logicalAddress(offset);
  }

  unmap(): void {
    // Everything is always there.
  }

  #check(low: number, high: number, length: number, access: 'read' | 'write'): boolean {
    if (high === 0 && (low >>> 0) + length <= hostBytes) return true;
    this.#faults.refuse(low, high, length, access, 'beyond memory');
    return false;
  }
}
