/*
 * Owns: what stands above one driver: it sends pieces of its flows whenever it is told to, gives what arrives to the ledger,
 * keeps received buffers for a while as a real protocol does, and counts completions.
 * Invariant: every descriptor that was submitted completes once, and nothing is called while the driver is stopped.
 */

import type { OffloadSet } from '@netcx/adapter';
import { FrameDescriptor, type Protocol, type ReceiveEdge } from '@netcx/adapter/edge';
import type { Random } from '@netcx/clock';
import { i32 as m, u8 } from '@netcx/dma/memory';
import { Layer2Type, Layer3Type, Layer4Type } from '@netcx/rings';
import type { ReferenceDriver } from '../src/driver.ts';
import { submitFrame } from '../test/submit-frame.ts';
import { type Flow, flowOf } from './flow.ts';
import {
  ETHERNET_BYTES,
  headerBytes,
  layer3Bytes,
  parseFrame,
  TCP_BYTES,
  UDP_BYTES,
  writeHeaders,
} from './ip-headers.ts';

/** The checksum extension's byte: layer 4 is required, and layer 3 where it has a checksum. */
const [LAYER4_REQUIRED, LAYER3_REQUIRED] = [2 << 4, 2 << 2];
/** Fewer bytes carry no datagram worth looking at. */
const SHORTEST_PAYLOAD = 8;
/** Longest packet that is to be cut. */
const LONGEST_PACKET = 30_000;
/** Into how many parts a frame is taken apart, and how small they may be. */
const MOST_PARTS = 6;
const SHORTEST_PART = 64;

/** What a frame descriptor says of a flow's headers. */
function layoutOf({ ipv6, tcp }: Flow): number {
  const type3 = ipv6 ? Layer3Type.IPv6NoExtensions : Layer3Type.IPv4NoOptions;
  const lengths = ETHERNET_BYTES | (layer3Bytes(ipv6) << 7) | ((tcp ? TCP_BYTES : UDP_BYTES) << 16);
  return lengths | (Layer2Type.Ethernet << 24) | (type3 << 28);
}

/** What a station tells of. */
export interface StationHost {
  /** Every flow, by number. */
  readonly flows: readonly Flow[];
  /** Something is not as it must be. */
  readonly fail: (what: string) => void;
  /** How many frames of this station may be damaged: the device was told to damage so many descriptors. */
  readonly damageable: () => number;
  /** Something arrived. */
  readonly arrived: (flow: Flow) => void;
  /** Which of the flows from this end of the cable are sent here; all of them when left out. */
  readonly sends?: (flow: Flow) => boolean;
}

/** A received buffer that the protocol keeps. */
interface Held {
  readonly edge: ReceiveEdge;
  readonly buffer: number;
}

/** One station's protocol. */
export class Station {
  readonly driver: ReferenceDriver;
  readonly index: 0 | 1;
  /** Whether the driver may call: from before its start until after its stop. */
  running = false;
  /** How likely a received buffer is kept. */
  keeping = 0;
  submitted = 0;
  completed = 0;
  /** Frames that arrived, and of these the ones that a faulty device had damaged. */
  frames = 0;
  damaged = 0;
  readonly #host: StationHost;
  readonly #random: Random;
  readonly #flows: readonly Flow[];
  readonly #held: Held[] = [];

  constructor(driver: ReferenceDriver, index: 0 | 1, random: Random, host: StationHost) {
    this.driver = driver;
    this.index = index;
    this.#random = random;
    this.#host = host;
    this.#flows = host.flows.filter((flow) => flow.from === index && (host.sends?.(flow) ?? true));
    driver.adapter.attachProtocol(this.protocol());
  }

  /** @returns what is attached to the adapter */
  protocol(): Protocol {
    return {
      receive: (edge, count) => {
        this.#expectRunning('receive');
        this.#receive(edge, count);
      },
      sent: (_edge, count) => {
        this.#expectRunning('sent');
        this.completed += count;
        if (this.completed > this.submitted) this.#fail(`${this.completed} of ${this.submitted} descriptors completed`);
      },
      linkChanged: () => {
        this.#expectRunning('linkChanged');
      },
    };
  }

  /** Sends a random piece of random flows. */
  pump(most: number): void {
    const enabled = this.driver.adapter.offloads.enabled;
    for (let left = this.#random.below(most + 1); left > 0; left--) this.send(this.#random.pick(this.#flows), enabled);
  }

  /**
   * Sends one frame of a flow, or a packet to be cut.
   *
   * @param flow - one of this station's
   * @param enabled - offloads that are on
   * @returns whether there was room for it
   */
  send(flow: Flow, enabled: OffloadSet = this.driver.adapter.offloads.enabled): boolean {
    const { adapter } = this.driver;
    const queue = adapter.transmitQueues[flow.number % Math.max(1, adapter.transmitQueues.length)];
    if (queue?.edge.open !== true) return false;
    const { gso, txChecksum } = enabled;
    const kind = `${flow.tcp ? 'tcp' : 'udp'}${flow.ipv6 ? 'IPv6' : 'IPv4'}` as const;
    const random = this.#random;
    const left = txChecksum[kind] && (flow.ipv6 || txChecksum.ipv4) && random.chance(0.7);
    const largest = adapter.mtu - headerBytes(flow) + ETHERNET_BYTES;
    const cut = left && gso[kind] && largest > 64 && random.chance(0.4);
    const segment = cut ? 64 + random.below(largest - 63) : largest;
    const payload = cut
      ? segment + 1 + random.below(Math.min(LONGEST_PACKET, segment * 40) - segment)
      : SHORTEST_PAYLOAD + random.below(random.chance(0.5) ? Math.min(largest, 200) - 7 : largest - 7);
    // The last segment of datagrams has to have room for its place in the stream.
    const tail = cut && !flow.tcp ? payload % segment : SHORTEST_PAYLOAD;
    const bytes = tail > 0 && tail < SHORTEST_PAYLOAD ? payload - tail : payload;
    const frame = flow.next(bytes, segment);
    const isCut = bytes > segment;
    writeHeaders(frame, flow.headers(), left ? (isCut ? 'left for each segment' : 'left') : 'complete');
    const submitted = submitFrame(queue.edge, frame, {
      parts: this.#partsOf(frame.length, queue.edge.pool.capacity),
      layout: layoutOf(flow),
      layer4Type: flow.tcp ? Layer4Type.Tcp : Layer4Type.Udp,
      checksum: left ? LAYER4_REQUIRED | (flow.ipv6 ? 0 : LAYER3_REQUIRED) : 0,
      segmentSize: isCut ? segment : 0,
    });
    this.submitted += submitted;
    if (submitted === 0) return false;
    flow.sent += flow.streamBytes(bytes, segment);
    return true;
  }

  /** Gives back kept buffers, all or a random part. */
  release(all: boolean): void {
    for (let left = all ? this.#held.length : this.#random.below(this.#held.length + 1); left > 0; left--) {
      const { edge, buffer } = this.#held.shift()!;
      edge.release(buffer);
    }
  }

  /** @returns what is not as it must be once the driver has stopped */
  faultsAtRest(): string[] {
    const { submitted, completed } = this;
    return submitted === completed ? [] : [`station ${this.index}: ${submitted} submitted, ${completed} completed`];
  }

  #expectRunning(callback: string): void {
    if (!this.running) this.#fail(`${callback} while the driver is stopped`);
  }

  #fail(what: string): void {
    this.#host.fail(`station ${this.index}: ${what}`);
  }

  #receive(edge: ReceiveEdge, count: number): void {
    let parts: Uint8Array[] = [];
    let first = -1;
    for (let index = 0; index < count; index++) {
      const d = edge.ring.at(edge.ring.beginIndex + index);
      const address = FrameDescriptor.address.get(m, d);
      const buffer = FrameDescriptor.buffer.get(m, d);
      if (first < 0) first = d;
      parts.push(u8.slice(address, address + FrameDescriptor.length.get(m, d)));
      if (this.#random.chance(this.keeping)) this.#held.push({ edge, buffer });
      else edge.release(buffer);
      if (FrameDescriptor.more.get(m, d) !== 0) continue;
      this.#take(
        parts.length === 1 ? parts[0]! : Uint8Array.from(Buffer.concat(parts)),
        FrameDescriptor.coalesced.get(m, first),
        FrameDescriptor.coalescedDetail.get(m, first),
      );
      parts = [];
      first = -1;
    }
    edge.complete(count);
  }

  #take(frame: Uint8Array, coalesced: number, detail: number): void {
    this.frames++;
    const parsed = parseFrame(frame, coalesced === 0);
    const flow = typeof parsed === 'string' ? undefined : flowOf(this.#host.flows, parsed);
    let fault = typeof parsed === 'string' ? parsed : undefined;
    if (typeof parsed !== 'string') {
      if (flow === undefined || flow.from === this.index) fault = `a frame to port ${parsed.destinationPort}`;
      else fault = flow.take(parsed, coalesced > 0 && !flow.tcp ? detail : parsed.payload.length);
    }
    if (fault !== undefined) {
      this.damaged++;
      if (this.damaged > this.#host.damageable()) this.#fail(fault);
    } else if (flow !== undefined) this.#host.arrived(flow);
  }

  /** In parts of random lengths now and then, each in a buffer of its own. */
  #partsOf(bytes: number, capacity: number): number[] {
    const most = this.#random.chance(0.2) ? 1 + this.#random.below(capacity) : capacity;
    const part = Math.min(capacity, Math.max(most, Math.ceil(bytes / MOST_PARTS), SHORTEST_PART));
    return Array.from({ length: Math.ceil(bytes / part) }, (_, index) => Math.min(part, bytes - index * part));
  }
}
