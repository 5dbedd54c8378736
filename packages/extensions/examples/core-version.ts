/*
 * The document's figure of core versions: a packet core grows at its end. A driver that was written for version 1 runs
 * unchanged on version 2, because it asks for strides and offsets; one that knows version 2 asks the ring whether the new
 * fields are there.
 * Run it with: npx tsx --conditions=@netcx/source examples/core-version.ts
 */

import { hostPages } from '@netcx/dma';
import { i32 as m } from '@netcx/dma/memory';
import { Checksum, planElement, TxChecksumAction, type ElementPlan } from '@netcx/extensions';
import { defineStruct, u32 } from '@netcx/layout';
import { FRAGMENT_BYTES, Packet, PACKET_BYTES, RingCollection } from '@netcx/rings';

/** What version 2 adds: twelve bytes as they were, and two words behind them. */
const PacketV2 = defineStruct('PacketV2', 20, { flow: u32(12), deadline: u32(16) });

/** Written in the days of version 1. */
function driverOfVersion1(rings: RingCollection, plan: ElementPlan): string {
  const checksum = plan.extension(Checksum).offset;
  const { base, stride, mask } = rings.packets;
  let required = 0;
  let index = rings.packets.nextIndex;
  for (let count = rings.packets.postCount; count > 0; count--) {
    const p = base + index * stride;
    if (Checksum.layer4.get(m, p, checksum) === TxChecksumAction.Required) required++;
    index = (index + 1) & mask;
  }
  rings.postPackets(rings.packets.postCount);
  return `${required} of ${rings.packets.drainCount} packets need a checksum`;
}

/** Written today: uses the new fields where they are. */
function driverOfVersion2(rings: RingCollection): string {
  if (rings.packets.coreVersion < 2) return 'no flows in this core';
  const flows = [0, 1, 2].map((index) => PacketV2.flow.get(m, rings.packets.at(index)));
  return `flows ${flows.join(', ')}`;
}

const versions = [
  { coreSize: PACKET_BYTES, coreVersion: 1 },
  { coreSize: 20, coreVersion: 2 },
];
for (const core of versions) {
  const plan = planElement({ level: 'packet', ...core, coreAlignment: 4, extensions: [Checksum] });
  const shape = { packets: 8, fragments: 8, packetStride: plan.stride, fragmentStride: FRAGMENT_BYTES };
  const options = { name: 'tx 0', ...shape, packetCore: plan };
  const block = hostPages.allocate(RingCollection.bytes(options), { owner: 'tx 0 rings' });
  const rings = RingCollection.create(block, options);
  const checksum = plan.extension(Checksum);
  for (let index = 0; index < 3; index++) {
    const p = rings.packets.at(index);
    Packet.fragmentIndex.set(m, p, index);
    Packet.fragmentCount.set(m, p, 1);
    if (core.coreVersion >= 2) PacketV2.flow.set(m, p, 100 + index);
    checksum.layer4.set(m, p, index === 1 ? TxChecksumAction.Passthrough : TxChecksumAction.Required);
  }
  rings.fragments.publish(3);
  rings.packets.publish(3);
  console.log(`core version ${core.coreVersion}: checksum at byte ${checksum.offset}`);
  console.log(`  driver of version 1: ${driverOfVersion1(rings, plan)}`);
  console.log(`  driver of version 2: ${driverOfVersion2(rings)}`);
  hostPages.free(block);
}
