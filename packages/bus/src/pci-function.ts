/*
 * A PCI function as its host sees it: configuration space and BARs. It is the only thing through which a driver reaches
 * a device, and it does not say what is behind it: a model in this process, a model in QEMU, one day silicon. Accesses
 * are synchronous, because a driver's register read is. A function that is gone answers all ones, as a bus does.
 */

/** Size of one access in bytes. */
export type AccessSize = 1 | 2 | 4;

/** Where a function sits: bus, device and function number, for messages. */
export type FunctionName = string;

/** One register of a function, found once. */
export interface RegisterPort {
  /**
   * A posted write, as `PciFunction.write32` makes it there.
   *
   * @param value - what to write
   */
  write(value: number): void;
}

/** A PCI function, seen from the host. */
export interface PciFunction {
  /** For messages: `00:04.0` or the like. */
  readonly name: FunctionName;
  /**
   * @param offset - byte offset in configuration space, a multiple of `size`
   * @param size - bytes to read
   * @returns the value, unsigned; all ones when nothing answers
   */
  readConfig(offset: number, size: AccessSize): number;
  /**
   * @param offset - byte offset in configuration space, a multiple of `size`
   * @param size - bytes to write
   * @param value - what to write
   */
  writeConfig(offset: number, size: AccessSize, value: number): void;
  /**
   * @param bar - which base address register, 0 to 5
   * @param offset - byte offset in it, a multiple of 4
   * @returns the register, unsigned; all ones when nothing answers (no such BAR, memory space off, device gone)
   */
  read32(bar: number, offset: number): number;
  /**
   * A posted write: it returns before the device has acted on it.
   *
   * @param bar - which base address register, 0 to 5
   * @param offset - byte offset in it, a multiple of 4
   * @param value - what to write
   */
  write32(bar: number, offset: number, value: number): void;
  /**
   * Finds a register once that is written for each burst, such as a doorbell. Left out where there is no shorter way than
   * `write32`.
   *
   * @param bar - which base address register, 0 to 5
   * @param offset - byte offset in it, a multiple of 4
   * @returns what writes there, whatever becomes of the function meanwhile; `undefined` when `write32` is the way
   */
  port?(bar: number, offset: number): RegisterPort | undefined;
}
