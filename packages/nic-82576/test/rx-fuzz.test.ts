/* The receive side against a second one that is written byte by byte from the RFCs: random settings, random frames. */

import { expect, it } from 'vitest';
import fc from 'fast-check';
import { IdentityMap, Iommu, type DmaDomain } from '@netcx/dma';
import { REGISTERS } from '../src/registers/index.ts';
import { CopiedMemory } from './copied-memory.ts';
import { naiveReceive, type Expected, type Settings } from './naive-receive.ts';
import { frames } from './random-frame.ts';
import { RxQueues, type Delivered } from './rx-queues.ts';
import { seed, testSize } from './test-size.ts';

const R = REGISTERS;
const QUEUES = 16;
const DESCRIPTORS = 16;
const EACH = 40;
/** Frames that arrive at once. */
const BURST = 5;

const settings: fc.Arbitrary<Settings> = fc.record({
  strip: fc.boolean(),
  filter: fc.boolean(),
  extended: fc.boolean(),
  cfi: fc.constantFrom(undefined, 0 as const, 1 as const),
  vlans: fc.subarray([0, 1, 5, 100, 4095], { minLength: 2 }).map((vlans) => new Set(vlans)),
  ip: fc.boolean(),
  l4: fc.boolean(),
  sctp: fc.boolean(),
  pcsd: fc.boolean(),
  rss: fc.constantFrom(true, true, false),
  fields: fc.oneof(fc.constant(0x1ff), fc.nat({ max: 0x1ff })).map((fields) => fields << 16),
  noExtensions: fc.constantFrom(false, false, true),
  key: fc.uint8Array({ minLength: 40, maxLength: 40 }),
  table: fc.array(fc.nat({ max: 15 }), { minLength: 128, maxLength: 128 }),
  crc: fc.constantFrom(true, true, false),
  type: fc.constantFrom(1 as const, 1 as const, 2 as const, 5 as const, 0 as const),
  header: fc.constantFrom(64, 128, 256, 960),
  buffer: fc.constantFrom(2048, 2048, 1024),
  splits: fc.oneof(fc.constant(0x38e), fc.nat({ max: 0x3ff })),
});

function little(bytes: Uint8Array | readonly number[], word: number): number {
  return [0, 1, 2, 3].reduce((sum, byte) => sum + bytes[word * 4 + byte]! * 256 ** byte, 0);
}

function apply(rx: RxQueues, s: Settings): void {
  const ctrl = rx.read(R.CTRL);
  rx.write(R.CTRL, R.CTRL.VME.set(ctrl, Number(s.strip)));
  rx.write(R.CTRL_EXT, s.extended ? R.CTRL_EXT.EXTENDED_VLAN.mask : 0);
  rx.write(R.VET, 0x88a8_8100);
  const words = new Map<number, number>();
  for (const vid of s.vlans) words.set(vid >> 5, (words.get(vid >> 5) ?? 0) + 2 ** (vid & 31));
  for (const word of [0, 3, 127]) rx.write(R.VFTA, words.get(word) ?? 0, word);
  rx.write(R.RXCSUM, (s.ip ? 0x100 : 0) + (s.l4 ? 0x200 : 0) + (s.sctp ? 0x800 : 0) + (s.pcsd ? 0x2000 : 0));
  rx.write(R.MRQC, s.fields + (s.rss ? 2 : 0));
  rx.write(R.RFCTL, s.noExtensions ? 0x1_0000 : 0);
  for (let word = 0; word < 10; word++) rx.write(R.RSSRK, little(s.key, word), word);
  for (let word = 0; word < 32; word++) rx.write(R.RETA, little(s.table, word), word);
  rx.write(R.PSRTYPE, s.splits);
  const cfi = s.cfi === undefined ? 0 : R.RCTL.CFIEN.mask + R.RCTL.CFI.set(0, s.cfi);
  rx.write(R.RCTL, 2 + (s.filter ? 2 ** 18 : 0) + cfi + (s.crc ? 2 ** 26 : 0) + R.RCTL.LPE.mask);
  rx.start({ type: s.type, kilobytes: s.buffer / 1024, header: s.header });
}

const show = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').replace(/0+$/, '');

/** Ways to memory: in plain sight, and two through which every frame and every descriptor goes the slow and general way. */
const domains: readonly (readonly [name: string, make: () => DmaDomain, share: number])[] = [
  ['in plain sight', () => new IdentityMap(), 1],
  ['behind an IOMMU', () => new Iommu(), 8],
  ['that can only be copied', () => new CopiedMemory(), 8],
];

it.each(domains)(
  'agrees with the naive one about every descriptor and every byte, in memory %s',
  { timeout: 600_000 },
  (name, make, share) => {
    const frameCount = testSize(`random frames received, memory ${name}`, {
      quick: 4000 / share,
      ci: 40_000 / share,
      long: 1_000_000 / share,
    });
    const runs = Math.ceil(frameCount / EACH);
    const rx = new RxQueues(QUEUES, DESCRIPTORS, make());
    let seen = 0;
    fc.assert(
      fc.property(settings, fc.array(frames, { minLength: EACH, maxLength: EACH }), (s, all) => {
        apply(rx, s);
        const view = (one: Delivered | Expected): string =>
          [one.queue, s.type === 0 ? one.words.slice(-17) : one.words, show(one.packet), show(one.header)].join('\n');
        for (let first = 0; first < all.length; first += BURST) {
          const burst = all.slice(first, first + BURST);
          seen += burst.length;
          const wanted = burst.flatMap((frame) => naiveReceive(frame, s)).sort((a, b) => a.queue - b.queue);
          const context = burst.map((frame) => Buffer.from(frame).toString('hex')).join('\n');
          expect(rx.arrive(...burst).map(view), context).toEqual(wanted.map(view));
        }
      }),
      { seed, numRuns: runs, endOnFailure: false },
    );
    expect(seen).toBeGreaterThanOrEqual(frameCount);
    rx.close();
  },
);
