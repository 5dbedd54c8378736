/*
 * The global choice: what comes out for statements of both sides, that each result says who asked for what and why, and that
 * whatever is stated, what is settled serves all of it or is refused by name.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BufferError,
  checkNeeds,
  defaultSizing,
  explainSettlement,
  settleBuffers,
  unmetNeeds,
  type NicConstraints,
  type ProtocolNeeds,
} from '../src/index.ts';

const bufferSizes = { granularity: 1024, minimum: 1024, maximum: 16 * 1024, maximumFragments: 16 };
const nicOf = (
  receive: Partial<NicConstraints['receive']> = {},
  transmit: Partial<NicConstraints['transmit']> = {},
): NicConstraints => ({
  name: 'nic',
  linkSpeed: 1e9,
  transmit: {
    queues: 1,
    maximumFrame: 1514,
    alignment: 1,
    ringHint: 0,
    backfill: 0,
    maximumFragments: 16,
    ...transmit,
  },
  receive: { queues: 1, maximumFrame: 2048, alignment: 1, ringHint: 0, bufferSizes: undefined, ...receive },
});

describe('without any protocol', () => {
  it('each frame lies in one buffer, on rings as the sizing function says', () => {
    const settlement = settleBuffers({ nic: nicOf() });
    expect(settlement.receive).toMatchObject({ capacity: 2048, headroom: 0, alignment: 64, fragmentsPerFrame: 1 });
    expect(settlement.transmit).toMatchObject({ capacity: 1514, headroom: 0, alignment: 64 });
    const { transmit, receive } = defaultSizing({ fragmentRingHint: 0, linkSpeed: 1e9, maximumFragments: 16 });
    expect(settlement.transmit).toMatchObject(transmit);
    expect(settlement.receive).toMatchObject(receive);
    expect(settlement.maximumOffset).toBeUndefined();
    expect(settlement.bytes).toBe(257 * 1536 + 512 * 2048);
    expect(settlement.bytesWithWholeFrames).toBe(settlement.bytes);
  });

  it('4096 asked is 4096 granted', () => {
    const { receive, transmit, decisions } = settleBuffers({ nic: nicOf({ ringHint: 4096 }, { ringHint: 4096 }) });
    expect([receive.fragments.granted, transmit.fragments.granted]).toEqual([4096, 4096]);
    expect(decisions).toContainEqual({
      what: 'receive fragments',
      asked: [{ who: 'nic', value: 4096 }],
      granted: 4096,
      reason: 'as asked',
    });
  });
});

describe('what protocols need', () => {
  it('is served for all of them at once: the most of each', () => {
    const needs: ProtocolNeeds[] = [
      { name: 'tunnel', headroom: 50, alignment: 128 },
      { name: 'capture', minimumSize: 4000, maximumOffset: 2 ** 28 },
      { name: 'bridge', headroom: 14, maximumOffset: 2 ** 29 },
    ];
    const settlement = settleBuffers({ nic: nicOf({ alignment: 256 }, { alignment: 4, backfill: 16 }), needs });
    expect(settlement.receive).toMatchObject({ capacity: 4000, headroom: 256, alignment: 256 });
    expect(settlement.transmit).toMatchObject({ headroom: 16 + 36, capacity: 1514 + 52 });
    expect(settlement.maximumOffset).toBe(2 ** 28);
    for (const need of needs) expect(unmetNeeds(settlement, need)).toEqual([]);
    const lines = explainSettlement(settlement).split('\n');
    expect(lines).toContain(
      'receive headroom = 256 (tunnel asked 50, bridge asked 14): the most that was asked, in steps of 256 bytes, where the NIC may begin to write',
    );
    expect(lines).toContain(
      'highest host offset = 268435456 (capture asked 268435456, bridge asked 536870912): the least that was asked',
    );
  });

  it('takes more buffers the longer they are held, at the speed of the link', () => {
    const buffers = (holdingTime: number) =>
      settleBuffers({ nic: nicOf(), needs: [{ name: 'zero-copy', holdingTime }] }).receive.buffers;
    expect(buffers(0).granted).toBe(512);
    expect(buffers(100_000)).toEqual({ asked: 149, granted: 512, reason: 'as many with the protocol as on the ring' });
    // 84 bytes on the wire for each of the shortest frames: 1.488 million in a second
    expect(buffers(1_000_000)).toEqual({
      asked: 256 + 1489,
      granted: 256 + 1489,
      reason: 'on the ring, and what comes at link speed while protocols hold buffers',
    });
    expect(buffers(10e9).granted).toBe(2 ** 20);
    expect(buffers(10e9).reason).toMatch(/a pool has at most 2\^20$/);
  });
});

describe('frames that are longer than the usual', () => {
  const jumbo = nicOf({ maximumFrame: 9216, bufferSizes });

  it('lie in small buffers when every protocol takes parts', () => {
    const settlement = settleBuffers({
      nic: jumbo,
      needs: [
        { name: 'a', takesParts: true },
        { name: 'b', takesParts: true },
      ],
    });
    expect(settlement.receive).toMatchObject({ capacity: 2048, fragmentsPerFrame: 5 });
    expect(settlement.bytesWithWholeFrames - settlement.bytes).toBe(512 * (9216 - 2048));
    expect(explainSettlement(settlement)).toMatch(/memory = \d+ bytes, \d+ with whole-frame buffers$/);
    expect(unmetNeeds(settlement, { name: 'late' })).toEqual(['parts of a frame, at most 1: 5 were settled']);
  });

  it.each([
    [[], 9216],
    [[{ name: 'a', takesParts: true }, { name: 'b' }], 9216],
    [[{ name: 'a', takesParts: true, minimumSize: 3000 }], 3072],
    [[{ name: 'a', takesParts: true, minimumSize: 20 }], 2048],
  ] as [ProtocolNeeds[], number][])('lie as protocols want: %j', (needs, capacity) => {
    expect(settleBuffers({ nic: jumbo, needs }).receive.capacity).toBe(capacity);
  });

  it('lie in as few buffers as the NIC must have', () => {
    const nic = nicOf({ maximumFrame: 9216, bufferSizes: { ...bufferSizes, maximumFragments: 2 } });
    expect(settleBuffers({ nic, needs: [{ name: 'a', takesParts: true }] }).receive.capacity).toBe(5120);
  });

  it('cannot lie in one buffer when the NIC knows none so long', () => {
    const nic = nicOf({ maximumFrame: 9216, bufferSizes: { ...bufferSizes, maximum: 4096 } });
    expect(settleBuffers({ nic }).receive.capacity).toBe(2048);
    expect(() => settleBuffers({ nic, needs: [{ name: 'parser' }] })).toThrow(
      'NEEDS_UNMET: nic writes buffers of up to 4096 bytes; parser want each frame of up to 9216 in one',
    );
    expect(() => settleBuffers({ nic, needs: [{ name: 'a', takesParts: true, minimumSize: 5000 }] })).toThrow(
      'NEEDS_UNMET: nic writes buffers of up to 4096 bytes; 5120 are needed',
    );
  });
});

describe('memory that is short', () => {
  it('halves rings and pools until they fit, and says so of each', () => {
    const nic = nicOf({ ringHint: 4096, queues: 4 }, { ringHint: 4096, queues: 4 });
    const bytesFree = 32 * 2 ** 20;
    const settlement = settleBuffers({ nic, bytesFree });
    expect(settlement.bytes).toBeLessThanOrEqual(bytesFree * 0.75);
    const { fragments, buffers } = settlement.receive;
    expect(fragments).toMatchObject({ asked: 4096, reason: expect.stringContaining('memory is short: ') as string });
    expect([Math.log2(fragments.granted) % 1, buffers.granted]).toEqual([0, 2 * fragments.granted]);
  });

  it('leaves what cannot be less, and lets whoever allocates fail', () => {
    const { receive, transmit } = settleBuffers({ nic: nicOf(), bytesFree: 1000 });
    expect([receive.fragments.granted, receive.buffers.granted, transmit.buffers.granted]).toEqual([2, 2, 2]);
  });
});

it.each<[Partial<ProtocolNeeds>, string]>([
  [{ headroom: 4097 }, 'headroom is 4097; expected 0 to 4096'],
  [{ headroom: 0.5 }, 'headroom is 0.5'],
  [{ minimumSize: -1 }, 'minimumSize is -1; expected 0 to 2^25'],
  [{ alignment: 3 }, 'alignment is 3; expected a power of two up to 4096'],
  [{ alignment: 0 }, 'alignment is 0'],
  [{ holdingTime: Infinity }, 'holdingTime is Infinity ns; expected 0 or more'],
  [{ holdingTime: NaN }, 'holdingTime is NaN'],
  [{ maximumOffset: -4096 }, 'maximumOffset is -4096; expected a host offset above 0'],
])('refuses %j', (wrong, message) => {
  expect(() => {
    checkNeeds({ name: 'p', ...wrong });
  }).toThrow(`NEEDS_INVALID: p: ${message}`);
  expect(() => settleBuffers({ nic: nicOf(), needs: [{ name: 'p', ...wrong }] })).toThrow(BufferError);
});

it.each([
  ['packets', 3],
  ['fragments', 1],
  ['buffers', 0],
  ['buffers', 1.5],
  ['fragments', 2 ** 21],
])('refuses a sizing function that grants %s = %d', (what, granted) => {
  const size = (value: number) => ({ asked: 0, granted: value, reason: '' });
  const sizes = { packets: size(64), fragments: size(64), buffers: size(64), [what]: size(granted) };
  expect(() => settleBuffers({ nic: nicOf(), sizing: () => ({ transmit: sizes, receive: sizes }) })).toThrow(
    `SIZING_INVALID: nic transmit: the sizing function granted ${granted} ${what}`,
  );
});

it('serves every statement, whatever it is, or names what it cannot serve', () => {
  const power = (most: number) => fc.integer({ min: 0, max: most }).map((exponent) => 2 ** exponent);
  const needs = fc.array(
    fc.record(
      {
        name: fc.constantFrom('a', 'b', 'c'),
        headroom: fc.nat(4096),
        minimumSize: fc.nat(20_000),
        alignment: power(12),
        holdingTime: fc.nat(10_000_000),
        maximumOffset: fc.integer({ min: 1, max: 2 ** 30 }),
        takesParts: fc.boolean(),
      },
      { requiredKeys: ['name'] },
    ),
    { maxLength: 4 },
  );
  const nic = fc
    .record({
      frame: fc.integer({ min: 64, max: 16_384 }),
      alignment: power(12),
      hint: fc.constantFrom(0, 8, 256, 4096),
      backfill: fc.nat(128),
      transmitAlignment: power(8),
      sizes: fc.option(fc.constantFrom(bufferSizes, { ...bufferSizes, maximum: 4096 }), { nil: undefined }),
    })
    .map(({ frame, alignment, hint, backfill, transmitAlignment, sizes }) =>
      nicOf(
        { maximumFrame: frame, alignment, ringHint: hint, bufferSizes: sizes },
        { backfill, alignment: transmitAlignment, ringHint: hint },
      ),
    );
  fc.assert(
    fc.property(nic, needs, (constraints, statements) => {
      let settlement;
      try {
        settlement = settleBuffers({ nic: constraints, needs: statements });
      } catch (error) {
        expect((error as BufferError).code).toBe('NEEDS_UNMET');
        expect(constraints.receive.bufferSizes?.maximum).toBeLessThan(20_480);
        return;
      }
      const { receive, transmit, decisions } = settlement;
      for (const need of statements) expect(unmetNeeds(settlement, need)).toEqual([]);
      expect(receive.headroom % receive.alignment).toBe(0);
      expect(receive.alignment % constraints.receive.alignment).toBe(0);
      expect(receive.capacity * receive.fragmentsPerFrame).toBeGreaterThanOrEqual(constraints.receive.maximumFrame);
      expect(receive.capacity % (constraints.receive.bufferSizes?.granularity ?? 1)).toBe(0);
      expect((transmit.headroom - constraints.transmit.backfill) % constraints.transmit.alignment).toBe(0);
      expect(transmit.capacity - transmit.headroom).toBeGreaterThanOrEqual(constraints.transmit.maximumFrame);
      for (const { reason } of decisions) expect(reason).not.toBe('');
      // What everybody asked for stands in some decision.
      const asked = decisions.flatMap((decision) => decision.asked.map(({ who, value }) => `${who} ${value}`));
      for (const need of statements)
        if ((need.headroom ?? 0) > 0) expect(asked).toContain(`${need.name} ${need.headroom}`);
    }),
    { numRuns: 500 },
  );
});
