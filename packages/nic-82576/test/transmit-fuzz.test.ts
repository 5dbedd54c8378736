/*
 * Random packets with every offload that the chip has, through the whole model, against frames that were built from
 * nothing. NETCX_TEST_SIZE says how many, NETCX_TEST_SEED which.
 */

import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { IdentityMap, Iommu } from '@netcx/dma';
import { i32 as words } from '@netcx/dma/memory';
import { MAXIMUM_FRAME, REGISTERS } from '../src/registers/index.ts';
import { CopiedMemory } from './copied-memory.ts';
import { naiveFrames } from './naive-transmit.ts';
import { seed, testSize } from './test-size.ts';
import { frame, hex, Traffic } from './traffic.ts';
import { BATCH, Driver, MARK, QUEUES } from './transmit-driver.ts';
import { manners, type Manner } from './wishes.ts';

const { CTRL, GPTC, TDH, TDT, TSCTC } = REGISTERS;

/** What should leave a queue. */
const wanted = (batch: readonly Manner[], queue: number): string[] =>
  batch
    .filter((_manner, index) => index % QUEUES.length === queue)
    .flatMap(({ wish, legacy }) => naiveFrames(wish, legacy))
    .map((frame) => {
      frame[9] = MARK + queue;
      return Buffer.from(frame).toString('hex');
    });

describe('random packets leave as the RFCs want them', () => {
  it.each([
    ['in plain sight', () => new IdentityMap()],
    ['through an IOMMU', () => new Iommu()],
    ['in memory that can only be copied', () => new CopiedMemory()],
  ] as const)('%s', (where, domain) => {
    const target = testSize(`frames of random packets, ${where}`, { quick: 2000, ci: 10_000, long: 400_000 });
    const driver = new Driver(domain());
    let frames = 0;
    for (let round = 0; frames < target; round++) {
      let packets = 0;
      let segmented = 0;
      const before = frames;
      fc.assert(
        fc.property(fc.array(manners, { minLength: 1, maxLength: BATCH }), (batch) => {
          const got = driver.send(batch);
          QUEUES.forEach((_queue, index) => expect(got[index]).toEqual(wanted(batch, index)));
          frames += got.flat().length;
          packets += batch.length;
          segmented += batch.filter(({ wish }) => wish.mss > 0).length;
        }),
        { seed: seed + round, numRuns: 50 },
      );
      const { machine } = driver.traffic;
      expect([machine.read(GPTC), machine.read(TSCTC)]).toEqual([frames - before, segmented]);
      expect(packets).toBeGreaterThan(50);
    }
    process.stderr.write(`${String(frames)} frames compared\n`);
    driver.traffic.close();
  });
});

/** Descriptors that nobody would write: any kind, any flags, any lengths, memory that is there and memory that is not. */
const command = fc
  .tuple(fc.nat({ max: 0xffff_ffff }), fc.constantFrom(0, 0x2020_0000, 0x2030_0000, 0x2030_0000), fc.nat({ max: 15 }))
  .map(([any, kind, shift]) => ((any & ~0x20f0_ffff) | kind | ((any & 0xffff) >>> shift)) >>> 0);
const descriptors = fc.record({
  offset: fc.nat({ max: 0xffff }),
  high: fc.constantFrom(0, 0, 0, 0, 1, 0xffff_ffff),
  command,
  status: fc.tuple(fc.nat({ max: 0xffff_ffff }), fc.nat({ max: 17 })).map(([any, shift]) => any >>> shift),
});

it('descriptors at random neither stop the queue nor reach what lies behind a frame', () => {
  const rounds = testSize('rings of random descriptors', { quick: 300, ci: 3000, long: 50_000 });
  const t = new Traffic();
  const { machine, partner } = t;
  const ring = t.txRing(64);
  const data = t.memory(128 * 1024);
  const plain = t.memory(frame(60));
  machine.write(CTRL, machine.read(CTRL) | CTRL.VME.mask);
  let tail = 0;
  const post = (...descriptor: readonly number[]): void => {
    descriptor.forEach((word, index) => (words[(ring.offset >> 2) + tail * 4 + index] = word));
    tail = (tail + 1) % 64;
  };
  fc.assert(
    fc.property(fc.array(descriptors, { maxLength: 40 }), (random) => {
      for (const { offset, high, command: what, status } of random) post(data.address + offset, high, what, status);
      // The first ends whatever has no end yet; the second is a frame of its own.
      for (let index = 0; index < 2; index++) post(plain.address, 0, 0x2b30_003c, 0);
      machine.write(TDT, tail);
      machine.clock.run();
      expect(machine.read(TDH)).toBe(tail);
      const sent = partner.frames.splice(0);
      expect(sent.at(-1)).toBe(hex(frame(60)));
      for (const one of sent) expect(one.length / 2).toBeLessThanOrEqual(MAXIMUM_FRAME - 4);
    }),
    { seed, numRuns: rounds },
  );
  t.close();
});
