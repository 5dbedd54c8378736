/*
 * A receive stage on its own: frames go in as a translator would show them, in buffers of a pool and in any number of
 * parts, and come out at an edge. Whatever a test does, every buffer must be back in the end.
 */

import { BufferPool } from '@netcx/buffers';
import { hostPages } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';
import { Ring } from '@netcx/rings';
import { FrameDescriptor, FRAME_DESCRIPTOR_BYTES, ReceiveEdge } from '../src/edge/index.ts';
import { switchWord, type ReceiveWork } from '../src/receive-offload/receive-offload-switches.ts';
import { ReceiveStage } from '../src/receive-offload/receive-stage.ts';

/** What is said of a frame that goes in. */
export interface Meta {
  readonly tagging?: number;
  readonly tag?: number;
  /** The checksum extension's byte; 0 = not checked. */
  readonly checksum?: number;
  readonly coalesced?: number;
  readonly hash?: number;
  readonly hashType?: number;
  readonly time?: number;
  /** The layout's word, and layer 4's type. */
  readonly layout?: number;
  readonly layer4Type?: number;
  /** Bytes of the buffer in front of the first part; 0 when left out. */
  readonly offset?: number;
}

/** A frame that came out. */
export interface Out {
  readonly bytes: Uint8Array;
  readonly parts: number;
  readonly count: number;
  readonly detail: number;
  readonly delta: number;
  readonly checksum: number;
  readonly tag: number;
  readonly hash: number;
  readonly hashType: number;
  readonly time: number;
  readonly layer3Type: number;
  readonly layer4Type: number;
}

export class StageRig {
  readonly edge: ReceiveEdge;
  readonly stage: ReceiveStage;
  readonly pool: BufferPool;
  readonly #pages: number;
  readonly #times: number;

  constructor(offloads: ReceiveWork, elements = 512, buffers = 256, capacity = 2048) {
    const options = { name: 'edge', elements, stride: FRAME_DESCRIPTOR_BYTES };
    this.#pages = hostPages.allocate(Ring.bytes(options) + 8 * elements, { owner: 'stage rig' });
    this.#times = this.#pages + Ring.bytes(options);
    this.edge = new ReceiveEdge(0, Ring.create(this.#pages, options), () => undefined);
    this.edge.provide(this.#times, 0);
    this.stage = new ReceiveStage('test', this.edge);
    this.stage.enabled = switchWord(offloads);
    this.pool = new BufferPool({ name: 'stage rig', count: buffers, capacity });
  }

  /** Shows a frame to the stage, cut at the offsets given. */
  put(frame: Uint8Array, cuts: readonly number[] = [], meta: Meta = {}): void {
    const { ring, times } = this.stage;
    const edges = [0, ...cuts, frame.length];
    for (let part = 0; part + 1 < edges.length; part++) {
      const bytes = frame.subarray(edges[part], edges[part + 1]);
      const buffer = this.pool.take();
      const address = this.pool.address(buffer) + 2 * (part % 3) + (part % 2) + (part === 0 ? (meta.offset ?? 0) : 0);
      u8.fill(0xee, this.pool.address(buffer), this.pool.address(buffer) + 16);
      u8.set(bytes, address);
      const d = ring.at(ring.endIndex + part);
      i32.fill(0, d, d + ring.stride);
      FrameDescriptor.address.set(i32, d, address);
      FrameDescriptor.length.set(i32, d, bytes.length);
      FrameDescriptor.more.set(i32, d, part + 2 < edges.length ? 1 : 0);
      FrameDescriptor.buffer.set(i32, d, buffer);
    }
    const d = ring.at(ring.endIndex);
    FrameDescriptor.layout.set(i32, d, meta.layout ?? 0);
    FrameDescriptor.layer4Type.set(i32, d, meta.layer4Type ?? 0);
    FrameDescriptor.tagging.set(i32, d, meta.tagging ?? 0);
    FrameDescriptor.tag.set(i32, d, meta.tag ?? 0);
    FrameDescriptor.checksum.set(i32, d, meta.checksum ?? 0);
    FrameDescriptor.coalesced.set(i32, d, meta.coalesced ?? 0);
    FrameDescriptor.hash.set(i32, d, meta.hash ?? 0);
    FrameDescriptor.hashType.set(i32, d, meta.hashType ?? 0);
    i32[(times >>> 2) + 2 * ring.endIndex] = meta.time ?? 0;
    ring.publish(edges.length - 1);
  }

  /** One pass of the stage, and everything that comes out of it. */
  run(): Out[] {
    this.stage.run();
    return this.takeOut();
  }

  /** Takes what lies at the edge, and gives its buffers back. */
  takeOut(most = Infinity): Out[] {
    const { ring } = this.edge;
    const out: Out[] = [];
    let done = 0;
    while (done < ring.driverCount && out.length < most) {
      const first = ring.beginIndex + done;
      const d = ring.at(first);
      const pieces: Uint8Array[] = [];
      let part: number;
      do {
        part = ring.at(first + pieces.length);
        const address = FrameDescriptor.address.get(i32, part);
        pieces.push(u8.slice(address, address + FrameDescriptor.length.get(i32, part)));
      } while (FrameDescriptor.more.get(i32, part) === 1);
      const at = first & ring.mask;
      out.push({
        bytes: new Uint8Array(Buffer.concat(pieces)),
        parts: pieces.length,
        count: FrameDescriptor.coalesced.get(i32, d),
        detail: FrameDescriptor.coalescedDetail.get(i32, d),
        delta: i32[(this.edge.timestampDeltas >>> 2) + at]!,
        checksum: FrameDescriptor.checksum.get(i32, d),
        tag: FrameDescriptor.tag.get(i32, d),
        hash: FrameDescriptor.hash.get(i32, d),
        hashType: FrameDescriptor.hashType.get(i32, d),
        time: i32[(this.edge.times >>> 2) + 2 * at]!,
        layer3Type: FrameDescriptor.layer3Type.get(i32, d),
        layer4Type: FrameDescriptor.layer4Type.get(i32, d),
      });
      for (let index = 0; index < pieces.length; index++)
        this.pool.release(FrameDescriptor.buffer.get(i32, ring.at(first + index)));
      done += pieces.length;
    }
    this.edge.complete(done);
    return out;
  }

  /** Gives everything back; throws when a buffer is missing. */
  free(): void {
    this.pool.close();
    this.stage.free();
    hostPages.free(this.#pages);
  }
}
