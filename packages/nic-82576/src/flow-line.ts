/*
 * The straight line for frames that are looked at first, and spread over queues: the kernel's side in TypeScript. A queue's
 * descriptors are found when the first frame of a burst is for it; until the burst is over, or another way is taken, the
 * queue's lane alone knows how far it has come. Where there is no kernel, no frame goes this way.
 *
 * @hot
 */

import * as wire from '@netcx/hardware/wire';
import type { Classifier } from './classifier.ts';
import type { EngineParts } from './engine.ts';
import * as flows from './flow-row.ts';
import * as receiving from './receive-row.ts';
import * as registers from './registers/index.ts';
import * as ways from './rows.ts';
import type { RxRing } from './rx-ring.ts';

const { i32: w, allocateWire, freeWire } = wire;
const { FLOW_LANE_WORDS, FLOW_LANES_OFFSET, FLOW_ROW_BYTES, FlowLane, FlowRow, prepareFlowRow } = flows;
const { setOutRow } = receiving;
const { DESCRIPTOR_BYTES, MAXIMUM_FRAME } = registers;

/** Delivers usual frames to the queues of their flows. */
export class FlowLine {
  /** Queues whose lanes are open: bit q stands for queue q. */
  open = 0;
  readonly #parts: EngineParts;
  readonly #queues: readonly RxRing[];
  readonly #classifier: Classifier;
  readonly #flowRow = ways.rows().flowRow;
  readonly #row: number = allocateWire(FLOW_ROW_BYTES);
  /** What the line was told of: below where all of host memory is in plain sight, and which filter. */
  #direct = 0;
  #edition = -1;
  /** Whether the registers let it be gone. */
  #passable = false;

  /**
   * @param parts - what the engine works with
   * @param queues - all receive queues
   * @param classifier - knows what becomes of frames
   */
  constructor(parts: EngineParts, queues: readonly RxRing[], classifier: Classifier) {
    this.#parts = parts;
    this.#queues = queues;
    this.#classifier = classifier;
    prepareFlowRow(this.#row, parts.statistics.received);
  }

  /**
   * Registers were written.
   *
   * @param stripFcs - whether check sequences are left out
   */
  refresh(stripFcs: boolean): void {
    this.#passable = this.#classifier.describe(this.#row) && stripFcs && this.#flowRow !== undefined;
  }

  /**
   * A burst begins.
   *
   * @returns whether frames may go this way
   */
  setOut(): boolean {
    const { dma, filter } = this.#parts;
    const direct = this.#passable === true ? dma.directLimit : 0;
    if (direct === 0) return false;
    if (direct !== this.#direct || filter.edition !== this.#edition) {
      setOutRow(this.#row, filter, direct, MAXIMUM_FRAME);
      this.#direct = direct;
      this.#edition = filter.edition;
    }
    FlowRow.hashes.set(w, this.#row >> 2, this.#classifier.hashes);
    return true;
  }

  /**
   * Delivers frames up to the first that is not usual, or finds no descriptor; lanes are left open.
   *
   * @param at - byte offset of the first in device memory
   * @param frames - how many there are
   * @returns how many were delivered
   */
  deliver(at: number, frames: number): number {
    const deliver = this.#flowRow;
    if (deliver === undefined) return 0;
    const row = this.#row | 0;
    FlowRow.at.set(w, row >> 2, at);
    let done = deliver(row, frames);
    while (done < frames) {
      const index = FlowRow.queue.get(w, row >> 2) | 0;
      if (index < 0 || !this.#openLane(index)) break;
      done += deliver(row, frames - done);
    }
    return done;
  }

  /** Byte offset in device memory of the first frame that was not delivered. */
  get at(): number {
    return FlowRow.at.get(w, this.#row >> 2);
  }

  /**
   * @param index - of a queue whose lane is open
   * @returns the head that the queue has now
   */
  close(index: number): number {
    const lane = this.#laneOf(index);
    const head = this.#headOf(index, lane);
    FlowLane.next.set(w, lane, 0);
    FlowLane.end.set(w, lane, 0);
    this.open &= ~(1 << index);
    return head;
  }

  #laneOf(index: number): number {
    return ((this.#row + FLOW_LANES_OFFSET) >> 2) + index * FLOW_LANE_WORDS;
  }

  #headOf(index: number, lane: number): number {
    const queue = this.#queues[index]!;
    const head = (FlowLane.next.get(w, lane) - (queue.baseLow >>> 0)) / DESCRIPTOR_BYTES;
    return head === queue.count ? 0 : head;
  }

  /** Finds descriptors for a queue, as many as lie in a row; false when there are none that can be reached this way. */
  #openLane(index: number): boolean {
    const { dma, faults } = this.#parts;
    const queue = this.#queues[index];
    if (queue === undefined || !queue.usual || !queue.hasWork || ((faults.rx.hung >>> index) & 1) !== 0) return false;
    const ring = queue.locate(dma, this.#direct) * 4;
    if (ring !== queue.baseLow >>> 0 || queue.shadowed) return false;
    const lane = this.#laneOf(index);
    const head = ((this.open >>> index) & 1) === 0 ? queue.head : this.#headOf(index, lane);
    const { tail } = queue;
    if (head === tail) return false;
    FlowLane.next.set(w, lane, ring + head * DESCRIPTOR_BYTES);
    FlowLane.end.set(w, lane, ring + (tail < head ? queue.count : tail) * DESCRIPTOR_BYTES);
    FlowLane.longest.set(w, lane, queue.bufferBytes);
    this.open |= 1 << index;
    return true;
  }

  /** Gives its memory back. */
  free(): void {
    freeWire(this.#row, FLOW_ROW_BYTES);
  }
}
