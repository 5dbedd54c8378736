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
  // What a burst asks stands first, on few lines of the cache.
  /** Word index of element 0. */
  readonly base: number = 0;
  /** Words from one element to the next. */
  readonly stride: number = 0;
  /** Number of elements, a power of two. */
  readonly elements: number = 0;
  /** `elements - 1`: what an index is masked with. */
  readonly mask: number = 0;

  // Where the four indices lie. V8 inlines so much into each caller and no more: what a burst calls shall be small, and fields
  // spare each method the sums. For the same reason no name here begins with #, and the static methods say `this`: a class with
  // private names, or one that names itself, has a scope of its own, and each reach for the memory is longer by that.
  private readonly endWord: number = 0;
  private readonly processedWord: number = 0;
  private readonly beginWord: number = 0;
  private readonly nextWord: number = 0;

  /** For messages. */
  readonly name: string;
  /** Host offset of the header, in bytes. */
  readonly offset: number = 0;
  /** Word index of the header. */
  readonly header: number = 0;
  /** Bytes of the core descriptor; extensions follow it. */
  readonly coreSize: number = 0;
  /** The core descriptor's version: a driver may use the fields that this or an earlier version has. */
  readonly coreVersion: number = 0;

  private constructor(name: string, offset: number) {
    const word = offset >>> 2;
    this.name = name;
    this.offset = offset;
    this.header = word;
    this.endWord = word + (RingHeader.endIndex.location.byteOffset >>> 2);
    this.processedWord = word + (RingHeader.processedIndex.location.byteOffset >>> 2);
    this.beginWord = word + (RingHeader.beginIndex.location.byteOffset >>> 2);
    this.nextWord = word + (RingHeader.nextIndex.location.byteOffset >>> 2);
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
    const bytes = this.bytes(options);
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
    return new this(options.name, offset);
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
    return new this(name, offset);
  }

  /** First element that is the driver's. */
  get beginIndex(): number {
    return m[this.beginWord]!;
  }

  /** First element that the driver has not posted. */
  get nextIndex(): number {
    return m[this.nextWord]!;
  }

  /** One past the last element that is the driver's. */
  get endIndex(): number {
    return m[this.endWord]!;
  }

  /** First element that was given back and is not reaped. */
  get processedIndex(): number {
    return m[this.processedWord]!;
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
    const from = m[this.nextWord]!;
    const to = m[this.endWord]!;
    return (to < from ? this.elements : to) - from;
  }

  /** As many of `drainCount` as lie in a row. */
  get drainRun(): number {
    const from = m[this.beginWord]!;
    const to = m[this.nextWord]!;
    return (to < from ? this.elements : to) - from;
  }

  /** As many of `reapCount` as lie in a row. */
  get reapRun(): number {
    const from = m[this.processedWord]!;
    const to = m[this.beginWord]!;
    return (to < from ? this.elements : to) - from;
  }

  /** As many of `freeCount` as lie in a row. */
  get freeRun(): number {
    const from = m[this.endWord]!;
    const to = (m[this.processedWord]! - 1) & this.mask;
    return (to < from ? this.elements : to) - from;
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
    const next = m[this.nextWord]!;
    if (count >>> 0 !== count || count > ((m[this.endWord]! - next) & this.mask)) exceeded(this, 'post', count);
    m[this.nextWord] = (next + count) & this.mask;
  }

  /**
   * The driver gives `count` elements back to the framework. A driver that does not use `next` finds it moved along.
   *
   * @param count - elements from `begin` on, up to `driverCount`
   * @throws RingError `RANGE_EXCEEDED`; nothing moves
   */
  complete(count: number): void {
    const begin = m[this.beginWord]!;
    if (count >>> 0 !== count || count > ((m[this.endWord]! - begin) & this.mask)) exceeded(this, 'complete', count);
    const moved = (begin + count) & this.mask;
    if (count > ((m[this.nextWord]! - begin) & this.mask)) m[this.nextWord] = moved;
    m[this.beginWord] = moved;
  }

  /**
   * The framework hands `count` filled elements to the driver.
   *
   * @param count - elements from `end` on, up to `freeCount`
   * @throws RingError `RANGE_EXCEEDED`; nothing moves
   */
  publish(count: number): void {
    const end = m[this.endWord]!;
    if (count >>> 0 !== count || count > ((m[this.processedWord]! - 1 - end) & this.mask))
      exceeded(this, 'publish', count);
    m[this.endWord] = (end + count) & this.mask;
  }

  /**
   * The framework is done with `count` elements that the driver gave back; they are free from now on.
   *
   * @param count - elements from `processed` on, up to `reapCount`
   * @throws RingError `RANGE_EXCEEDED`; nothing moves
   */
  reap(count: number): void {
    const processed = m[this.processedWord]!;
    if (count >>> 0 !== count || count > ((m[this.beginWord]! - processed) & this.mask)) exceeded(this, 'reap', count);
    m[this.processedWord] = (processed + count) & this.mask;
  }

  /** Sets all four indices to 0, as a queue finds them when it starts, and forgets who waits. Both sides must be idle. */
  reset(): void {
    m[this.endWord] = 0;
    m[this.processedWord] = 0;
    m[this.beginWord] = 0;
    m[this.nextWord] = 0;
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
}

/** What bounds a move. */
const MOVABLE = { post: 'postCount', complete: 'driverCount', publish: 'freeCount', reap: 'reapCount' } as const;

function exceeded(ring: Ring, verb: keyof typeof MOVABLE, count: number): never {
  const most = ring[MOVABLE[verb]];
  throw new RingError(
    'RANGE_EXCEEDED',
    `${ring.name}: ${verb}(${String(count)}), but at most ${String(most)} elements may move (${ring.describe()})`,
  );
}

function isCore(size: number, version: number, stride: number): boolean {
  const sized = Number.isInteger(size) && size >= 4 && size % 4 === 0 && size <= stride;
  return sized && Number.isInteger(version) && version >= 1 && version <= 0xffff;
}
