/*
 * Drivers that make exactly one mistake each with what is the framework's: headers, elements, packets to send.
 */

import { i32 as m } from '@netcx/dma/memory';
import { Fragment, Packet, RingHeader } from '@netcx/rings';
import { OfferedBuffer } from '../../src/index.ts';
import { attached, bytes, inReceive, inTransmit, type DriverMistake } from './mistake.ts';

export const RING_MISTAKES: readonly DriverMistake[] = [
  {
    rule: 0x32,
    what: 'writes the stride into the ring’s header',
    field: 'ringsBehind or elementStride',
    make: inTransmit(({ rings }) => RingHeader.elementStride.set(m, rings.tx.packets.header, 8)),
  },
  {
    rule: 0x32,
    what: 'moves endIndex itself',
    field: 'endIndex',
    make: inReceive(({ rings }) => RingHeader.endIndex.set(m, rings.rx.fragments.header, 3)),
  },
  {
    rule: 0x32,
    what: 'writes to a buffer’s offer',
    field: 'hostOffset',
    options: attached,
    make: (rig) => {
      const { queue } = rig.attacher;
      const offers = queue.rings.dataBuffers!;
      rig.attacher.spoil = () => OfferedBuffer.hostOffset.set(m, offers.at(offers.beginIndex), 4096);
      rig.attacher.arrive(bytes);
      rig.poll();
    },
  },
  {
    rule: 0x32,
    what: 'writes an offer of its own',
    field: 'handle',
    options: attached,
    make: (rig) => {
      const offers = rig.attacher.queue.rings.dataBuffers!;
      rig.attacher.spoil = () => {
        OfferedBuffer.handle.set(m, offers.at(offers.endIndex), 4096);
      };
      rig.attacher.arrive(bytes);
      rig.poll();
    },
  },
  {
    rule: 0x33,
    what: 'writes to an element that was not handed over',
    field: 'fragmentCount',
    make: inTransmit(({ rings }) => Packet.fragmentCount.set(m, rings.tx.packets.at(rings.tx.packets.endIndex), 1)),
  },
  {
    rule: 0x33,
    what: 'writes to the element before beginIndex, which it gave back before',
    field: 'layer4Type',
    make: (rig) => {
      rig.send(1);
      rig.tx.finishAll();
      rig.poll();
      const { packets } = rig.rings.tx;
      rig.tx.mistake = { at: 'advance', make: () => Packet.layer4Type.set(m, packets.at(packets.beginIndex - 1), 2) };
      rig.poll();
    },
  },
  {
    rule: 0x34,
    what: 'writes the layout of a packet to send',
    field: 'layer2HeaderLength',
    make: inTransmit(({ rings }) =>
      Packet.layer2HeaderLength.set(m, rings.tx.packets.at(rings.tx.packets.beginIndex), 9),
    ),
  },
  {
    rule: 0x34,
    what: 'marks a packet to send as ignored',
    field: 'ignore',
    make: inTransmit(({ rings }) => Packet.ignore.set(m, rings.tx.packets.at(rings.tx.packets.beginIndex), 1)),
  },
  {
    rule: 0x35,
    what: 'shortens a fragment to send',
    field: 'validLength',
    make: inTransmit(({ rings }) => Fragment.validLength.set(m, rings.tx.fragments.at(0), 60)),
  },
  {
    rule: 0x35,
    what: 'says that a fragment to send was bounced',
    field: 'bounced',
    make: inTransmit(({ rings }) => Fragment.bounced.set(m, rings.tx.fragments.at(0), 1)),
  },
  {
    rule: 0x3b,
    what: 'moves beginIndex backward',
    field: 'beginIndex',
    make: inTransmit(({ rings }) => RingHeader.beginIndex.set(m, rings.tx.packets.header, rings.tx.packets.mask)),
  },
  {
    rule: 0x3b,
    what: 'moves beginIndex beyond endIndex',
    field: 'beginIndex',
    make: inTransmit(({ rings }) =>
      RingHeader.beginIndex.set(m, rings.tx.packets.header, rings.tx.packets.endIndex + 1),
    ),
  },
];
