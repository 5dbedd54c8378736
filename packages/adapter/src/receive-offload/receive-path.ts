/*
 * The way of received frames from a queue's translator to its edge: straight, or by way of a stage while something is done
 * in software. The way changes between two polls, and no frame overtakes another one by it.
 */

import { i32 as m } from '@netcx/dma/memory';
import type { ReceiveEdge } from '../edge/receive-edge.ts';
import type { RxTranslator } from '../rx-translator.ts';
import type { ReceiveOffloads } from './receive-offloads.ts';
import { ReceiveStage } from './receive-stage.ts';
import type { RxMetadata } from './rx-metadata.ts';

/** What a way leads from and to. */
export interface ReceivePathOptions {
  /** For messages: adapter, direction and number. */
  readonly name: string;
  readonly translator: RxTranslator;
  readonly edge: ReceiveEdge;
  readonly metadata: RxMetadata | undefined;
  readonly offloads: ReceiveOffloads;
}

/** The way of one queue's frames. */
export class ReceivePath {
  readonly #options: ReceivePathOptions;
  #stage: ReceiveStage | undefined;
  #word = 0;
  #diverted = false;
  #refused = 0;

  /**
   * @param options - translator and edge
   */
  constructor(options: ReceivePathOptions) {
    const { metadata, edge } = options;
    this.#options = options;
    if (metadata !== undefined) edge.provide(metadata.times, metadata.timestampDeltas);
  }

  /** What looks at frames; `undefined` as long as nothing was done in software. Its counters go on when it rests. */
  get stage(): ReceiveStage | undefined {
    return this.#stage;
  }

  /** Whether frames go by way of the stage now. */
  get diverted(): boolean {
    return this.#diverted;
  }

  /** Whether frames wait for room at the edge. */
  get waiting(): boolean {
    return this.#stage?.waiting === true;
  }

  /** Times that nothing was done in software for want of memory, although it should. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Shows packets that the driver gave back.
   *
   * @param limit - most packets
   * @param listened - whether there is somebody to show them to; else they are discarded where they are
   * @returns how many descriptors were published at the edge
   */
  indicate(limit: number, listened: boolean): number {
    const { translator, offloads } = this.#options;
    if (offloads.word !== this.#word) this.#change(offloads.word);
    if (this.#diverted === true && this.#word === 0) this.#straighten();
    const shown = translator.indicate(limit);
    if (this.#diverted !== true || this.#stage === undefined) return shown;
    if (listened) return this.#stage.run();
    translator.discard();
    return 0;
  }

  #change(word: number): void {
    const { name, edge, translator } = this.#options;
    this.#word = word;
    if (word !== 0 && this.#stage === undefined) {
      try {
        this.#stage = new ReceiveStage(name, edge);
      } catch {
        this.#refused++; // no memory: frames go on as they are, which any protocol can take
        return;
      }
    }
    if (this.#stage === undefined) return;
    this.#stage.enabled = word;
    if (word === 0 || this.#diverted) return;
    translator.divert(this.#stage.ring, this.#stage.times, this.#stage.timestampDeltas);
    this.#diverted = true;
  }

  /** Back to the straight line, which expects a ring without leftovers: once nothing lies in either ring. */
  #straighten(): void {
    const { edge, translator } = this.#options;
    const { ring, times, timestampDeltas } = edge;
    if (this.waiting || ring.driverCount > 0) return;
    m.fill(0, ring.base, ring.base + ring.elements * ring.stride);
    if (timestampDeltas !== 0) m.fill(0, timestampDeltas >>> 2, (timestampDeltas >>> 2) + ring.elements);
    translator.divert(ring, times, timestampDeltas);
    this.#diverted = false;
  }

  /** Takes back everything that was shown and not completed. */
  discard(): void {
    const { translator, edge } = this.#options;
    translator.discard();
    if (this.#diverted) translator.discard(edge.ring);
  }

  /** The queue has stopped: buffers that wait go back, and the memory goes. */
  free(): void {
    if (this.waiting) this.#options.translator.discard(this.#stage?.ring);
    this.#stage?.free();
    this.#stage = undefined;
    this.#options.metadata?.free();
  }
}
