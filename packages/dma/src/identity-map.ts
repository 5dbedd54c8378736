/*
 * The domain of a machine without an IOMMU: a logical address is the host offset of the same number. Nothing needs to
 * be mapped for the device to reach it, which is also why a stray descriptor can reach everything.
 */

import { DmaError } from './dma-error.ts';
import { FaultLog, type Direction, type DmaDomain, type DmaFault, type MapLimits } from './domain.ts';
import { logicalAddress, type LogicalAddress } from './logical-address.ts';
import { hostBytes } from './memory.ts';

/**
 * Logical address = host offset, for all of host memory.
 *
 * @example
 * ```ts
 * const domain = new IdentityMap(); // a machine without an IOMMU
 * domain.translate(4096, 0, 64, 'read'); // 4096
 * ```
 */
export class IdentityMap implements DmaDomain {
  readonly directLimit: number;
  readonly #faults = new FaultLog();

  /**
   * @param bytes - how much of host memory the device reaches, from 0; all of it when left out
   * @throws DmaError `BAD_ADDRESS` for more than there is, `BAD_LENGTH` for none
   */
  constructor(bytes: number = hostBytes) {
    checkHostRange(0, bytes);
    this.directLimit = bytes;
  }

  get faultCount(): number {
    return this.#faults.count;
  }

  get faults(): readonly DmaFault[] {
    return this.#faults.recent;
  }

  translate(low: number, high: number, length: number, access: 'read' | 'write'): number {
    const offset = low >>> 0;
    if (high !== 0 || offset + length > this.directLimit) {
      return this.#faults.refuse(low, high, length, access, 'beyond memory');
    }
    return offset;
  }

  map(offset: number, length: number, _direction: Direction, limits: MapLimits): LogicalAddress {
    checkHostRange(offset, length);
    if (offset + length - 1 > limits.maximumAddress || offset + length > this.directLimit) {
      throw new DmaError(
        'NOT_REACHABLE',
        `host memory at ${String(offset)} + ${String(length)} lies beyond what the device reaches without an IOMMU (${String(Math.min(limits.maximumAddress + 1, this.directLimit))} bytes)`,
      );
    }
    return logicalAddress(offset);
  }

  unmap(_address: LogicalAddress, _length: number): void {
    // Nothing was made, nothing is undone.
  }
}

/**
 * @param offset - host offset of the first byte
 * @param length - bytes
 * @throws DmaError `BAD_ADDRESS` or `BAD_LENGTH` unless all of it is host memory
 * @example
 * ```ts
 * checkHostRange(offset, 1500); // throws BAD_ADDRESS or BAD_LENGTH unless all of it is host memory
 * ```
 */
export function checkHostRange(offset: number, length: number): void {
  if (!Number.isInteger(length) || length <= 0)
    throw new DmaError('BAD_LENGTH', `${String(length)} bytes: expected 1 or more`);
  if (!Number.isInteger(offset) || offset < 0 || offset + length > hostBytes) {
    throw new DmaError(
      'BAD_ADDRESS',
      `${String(offset)} + ${String(length)} is not inside the ${String(hostBytes)} bytes of host memory`,
    );
  }
}
