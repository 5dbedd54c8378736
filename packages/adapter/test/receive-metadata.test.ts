/*
 * What a driver says beside a packet (hash, tag, coalescing, times), through a whole adapter to the protocol, straight and by
 * way of the software stage.
 */

import { i32 } from '@netcx/dma/memory';
import { HardwareTimestamp, Hash, HashProtocol, Ieee8021q, Rsc, RscTimestamp } from '@netcx/extensions';
import { describe, expect, it } from 'vitest';
import type { OffloadCapabilities, ReceiveScalingCapabilities } from '../src/index.ts';
import { buildFakeMachine } from './fake-machine.ts';
import { pattern } from './frames.ts';
import { Observer, startObserved } from './observer.ts';

const METADATA: OffloadCapabilities = {
  rsc: { layer3: 15, layer4: 3, tcpTimestampOption: true },
  ieee8021qTag: { priority: true, vlan: true },
  hardwareTimestamps: true,
};

/** Hashes over every header that there is, all for one queue. */
const SCALING: ReceiveScalingCapabilities = {
  numberOfQueues: 1,
  indirectionTableSize: 2,
  hashTypes: 1,
  protocolTypes: 0x3f,
  enable: () => undefined,
  disable: () => undefined,
  setHashSecretKey: () => undefined,
  setIndirectionEntries: (entries) => entries.map(() => true),
};

const NOTHING = { hashType: 0, hash: 0, tagging: 0, tag: 0, coalesced: 0, detail: 0, delta: 0, time: 0 };

describe('what a driver says beside a packet', () => {
  it.each(['straight', 'by way of the stage'])('reaches the protocol, in one part or several, %s', async (way) => {
    const machine = buildFakeMachine({ packets: 32, fragments: 32, buffers: 64, offloads: METADATA });
    machine.adapter.receiveScaling.setCapabilities(SCALING);
    const observer = new Observer();
    machine.adapter.detachProtocol();
    machine.adapter.attachProtocol(observer);
    machine.adapter.offloads.receive.findsLayouts = way !== 'straight';
    machine.adapter.start();
    machine.clock.run();
    const [queue] = machine.adapter.receiveQueues;
    const [hash, tag, rsc, delta, time] = [Hash, Ieee8021q, Rsc, RscTimestamp, HardwareTimestamp].map(
      (one) => queue!.extension(one as typeof Hash).offset,
    ) as [number, number, number, number, number];
    const said = (flags: number, priority: number, vlan: number, stamp: number) => (p: number) => {
      Hash.value.set(i32, p, hash, 0xdead_beef);
      Hash.protocolType.set(i32, p, hash, flags);
      Ieee8021q.priorityCodePoint.set(i32, p, tag, priority);
      Ieee8021q.vlanIdentifier.set(i32, p, tag, vlan);
      Rsc.coalescedSegmentCount.set(i32, p, rsc, 3);
      Rsc.duplicateAckCount.set(i32, p, rsc, 2);
      RscTimestamp.tcpTimestampDelta.set(i32, p, delta, 17);
      HardwareTimestamp.time.set(i32, p, time, stamp);
    };
    const bytes = pattern(100, 1);
    const { IPv4, IPv4Options, IPv6, IPv6Extensions, Tcp, Udp } = HashProtocol;
    machine.rx[0]!.arrive(
      { bytes, spoil: said(IPv4 | Tcp, 5, 7, 2 ** 40 + 3) },
      { bytes, parts: 3, spoil: said(IPv6 | Udp, 0, 9, 1) },
      { bytes },
      { bytes, spoil: said(IPv4Options, 3, 0, 0) },
      { bytes, gap: 1, spoil: said(IPv6Extensions | Tcp, 0, 0, 0) },
      { bytes, spoil: said(0, 0, 0, 0) },
      { bytes, parts: 2 },
    );
    machine.clock.run();
    const rscSaid = { coalesced: 3, detail: 2, delta: 17 };
    expect(observer.seen.map((one) => ({ ...one, bytes: one.bytes.length, checksum: 0, layer4Type: 0 }))).toEqual(
      [
        { hashType: 1 | (1 << 3), hash: 0xdead_beef, tagging: 3, tag: 0xa007, time: 2 ** 40 + 3, ...rscSaid },
        { hashType: 3 | (2 << 3), hash: 0xdead_beef, tagging: 2, tag: 9, time: 1, ...rscSaid },
        NOTHING,
        { hashType: 2, hash: 0xdead_beef, tagging: 1, tag: 0x6000, time: 0, ...rscSaid },
        { hashType: 4 | (1 << 3), hash: 0xdead_beef, tagging: 0, tag: 0, time: 0, ...rscSaid },
        { hashType: 0, hash: 0, tagging: 0, tag: 0, time: 0, ...rscSaid },
        NOTHING,
      ].map((one) => ({ ...one, bytes: 100, checksum: 0, layer4Type: 0 })),
    );
    expect(machine.rx[0]!.violations).toEqual([]);
    await machine.stop();
  });

  it("is each packet's own hash where hashes are all that is said", async () => {
    const machine = buildFakeMachine({ packets: 8, fragments: 8, buffers: 32 });
    machine.adapter.receiveScaling.setCapabilities(SCALING);
    const observer = new Observer();
    machine.adapter.detachProtocol();
    machine.adapter.attachProtocol(observer);
    machine.adapter.start();
    machine.clock.run();
    const hash = machine.adapter.receiveQueues[0]!.extension(Hash).offset;
    const { IPv4, IPv6, None, Tcp, Udp } = HashProtocol;
    const types = [IPv4 | Tcp, IPv4 | Tcp, None, IPv6 | Udp, IPv4 | Tcp];
    const shown = [1 | (1 << 3), 1 | (1 << 3), 0, 3 | (2 << 3), 1 | (1 << 3)];
    const expected: (readonly [number, number])[] = [];
    for (let number = 1; number < 40; number++) {
      const kind = number % types.length;
      machine.rx[0]!.arrive({
        bytes: pattern(60, number),
        spoil: (p) => {
          Hash.value.set(i32, p, hash, number);
          Hash.protocolType.set(i32, p, hash, types[kind]!);
        },
      });
      expected.push([shown[kind]!, shown[kind] === 0 ? 0 : number]);
      if (number % 4 === 0) machine.clock.run();
    }
    machine.clock.run();
    expect(observer.seen.map((one) => [one.hashType, one.hash])).toEqual(expected);
    await machine.stop();
  });

  it('costs nothing where there is nothing to say', async () => {
    const { adapter, stop } = startObserved();
    const [queue] = adapter.receiveQueues;
    expect(queue!.edge.times).toBe(0);
    expect(queue!.edge.timestampDeltas).toBe(0);
    expect(queue!.stage).toBeUndefined();
    await stop();
  });
});
