/*
 * Memory that a device reaches and this process does not hold: the RAM of a virtual machine, which comes and goes in
 * pieces. It has no host offsets, so nothing of it can be translated: bytes are copied, by whoever knows how.
 */

/**
 * What lies behind a domain whose memory is not the process's own. Refusals are faults of the domain, never thrown.
 *
 * @example
 * ```ts
 * const { foreign } = domain; // undefined where memory is the process's own
 * foreign?.write(new Uint8Array([1, 0, 0, 0]), 0, 4, 0x10_0000, 0); // one word, at once
 * ```
 */
export interface ForeignMemory {
  /**
   * @param low - low 32 bits of the logical address
   * @param high - high 32 bits
   * @param length - bytes from there on, 1 or more
   * @param access - what the device wants
   * @returns whether all of them may be reached now; false after recording a fault
   */
  reaches(low: number, high: number, length: number, access: 'read' | 'write'): boolean;
  /**
   * Copies from foreign memory. What lies before a refused byte may have been copied.
   *
   * @param low - low 32 bits of the logical address
   * @param high - high 32 bits
   * @param length - bytes, 1 or more
   * @param target - where they go
   * @param offset - from this byte of it on
   * @returns false after recording a fault
   */
  read(low: number, high: number, length: number, target: Uint8Array, offset: number): boolean;
  /**
   * Copies to foreign memory. What lies before a refused byte may have been written, nothing behind it is. Four bytes at
   * a multiple of four are written at once, after everything that was written before: nobody sees half of them.
   *
   * @param source - where the bytes lie
   * @param offset - from this byte of it on
   * @param length - bytes, 1 or more
   * @param low - low 32 bits of the logical address
   * @param high - high 32 bits
   * @returns false after recording a fault
   */
  write(source: Uint8Array, offset: number, length: number, low: number, high: number): boolean;
}
