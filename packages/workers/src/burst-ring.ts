/*
 * A ring that carries bursts of frames from one thread to another: descriptors in host memory, the frames themselves in wire
 * memory, one behind the other. Integers say where it lies, so that another module graph can open its end of it. Each end is open
 * once at a time.
 */

import { hostPages } from '@netcx/dma';
import { allocateWire, freeWire } from '@netcx/hardware/wire';
import { defineStruct, u32, u64 } from '@netcx/layout';
import { Ring } from '@netcx/rings';
import { WorkerError } from './worker-error.ts';

/** The descriptor of a burst. */
// prettier-ignore
export const Burst = defineStruct('Burst', 32, {
  offset:   u32(0),   // byte offset of the first frame's header in wire memory
  bytes:    u32(4),   // bytes that the frames take there, headers and padding included
  frames:   u32(8),   // how many
  time:     u64(16),  // when it was sent, nanoseconds of its sender's clock
});

const DESCRIPTOR_BYTES = 32;
/** What one thread writes lies on lines of its own. */
const LINE = 64;
/** The longest frame with its header and padding must fit, or nothing would ever be sent. */
const LEAST_BYTES = 16 * 1024;

/** Where a burst ring lies: what another thread is told of it. */
export interface BurstRingPlace {
  /** Host offset of the descriptors' ring. */
  readonly ring: number;
  /** Byte offset of the frames in wire memory. */
  readonly data: number;
  /** Bytes for frames. */
  readonly capacity: number;
}

/** How large a burst ring is. */
export interface BurstRingSize {
  /** Bytes for frames on their way, a multiple of 64 from 16 KiB on; 256 KiB when left out. */
  readonly bytes?: number;
  /** Bursts that can be on their way, a power of two from 2 on, one of them always free; 256 when left out. */
  readonly bursts?: number;
}

/** The memory of a burst ring. */
export class BurstRing {
  /** Where it lies. */
  readonly place: BurstRingPlace;

  /**
   * @param name - for messages
   * @param size - how large it is
   * @throws WorkerError `BAD_OPTION` for a size that cannot be; DmaError or RangeError when memory runs out
   */
  constructor(name: string, size: BurstRingSize = {}) {
    const { bytes = 256 * 1024, bursts = 256 } = size;
    if (!Number.isInteger(bytes) || bytes < LEAST_BYTES || bytes % LINE !== 0)
      throw new WorkerError(
        'BAD_OPTION',
        `${name}: ${String(bytes)} bytes for frames; expected a multiple of ${String(LINE)} from ${String(LEAST_BYTES)} on`,
      );
    if (!Number.isInteger(bursts) || bursts < 2 || (bursts & (bursts - 1)) !== 0)
      throw new WorkerError('BAD_OPTION', `${name}: ${String(bursts)} bursts; expected a power of two from 2 on`);
    const options = { name, elements: bursts, stride: DESCRIPTOR_BYTES };
    const ring = hostPages.allocate(Ring.bytes(options), { owner: name });
    try {
      const data = allocateWire(bytes);
      Ring.create(ring, options);
      this.place = { ring, data, capacity: bytes };
    } catch (error) {
      hostPages.free(ring);
      throw error;
    }
  }

  /** Gives the memory back; neither end may be used any more. */
  free(): void {
    const { ring, data, capacity } = this.place;
    hostPages.free(ring);
    freeWire(data, capacity);
  }
}
