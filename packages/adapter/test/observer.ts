/*
 * A protocol that notes everything it is shown, frame by frame, and keeps descriptors and buffers as long as a test wants.
 */

import { i32, u8 } from '@netcx/dma/memory';
import { FrameDescriptor, type Protocol, type ReceiveEdge } from '../src/edge/index.ts';
import { buildFakeMachine, type FakeMachine, type FakeMachineOptions } from './fake-machine.ts';

/** What a protocol reads beside a frame. */
export interface Seen {
  readonly bytes: Uint8Array;
  readonly hashType: number;
  readonly hash: number;
  readonly tagging: number;
  readonly tag: number;
  readonly coalesced: number;
  readonly detail: number;
  readonly delta: number;
  readonly time: number;
  readonly checksum: number;
  readonly layer4Type: number;
}

/** A protocol that notes everything, and keeps the buffers until it is told which to release. */
export class Observer implements Protocol {
  readonly seen: Seen[] = [];
  readonly kept: number[] = [];
  /** Whether it leaves the descriptors where they are. */
  leaves = false;
  keeps = false;
  #edge: ReceiveEdge | undefined;

  receive(edge: ReceiveEdge): void {
    this.#edge = edge;
    if (!this.leaves) this.take(Infinity);
  }

  take(most: number): void {
    const edge = this.#edge;
    if (edge === undefined) return;
    const { ring } = edge;
    let done = 0;
    for (let frames = 0; frames < most && done < ring.driverCount; frames++) {
      const first = ring.beginIndex + done;
      const pieces: Uint8Array[] = [];
      let d: number;
      do {
        d = ring.at(first + pieces.length);
        const address = FrameDescriptor.address.get(i32, d);
        pieces.push(u8.slice(address, address + FrameDescriptor.length.get(i32, d)));
        this.kept.push(FrameDescriptor.buffer.get(i32, d));
      } while (FrameDescriptor.more.get(i32, d) === 1);
      this.seen.push(read(edge, first, Buffer.concat(pieces)));
      done += pieces.length;
    }
    edge.complete(done);
    if (!this.keeps) while (this.kept.length > 0) this.release(0);
  }

  /** Gives back the buffer at some place of those that it keeps. */
  release(which: number): void {
    const [buffer] = this.kept.splice(which % Math.max(1, this.kept.length), 1);
    if (buffer !== undefined) this.#edge?.release(buffer);
  }
}

function read(edge: ReceiveEdge, index: number, bytes: Uint8Array): Seen {
  const d = edge.ring.at(index);
  const at = index & edge.ring.mask;
  return {
    bytes: new Uint8Array(bytes),
    hashType: FrameDescriptor.hashType.get(i32, d),
    hash: FrameDescriptor.hash.get(i32, d),
    tagging: FrameDescriptor.tagging.get(i32, d),
    tag: FrameDescriptor.tag.get(i32, d),
    coalesced: FrameDescriptor.coalesced.get(i32, d),
    detail: FrameDescriptor.coalescedDetail.get(i32, d),
    delta: edge.timestampDeltas === 0 ? 0 : i32[(edge.timestampDeltas >>> 2) + at]!,
    time: edge.times === 0 ? 0 : i32[(edge.times >>> 2) + 2 * at]! + i32[(edge.times >>> 2) + 2 * at + 1]! * 2 ** 32,
    checksum: FrameDescriptor.checksum.get(i32, d),
    layer4Type: FrameDescriptor.layer4Type.get(i32, d),
  };
}

/** A started machine with an observer above it. */
export function startObserved(options: FakeMachineOptions = {}): FakeMachine & { readonly observer: Observer } {
  const machine = buildFakeMachine({ packets: 32, fragments: 32, buffers: 64, ...options });
  const observer = new Observer();
  machine.adapter.detachProtocol();
  machine.adapter.attachProtocol(observer);
  machine.adapter.start();
  machine.clock.run();
  return { ...machine, observer };
}
