/*
 * Frames of several flows come by several queues: the hash is Microsoft's (its verification suite), the table is the
 * protocol's, and what was hashed is told with the frame.
 */

import { ReceiveScalingHashType, ReceiveScalingProtocolType } from '@netcx/adapter';
import { MILLISECOND } from '@netcx/clock';
import { HashProtocol } from '@netcx/extensions';
import { describe, expect, it } from 'vitest';
import { flow, KEY, VECTORS } from './hash-vectors.ts';
import { frame, Pair, type PairOptions } from './pair.ts';

const { toeplitz } = ReceiveScalingHashType;
const { ipv4, ipv6, tcp, udp } = ReceiveScalingProtocolType;
const TABLE = Array.from({ length: 128 }, (_, index) => index % 4);

async function started(protocolTypes: number, options: PairOptions = {}): Promise<Pair> {
  const pair = await Pair.started({ queues: 4, ...options });
  pair.b.driver.adapter.receiveScaling.enable({ hashTypes: toeplitz, protocolTypes, key: KEY, table: TABLE });
  return pair;
}

describe.each([['TCP', tcp, HashProtocol.Tcp] as const, ['UDP', udp, HashProtocol.Udp] as const])(
  '%s',
  (protocol, type, flag) => {
    it.each(VECTORS)('$name: $from to $to', async (vector) => {
      const pair = await started(ipv4 | ipv6 | type);
      const { a, b, clock } = pair;
      pair.send(a, flow(vector, protocol));
      pair.send(a, frame(60)); // no IP: no hash
      clock.advance(MILLISECOND);
      const hash = vector.withPorts;
      expect(b.arrivals.map(({ queue }) => queue).sort()).toEqual([0, hash & 3].sort());
      const at = b.arrivals.findIndex(({ bytes }) => bytes[12] !== 0x88);
      const hashed = vector.name === 'IPv4' ? HashProtocol.IPv4 : HashProtocol.IPv6;
      expect(b.arrivals[at]!.queue).toBe(hash & 3);
      expect(b.metadata[at]!.hash).toBe(hash);
      expect(b.metadata[at]!.hashType).toBe(packedType(hashed | flag));
      expect(b.metadata[1 - at]).toMatchObject({ hash: 0, hashType: 0 });
      await pair.close();
    });

    it.each(VECTORS)('$name: $from to $to, addresses alone', async (vector) => {
      const pair = await started(ipv4 | ipv6);
      pair.send(pair.a, flow(vector, protocol));
      pair.clock.advance(MILLISECOND);
      expect(pair.b.arrivals[0]!.queue).toBe(vector.addresses & 3);
      expect(pair.b.metadata[0]!.hash).toBe(vector.addresses);
      await pair.close();
    });
  },
);

/** The edge's encoding: layer 3 in the low three bits, layer 4 in the high two. */
function packedType(protocols: number): number {
  const layer3 = (protocols & HashProtocol.IPv6) !== 0 ? 3 : 1;
  return layer3 | (((protocols & HashProtocol.Tcp) !== 0 ? 1 : (protocols & HashProtocol.Udp) !== 0 ? 2 : 0) * 8);
}

const vector = VECTORS[0]!; // 51ccc178: entry 120

it('goes where the table says, also after it has changed, and loses nothing', async () => {
  const pair = await started(ipv4 | tcp);
  const { a, b, clock } = pair;
  const entry = vector.withPorts & 127;
  for (const queue of [0, 3, 1, 2]) {
    b.driver.adapter.receiveScaling.setIndirectionEntries([{ index: entry, queue }]);
    for (let number = 0; number < 20; number++) pair.send(a, flow(vector, 'TCP'));
    clock.advance(MILLISECOND);
    expect(b.arrivals.splice(0).map((arrival) => arrival.queue)).toEqual(new Array(20).fill(queue));
  }
  await pair.close();
});

it('keeps key and table while it is off, and after a reset of the chip', async () => {
  const pair = await started(ipv4 | tcp, { far: { queues: 4 } });
  const { a, b, clock } = pair;
  const { receiveScaling } = b.driver.adapter;
  const queueOf = (): number | undefined => {
    b.arrivals.length = 0;
    pair.send(a, flow(vector, 'TCP'));
    clock.advance(MILLISECOND);
    return b.arrivals[0]?.queue;
  };
  receiveScaling.setIndirectionEntries([{ index: vector.withPorts & 127, queue: 3 }]);
  expect(queueOf()).toBe(3);
  receiveScaling.disable();
  expect(queueOf()).toBe(0);
  receiveScaling.enable({ hashTypes: toeplitz, protocolTypes: ipv4 | tcp });
  expect(queueOf()).toBe(3);
  await clock.drive(b.driver.reset());
  pair.awaitLink(true);
  expect(queueOf()).toBe(3);
  await pair.close();
});

it('spreads many flows evenly, each in order', async () => {
  const pair = await started(ipv4 | tcp);
  const { a, b, clock } = pair;
  for (let number = 0; number < 640; number++) {
    const [address = '', port = ''] = vector.from.split(':');
    pair.send(a, flow({ ...vector, from: `${address}:${Number(port) + (number % 160)}` }, 'TCP', number >>> 8));
    if (number % 64 === 63) clock.advance(MILLISECOND);
  }
  clock.advance(MILLISECOND);
  const counts = [0, 1, 2, 3].map((queue) => b.arrivals.filter((arrival) => arrival.queue === queue).length);
  expect(b.arrivals).toHaveLength(640);
  for (const count of counts) expect(count).toBeGreaterThan(80);
  const last = new Map<number, number>();
  for (const { bytes } of b.arrivals) {
    const port = (bytes[34]! << 8) | bytes[35]!;
    const turn = bytes.at(-1)!;
    expect(turn).toBeGreaterThanOrEqual(last.get(port) ?? 0);
    last.set(port, turn);
  }
  await pair.close();
});

it('has nothing to spread over with one queue, and says so', async () => {
  const pair = await Pair.started();
  expect(() => {
    pair.b.driver.adapter.receiveScaling.enable({ hashTypes: toeplitz, protocolTypes: ipv4 });
  }).toThrow();
  await pair.close();
});
