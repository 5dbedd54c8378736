/*
 * Owns: memory for what of a frame from Linux does not fit into one of the NIC's buffers: up to 64 KB when segmentation is left
 * to the NIC. Places are taken and given back by number, the last one first, since that one is in the processor's cache.
 * Invariant: a place belongs to one frame until that frame has completed.
 */
import { hostPages } from '@netcx/dma';

/** Bytes of a place: the longest frame that Linux sends, with its header and tags. */
export const LARGE_BYTES = 66_048;

/** Places for the tails of long frames. */
export class LargeFrames {
  readonly #pages: number;
  readonly #free: Int32Array;
  #count: number;

  /**
   * @param name - for messages
   * @param places - how many
   * @throws DmaError when host memory is used up
   */
  constructor(name: string, places: number) {
    this.#pages = hostPages.allocate(places * LARGE_BYTES, { owner: name });
    this.#free = Int32Array.from({ length: places }, (_, place) => places - 1 - place);
    this.#count = places;
  }

  /** The place that would be taken next; -1 when all are in use. */
  get next(): number {
    return this.#count === 0 ? -1 : this.#free[this.#count - 1]!;
  }

  /** Takes the place that `next` says. */
  take(): void {
    this.#count--;
  }

  /**
   * @param place - one that was taken, whose frame has completed
   */
  release(place: number): void {
    this.#free[this.#count++] = place;
  }

  /**
   * @param place - a place
   * @returns host offset of its first byte
   */
  address(place: number): number {
    return this.#pages + place * LARGE_BYTES;
  }

  /** Gives the memory back: no NIC reads from it any more. */
  close(): void {
    hostPages.free(this.#pages);
  }
}
