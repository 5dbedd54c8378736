/*
 * The buffer manager and the NIC's model together: jumbo frames in small buffers, headroom that the chip leaves alone, and frames
 * sent from memory of the protocol's own, with and without an IOMMU.
 */

import { FrameDescriptor } from '@netcx/adapter/edge';
import { hostPages } from '@netcx/dma';
import { i32, u8 } from '@netcx/dma/memory';
import { describe, expect, it } from 'vitest';
import { firstWrong, frame, Pair, type PairOptions, type TestStation } from './pair.ts';

/** Two stations that have started with what `b` needs of buffers; stopped in the end, with nothing kept. */
async function withNeeds(
  options: PairOptions,
  needs: Parameters<TestStation['driver']['adapter']['stateNeeds']>[0] | undefined,
  test: (pair: Pair) => void,
): Promise<void> {
  const taken = hostPages.bytesTaken;
  const pair = new Pair(options);
  if (needs !== undefined) pair.b.driver.adapter.stateNeeds(needs);
  await pair.start();
  test(pair);
  await pair.stop();
  expect([pair.a.domain.faultCount, pair.b.domain.faultCount]).toEqual([0, 0]);
  expect(hostPages.bytesTaken).toBe(taken);
  await pair.close();
}

const settled = ({ driver }: TestStation) => driver.adapter.settlement!;
const SIZES = [60, 1514, 2047, 2048, 2049, 4096, 8999, 9014, 64, 9013];

describe.each([false, true])('jumbo frames, IOMMU: %s', (iommu) => {
  it('arrive whole in one buffer, or in several small ones for a protocol that takes parts', async () => {
    const bytes: number[] = [];
    for (const needs of [undefined, { name: 'stack', takesParts: true }]) {
      await withNeeds({ iommu, mtu: 9000, ringSize: 64 }, needs, (pair) => {
        const sent = Array.from({ length: 60 }, (_, number) => frame(SIZES[number % SIZES.length]!, number));
        // Ten at a time: 63 small buffers hold no more than that of the longest, and what the chip cannot keep it drops.
        for (let first = 0; first < sent.length; first += SIZES.length) {
          for (const one of sent.slice(first, first + SIZES.length)) pair.send(pair.a, one);
          pair.clock.advance(10e6);
        }
        expect(
          firstWrong(
            pair.b.arrivals.map((arrival) => arrival.bytes),
            sent,
          ),
        ).toBeUndefined();
        expect(settled(pair.b).receive).toMatchObject(
          needs === undefined ? { capacity: 9216, fragmentsPerFrame: 1 } : { capacity: 2048, fragmentsPerFrame: 5 },
        );
        bytes.push(settled(pair.b).bytes);
      });
    }
    // Of the receive buffers, 128 each: 9216 - 2048 bytes less.
    expect(bytes[0]! - bytes[1]!).toBe(128 * (9216 - 2048));
  });
});

describe.each([false, true])('a protocol’s headroom, IOMMU: %s', (iommu) => {
  it('is left alone by the chip', () =>
    withNeeds({ iommu }, { name: 'tunnel', headroom: 50 }, (pair) => {
      const { headroom, capacity } = settled(pair.b).receive;
      expect([headroom, capacity]).toEqual([64, 2048]);
      const { pool } = pair.b.driver.adapter.receiveQueues[0]!;
      const first = pool!.address(pool!.firstHandle);
      for (let number = 0; number < 4; number++)
        u8.fill(0xaa, first + number * pool!.stride, first + number * pool!.stride + 64);
      const sent = Array.from({ length: 4 }, (_, number) => frame(1514, number));
      for (const one of sent) pair.send(pair.a, one);
      pair.clock.advance(10e6);
      expect(
        firstWrong(
          pair.b.arrivals.map((arrival) => arrival.bytes),
          sent,
        ),
      ).toBeUndefined();
      for (let number = 0; number < 4; number++) {
        const start = first + number * pool!.stride;
        expect(u8.subarray(start, start + 64).every((byte) => byte === 0xaa)).toBe(true);
        expect(u8.slice(start + 64, start + 64 + 20)).toEqual(sent[number]!.slice(0, 20));
      }
    }));
});

it.each([false, true])('frames go out of memory of the protocol’s own where they lie, IOMMU: %s', (iommu) =>
  withNeeds({ iommu }, undefined, (pair) => {
    const own = hostPages.allocate(64 * 2048, { owner: 'the protocol’s own' });
    const sent = Array.from({ length: 60 }, (_, number) => frame(60 + number * 20, number));
    const { edge } = pair.a.driver.adapter.transmitQueues[0]!;
    sent.forEach((bytes, index) => {
      u8.set(bytes, own + index * 2048 + index);
      const at = edge.ring.at(edge.ring.endIndex);
      i32.fill(0, at, at + edge.ring.stride);
      FrameDescriptor.address.set(i32, at, own + index * 2048 + index);
      FrameDescriptor.length.set(i32, at, bytes.length);
      edge.submit(1);
    });
    pair.clock.advance(10e6);
    expect(
      firstWrong(
        pair.b.arrivals.map((arrival) => arrival.bytes),
        sent,
      ),
    ).toBeUndefined();
    expect(pair.a.driver.adapter.statistics().transmit).toMatchObject({
      packets: 60,
      bounced: 0,
      mapped: iommu ? 60 : 0,
    });
    hostPages.free(own);
  }),
);
