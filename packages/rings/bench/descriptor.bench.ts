/*
 * Writing and reading descriptors: a packet's core and its one fragment, field by field through the accessors and in whole
 * words as the data path does it, beside a new object for each. On the built package.
 * Run from the package's folder after a build: npx tsx bench/descriptor.bench.ts [rounds]
 */

import { hostPages } from '@netcx/dma';
import * as memory from '@netcx/dma/memory';
import * as rings from '@netcx/rings';
import { compareWays, type Work } from './rounds.ts';

const { i32: m } = memory;
const { Fragment, Layer2Type, Layer3Type, Layer4Type, Packet, RingCollection } = rings;

const BATCH = 256;

function make(): rings.RingCollection[] {
  const options = { name: 'bench', packets: 256, fragments: 256, packetStride: 12, fragmentStride: 8 };
  return [0, 1].map(() => RingCollection.create(hostPages.allocate(RingCollection.bytes(options)), options));
}

const readAll = ({ packets, fragments }: rings.RingCollection): number => {
  const { base, stride } = packets;
  const fragmentBase = fragments.base | 0;
  const fragmentStride = fragments.stride | 0;
  let sum = 0;
  for (let index = 0; index < BATCH; index++) {
    const p = (base + Math.imul(index, stride)) | 0;
    const f = (fragmentBase + Math.imul(index, fragmentStride)) | 0;
    sum = (sum + Packet.fragmentIndex.get(m, p) + Packet.fragmentCount.get(m, p)) | 0;
    sum = (sum + Packet.layer2HeaderLength.get(m, p) + Packet.layer3Type.get(m, p) + Packet.layer4Type.get(m, p)) | 0;
    sum = (sum + Fragment.validLength.get(m, f) + Fragment.capacity.get(m, f) + Fragment.offset.get(m, f)) | 0;
  }
  return sum;
};

function fieldsWay(): Work {
  const made = make();
  let turn = 0;
  return () => {
    const both = made[(turn ^= 1)]!;
    const { base, stride } = both.packets;
    const fragmentBase = both.fragments.base | 0;
    const fragmentStride = both.fragments.stride | 0;
    for (let index = 0; index < BATCH; index++) {
      const p = (base + Math.imul(index, stride)) | 0;
      const f = (fragmentBase + Math.imul(index, fragmentStride)) | 0;
      Packet.fragmentIndex.set(m, p, index);
      Packet.fragmentCount.set(m, p, 1);
      Packet.layer2Type.set(m, p, Layer2Type.Ethernet);
      Packet.layer2HeaderLength.set(m, p, 14);
      Packet.layer3Type.set(m, p, Layer3Type.IPv4NoOptions);
      Packet.layer3HeaderLength.set(m, p, 20);
      Packet.layer4Type.set(m, p, Layer4Type.Tcp);
      Packet.layer4HeaderLength.set(m, p, 20);
      Fragment.validLength.set(m, f, 60 + index);
      Fragment.capacity.set(m, f, 2048);
      Fragment.offset.set(m, f, 2);
    }
    return readAll(both);
  };
}

function wordsWay(): Work {
  const made = make();
  let turn = 0;
  return () => {
    const both = made[(turn ^= 1)]!;
    const { base, stride } = both.packets;
    const fragmentBase = both.fragments.base | 0;
    const fragmentStride = both.fragments.stride | 0;
    for (let index = 0; index < BATCH; index++) {
      const p = (base + Math.imul(index, stride)) | 0;
      const f = (fragmentBase + Math.imul(index, fragmentStride)) | 0;
      Packet.fragmentIndex.set(m, p, index);
      Packet.countAndLayoutLow.set(m, p, 1 | (14 << 16) | (20 << 23));
      Packet.layoutHigh.set(m, p, 20 | (2 << 8) | (3 << 12) | (1 << 16));
      Fragment.whole.low.set(m, f, (60 + index) | (2048 << 26));
      Fragment.whole.high.set(m, f, (2048 >> 6) | (2 << 20));
    }
    return readAll(both);
  };
}

/** What one would write first. */
function describeFrame(index: number) {
  return {
    fragmentIndex: index,
    fragmentCount: 1,
    layout: { layer2Type: 2, layer2HeaderLength: 14, layer3Type: 3, layer3HeaderLength: 20, layer4Type: 1, layer4: 20 },
    fragment: { validLength: 60 + index, capacity: 2048, offset: 2 },
  };
}

function objectsWay(): Work {
  const made = [0, 1].map(() => Array.from({ length: BATCH }, (_, index) => describeFrame(index)));
  let turn = 0;
  return () => {
    const packets = made[(turn ^= 1)]!;
    for (let index = 0; index < BATCH; index++) packets[index] = describeFrame(index);
    let sum = 0;
    for (let index = 0; index < BATCH; index++) {
      const { fragmentIndex, fragmentCount, layout, fragment } = packets[index]!;
      sum = (sum + fragmentIndex + fragmentCount) | 0;
      sum = (sum + layout.layer2HeaderLength + layout.layer3Type + layout.layer4Type) | 0;
      sum = (sum + fragment.validLength + fragment.capacity + fragment.offset) | 0;
    }
    return sum;
  };
}

await compareWays('a packet and its fragment written and read, ns', BATCH, {
  'whole words': wordsWay,
  'field by field': fieldsWay,
  'an object a packet': objectsWay,
});
