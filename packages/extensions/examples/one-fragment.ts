/*
 * The document's first figure: a packet in one fragment, with checksum offload turned on. A transmit queue is planned, its
 * rings are made, the framework describes one frame, and the driver reads what its NIC has to do.
 * Run it with: npx tsx --conditions=@netcx/source examples/one-fragment.ts
 */

import { hostPages } from '@netcx/dma';
import { i32 as m } from '@netcx/dma/memory';
import { Checksum, planElement, TxChecksumAction, VirtualAddress } from '@netcx/extensions';
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

// When the queue is created: what it uses, and nothing else, takes room behind the core descriptors.
const packetPlan = planElement({
  level: 'packet',
  coreSize: PACKET_BYTES,
  coreAlignment: 4,
  extensions: [Checksum],
});
const fragmentPlan = planElement({
  level: 'fragment',
  coreSize: FRAGMENT_BYTES,
  coreAlignment: 8,
  extensions: [VirtualAddress],
});
const options = {
  name: 'tx 0',
  packets: 8,
  fragments: 8,
  packetStride: packetPlan.stride,
  fragmentStride: fragmentPlan.stride,
};
const block = hostPages.allocate(RingCollection.bytes(options), { owner: 'tx 0 rings' });
const frame = hostPages.allocate(2048, { owner: 'a frame' });
const rings = RingCollection.create(block, options);
const checksum = packetPlan.extension(Checksum).offset;
const virtualAddress = fragmentPlan.extension(VirtualAddress).offset;

// The framework: a TCP segment of 66 bytes whose headers the NIC finishes.
const f = rings.fragments.at(rings.fragments.endIndex);
Fragment.validLength.set(m, f, 66);
Fragment.capacity.set(m, f, 2048);
VirtualAddress.hostOffset.set(m, f, virtualAddress, frame);
const p = rings.packets.at(rings.packets.endIndex);
Packet.fragmentIndex.set(m, p, rings.fragments.endIndex);
Packet.fragmentCount.set(m, p, 1);
Packet.layer2Type.set(m, p, Layer2Type.Ethernet);
Packet.layer2HeaderLength.set(m, p, 14);
Packet.layer3Type.set(m, p, Layer3Type.IPv4NoOptions);
Packet.layer3HeaderLength.set(m, p, 20);
Packet.layer4Type.set(m, p, Layer4Type.Tcp);
Packet.layer4HeaderLength.set(m, p, 32);
Checksum.layer3.set(m, p, checksum, TxChecksumAction.Required);
Checksum.layer4.set(m, p, checksum, TxChecksumAction.Required);
rings.fragments.publish(1);
rings.packets.publish(1);

// The driver.
const packet = rings.packets.at(rings.packets.nextIndex);
const fragment = rings.fragments.at(Packet.fragmentIndex.get(m, packet));
const needed = Checksum.layer4.get(m, packet, checksum) === TxChecksumAction.Required;
console.log(`1 fragment of ${Fragment.validLength.get(m, fragment)} bytes`);
console.log(`the frame lies where it was: ${VirtualAddress.hostOffset.get(m, fragment, virtualAddress) === frame}`);
console.log(`the NIC computes the TCP checksum: ${needed}`);
console.log(packetPlan.explain());
rings.postPackets(1);
rings.completePackets(1);
rings.reapPackets(1);
hostPages.free(frame);
hostPages.free(block);
