/*
 * Transmit queues that are told apart by priority: an adapter begins with the queue of value 0, and creates another one when
 * the first frame of a new value comes. A protocol hands its frames to one edge, from which each goes to its queue's own;
 * frames of one value keep their order, and one that waits for room holds up none of another value. Follows reference
 * netadaptercx §5.4.
 */

import { NO_BUFFER, releaseBuffer } from '@netcx/buffers';
import type { Alarm, Clock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { i32 as m } from '@netcx/dma/memory';
import { Ring } from '@netcx/rings';
import { FrameDescriptor, FRAME_DESCRIPTOR_BYTES } from '../edge/frame-descriptor.ts';
import type { Protocol } from '../edge/protocol.ts';
import { TransmitEdge } from '../edge/transmit-edge.ts';
import type { TransmitQueue } from '../transmit-queue.ts';
import { violation } from '../verifier/violation.ts';

/** What transmit queues are told apart by. Wi-Fi's are for media extensions, of which there is none here. */
export interface TxDemuxConfig {
  /** The priority of a frame's IEEE 802.1Q tag. */
  readonly kind: '8021p';
  /** Values that the driver tells apart, 2 to 8: the eight priorities are spread evenly over them, the lowest on 0. */
  readonly range: number;
}

/** What a demux counted since the adapter was started last. */
export interface TxDemuxCounters {
  /** Frames that went to each value's queue. */
  readonly frames: number[];
  /** Frames that went by the queue of value 0, since their own could not be created. */
  fallbacks: number;
  /** Frames given up because the adapter stopped. */
  stopped: number;
}

/** Who creates queues for a demux. */
export interface TxDemuxHost {
  readonly clock: Clock;
  /** The queue of value 0. */
  readonly first: TransmitQueue;
  readonly protocol: () => Protocol | undefined;
  /** Creates the queue of another value; throws what the driver throws. */
  readonly create: (value: number) => TransmitQueue;
}

/** Priorities of IEEE 802.1p. */
const PRIORITIES = 8;
/** The bit of `FrameDescriptor.tagging` that says that the tag's priority counts. */
const PRIORITY_COUNTS = 1;
const PRIORITY_SHIFT = 13;

/** The edge of a started demux, and what becomes of its frames. */
interface Running {
  readonly host: TxDemuxHost;
  readonly edge: TransmitEdge;
  readonly pages: number;
  /** Where each value's frames go, as far as it is known. */
  readonly targets: (TransmitEdge | undefined)[];
  /** For each descriptor of the ring: 1 = it went to its queue, and its place is free once those before it are. */
  readonly moved: Uint8Array;
  readonly counters: TxDemuxCounters;
  readonly fallbacks: Set<number>;
  readonly creation: Alarm;
  /** Values whose queue is wanted, a bit each. */
  wanted: number;
  /** The adapter stops: frames stay where they are. */
  closing: boolean;
}

/** Tells an adapter's transmit queues apart. */
export class TxDemux {
  readonly #name: string;
  readonly #refuseWhenStarted: () => void;
  #config: TxDemuxConfig | undefined;
  #running: Running | undefined;
  #counters: TxDemuxCounters | undefined;
  #failures: { readonly value: number; readonly error: unknown }[] = [];

  /**
   * @param name - the adapter's, for messages
   * @param refuseWhenStarted - throws while the adapter's queues exist
   */
  constructor(name: string, refuseWhenStarted: () => void) {
    this.#name = name;
    this.#refuseWhenStarted = refuseWhenStarted;
  }

  /**
   * The driver has a transmit queue for each of some priorities. It then finds the value in `queue.demux8021p`.
   *
   * @param config - what queues are told apart by
   * @throws AdapterError `ADAPTER_STARTED`; ViolationError `INVALID_TX_DEMUX_TYPE` for something unknown, or a second one;
   * `ILLEGAL_PRIVATE_API_CALL` for what is Wi-Fi's; `INVALID_TX_DEMUX_RANGE` for other than 2 to 8 values
   * @example
   * ```ts
   * adapter.txDemux.add({ kind: '8021p', range: 4 });
   * // in createTxQueue: init.create((queue) => new TransmitQueue(device, queue, queue.demux8021p));
   * ```
   */
  add(config: TxDemuxConfig): void {
    this.#refuseWhenStarted();
    const { kind, range } = config as { readonly kind: string; readonly range: number };
    const details = { object: this.#name, field: 'kind', expected: '8021p', found: kind };
    if (kind === 'wmmInfo' || kind === 'peerAddress')
      throw violation(0x2b, `${kind} is for extensions of Wi-Fi`, details);
    if (kind !== '8021p') throw violation(0x52, 'queues cannot be told apart by that', details);
    if (this.#config !== undefined)
      throw violation(0x52, 'queues are told apart by priority already', { ...details, expected: 'one demux' });
    if (!Number.isInteger(range) || range < 2 || range > PRIORITIES)
      throw violation(0x53, 'a range of priorities that cannot be', {
        object: this.#name,
        field: 'range',
        expected: '2 to 8',
        found: range,
      });
    this.#config = { kind, range };
  }

  /** Queues that there may be; `undefined` where queues are not told apart. */
  get range(): number | undefined {
    return this.#config?.range;
  }

  /**
   * @param wanted - transmit queues that there would be otherwise
   * @param most - transmit queues that the NIC has
   * @returns queues that there may be: what buffers are shared out for
   * @throws ViolationError `INVALID_TX_DEMUX_RANGE` when the NIC has fewer queues than the driver tells values apart
   */
  queues(wanted: number, most: number): number {
    const { range } = this;
    if (range === undefined || wanted === 0) return wanted;
    if (range > most)
      throw violation(0x53, 'each value needs a transmit queue', {
        object: this.#name,
        field: 'range',
        expected: `2 to ${String(most)}`,
        found: range,
      });
    return range;
  }

  /**
   * Where a protocol hands in frames of any priority: `FrameDescriptor.tag` says it where `tagging` says that it counts, and
   * otherwise it is 0. Once a frame is on its queue's own edge its descriptor completes there: `sent` is told of that edge,
   * whose `id` is the value. `undefined` where queues are not told apart, and while the adapter is stopped.
   *
   * @returns the edge
   */
  get edge(): TransmitEdge | undefined {
    return this.#running?.edge;
  }

  /** What was counted since the adapter was started last; `undefined` before that, and where queues are not told apart. */
  get counters(): Readonly<TxDemuxCounters> | undefined {
    return this.#counters;
  }

  /** Queues that could not be created, and why. */
  get failures(): readonly { readonly value: number; readonly error: unknown }[] {
    return this.#failures;
  }

  /**
   * @param priority - 0 to 7
   * @returns the value of its queue
   */
  valueOf(priority: number): number {
    return (priority * (this.#config?.range ?? 1)) >> 3;
  }

  /**
   * The adapter has started: frames can come.
   *
   * @param host - who creates queues
   * @internal
   */
  open(host: TxDemuxHost): void {
    const { first, clock } = host;
    const { range = 1 } = this;
    const shape = {
      name: `${this.#name} demux edge`,
      elements: first.edge.ring.elements,
      stride: FRAME_DESCRIPTOR_BYTES,
    };
    const pages = hostPages.allocate(Ring.bytes(shape), { owner: shape.name });
    const edge = new TransmitEdge(0, Ring.create(pages, shape), first.edge.pool, this.distribute);
    this.#failures = [];
    this.#running = {
      host,
      edge,
      pages,
      targets: Array.from({ length: range }, (_, value) => (value === 0 ? first.edge : undefined)),
      moved: new Uint8Array(shape.elements),
      counters: { frames: new Array<number>(range).fill(0), fallbacks: 0, stopped: 0 },
      fallbacks: new Set(),
      // Apart from whatever the protocol is called from: a driver's callback never runs inside another one.
      creation: clock.alarm(() => {
        this.#createQueues();
      }),
      wanted: 0,
      closing: false,
    };
    this.#counters = this.#running.counters;
  }

  /** Moves every frame to its queue's edge that can go: called when frames come, and when there is room again. */
  readonly distribute = (): void => {
    const running = this.#running;
    if (running === undefined || running.closing) return;
    const { ring } = running.edge;
    let waiting = 0;
    for (let index = ring.beginIndex; index !== ring.endIndex;) {
      const parts = partsFrom(ring, index);
      if (running.moved[index] === 0) {
        const value = this.#valueAt(ring.at(index));
        // A frame overtakes none of its own value.
        if ((waiting & (1 << value)) === 0 && !move(running, value, index, parts)) waiting |= 1 << value;
      }
      index = (index + parts) & ring.mask;
    }
    let free = 0;
    for (let index = ring.beginIndex; index !== ring.endIndex && running.moved[index] === 1; free++) {
      running.moved[index] = 0;
      index = (index + 1) & ring.mask;
    }
    ring.post(free);
    ring.complete(free);
    ring.reap(free);
  };

  #valueAt(descriptor: number): number {
    const counts = (FrameDescriptor.tagging.get(m, descriptor) & PRIORITY_COUNTS) !== 0;
    return counts ? this.valueOf(FrameDescriptor.tag.get(m, descriptor) >>> PRIORITY_SHIFT) : 0;
  }

  #createQueues(): void {
    const running = this.#running;
    if (running === undefined || running.closing) return;
    for (let value = 1; value < running.targets.length; value++) {
      if ((running.wanted & (1 << value)) === 0 || running.targets[value] !== undefined) continue;
      try {
        running.targets[value] = running.host.create(value).edge;
      } catch (error) {
        this.#failures.push({ value, error });
        running.targets[value] = running.targets[0];
        running.fallbacks.add(value);
      }
    }
    running.wanted = 0;
    this.distribute();
  }

  /** The adapter stops: nothing more is taken. */
  close(): void {
    if (this.#running === undefined) return;
    this.#running.closing = true;
    this.#running.edge.close();
  }

  /** What did not go to a queue before the adapter stopped completes as paused, and the edge is gone. */
  giveUp(): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    const { edge, pages, host, counters } = running;
    const { ring } = edge;
    const count = ring.driverCount;
    for (let index = 0; index < count; index++) {
      const d = ring.at(ring.beginIndex + index);
      if (running.moved[(ring.beginIndex + index) & ring.mask] === 1) continue;
      if (FrameDescriptor.more.get(m, d) === 0) counters.stopped++;
      const buffer = FrameDescriptor.buffer.get(m, d);
      if (buffer !== NO_BUFFER) releaseBuffer(buffer);
    }
    ring.post(count);
    ring.complete(count);
    edge.pause(count);
    try {
      if (count > 0) host.protocol()?.sent?.(edge, count);
    } finally {
      hostPages.free(pages);
    }
  }
}

function partsFrom(ring: Ring, index: number): number {
  const most = (ring.endIndex - index) & ring.mask;
  let parts = 1;
  while (parts < most && FrameDescriptor.more.get(m, ring.at(index + parts - 1)) !== 0) parts++;
  return parts;
}

/** Copies a frame's descriptors to its queue's edge, if the queue is there and has room. */
function move(running: Running, value: number, index: number, parts: number): boolean {
  const target = running.targets[value];
  if (target === undefined) {
    running.wanted |= 1 << value;
    running.creation.soon();
    return false;
  }
  if (target.room < parts) return false;
  const { ring } = running.edge;
  for (let part = 0; part < parts; part++) {
    const from = ring.at(index + part);
    m.copyWithin(target.ring.at(target.ring.endIndex + part), from, from + ring.stride);
    running.moved[(index + part) & ring.mask] = 1;
  }
  target.submit(parts);
  running.counters.frames[value]! += 1;
  if (running.fallbacks.has(value)) running.counters.fallbacks++;
  return true;
}
