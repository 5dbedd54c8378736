/* Segmentation by the chip: TCP (LSO) and UDP (USO), over IPv4 and IPv6, from one buffer or many. */

import { MILLISECOND } from '@netcx/clock';
import { TxChecksumAction } from '@netcx/extensions';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largeFrame, largeWishes, wrongWithSegments, type LargePacket } from './large-send.ts';
import { HandMadeTxQueue } from './hand-made-queue.ts';
import { Pair } from './pair.ts';
import { byte, recorded, unfinished, wishesFor } from './recorded-frames.ts';
import { seed, testSize } from './test-size.ts';
import { Layer3Type, Layer4Type } from '@netcx/rings';

const kinds: Readonly<Record<string, Pick<LargePacket, 'ipv4' | 'tcp'>>> = {
  'TCP over IPv4': { ipv4: true, tcp: true },
  'TCP over IPv6': { ipv4: false, tcp: true },
  'UDP over IPv4': { ipv4: true, tcp: false },
  'UDP over IPv6': { ipv4: false, tcp: false },
};
const arrived = (pair: Pair): Uint8Array[] => pair.b.arrivals.splice(0).map(({ bytes }) => bytes);

describe.each(Object.entries(kinds))('%s', (_, kind) => {
  it.each([
    ['a single segment', 500, 1000],
    ['segments that are all full', 8000, 1000],
    ['a short last one', 8001, 1000],
    ['as many as can be', 60_000, 1440],
  ])('leaves in %s', async (_name, payload, size) => {
    const pair = await Pair.started();
    const packet = { ...kind, payload };
    const bytes = largeFrame(packet);
    pair.a.sendLarge(bytes, largeWishes(packet, size));
    pair.clock.advance(5 * MILLISECOND);
    expect(wrongWithSegments(packet, size, arrived(pair))).toEqual([]);
    expect(pair.a.completed).toBe(1);
    expect(pair.a.driver.counters().transmit.segmented).toBe(1);
    expect(pair.a.driver.hardwareCounters().transmit.segmented).toBe(1);
    await pair.close();
  });
});

it('shares a context between packets whose headers and segments are alike', async () => {
  const pair = await Pair.started();
  const packet = { ipv4: true, tcp: true, payload: 4000 };
  for (const size of [1000, 1000, 1000, 500, 500, 1000])
    pair.a.sendLarge(largeFrame(packet), largeWishes(packet, size));
  pair.clock.advance(MILLISECOND);
  expect(pair.a.driver.counters().transmit).toMatchObject({ segmented: 6, contexts: 3 });
  expect(arrived(pair)).toHaveLength(4 + 4 + 4 + 8 + 8 + 4);
  await pair.close();
});

it('is not the chip’s when it is told so: nothing of the driver shows, and the frames are the same', async () => {
  const packet = { ipv4: true, tcp: true, payload: 5000 };
  const pair = await Pair.started({ segmentationOffload: false });
  await pair.clock.drive(pair.a.driver.adapter.offloads.enable({ gso: { tcpIPv4: true } }));
  pair.a.sendLarge(largeFrame(packet), largeWishes(packet, 1000));
  pair.clock.advance(MILLISECOND);
  expect(wrongWithSegments(packet, 1000, arrived(pair))).toEqual([]);
  expect(pair.a.driver.counters().transmit.segmented).toBe(0);
  await pair.close();
});

it('of any size, from any parts, between other frames: every segment is right', async () => {
  const runs = testSize('segmented packets, runs', { quick: 25, ci: 200, long: 2000 });
  const pair = await Pair.started();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.values(kinds)),
      fc.integer({ min: 1, max: 20_000 }),
      fc.integer({ min: 88, max: 1400 }),
      fc.array(fc.nat({ max: 20_000 }), { maxLength: 6 }),
      fc.boolean(),
      async (kind, payload, size, cuts, between) => {
        const packet = { ...kind, payload, options: kind.tcp ? 12 : 0 };
        const bytes = largeFrame(packet);
        const other = recorded['TCP over IPv4'];
        const send = (): void => {
          if (!between) return;
          const { Required } = TxChecksumAction;
          pair.send(pair.a, unfinished(other), wishesFor(other.headers, byte(Required, Required)));
        };
        send();
        const places = [...new Set([...cuts.filter((cut) => cut > 0 && cut < bytes.length), bytes.length])].sort(
          (x, y) => x - y,
        );
        pair.a.sendLarge(bytes, {
          ...largeWishes(packet, size),
          parts: places.map((end, at) => end - (places[at - 1] ?? 0)),
        });
        send();
        await pair.clock.drive(pair.clock.delay(2 * MILLISECOND));
        const frames = arrived(pair);
        if (between)
          for (const one of [frames.shift(), frames.pop()])
            expect(Buffer.from(one ?? [])).toEqual(Buffer.from(other.bytes));
        expect(wrongWithSegments(packet, size, frames)).toEqual([]);
      },
    ),
    { numRuns: runs, seed },
  );
  await pair.close();
});

it('takes fragments that no descriptor could say, in pieces', async () => {
  const pair = await Pair.started();
  const queue = new HandMadeTxQueue(pair.a.slot, pair.clock, 2);
  const packet = { ipv4: true, tcp: true, payload: 100_000 };
  const bytes = largeFrame(packet);
  const headers = {
    layer2: 14,
    layer3: 20,
    layer4: 20,
    layer3Type: Layer3Type.IPv4NoOptions,
    layer4Type: Layer4Type.Tcp,
  };
  queue.send([{ bytes, offset: 2 }], { ...headers, segmentSize: 1400 });
  pair.clock.advance(5 * MILLISECOND);
  const frames = arrived(pair);
  expect(wrongWithSegments(packet, 1400, frames)).toEqual([]);
  queue.close();
  await pair.close();
});
