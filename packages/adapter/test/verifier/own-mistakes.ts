/*
 * Drivers that make exactly one mistake each that the original's verifier does not find.
 */

import { i32 as m, u8 } from '@netcx/dma/memory';
import { Checksum, DataBuffer, Hash, LogicalAddress, Rsc, VirtualAddress } from '@netcx/extensions';
import { Layer3Type, Layer4Type, Packet, RingHeader } from '@netcx/rings';
import { FrameDescriptor } from '../../src/edge/index.ts';
import {
  attached,
  bytes,
  checksums,
  inReceive,
  inTransmit,
  layer,
  lent,
  onArrival,
  type DriverMistake,
} from './mistake.ts';

export const OWN_MISTAKES: readonly DriverMistake[] = [
  {
    rule: 0x80,
    what: 'lets nextIndex run past the last element, as a published sample does',
    field: 'nextIndex',
    make: inTransmit(({ rings }) => RingHeader.nextIndex.set(m, rings.tx.packets.header, rings.tx.packets.elements)),
  },
  {
    rule: 0x80,
    what: 'does not mask beginIndex',
    field: 'beginIndex',
    make: inReceive(({ rings }) => RingHeader.beginIndex.set(m, rings.rx.fragments.header, 16)),
  },
  {
    rule: 0x81,
    what: 'posts more than it was handed',
    field: 'nextIndex',
    make: inTransmit(({ rings }) =>
      RingHeader.nextIndex.set(m, rings.tx.packets.header, rings.tx.packets.endIndex + 2),
    ),
  },
  {
    rule: 0x82,
    what: 'gives packets back from its interrupt handler',
    field: 'beginIndex',
    make: (rig) => {
      rig.send(2);
      rig.rings.tx.packets.complete(1);
      rig.poll();
    },
  },
  {
    rule: 0x82,
    what: 'writes a received packet before its turn',
    field: 'fragmentCount',
    make: (rig) => {
      Packet.fragmentCount.set(m, rig.rings.rx.packets.at(0), 1);
      rig.poll();
    },
  },
  {
    rule: 0x82,
    what: 'gives packets back when it is told to notify',
    field: 'beginIndex',
    make: (rig) => {
      rig.tx.mistake = { at: 'setNotificationEnabled', make: () => rig.rings.tx.packets.complete(1) };
      rig.send(2);
    },
  },
  {
    rule: 0x83,
    what: 'changes the address of a fragment to send',
    field: 'ms_fragment_logicaladdress',
    make: inTransmit(({ rings, txExtension }) => {
      txExtension(LogicalAddress).address.low.set(m, rings.tx.fragments.at(0), 8192);
    }),
  },
  {
    rule: 0x83,
    what: 'changes what a packet to send wants',
    field: 'ms_packet_checksum',
    options: { offloads: { txChecksum: { ipv4: true, tcp: true, udp: true, layer4HeaderOffsetLimit: 127 } } },
    make: inTransmit(({ rings, txExtension }) => txExtension(Checksum).layer4.set(m, rings.tx.packets.at(0), 2)),
  },
  {
    rule: 0x83,
    what: 'changes the address of a buffer that the system attached',
    field: 'ms_fragment_virtualaddress',
    make: onArrival(({ rxExtension }, _p, fragment) => rxExtension(VirtualAddress).address.set(m, fragment(0), 4096)),
  },
  {
    rule: 0x84,
    what: 'does not say where its own buffer is',
    field: 'ms_fragment_virtualaddress',
    options: lent,
    make: (rig) => {
      rig.lender.spoil = (_p, fragment) => rig.rxExtension(VirtualAddress).hostOffset.set(m, fragment(0), -1);
      rig.lender.arrive(bytes);
      rig.poll();
    },
  },
  {
    rule: 0x84,
    what: 'attaches no buffer',
    field: 'ms_fragment_databuffer',
    options: attached,
    make: (rig) => {
      rig.attacher.spoil = (_p, fragment) => rig.rxExtension(DataBuffer).buffer.low.set(m, fragment(0), -1);
      rig.attacher.arrive(bytes);
      rig.poll();
    },
  },
  {
    rule: 0x85,
    what: 'says a checksum is neither right nor wrong',
    field: 'ms_packet_checksum.layer4',
    options: checksums,
    make: onArrival(({ rxExtension }, p) => rxExtension(Checksum).layer4.set(m, p, 3)),
  },
  {
    rule: 0x85,
    what: 'hashes over a protocol that does not exist',
    field: 'ms_packet_hash.protocolType',
    options: {
      before: ({ receiveScaling }) => {
        receiveScaling.setCapabilities({
          numberOfQueues: 1,
          indirectionTableSize: 1,
          hashTypes: 1,
          protocolTypes: 1,
          enable: () => undefined,
          disable: () => undefined,
          setHashSecretKey: () => undefined,
          setIndirectionEntries: () => undefined,
        });
      },
    },
    make: onArrival(({ rxExtension }, p) => {
      rxExtension(Hash).protocolType.set(m, p, 0x100);
    }),
  },
  {
    rule: 0x85,
    what: 'coalesces segments of what it says is a fragment',
    field: 'ms_packet_rsc.coalescedSegmentCount',
    options: {
      offloads: { rsc: { layer3: 15, layer4: 1, tcpTimestampOption: false } },
    },
    make: onArrival(({ rxExtension }, p) => {
      Packet.layer4Type.set(m, p, Layer4Type.IPFragment);
      rxExtension(Rsc).coalescedSegmentCount.set(m, p, 3);
    }),
  },
  {
    rule: 0x86,
    what: 'writes an extension at an offset that it was once told',
    field: 'byte 12',
    options: checksums,
    make: onArrival((_rig, p) => Checksum.whole.set(m, p, 12, 0x15)),
  },
  {
    rule: 0x86,
    what: 'writes behind the end of an element that is not its own',
    make: inTransmit(({ rings }) => {
      const { packets } = rings.tx;
      u8[(packets.at(packets.endIndex) + packets.stride) * 4 - 1]! ^= 1;
    }),
    options: checksums,
  },
  {
    rule: 0x87,
    what: 'gives a packet back and keeps its fragment',
    field: 'fake tx 0 fragments beginIndex',
    make: inTransmit(({ rings }) => rings.tx.packets.complete(1)),
  },
  {
    rule: 0x88,
    what: 'gives nothing back when it is cancelled',
    field: 'fake rx 0 packets, fake rx 0 fragments',
    make: async (rig) => {
      rig.rx.stuck = true;
      await rig.machine.stop();
    },
  },
  {
    rule: 0x88,
    what: 'waits for a device that never finishes',
    field: 'fake tx 0 packets, fake tx 0 fragments',
    make: async (rig) => {
      rig.send(2);
      await rig.machine.stop(); // its device has finished nothing
    },
  },
  {
    rule: 0x89,
    what: 'notifies twice for once',
    make: (rig) => {
      rig.rx.queue.notifyMoreReceivedPacketsAvailable();
      rig.rx.queue.notifyMoreReceivedPacketsAvailable();
      rig.poll();
    },
  },
  {
    rule: 0x89,
    what: 'notifies while notifications are disabled',
    make: inReceive(({ rx }) => {
      rx.queue.notifyMoreReceivedPacketsAvailable();
      rx.queue.notifyMoreReceivedPacketsAvailable();
    }),
  },
  {
    rule: 0x8a,
    what: 'notifies a queue that has stopped',
    make: async (rig) => {
      await rig.machine.stop();
      rig.tx.queue.notifyMoreCompletedPacketsAvailable();
      rig.machine.clock.run();
    },
  },
  {
    rule: 0x8b,
    what: 'polls its queue from inside advance',
    make: inTransmit(({ machine }) => machine.adapter.transmitQueues[0]?.poll()),
  },
  {
    rule: 0x8c,
    what: 'throws from advance',
    field: 'advance',
    make: inReceive(() => {
      throw new Error('the device is not ready');
    }),
  },
  {
    rule: 0x8c,
    what: 'throws when it is told to notify',
    field: 'setNotificationEnabled',
    make: (rig) => {
      rig.rx.mistake = {
        at: 'setNotificationEnabled',
        make: () => {
          throw new Error('no such vector');
        },
      };
      rig.poll();
    },
  },
  {
    rule: 0x8c,
    what: 'throws from cancel',
    field: 'cancel',
    make: async (rig) => {
      rig.rx.mistake = {
        at: 'cancel',
        make: () => {
          throw new Error('the device does not answer');
        },
      };
      await rig.machine.stop();
    },
  },
  {
    rule: 0x8c,
    what: 'throws from stop',
    field: 'stop',
    make: async (rig) => {
      rig.tx.mistake = {
        at: 'stop',
        make: () => {
          throw new Error('freed twice');
        },
      };
      await rig.machine.stop();
    },
  },
  {
    rule: 0x8d,
    what: 'tells its device half of an address',
    field: 'logical address',
    make: inTransmit(({ machine, rings, txExtension }) => {
      const low = txExtension(LogicalAddress).address.low.get(m, rings.tx.fragments.at(0));
      machine.domain.translate(low, 0, 100, 'read'); // what its device would do
    }),
  },
  {
    rule: 0x8d,
    what: 'lets its device write where it may only read',
    field: 'logical address',
    options: { mtu: 1500 },
    make: (rig) => {
      rig.machine.domain.translate(0xdead_f000, 7, 64, 'write');
      rig.poll();
    },
  },
  {
    rule: 0x8e,
    what: 'writes to a buffer that it has given back',
    field: 'a buffer’s bytes',
    make: (rig) => {
      let place = 0;
      rig.machine.recorder.receive = (edge, count) => {
        for (let step = 0; step < count; step++) {
          const d = edge.ring.at(edge.ring.beginIndex + step);
          place = FrameDescriptor.address.get(m, d);
          edge.release(FrameDescriptor.buffer.get(m, d));
        }
        edge.complete(count);
        u8[place + 3]! ^= 0xff; // the driver's device is late
      };
      rig.rx.arrive({ bytes });
      rig.poll();
    },
  },
  {
    rule: 0x8f,
    what: 'attaches a buffer that it was not offered',
    field: 'ms_fragment_databuffer',
    options: attached,
    make: (rig) => {
      rig.attacher.spoil = (_p, fragment) => rig.rxExtension(DataBuffer).buffer.set(m, fragment(0), 12_345);
      rig.attacher.arrive(bytes);
      rig.poll();
    },
  },
  {
    rule: 0x90,
    what: 'says there is more header than frame',
    field: 'the header lengths together',
    make: layer(3, Layer3Type.IPv6WithExtensions, 500),
  },
];
