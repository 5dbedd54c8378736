/*
 * An adapter whose driver notes what it is asked to do with each packet, and a way to submit frames that ask for offloads,
 * cut into parts anywhere, in buffers or in memory of the protocol's own.
 */

import { BufferPool } from '@netcx/buffers';
import type { DmaDomain } from '@netcx/dma';
import { hostPages } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';
import { Checksum, Gso, Ieee8021q } from '@netcx/extensions';
import { Packet } from '@netcx/rings';
import { FrameDescriptor } from '../src/edge/index.ts';
import type { TxQueue } from '../src/index.ts';
import { FakeTx } from './fake-driver.ts';
import { buildFakeMachine, type FakeMachine, type FakeMachineOptions } from './fake-machine.ts';
import { filled, writeFrame, type Part } from './frames.ts';
import { ETHERNET, type BuiltFrame } from './offload-frames.ts';

/** What a driver finds beside a packet. */
export interface FoundWishes {
  readonly checksum: number;
  readonly mss: number;
  readonly tagging: number;
  readonly priority: number;
  readonly vlan: number;
  readonly layer2HeaderLength: number;
  readonly layer3HeaderLength: number;
  readonly layer4HeaderLength: number;
  readonly fragments: number;
}

/** A driver that notes what it is asked to do. */
export class NotingTx extends FakeTx {
  /** Of each packet that is not to be ignored, in order. */
  readonly wishes: FoundWishes[] = [];
  readonly #queue: TxQueue;

  constructor(queue: TxQueue, domain: DmaDomain | undefined) {
    super(queue, domain);
    this.#queue = queue;
  }

  override post(): void {
    const first = this.packets.nextIndex;
    super.post();
    const count = (this.packets.nextIndex - first) & this.packets.mask;
    for (let index = 0; index < count; index++) {
      const p = this.packets.at(first + index);
      if (Packet.ignore.get(i32, p) === 0) this.wishes.push(this.#read(p));
    }
  }

  #read(p: number): FoundWishes {
    const checksum = this.#queue.extension(Checksum);
    const gso = this.#queue.extension(Gso);
    const tag = this.#queue.extension(Ieee8021q);
    return {
      checksum: checksum.enabled ? checksum.whole.get(i32, p) : 0,
      mss: gso.enabled ? gso.mss.get(i32, p) : 0,
      tagging: tag.enabled ? tag.txTagging.get(i32, p) : 0,
      priority: tag.enabled ? tag.priorityCodePoint.get(i32, p) : 0,
      vlan: tag.enabled ? tag.vlanIdentifier.get(i32, p) : 0,
      layer2HeaderLength: Packet.layer2HeaderLength.get(i32, p),
      layer3HeaderLength: Packet.layer3HeaderLength.get(i32, p),
      layer4HeaderLength: Packet.layer4HeaderLength.get(i32, p),
      fragments: Packet.fragmentCount.get(i32, p),
    };
  }
}

/** What a frame asks for. */
export interface FrameWishes {
  readonly layer3?: boolean;
  readonly layer4?: boolean;
  readonly segmentSize?: number;
  readonly tagging?: number;
  readonly tag?: number;
  /** Whether the protocol says where the headers are. */
  readonly layout?: boolean;
}

/** A machine for offloads. */
export interface OffloadRig {
  readonly machine: FakeMachine;
  readonly tx: NotingTx;
  /** Submits a frame, cut at the places given; runs. */
  readonly send: (
    frame: BuiltFrame,
    wishes: FrameWishes,
    cuts?: readonly number[],
    place?: Place,
    spoil?: (descriptor: number) => void,
  ) => void;
  /** The device sends whatever it has and gets, until there is nothing. */
  readonly finish: () => void;
  /** Stops it; throws if anything is left behind. */
  readonly close: () => Promise<void>;
}

/** Where parts lie: buffers of the queue's, odd places in them, a protocol's own memory. */
export type Place = 'pool' | 'odd' | 'own' | 'big';

const OWN_BYTES = 1 << 20;

/** An adapter that runs, with one transmit queue. */
export function buildOffloadRig(options: FakeMachineOptions = {}): OffloadRig {
  const taken = hostPages.bytesTaken;
  const rigs: NotingTx[] = [];
  const domain: { reach?: DmaDomain | undefined } = {};
  const machine = buildFakeMachine({
    ...options,
    queues: { transmit: 1, receive: 0 },
    callbacks: {
      createTxQueue: (init) => {
        init.create((queue) => (rigs[queue.id] = new NotingTx(queue, domain.reach)));
      },
      ...options.callbacks,
    },
  });
  domain.reach = options.withoutDma === true ? undefined : machine.enabler.domain;
  const own = hostPages.allocate(OWN_BYTES, { owner: 'a protocol’s own memory' });
  let used = 1;
  machine.adapter.start();
  machine.clock.run();
  const tx = rigs[0]!;
  const { edge } = machine.adapter.transmitQueues[0]!;
  /** Buffers that this NIC reaches and that hold any frame. */
  const big = new BufferPool({
    name: 'big buffers',
    count: 8,
    capacity: 300_000,
    ...(options.withoutDma === true ? {} : { enabler: machine.enabler }),
  });
  const part = (bytes: Uint8Array, place: Place): Part => {
    if (place === 'big' && big.free > 0) return filled(big, bytes);
    if (place !== 'own' && place !== 'big' && bytes.length <= edge.pool.capacity - 3 && edge.pool.free > 0)
      return filled(edge.pool, bytes, place === 'odd' ? 3 : 0);
    if (used + bytes.length > OWN_BYTES) used = 1;
    const address = own + used;
    used += bytes.length + 1;
    u8.set(bytes, address);
    return { address, length: bytes.length };
  };
  let contexts = 0;
  return {
    machine,
    tx,
    send: (frame, wishes, cuts = [], place = 'pool', spoil) => {
      const fitting = cuts.slice(0, edge.room - 1).toSorted((a, b) => a - b);
      const at = [0, ...fitting, frame.bytes.length];
      const parts = at.slice(1).map((end, index) => part(frame.bytes.subarray(at[index], end), place));
      writeFrame(edge, 0, contexts, parts);
      contexts += parts.length;
      ask(edge.ring.at(edge.ring.endIndex), frame, wishes);
      spoil?.(edge.ring.at(edge.ring.endIndex));
      edge.submit(parts.length);
      machine.clock.run();
    },
    finish: () => {
      for (let round = 0; round < 5000 && (tx.outstanding > 0 || edge.pending > 0); round++) {
        tx.finishAll();
        machine.clock.run();
      }
    },
    close: async () => {
      const left = { pending: edge.pending, inUse: edge.pool.inUse, big: big.inUse };
      await machine.stop();
      big.close();
      hostPages.free(own);
      if (tx.violations.length > 0) throw new Error(tx.violations.join('; '));
      if (machine.domain.faultCount + machine.domain.mappedPages > 0)
        throw new Error('faults, or pages that stay mapped');
      if (left.pending + left.inUse + left.big > 0) throw new Error(`left behind: ${JSON.stringify(left)}`);
      if (hostPages.bytesTaken !== taken) throw new Error(`${hostPages.bytesTaken - taken} bytes were not given back`);
    },
  };
}

/** Writes what a frame asks for into its first descriptor. */
function ask(d: number, frame: BuiltFrame, wishes: FrameWishes): void {
  const { layer3 = false, layer4 = false, segmentSize = 0, tagging = 0, tag = 0, layout = true } = wishes;
  FrameDescriptor.checksum.set(i32, d, (layer3 ? 8 : 0) | (layer4 ? 32 : 0));
  FrameDescriptor.segmentSize.set(i32, d, segmentSize);
  FrameDescriptor.tagging.set(i32, d, tagging);
  FrameDescriptor.tag.set(i32, d, tag);
  if (!layout) return;
  FrameDescriptor.layer2HeaderLength.set(i32, d, frame.layer2);
  FrameDescriptor.layer3HeaderLength.set(i32, d, frame.layer3);
  FrameDescriptor.layer4HeaderLength.set(i32, d, frame.layer4);
  FrameDescriptor.layer2Type.set(i32, d, ETHERNET);
  FrameDescriptor.layer3Type.set(i32, d, frame.layer3Type);
  FrameDescriptor.layer4Type.set(i32, d, frame.layer4Type);
}
