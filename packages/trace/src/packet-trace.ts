/*
 * Every packet of an adapter as pcapng, while it runs: seen between protocol and adapter, and between adapter and driver,
 * each on an interface of its own, with a comment that says what descriptor and extensions say. Nothing is kept but what
 * the writer has not flushed. A sink that fails ends the trace, never the adapter.
 */

import type { TracedQueue, TraceSink } from '@netcx/adapter';
import { FrameDescriptor } from '@netcx/adapter/edge';
import { i32 } from '@netcx/dma/memory';
import { encodePacketFlags, PcapngWriter, type CaptureSink, type PacketDirection } from '@netcx/pcap';
import { commentOf, copyParts, flagsOf, partsOf } from './edge-frame.ts';
import { checkedNumber, TraceError } from './trace-error.ts';

/** Where packets are looked at. */
export type PacketPlace = 'edge' | 'driver';

/** What is traced of packets. */
export interface PacketTraceOptions {
  /** `edge` between protocol and adapter, `driver` between adapter and driver; both when left out. */
  readonly places?: readonly PacketPlace[];
  /** Most bytes of each packet; 262,144 when left out. */
  readonly snapLength?: number;
}

const SNAP_LENGTH = 262_144;

interface OpenQueue {
  readonly queue: TracedQueue;
  readonly direction: PacketDirection;
  /** The capture's interfaces; `undefined` for a place that is not looked at. */
  readonly interfaces: Readonly<Record<PacketPlace, number | undefined>>;
}

/**
 * Writes the packets of one or more adapters.
 *
 * @example
 * ```ts
 * const file = fs.openSync('packets.pcapng', 'w');
 * const trace = new PacketTrace((chunk) => fs.writeSync(file, chunk));
 * const adapter = new NetAdapter({ name: 'nic', clock, callbacks, trace });
 * // ... and when it has stopped:
 * trace.close();
 * ```
 */
export class PacketTrace implements TraceSink {
  readonly #writer: PcapngWriter;
  readonly #places: ReadonlySet<PacketPlace>;
  readonly #snapLength: number;
  readonly #interfaces = new Map<string, number>();
  readonly #queues: (OpenQueue | undefined)[] = [];
  #packets = 0;
  #closed = false;
  #failure: { readonly error: unknown } | undefined;

  /**
   * @param sink - takes the file's bytes
   * @param options - what is traced
   * @throws TraceError `OPTION`
   */
  constructor(sink: CaptureSink, options: PacketTraceOptions = {}) {
    const { places = ['edge', 'driver'], snapLength = SNAP_LENGTH } = options;
    for (const place of places)
      if (!['edge', 'driver'].includes(place))
        throw new TraceError('OPTION', `places has ${place}; expected edge or driver`);
    this.#places = new Set(places);
    this.#snapLength = checkedNumber('snapLength', snapLength, 1, 2 ** 26);
    this.#writer = new PcapngWriter(sink, { application: 'netcx' });
  }

  /** Packets that were written; a packet is written once for each place where it is seen. */
  get packets(): number {
    return this.#packets;
  }

  /** What the sink threw, if it did: nothing was written since. */
  get failure(): unknown {
    return this.#failure?.error;
  }

  openContext(): number {
    return 0; // rounds of polling are no packets
  }

  openQueue(queue: TracedQueue): number {
    const { adapter, direction, id } = queue;
    const name = `${adapter} ${direction === 'transmit' ? 'tx' : 'rx'} ${String(id)}`;
    const at = (place: PacketPlace): number | undefined =>
      this.#places.has(place) ? this.#interface(`${name} ${place}`) : undefined;
    const open: OpenQueue = {
      queue,
      direction: direction === 'transmit' ? 'outbound' : 'inbound',
      interfaces: { edge: at('edge'), driver: at('driver') },
    };
    const free = this.#queues.indexOf(undefined);
    if (free < 0) return this.#queues.push(open) - 1;
    this.#queues[free] = open;
    return free;
  }

  /** A queue that comes again, after a stop and a start, goes on with the interface that it had. */
  #interface(name: string): number | undefined {
    const known = this.#interfaces.get(name);
    if (known !== undefined) return known;
    let added: number | undefined;
    this.#write(() => (added = this.#writer.addInterface({ name, snapLength: this.#snapLength })));
    if (added !== undefined) this.#interfaces.set(name, added);
    return added;
  }

  closeQueue(queue: number): void {
    this.#open(queue);
    this.#queues[queue] = undefined;
  }

  poll(): void {
    // No packet.
  }

  callback(): void {
    // No packet.
  }

  interrupt(): void {
    // No packet.
  }

  doorbell(): void {
    // No packet.
  }

  atEdge(queue: number, time: number, first: number, count: number): void {
    const { queue: traced, interfaces, direction } = this.#open(queue);
    const id = interfaces.edge;
    if (id === undefined) return;
    let descriptors: number[] = [];
    for (let index = 0; index < count; index++) {
      const d = traced.edge.at(first + index);
      descriptors.push(d);
      if (FrameDescriptor.more.get(i32, d) === 1 && index + 1 < count) continue;
      this.#writeFrame(id, time, direction, descriptors);
      descriptors = [];
    }
  }

  #writeFrame(id: number, time: number, direction: PacketDirection, descriptors: readonly number[]): void {
    const [first = 0] = descriptors;
    const { data, length } = copyParts(partsOf(descriptors), this.#snapLength);
    const comment = commentOf(first, direction);
    this.#write(() => {
      this.#writer.write({
        interface: id,
        timestamp: BigInt(Math.round(time)),
        data,
        originalLength: length,
        flags: encodePacketFlags(flagsOf(first, direction, data)),
        comments: comment === '' ? [] : [comment],
      });
      this.#packets++;
    });
  }

  atDriver(queue: number, time: number, first: number, count: number): void {
    const { queue: traced, interfaces, direction } = this.#open(queue);
    const id = interfaces.driver;
    if (id === undefined) return;
    for (let index = 0; index < count; index++) {
      const { parts, lines } = traced.describe((first + index) & traced.rings.packets.mask);
      const { data, length } = copyParts(parts, this.#snapLength);
      this.#write(() => {
        const timestamp = BigInt(Math.round(time));
        this.#writer.write({ interface: id, timestamp, data, originalLength: length, direction, comments: lines });
        this.#packets++;
      });
    }
  }

  #open(queue: number): OpenQueue {
    const open = this.#queues[queue];
    if (open === undefined) throw new TraceError('UNKNOWN_TRACK', `no queue ${String(queue)} is open in this trace`);
    return open;
  }

  #write(write: () => void): void {
    if (this.#closed || this.#failure !== undefined) return;
    try {
      write();
    } catch (error) {
      this.#failure = { error };
    }
  }

  /**
   * Hands the rest of the file to the sink. What the adapter does from now on is not written any more.
   *
   * @throws what the sink threw, now or before; TraceError `CLOSED` the second time
   */
  close(): void {
    if (this.#closed) throw new TraceError('CLOSED', 'the packet trace was closed before');
    this.#write(() => {
      this.#writer.close();
    });
    this.#closed = true;
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
