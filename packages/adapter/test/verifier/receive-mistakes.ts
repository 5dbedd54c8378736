/*
 * Drivers that make exactly one mistake each with a packet that they received.
 */

import { i32 as m } from '@netcx/dma/memory';
import { Fragment, Layer2Type, Layer3Type, Layer4Type, Packet } from '@netcx/rings';
import { bytes, inReceive, layer, lent, onArrival, type DriverMistake } from './mistake.ts';

export const RECEIVE_MISTAKES: readonly DriverMistake[] = [
  {
    rule: 0x36,
    what: 'gives fragments to a packet that it ignores',
    field: 'fragmentIndex',
    make: onArrival((_rig, p) => Packet.fragmentIndex.set(m, p, 0), { ignore: true }),
  },
  {
    rule: 0x36,
    what: 'gives a layout to a packet that it ignores, behind a good one',
    field: 'layer2Type',
    make: (rig) => {
      rig.rx.arrive({ bytes }, { bytes, ignore: true, spoil: (p) => Packet.layer2Type.set(m, p, Layer2Type.Ethernet) });
      rig.poll();
    },
  },
  {
    rule: 0x37,
    what: 'uses a reserved bit of a received packet',
    field: 'reserved',
    make: onArrival((_rig, p) => Packet.reserved.set(m, p, 1)),
  },
  {
    rule: 0x37,
    what: 'uses reserved bits of the layout of a packet that it keeps',
    field: 'layoutReserved',
    make: inReceive(({ rings }) => Packet.layoutReserved.set(m, rings.rx.packets.at(rings.rx.packets.beginIndex), 5)),
  },
  {
    rule: 0x38,
    what: 'does not write how long the frame is',
    field: 'validLength',
    make: onArrival((_rig, _p, fragment) => Fragment.validLength.set(m, fragment(0), 2 ** 26 - 1)),
  },
  {
    rule: 0x38,
    what: 'does not write where the frame begins',
    field: 'offset',
    make: (rig) => {
      // Any one such offset could be meant; that of each of three fragments hardly is.
      for (let index = 0; index < 3; index++)
        rig.rx.arrive({ bytes, spoil: (_p, fragment) => Fragment.offset.set(m, fragment(0), 1023 - (index % 3)) });
      rig.poll();
    },
  },
  {
    rule: 0x38,
    what: 'attaches its own buffer and does not say how large it is',
    field: 'capacity',
    options: lent,
    make: (rig) => {
      rig.lender.spoil = (_p, fragment) => Fragment.capacity.set(m, fragment(0), 2 ** 26 - 1);
      rig.lender.arrive(bytes);
      rig.poll();
    },
  },
  ...(['fragmentIndex', 'fragmentCount', 'layer2Type', 'layer3Type', 'layer4Type', 'layer2HeaderLength'] as const).map(
    (field): DriverMistake => ({
      rule: 0x39,
      what: `does not write ${field} of a received packet`,
      field,
      make: onArrival((_rig, p) => Packet[field].set(m, p, -1)),
    }),
  ),
  {
    rule: 0x3a,
    what: 'writes the capacity of a buffer that the system attached, as a published sample does',
    field: 'capacity',
    make: onArrival((_rig, _p, fragment) => Fragment.capacity.set(m, fragment(0), bytes.length)),
  },
  {
    rule: 0x3a,
    what: 'says that a received fragment was bounced',
    field: 'bounced',
    make: onArrival((_rig, _p, fragment) => Fragment.bounced.set(m, fragment(0), 1)),
  },
  {
    rule: 0x3c,
    what: 'hands up a packet without fragments',
    field: 'fragmentCount',
    make: onArrival((_rig, p) => Packet.fragmentCount.set(m, p, 0)),
  },
  {
    rule: 0x3d,
    what: 'hands up a packet of more fragments than it has',
    field: 'fragmentCount',
    make: onArrival((_rig, p) => Packet.fragmentCount.set(m, p, 1000)),
  },
  {
    rule: 0x3e,
    what: 'begins a packet at a fragment that it was not handed',
    field: 'fragmentIndex',
    make: onArrival(({ rings }, p) => Packet.fragmentIndex.set(m, p, rings.rx.fragments.endIndex)),
  },
  {
    rule: 0x3e,
    what: 'begins a packet at an index that was not masked',
    field: 'fragmentIndex',
    make: onArrival(({ rings }, p) => Packet.fragmentIndex.set(m, p, rings.rx.fragments.elements)),
  },
  {
    rule: 0x3f,
    what: 'ends a packet at a fragment that it was not handed',
    field: 'fragmentCount',
    make: onArrival((_rig, p) => {
      Packet.fragmentIndex.set(m, p, 10);
      Packet.fragmentCount.set(m, p, 6);
    }),
  },
  {
    rule: 0x40,
    what: 'hands up a packet whose fragments it keeps',
    field: 'fragmentIndex',
    make: onArrival((_rig, p) => Packet.fragmentIndex.set(m, p, 5)),
  },
  {
    rule: 0x41,
    what: 'hands up a packet and keeps its last fragments',
    field: 'fragmentCount',
    make: onArrival((_rig, p) => Packet.fragmentCount.set(m, p, 3)),
  },
  { rule: 0x42, what: 'says layer 2 is of type 4', field: 'layer2Type', make: layer(2, 4, 14) },
  {
    rule: 0x43,
    what: 'gives a header to no layer 2',
    field: 'layer2HeaderLength',
    make: layer(2, Layer2Type.Null, 14),
  },
  {
    rule: 0x44,
    what: 'says an Ethernet header has 12 bytes',
    field: 'layer2HeaderLength',
    make: layer(2, Layer2Type.Ethernet, 12),
  },
  {
    rule: 0x45,
    what: 'says an IPv4 header has 5 bytes, as its own field would',
    field: 'layer3HeaderLength',
    make: layer(3, Layer3Type.IPv4NoOptions, 5),
  },
  {
    rule: 0x46,
    what: 'says an IPv6 header has 20 bytes',
    field: 'layer3HeaderLength',
    make: layer(3, Layer3Type.IPv6NoExtensions, 20),
  },
  { rule: 0x47, what: 'says a TCP header has 5 bytes', field: 'layer4HeaderLength', make: layer(4, Layer4Type.Tcp, 5) },
  {
    rule: 0x47,
    what: 'says a TCP header has 22 bytes',
    field: 'layer4HeaderLength',
    make: layer(4, Layer4Type.Tcp, 22),
  },
  {
    rule: 0x47,
    what: 'says a TCP header has 64 bytes',
    field: 'layer4HeaderLength',
    make: layer(4, Layer4Type.Tcp, 64),
  },
  { rule: 0x48, what: 'says a UDP header has 4 bytes', field: 'layer4HeaderLength', make: layer(4, Layer4Type.Udp, 4) },
  { rule: 0x49, what: 'says layer 3 is of type 7', field: 'layer3Type', make: layer(3, 7, 20) },
  { rule: 0x4a, what: 'says layer 4 is of type 5', field: 'layer4Type', make: layer(4, 5, 20) },
  {
    rule: 0x4b,
    what: 'hands up two packets with the same fragment',
    field: 'fragmentIndex',
    make: (rig) => {
      rig.rx.arrive({ bytes }, { bytes, spoil: (p) => Packet.fragmentIndex.set(m, p, 0) });
      rig.poll();
    },
  },
  {
    rule: 0x4b,
    what: 'hands up packets whose fragments lie in the other order, behind one that is ignored',
    field: 'fragmentIndex',
    make: (rig) => {
      rig.rx.arrive(
        { bytes, gap: 2 },
        { bytes, ignore: true },
        { bytes, spoil: (p) => Packet.fragmentIndex.set(m, p, 1) },
      );
      rig.poll();
    },
  },
  {
    rule: 0x4c,
    what: 'hands up a packet that goes round the ring into its own beginning',
    field: 'fragmentCount',
    make: onArrival(
      (_rig, p) => {
        Packet.fragmentIndex.set(m, p, 5);
        Packet.fragmentCount.set(m, p, 13);
      },
      { gap: 14 },
    ),
  },
  {
    rule: 0x4d,
    what: 'begins the second fragment behind its beginning',
    field: 'offset',
    make: onArrival((_rig, _p, fragment) => Fragment.offset.set(m, fragment(1), 2), { parts: 2 }),
  },
  {
    rule: 0x4e,
    what: 'says more bytes than the buffer has',
    field: 'validLength',
    make: onArrival((_rig, _p, fragment) => Fragment.validLength.set(m, fragment(0), 5000)),
  },
];
