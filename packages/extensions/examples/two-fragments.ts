/*
 * The document's second figure: a packet in two fragments, with receive segment coalescing and checksum offload. The driver
 * shows one large packet that its NIC made of three segments, and the framework reads it.
 * Run it with: npx tsx --conditions=@netcx/source examples/two-fragments.ts
 */

import { hostPages } from '@netcx/dma';
import { i32 as m } from '@netcx/dma/memory';
import { Checksum, planElement, Rsc, RxChecksumEvaluation } from '@netcx/extensions';
import {
  Fragment,
  FRAGMENT_BYTES,
  Layer2Type,
  Layer3Type,
  Layer4Type,
  Packet,
  PACKET_BYTES,
  RingCollection,
} from '@netcx/rings';

const plan = planElement({
  level: 'packet',
  coreSize: PACKET_BYTES,
  coreAlignment: 4,
  extensions: [Rsc, Checksum],
});
const options = {
  name: 'rx 0',
  packets: 8,
  fragments: 8,
  packetStride: plan.stride,
  fragmentStride: FRAGMENT_BYTES,
};
const block = hostPages.allocate(RingCollection.bytes(options), { owner: 'rx 0 rings' });
const rings = RingCollection.create(block, options);
const { packets, fragments } = rings;
const rsc = plan.extension(Rsc).offset;
const checksum = plan.extension(Checksum).offset;

// The framework offers packets, and fragments with a buffer of 2048 bytes each.
for (let index = 0; index < 7; index++) Fragment.capacity.set(m, fragments.at(index), 2048);
fragments.publish(7);
packets.publish(7);
fragments.post(7); // the driver hands the buffers to its NIC

// The driver: three segments of 1000 bytes came as one packet of 3054 bytes, in two buffers.
Fragment.validLength.set(m, fragments.at(0), 2048);
Fragment.validLength.set(m, fragments.at(1), 1006);
const p = packets.at(packets.beginIndex);
Packet.fragmentIndex.set(m, p, 0);
Packet.fragmentCount.set(m, p, 2);
Packet.layer2Type.set(m, p, Layer2Type.Ethernet);
Packet.layer3Type.set(m, p, Layer3Type.IPv4NoOptions);
Packet.layer4Type.set(m, p, Layer4Type.Tcp);
Rsc.coalescedSegmentCount.set(m, p, rsc, 3);
Checksum.layer3.set(m, p, checksum, RxChecksumEvaluation.Valid);
Checksum.layer4.set(m, p, checksum, RxChecksumEvaluation.Valid);
rings.completePackets(1);

// The framework walks the packet's fragments: a run that may wrap.
const packet = packets.at(packets.processedIndex);
let index = Packet.fragmentIndex.get(m, packet);
let bytes = 0;
for (let count = Packet.fragmentCount.get(m, packet); count > 0; count--) {
  bytes += Fragment.validLength.get(m, fragments.at(index));
  index = (index + 1) & fragments.mask;
}
console.log(`${bytes} bytes in ${Packet.fragmentCount.get(m, packet)} fragments`);
console.log(`${Rsc.coalescedSegmentCount.get(m, packet, rsc)} segments`);
console.log(`TCP checksum valid: ${Checksum.layer4.get(m, packet, checksum) === RxChecksumEvaluation.Valid}`);
console.log(plan.explain());
rings.reapPackets(1);
console.log(`fragments free again: ${fragments.freeCount}`);
hostPages.free(block);
