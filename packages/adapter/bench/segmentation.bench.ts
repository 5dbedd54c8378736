/*
 * What it costs to send 64 KB in 45 segments that software cuts, and to insert checksums in software: a protocol submits, the
 * adapter cuts, a driver without a NIC gives back at once. With checksums left to the hardware, each segment is a header of its
 * own and payload that stays where it lies; with checksums in software every byte is read; with bouncePolicy `always` every
 * byte is copied, too. Beside it: the sum alone, and a frame of 1514 bytes. Two adapters alive, shapes in turns.
 * Run from the package's folder after a build: npx tsx bench/segmentation.bench.ts [rounds]
 */

import { argv, hrtime } from 'node:process';
import * as adapters from '@netcx/adapter';
import * as edges from '@netcx/adapter/edge';
import { BufferPool } from '@netcx/buffers';
import { VirtualClock } from '@netcx/clock';
import * as dma from '@netcx/dma';
import * as memory from '@netcx/dma/memory';
import * as rings from '@netcx/rings';

const { i32: m, u8 } = memory;
const { FrameDescriptor } = edges;
const { Layer2Type, Layer3Type, Layer4Type } = rings;

const HEADER = 54;
const SIZE = 1448;
const SEGMENTS = 45;
const CHECKSUMS = { ipv4: true, tcp: true, udp: true, layer4HeaderOffsetLimit: 0 };

/** Gives back whatever it is handed. */
class InstantTx implements adapters.PacketQueueCallbacks {
  readonly #rings: rings.RingCollection;
  packets = 0;

  constructor(queue: adapters.TxQueue) {
    this.#rings = queue.rings;
  }

  advance(): void {
    const { packets, fragments } = this.#rings;
    this.packets += packets.driverCount;
    fragments.complete(fragments.driverCount);
    packets.complete(packets.driverCount);
  }

  setNotificationEnabled(): void {
    // It never has anything to say.
  }

  cancel(): void {
    this.advance();
  }
}

/** An adapter, and a frame that it sends again and again. */
class Sender {
  readonly #clock = new VirtualClock();
  readonly #edge: edges.TransmitEdge;
  readonly #buffer: number;
  readonly #address: number;
  readonly #length: number;
  readonly #segmentSize: number;
  readonly #pool: BufferPool;
  readonly #tx: InstantTx[] = [];

  constructor(payload: number, segmentSize: number, hardware: boolean, copies: boolean) {
    const adapter = new adapters.NetAdapter({
      name: 'sender',
      clock: this.#clock,
      queues: { transmit: 1, receive: 0 },
      bouncePolicy: copies ? 'always' : 'ifNeeded',
      callbacks: {
        createTxQueue: (init) => void init.create((queue) => (this.#tx[0] = new InstantTx(queue))),
        createRxQueue: () => undefined,
      },
    });
    const enabler = new dma.DmaEnabler(new dma.IdentityMap(), { addressWidth: 64, version: 3 });
    const capabilities = adapters.dmaCapabilities(enabler);
    const hint = { fragmentRingNumberOfElementsHint: 256 };
    adapter.setDatapathCapabilities(
      adapters.TxCapabilities.forDma(capabilities, 1, hint),
      adapters.RxCapabilities.systemManagedDma(capabilities, 1536, 1, hint),
    );
    adapter.setLinkLayerCapabilities(1e9);
    adapter.setLinkLayerMtuSize(1500);
    adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 1));
    if (hardware) adapter.offloads.advertise({ txChecksum: CHECKSUMS });
    adapter.start();
    this.#edge = adapter.transmitQueues[0]!.edge;
    this.#length = HEADER + payload;
    this.#segmentSize = segmentSize;
    this.#pool = new BufferPool({ name: 'frame', count: 1, capacity: 65_536 + 512, enabler });
    this.#buffer = this.#pool.take();
    this.#address = this.#pool.address(this.#buffer);
    u8.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6, 0, 0], this.#address);
    new DataView(memory.buffer).setUint16(this.#address + 16, Math.min(0xffff, this.#length - 14));
    u8.set([10, 0, 0, 1, 10, 0, 0, 2, 4, 0, 0, 80, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18], this.#address + 26);
  }

  send(): void {
    const edge = this.#edge;
    const d = edge.ring.at(edge.ring.endIndex);
    this.#pool.addReference(this.#buffer);
    m.fill(0, d, d + edge.ring.stride);
    FrameDescriptor.address.set(m, d, this.#address);
    FrameDescriptor.length.set(m, d, this.#length);
    FrameDescriptor.buffer.set(m, d, this.#buffer);
    FrameDescriptor.layer2HeaderLength.set(m, d, 14);
    FrameDescriptor.layer3HeaderLength.set(m, d, 20);
    FrameDescriptor.layer4HeaderLength.set(m, d, 20);
    FrameDescriptor.layer2Type.set(m, d, Layer2Type.Ethernet);
    FrameDescriptor.layer3Type.set(m, d, Layer3Type.IPv4NoOptions);
    FrameDescriptor.layer4Type.set(m, d, Layer4Type.Tcp);
    FrameDescriptor.checksum.set(m, d, 0b10_10_00);
    FrameDescriptor.segmentSize.set(m, d, this.#segmentSize);
    edge.submit(1);
    this.#clock.run();
  }

  /** Packets that its driver was handed. */
  get packets(): number {
    return this.#tx[0]!.packets;
  }
}

const cut = (hardware: boolean, copies: boolean): Sender => new Sender(SEGMENTS * SIZE, SIZE, hardware, copies);
const shapes: readonly (readonly [string, number, Sender])[] = [
  ['64 KB in 45 segments: headers alone, checksums by hardware', SEGMENTS, cut(true, false)],
  ['64 KB in 45 segments: headers and checksums', SEGMENTS, cut(false, false)],
  ['64 KB in 45 segments: headers, checksums and copies', SEGMENTS, cut(false, true)],
  ['one frame of 1514 bytes: checksums by hardware', 1, new Sender(1460, 0, true, false)],
  ['one frame of 1514 bytes: checksums in software', 1, new Sender(1460, 0, false, false)],
];

const rounds = Number(argv[2] ?? 2000);
const BATCH = 20;
const best = shapes.map(() => Infinity);
for (let round = 0; round < rounds; round++) {
  for (const [index, [, segments, sender]] of shapes.entries()) {
    const before = sender.packets;
    const start = hrtime.bigint();
    for (let count = 0; count < BATCH; count++) sender.send();
    const each = Number(hrtime.bigint() - start) / BATCH;
    if (sender.packets - before !== BATCH * segments) throw new Error('not every segment was sent');
    best[index] = Math.min(best[index]!, each);
  }
}
for (const [index, [name, segments]] of shapes.entries()) {
  const each = best[index]!;
  const gigabits = ((segments === 1 ? 1460 : SEGMENTS * SIZE) * 8) / each;
  console.log(`${name}: ${each.toFixed(0)} ns, ${(each / segments).toFixed(0)} a packet, ${gigabits.toFixed(1)} Gb/s`);
}
