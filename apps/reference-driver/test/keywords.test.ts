/* The driver's options as keywords: what they say holds, what cannot be is refused by name, and the program's own word wins. */

import { Configuration } from '@netcx/adapter';
import { MILLISECOND } from '@netcx/clock';
import { expect, it } from 'vitest';
import { optionsFrom } from '../src/keywords.ts';
import { frame, Pair } from './pair.ts';

const options = (tree: ConstructorParameters<typeof Configuration>[1]) => optionsFrom(new Configuration('a', tree));

it.each([
  [{}, {}],
  [{ '*JumboPacket': 9014 }, { mtu: 9000 }],
  [{ '*ReceiveBuffers': 100 }, { ringSize: 128 }],
  [{ '*ReceiveBuffers': 64, '*TransmitBuffers': 1600 }, { ringSize: 2048 }],
  [{ '*NumRssQueues': 6 }, { queues: 6 }],
  [{ '*NumRssQueues': 6, '*RSS': 0 }, { queues: 1 }],
  [{ '*InterruptModeration': 0 }, { interruptInterval: 0 }],
  [{ '*InterruptModeration': '1' }, { interruptInterval: 'adaptive' }],
])('%o is %o', (tree, expected) => {
  expect(options(tree)).toEqual(expected);
});

it.each([
  { '*JumboPacket': 9721 },
  { '*ReceiveBuffers': 4097 },
  { '*NumRssQueues': 17 },
  { '*InterruptModeration': 2 },
])('refuses %o', (tree) => {
  const [[name, found] = ['', 0]] = Object.entries(tree);
  expect(() => options(tree)).toThrow(name);
  expect(() => options(tree)).toThrow(String(found));
});

it('starts a driver with them, under another address, without offloads that are off', async () => {
  const configuration = new Configuration('b', {
    ...{ '*JumboPacket': 4014, '*TransmitBuffers': 40, '*NumRssQueues': 2, NetworkAddress: '02-00-00-00-00-77' },
    ...{ '*LsoV2IPv4': 0, '*TCPChecksumOffloadIPv4': 0 },
  });
  const pair = await Pair.started({ mtu: 4000, promiscuous: false, far: { configuration } });
  const { a, b, clock } = pair;
  const { adapter } = b.driver;
  expect(adapter.transmitQueues).toHaveLength(2);
  expect(adapter.transmitQueues[0]!.rings.fragments.elements).toBe(64);
  expect([...adapter.linkLayerAddress]).toEqual([2, 0, 0, 0, 0, 0x77]);
  expect(adapter.offloads.enabled.gso).toMatchObject({ tcpIPv4: false, tcpIPv6: true });
  const bytes = frame(4014, 1);
  bytes.set([2, 0, 0, 0, 0, 0x77]);
  pair.send(a, bytes);
  pair.send(a, frame(60, 2)); // to the address in the EEPROM
  clock.advance(MILLISECOND);
  expect(b.arrivals.map((arrival) => arrival.bytes)).toEqual([bytes]);
  await pair.close();
});

it('gives way to what the program says', async () => {
  const configuration = new Configuration('a', { '*JumboPacket': 4014, '*NumRssQueues': 2 });
  const pair = new Pair({ mtu: 1500, configuration });
  await pair.clock.drive(pair.a.driver.start());
  expect(pair.a.driver.adapter.mtu).toBe(1500);
  expect(pair.a.driver.adapter.transmitQueues).toHaveLength(2);
  await pair.close();
});

it.each([Uint8Array.of(1, 2, 3), Uint8Array.of(1, 0, 0x5e, 0, 0, 1)])('refuses the address %o', (address) => {
  expect(() => new Pair({ address })).toThrow(/BAD_OPTION: a: address is/);
});
