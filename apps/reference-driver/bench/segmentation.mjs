/*
 * 64 KB of TCP over IPv4 cut into 45 segments in software, checksums left to the hardware: each segment is a header of its own
 * and payload that stays where it lies. The same packet as tooling/bench/dpdk/segmentation.c has. Two adapters alive.
 * `node bench/segmentation.mjs` is from the protocol's `submit` over a clock's alarm to the driver, which gives back at once,
 * and back; `node bench/segmentation.mjs polled` without notice and alarm: one poll of the queue, which cuts, hands over and
 * takes back. Prints one JSON object: nanoseconds for all 45.
 */

import { dmaCapabilities, NetAdapter, RxCapabilities, TxCapabilities } from '@netcx/adapter';
import * as edge from '@netcx/adapter/edge';
import { BufferPool } from '@netcx/buffers';
import { VirtualClock } from '@netcx/clock';
import { DmaEnabler, IdentityMap } from '@netcx/dma';
import * as memory from '@netcx/dma/memory';
import { Layer2Type, Layer3Type, Layer4Type } from '@netcx/rings';
import { printTime } from '@tooling/bench/timing';

const { i32: m, u8 } = memory;
const { FrameDescriptor } = edge;
const SEGMENTS = 45;
const SIZE = 1448;
const HEADER = 54;
const LAYOUT = 14 | (20 << 7) | (20 << 16) | (Layer2Type.Ethernet << 24) | (Layer3Type.IPv4NoOptions << 28) | 0;
const TCP_AND_IPV4_REQUIRED = 0b10_10_00;
const WISHES = Layer4Type.Tcp | (TCP_AND_IPV4_REQUIRED << 8);
const POLLED = process.argv[2] === 'polled';

/** Gives back whatever it is handed. */
class InstantTx {
  packets = 0;

  constructor(queue) {
    this.rings = queue.rings;
  }

  advance() {
    const { packets, fragments } = this.rings;
    this.packets += packets.driverCount;
    fragments.complete(fragments.driverCount);
    packets.complete(packets.driverCount);
  }

  setNotificationEnabled() {
    // It never has anything to say.
  }

  cancel() {
    this.advance();
  }
}

/** An adapter, and the packet that it sends again and again. */
class Sender {
  clock = new VirtualClock();

  constructor() {
    const adapter = new NetAdapter({
      name: 'sender',
      clock: this.clock,
      queues: { transmit: 1, receive: 0 },
      callbacks: {
        createTxQueue: (init) => void init.create((queue) => (this.tx = new InstantTx(queue))),
        createRxQueue: () => undefined,
      },
    });
    const enabler = new DmaEnabler(new IdentityMap(), { addressWidth: 64, version: 3 });
    const capabilities = dmaCapabilities(enabler);
    const hint = { fragmentRingNumberOfElementsHint: 256, virtualAddress: false };
    adapter.setDatapathCapabilities(
      TxCapabilities.forDma(capabilities, 1, hint),
      RxCapabilities.systemManagedDma(capabilities, 1536, 1, hint),
    );
    adapter.setLinkLayerCapabilities(1e9);
    adapter.setLinkLayerMtuSize(1500);
    adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 1));
    adapter.offloads.advertise({ txChecksum: { ipv4: true, tcp: true, udp: true, layer4HeaderOffsetLimit: 0 } });
    adapter.start();
    [this.queue] = adapter.transmitQueues;
    this.edge = this.queue.edge;
    this.pool = new BufferPool({ name: 'packet', count: 1, capacity: 65_536 + 512, enabler });
    this.buffer = this.pool.take();
    this.address = this.pool.address(this.buffer);
    const ethernet = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
    const ipv4 = [0x45, 0, 0xfe, 0xb0, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    const tcp = [4, 0, 0, 80, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0];
    u8.set([...ethernet, ...ipv4, ...tcp], this.address);
  }

  send() {
    const { ring } = this.edge;
    const d = ring.at(ring.endIndex);
    this.pool.addReference(this.buffer);
    FrameDescriptor.address.set(m, d, this.address);
    FrameDescriptor.lengthAndFlags.set(m, d, HEADER + SEGMENTS * SIZE);
    FrameDescriptor.buffer.set(m, d, this.buffer);
    FrameDescriptor.layout.set(m, d, LAYOUT);
    FrameDescriptor.layer4AndChecksum.set(m, d, WISHES);
    FrameDescriptor.segmentation.set(m, d, SIZE);
    if (POLLED) {
      ring.publish(1);
      this.queue.poll();
    } else {
      this.edge.submit(1);
      this.clock.run();
    }
  }
}

const senders = [new Sender(), new Sender()];
printTime(
  (calls) => {
    const before = senders.map(({ tx }) => tx.packets);
    for (let call = 0; call < calls; call++) senders[call & 1].send();
    const sent = senders.reduce((sum, { tx }, index) => sum + tx.packets - before[index], 0);
    if (sent !== calls * SEGMENTS) throw new Error(`${sent} segments were sent, not ${calls * SEGMENTS}`);
    return sent;
  },
  500,
  200,
);
