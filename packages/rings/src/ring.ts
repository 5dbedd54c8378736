/*
 * A ring of equal elements in host memory, and all index work there is. Elements go round through four sections:
 *
 *     processed ...... begin ........ next ........ end ...... processed - 1
 *     |-- given back --|--- drain -----|--- post ----|--- free ---|
 *     |   not reaped   |<------- the driver's ------>|
 *
 * The framework moves `end` (publish) and `processed` (reap), the driver moves `next` (post) and `begin` (complete). No
 * method takes an index, so none can be written unmasked; loops count with `(index + 1) & mask` on locals. One element
 * always stays free: begin == end means empty. Follows reference netadaptercx §2. Everything here is a plain load or store,
 * for both sides in one worker; ring-producer.ts and ring-consumer.ts are for two.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as error from './ring-error.ts';
import * as header from './ring-header.ts';

const { i32: m } = memory;
const { RingError } = error;
const { RingHeader, RING_HEADER_BYTES } = header;

// The four indices as word offsets in the header. A getter this small is inlined wherever a burst begins and ends, which
// one that goes through the struct's accessor is not: 27 bytes of bytecode are V8's limit for doing so without counting.
const END = RingHeader.endIndex.location.byteOffset >>> 2;
const PROCESSED = RingHeader.processedIndex.location.byteOffset >>> 2;
const BEGIN = RingHeader.beginIndex.location.byteOffset >>> 2;
const NEXT = RingHeader.nextIndex.location.byteOffset >>> 2;
const INDICES = [RingHeader.endIndex, RingHeader.processedIndex, RingHeader.beginIndex, RingHeader.nextIndex];

/**
 * How a ring is laid out. An `ElementPlan` of `@netcx/extensions` has the last three.
 *
 * @example
 * ```ts
 * const options: RingOptions = { name: 'rx 0 packets', elements: 256, stride: 20, coreSize: 12, coreVersion: 1 };
 * Ring.bytes(options); // 5184
 * ```
 */
export interface RingOptions {
  /** For messages: whose ring, and which. */
  readonly name: string;
  /** Elements, a power of two from 2 to 2^20. */
  readonly elements: number;
  /** Bytes from one element to the next, a multiple of 4 up to 65532. */
  readonly stride: number;
  /** Bytes of the core descriptor, a multiple of 4; the whole element when left out. */
  readonly coreSize?: number;
  /** The core descriptor's version, 1 to 65535; 1 when left out. A later version has more fields at its end. */
  readonly coreVersion?: number;
}

/**
 * A ring; it holds integers only, and may be rebuilt from its offset in another worker.
 *
 * @example
 * ```ts
 * const options = { name: 'tx 0', elements: 8, stride: 16 };
 * const ring = Ring.create(hostPages.allocate(Ring.bytes(options)), options);
 * m[ring.at(ring.endIndex)] = 42; // the framework fills an element
 * ring.publish(1);
 * m[ring.at(ring.nextIndex)]; // 42
 * ring.post(1); // the driver hands it to its device
 * ring.complete(1);
 * ring.reap(ring.reapCount); // the framework has it back
 * ring.describe(); // 'tx 0: 8 x 16 B, processed 1 begin 1 next 1 end 1'
 * ```
 */
export class Ring {
  /** For messages. */
  readonly name: string;
  /** Host offset of the header, in bytes. */
  readonly offset: number = 0;
  /** Word index of the header. */
  readonly header: number = 0;
  /** Word index of element 0. */
  readonly base: number = 0;
  /** Words from one element to the next. */
  readonly stride: number = 0;
  /** Number of elements, a power of two. */
  readonly elements: number = 0;
  /** `elements - 1`: what an index is masked with. */
  readonly mask: number = 0;
  /** Bytes of the core descriptor; extensions follow it. */
  readonly coreSize: number = 0;
  /** The core descriptor's version: a driver may use the fields that this or an earlier version has. */
  readonly coreVersion: number = 0;

  private constructor(name: string, offset: number) {
    const word = offset >>> 2;
    this.name = name;
    this.offset = offset;
    this.header = word;
    this.base = word + (RING_HEADER_BYTES >>> 2);
    this.stride = RingHeader.elementStride.get(m, word) >>> 2;
    this.elements = RingHeader.numberOfElements.get(m, word) | 0;
    this.mask = RingHeader.elementIndexMask.get(m, word) | 0;
    this.coreSize = RingHeader.coreSize.get(m, word);
    this.coreVersion = RingHeader.coreVersion.get(m, word);
  }

  /**
   * @param options - elements and stride
   * @returns the bytes that such a ring takes, header included
   * @throws RingError `RING_SIZE`, `RING_STRIDE` or `RING_CORE`
   */
  static bytes(options: RingOptions): number {
    const { name, elements, stride, coreSize = stride, coreVersion = 1 } = options;
    if (!Number.isInteger(elements) || elements < 2 || elements > 2 ** 20 || (elements & (elements - 1)) !== 0) {
      throw new RingError('RING_SIZE', `${name}: ${String(elements)} elements; expected a power of two from 2 to 2^20`);
    }
    if (!Number.isInteger(stride) || stride < 4 || stride > 65_532 || stride % 4 !== 0) {
      throw new RingError(
        'RING_STRIDE',
        `${name}: a stride of ${String(stride)} bytes; expected a multiple of 4 up to 65532`,
      );
    }
    if (!isCore(coreSize, coreVersion, stride)) {
      const core = `a core descriptor of ${String(coreSize)} bytes in version ${String(coreVersion)}`;
      throw new RingError(
        'RING_CORE',
        `${name}: ${core}; expected a multiple of 4 up to the stride of ${String(stride)}, version 1 to 65535`,
      );
    }
    return RING_HEADER_BYTES + elements * stride;
  }

  /**
   * Builds an empty ring: writes its header and zeroes its elements.
   *
   * @param offset - host offset, a multiple of 64, with `Ring.bytes(options)` bytes behind it that are the caller's
   * @param options - elements and stride
   * @returns the ring
   * @throws RingError `RING_ADDRESS`, `RING_SIZE`, `RING_STRIDE` or `RING_CORE`
   */
  static create(offset: number, options: RingOptions): Ring {
    const bytes = Ring.bytes(options);
    if (!Number.isInteger(offset) || offset < 0 || offset % 64 !== 0 || offset + bytes > memory.hostBytes) {
      throw new RingError(
        'RING_ADDRESS',
        `${options.name}: no room for ${String(bytes)} bytes at host offset ${String(offset)}, which must be a multiple of 64`,
      );
    }
    const word = offset >>> 2;
    m.fill(0, word, word + (bytes >>> 2));
    RingHeader.elementStride.set(m, word, options.stride);
    RingHeader.numberOfElements.set(m, word, options.elements);
    RingHeader.elementIndexMask.set(m, word, options.elements - 1);
    RingHeader.coreSize.set(m, word, options.coreSize ?? options.stride);
    RingHeader.coreVersion.set(m, word, options.coreVersion ?? 1);
    return new Ring(options.name, offset);
  }

  /**
   * Attaches to a ring that was built elsewhere, for instance in another worker over the same memory.
   *
   * @param offset - host offset of its header
   * @param name - for messages
   * @returns the ring
   * @throws RingError `RING_HEADER` when no ring lies there: a header that no `create` writes, or an index past the end
   */
  static attach(offset: number, name: string): Ring {
    const word = offset >>> 2;
    const placed =
      Number.isInteger(offset) && offset >= 0 && offset % 64 === 0 && offset + RING_HEADER_BYTES <= memory.hostBytes;
    const elements = placed ? RingHeader.numberOfElements.get(m, word) : 0;
    const stride = placed ? RingHeader.elementStride.get(m, word) : 0;
    const shaped =
      elements >= 2 && elements <= 2 ** 20 && (elements & (elements - 1)) === 0 && stride >= 4 && stride % 4 === 0;
    const sound =
      shaped &&
      offset + RING_HEADER_BYTES + elements * stride <= memory.hostBytes &&
      RingHeader.elementIndexMask.get(m, word) === elements - 1 &&
      isCore(RingHeader.coreSize.get(m, word), RingHeader.coreVersion.get(m, word), stride) &&
      INDICES.every((index) => index.get(m, word) < elements);
    if (!sound) throw new RingError('RING_HEADER', `${name}: no ring at host offset ${String(offset)}`);
    return new Ring(name, offset);
  }

  /** First element that is the driver's. */
  get beginIndex(): number {
    return m[this.header + BEGIN]!;
  }

  /** First element that the driver has not posted. */
  get nextIndex(): number {
    return m[this.header + NEXT]!;
  }

  /** One past the last element that is the driver's. */
  get endIndex(): number {
    return m[this.header + END]!;
  }

  /** First element that was given back and is not reaped. */
  get processedIndex(): number {
    return m[this.header + PROCESSED]!;
  }

  /** Elements from `next` to `end`: what the driver may post. */
  get postCount(): number {
    return (this.endIndex - this.nextIndex) & this.mask;
  }

  /** Elements from `begin` to `next`: what the driver has posted and may drain. */
  get drainCount(): number {
    return (this.nextIndex - this.beginIndex) & this.mask;
  }

  /** Elements from `begin` to `end`: all that are the driver's. */
  get driverCount(): number {
    return (this.endIndex - this.beginIndex) & this.mask;
  }

  /** Elements from `processed` to `begin`: what the framework may reap. */
  get reapCount(): number {
    return (this.beginIndex - this.processedIndex) & this.mask;
  }

  /** Elements that the framework may fill and publish: at most `elements - 1` are ever in flight. */
  get freeCount(): number {
    return (this.processedIndex - 1 - this.endIndex) & this.mask;
  }

  /** As many of `postCount` as lie in a row: up to where the ring starts over. */
  get postRun(): number {
    const from = m[this.header + NEXT]!;
    return Math.min((m[this.header + END]! - from) & this.mask, this.elements - from);
  }

  /** As many of `drainCount` as lie in a row. */
  get drainRun(): number {
    const from = m[this.header + BEGIN]!;
    return Math.min((m[this.header + NEXT]! - from) & this.mask, this.elements - from);
  }

  /** As many of `reapCount` as lie in a row. */
  get reapRun(): number {
    const from = m[this.header + PROCESSED]!;
    return Math.min((m[this.header + BEGIN]! - from) & this.mask, this.elements - from);
  }

  /** As many of `freeCount` as lie in a row. */
  get freeRun(): number {
    const from = m[this.header + END]!;
    return Math.min((m[this.header + PROCESSED]! - 1 - from) & this.mask, this.elements - from);
  }

  /**
   * @param index - an element's index; bits beyond the mask are dropped
   * @returns its word index in the host memory. For loops, hoist `base`, `stride` and `mask` instead
   */
  at(index: number): number {
    return (this.base + Math.imul(index & this.mask, this.stride)) | 0;
  }

  /**
   * The driver has handed `count` more elements to its device.
   *
   * @param count - elements from `next` on, up to `postCount`
   * @throws RingError `RANGE_EXCEEDED`; nothing moves
   */
  post(count: number): void {
    const next = this.nextIndex;
    if (count >>> 0 !== count || count > ((this.endIndex - next) & this.mask))
      this.#exceeded('post', count, this.postCount);
    m[this.header + NEXT] = (next + count) & this.mask;
  }

  /**
   * The driver gives `count` elements back to the framework. A driver that does not use `next` finds it moved along.
   *
   * @param count - elements from `begin` on, up to `driverCount`
   * @throws RingError `RANGE_EXCEEDED`; nothing moves
   */
  complete(count: number): void {
    const begin = this.beginIndex;
    if (count >>> 0 !== count || count > ((this.endIndex - begin) & this.mask))
      this.#exceeded('complete', count, this.driverCount);
    const moved = (begin + count) & this.mask;
    if (count > ((this.nextIndex - begin) & this.mask)) m[this.header + NEXT] = moved;
    m[this.header + BEGIN] = moved;
  }

  /**
   * The framework hands `count` filled elements to the driver.
   *
   * @param count - elements from `end` on, up to `freeCount`
   * @throws RingError `RANGE_EXCEEDED`; nothing moves
   */
  publish(count: number): void {
    const end = this.endIndex;
    if (count >>> 0 !== count || count > ((this.processedIndex - 1 - end) & this.mask))
      this.#exceeded('publish', count, this.freeCount);
    m[this.header + END] = (end + count) & this.mask;
  }

  /**
   * The framework is done with `count` elements that the driver gave back; they are free from now on.
   *
   * @param count - elements from `processed` on, up to `reapCount`
   * @throws RingError `RANGE_EXCEEDED`; nothing moves
   */
  reap(count: number): void {
    const processed = this.processedIndex;
    if (count >>> 0 !== count || count > ((this.beginIndex - processed) & this.mask))
      this.#exceeded('reap', count, this.reapCount);
    m[this.header + PROCESSED] = (processed + count) & this.mask;
  }

  /** Sets all four indices to 0, as a queue finds them when it starts, and forgets who waits. Both sides must be idle. */
  reset(): void {
    m[this.header + END] = 0;
    m[this.header + PROCESSED] = 0;
    m[this.header + BEGIN] = 0;
    m[this.header + NEXT] = 0;
    RingHeader.frameworkArmed.set(m, this.header, 0);
    RingHeader.driverArmed.set(m, this.header, 0);
  }

  /**
   * @returns one line: name, size, and the four indices
   */
  describe(): string {
    const { processedIndex, beginIndex, nextIndex, endIndex } = this;
    return `${this.name}: ${String(this.elements)} x ${String(this.stride * 4)} B, processed ${String(processedIndex)} begin ${String(beginIndex)} next ${String(nextIndex)} end ${String(endIndex)}`;
  }

  #exceeded(verb: string, count: number, most: number): never {
    throw new RingError(
      'RANGE_EXCEEDED',
      `${this.name}: ${verb}(${String(count)}), but at most ${String(most)} elements may move (${this.describe()})`,
    );
  }
}

function isCore(size: number, version: number, stride: number): boolean {
  const sized = Number.isInteger(size) && size >= 4 && size % 4 === 0 && size <= stride;
  return sized && Number.isInteger(version) && version >= 1 && version <= 0xffff;
}
