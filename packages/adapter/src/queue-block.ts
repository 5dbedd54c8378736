/*
 * The memory of one queue: its rings, the edge's ring, and the framework's shadow of both, in one run of
 * host pages that is planned when the queue is created and constant for its life.
 */

import { hostPages } from '@netcx/dma';
import {
  describeExtension,
  ExtensionRegistry,
  planElement,
  type BoundExtension,
  type ElementPlan,
  type Extension,
  type ExtensionFields,
  type PlanMode,
} from '@netcx/extensions';
import { FRAGMENT_BYTES, PACKET_BYTES, Ring, RingCollection } from '@netcx/rings';
import { FRAME_DESCRIPTOR_BYTES } from './edge/frame-descriptor.ts';
import { OFFERED_BUFFER_BYTES } from './offered-source.ts';

/** What a queue's memory depends on. */
export interface QueueBlockOptions {
  /** For messages: adapter, direction and number. */
  readonly name: string;
  /** Elements of the packet ring. */
  readonly packets: number;
  /** Elements of the fragment ring. */
  readonly fragments: number;
  /** Elements of the data-buffer ring; 0 = the queue has none. */
  readonly dataBuffers: number;
  /** Elements of the edge's ring. */
  readonly descriptors: number;
  /** What the adapter registered. */
  readonly registry: ExtensionRegistry;
  /** What this direction uses of it. */
  readonly proposed: readonly Extension[];
  /** How elements are laid out; `packed` when left out. */
  readonly plan?: PlanMode;
}

const alignLine = (bytes: number): number => (bytes + 63) & ~63;

/**
 * Blocks begin at different lines of their first page. Equal elements of two queues' rings would otherwise lie a multiple of
 * 4096 bytes apart, where a store to one delays a load from the other.
 */
const STAGGER_BYTES = 5 * 64;
const STAGGERS = 13;
let blocks = 0;

/** The planned and allocated memory of a queue. */
export class QueueBlock {
  /** The packet ring, the fragment ring and, where the driver attaches the system's buffers, the data-buffer ring. */
  readonly rings: RingCollection;
  /** The ring of frame descriptors between queue and protocol. */
  readonly edge: Ring;
  /** Host offset of one word for each fragment element, and behind them one for each packet element. */
  readonly shadow: number;
  /** Bytes of the rings: what a queue costs. */
  readonly ringBytes: number;
  /** Where everything lies in a packet. */
  readonly packetPlan: ElementPlan;
  /** Where everything lies in a fragment. */
  readonly fragmentPlan: ElementPlan;
  readonly #pages: number;

  /**
   * @param options - sizes and extensions
   * @throws RingError or DmaError when sizes cannot be or memory runs out
   */
  constructor(options: QueueBlockOptions) {
    const { name, packets, fragments, dataBuffers, descriptors, registry, proposed, plan: mode = 'packed' } = options;
    const plan = (level: 'packet' | 'fragment', coreSize: number, coreAlignment: number): ElementPlan =>
      planElement({ level, coreSize, coreAlignment, extensions: registry.select(level, proposed), mode });
    this.packetPlan = plan('packet', PACKET_BYTES, 4);
    this.fragmentPlan = plan('fragment', FRAGMENT_BYTES, 8);
    const layout = {
      name,
      packets,
      fragments,
      dataBuffers,
      dataBufferStride: OFFERED_BUFFER_BYTES,
      packetStride: this.packetPlan.stride,
      fragmentStride: this.fragmentPlan.stride,
    };
    const edge = { name: `${name} edge`, elements: descriptors, stride: FRAME_DESCRIPTOR_BYTES };
    this.ringBytes = RingCollection.bytes(layout);
    const edgeBytes = alignLine(Ring.bytes(edge));
    const stagger = STAGGER_BYTES * (blocks++ % STAGGERS);
    this.#pages = hostPages.allocate(stagger + this.ringBytes + edgeBytes + (fragments + packets) * 4, { owner: name });
    const start = this.#pages + stagger;
    this.rings = RingCollection.create(start, layout);
    this.edge = Ring.create(start + this.ringBytes, edge);
    this.shadow = start + this.ringBytes + edgeBytes;
  }

  /**
   * @param definition - an extension
   * @returns where it lies in this queue's elements; not enabled when the queue does not have it
   */
  extension<F extends ExtensionFields>(definition: Extension<F>): BoundExtension<F> {
    return (describeExtension(definition).level === 'packet' ? this.packetPlan : this.fragmentPlan).extension(
      definition,
    );
  }

  /**
   * @returns the elements of both rings, byte by byte, with who owns each
   */
  explain(): string {
    return `${this.packetPlan.explain()}\n${this.fragmentPlan.explain()}`;
  }

  /** Gives the memory back; nobody may touch the rings from now on. */
  free(): void {
    hostPages.free(this.#pages);
  }
}
