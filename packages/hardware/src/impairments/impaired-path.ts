/*
 * One direction of an impaired link, behind its lane: takes frames out of the bursts that arrive, sends each through the
 * stages, and delivers what comes out in bursts again. What comes out at one moment is one burst, as far as it fits.
 */

import type { Clock, Random } from '@netcx/clock';
import { allocateWire, Frame, FRAME_HEADER_BYTES, freeWire, i32, u8 } from '../wire.ts';
import type { Impairment, ImpairmentContext, ImpairmentCounters, ImpairmentStage, PassingFrame } from './impairment.ts';

/** What a path is made with. */
export interface ImpairedPathOptions {
  /** The link's. */
  readonly clock: Clock;
  /** Each stage draws from a stream of its own, forked from this one. */
  readonly random: Random;
  /** The stages, the first one first. */
  readonly impairments: readonly Impairment[];
  /** Bytes of device memory for a burst on its way out, and what a stage may hold if it names no limit of its own. */
  readonly capacity: number;
  /**
   * Takes a burst: byte offset of the first frame's header in device memory, frames, and bytes that they hold.
   */
  readonly deliver: (offset: number, frames: number, bytes: number) => void;
}

/** Stages, one behind the other. */
export class ImpairedPath {
  readonly #stages: readonly { readonly name: string; readonly stage: ImpairmentStage }[];
  readonly #entry: (frame: PassingFrame) => void;
  readonly #deliver: ImpairedPathOptions['deliver'];
  readonly #start: number;
  readonly #capacity: number;
  /** What came out and is not delivered yet. */
  #out: PassingFrame[] = [];
  #closed = false;

  /**
   * @param options - clock, chance, stages, memory, and where it leads
   * @throws RangeError when the devices' memory is used up
   */
  constructor(options: ImpairedPathOptions) {
    const { clock, random, impairments, capacity, deliver } = options;
    this.#deliver = deliver;
    this.#capacity = capacity;
    let next = (frame: PassingFrame): void => void this.#out.push(frame);
    const stages: { readonly name: string; readonly stage: ImpairmentStage }[] = [];
    // From the last to the first, because each needs to know where it leads.
    for (const [index, impairment] of [...impairments.entries()].reverse()) {
      const context: ImpairmentContext = {
        random: random.fork(`${String(index)} ${impairment.name}`),
        limit: capacity,
        now: () => clock.now(),
        alarm: (callback) =>
          clock.alarm(() => {
            callback();
            this.#flush();
          }),
      };
      const stage = impairment.start(context, next);
      stages.unshift({ name: impairment.name, stage });
      next = (frame) => stage.take(frame);
    }
    this.#stages = stages;
    this.#entry = next;
    this.#start = allocateWire(capacity); // last, since a stage may refuse to start
  }

  /**
   * @param offset - byte offset of the first frame's header in device memory; copied
   * @param frames - how many
   */
  receive(offset: number, frames: number): void {
    let at = offset;
    for (let left = frames; left > 0; left--) {
      const length = Frame.length.get(i32, at >> 2);
      const from = at + FRAME_HEADER_BYTES;
      this.#entry({ bytes: u8.slice(from, from + length), status: Frame.status.get(i32, at >> 2) });
      at = (from + length + 7) & ~7;
    }
    this.#flush();
  }

  /**
   * Forgets every frame that it holds, as when the link goes down.
   *
   * @returns how many those were
   */
  clear(): number {
    let lost = this.#out.length;
    this.#out = [];
    for (const { stage } of this.#stages) {
      lost += stage.held;
      stage.clear();
    }
    return lost;
  }

  /**
   * @returns what each stage did so far, the first one first
   */
  counters(): ImpairmentCounters[] {
    return this.#stages.map(({ name, stage }) => ({ name, held: stage.held, counts: stage.counters() }));
  }

  /** Gives its memory back. Of no use afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.clear();
    freeWire(this.#start, this.#capacity);
  }

  #flush(): void {
    while (this.#out.length > 0) {
      const end = this.#start + this.#capacity;
      let at = this.#start;
      let frames = 0;
      let bytes = 0;
      for (const { bytes: data, status } of this.#out) {
        const behind = (at + FRAME_HEADER_BYTES + data.length + 7) & ~7;
        if (behind > end) break;
        Frame.length.set(i32, at >> 2, data.length);
        Frame.status.set(i32, at >> 2, status);
        u8.set(data, at + FRAME_HEADER_BYTES);
        at = behind;
        frames++;
        bytes += data.length;
      }
      // Before the delivery: the receiver may take the link down, and then nothing more arrives.
      this.#out.splice(0, frames);
      this.#deliver(this.#start, frames, bytes);
    }
  }
}
