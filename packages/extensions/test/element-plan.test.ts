import { u8 } from '@netcx/layout';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  Checksum,
  defineExtension,
  describeExtension,
  ExtensionError,
  Gso,
  Hash,
  Ieee8021q,
  INVALID_OFFSET,
  LogicalAddress,
  Lso,
  planElement,
  Rsc,
  RscTimestamp,
  RscV1,
  VirtualAddress,
  type ElementSpec,
  type Extension,
  type Level,
  type PlanMode,
} from '../src/index.ts';
import { alignUp, blocks, bruteForce, netAdapterCx, xdp, type Block } from './naive.ts';

const packet = { level: 'packet', coreSize: 12, coreAlignment: 4 } as const;
const fragment = { level: 'fragment', coreSize: 8, coreAlignment: 8 } as const;

const extensionOf = ({ size, alignment }: Block, index: number, level: Level): Extension =>
  defineExtension({ name: `test_${index}`, version: 1, size, alignment, level, fields: {} });

/** A core descriptor of this or a later version, and extensions for it. */
const elements = (maxLength: number): fc.Arbitrary<{ core: Omit<ElementSpec, 'extensions'>; list: Block[] }> =>
  fc.oneof(
    fc.record({
      core: fc.integer({ min: 3, max: 8 }).map((words) => ({ ...packet, coreSize: words * 4 })),
      list: blocks(4, maxLength),
    }),
    fc.record({
      core: fc.integer({ min: 1, max: 4 }).map((pairs) => ({ ...fragment, coreSize: pairs * 8 })),
      list: blocks(8, maxLength),
    }),
  );

const planOf = (core: Omit<ElementSpec, 'extensions'>, list: readonly Block[], mode: PlanMode) =>
  planElement({ ...core, mode, extensions: list.map((block, index) => extensionOf(block, index, core.level)) });

describe('every plan', () => {
  it('keeps alignment, lets nothing overlap and has a stride of whole words', () => {
    fc.assert(
      fc.property(elements(20), fc.constantFrom('packed', 'cx', 'xdp'), ({ core, list }, mode) => {
        const plan = planOf(core, list, mode);
        expect(plan.placements).toHaveLength(list.length);
        let end = core.coreSize;
        for (const { definition, offset } of plan.placements) {
          const { size, alignment } = describeExtension(definition);
          expect(offset % alignment).toBe(0);
          expect(offset).toBeGreaterThanOrEqual(end); // the placements come lowest first
          end = offset + size;
        }
        expect(end).toBeLessThanOrEqual(plan.stride);
        expect(new Set(plan.placements.map(({ definition }) => definition)).size).toBe(list.length);
        expect(plan.stride % 4).toBe(0);
        expect(plan.stride % core.coreAlignment).toBe(0);
        expect(plan.wordStride).toBe(plan.stride / 4);
      }),
      { numRuns: 1_000 },
    );
  });

  it('explains every byte once, padding included', () => {
    fc.assert(
      fc.property(elements(8), ({ core, list }) => {
        const plan = planOf(core, list, 'packed');
        const lines = plan.explain().split('\n').slice(1);
        const spans = lines.map((line) => {
          const [, first, last = first, bytes] = /^ {2}(\d+)(?:\.\.(\d+))? +(\d+) {2}\S/.exec(line) ?? [];
          expect(Number(last) - Number(first) + 1).toBe(Number(bytes));
          return { first: Number(first), last: Number(last) };
        });
        expect(spans[0]?.first).toBe(0);
        for (const [index, span] of spans.slice(1).entries()) expect(span.first).toBe(spans[index]!.last + 1);
        expect(spans.at(-1)?.last).toBe(plan.stride - 1);
      }),
    );
  });
});

describe('a packed plan', () => {
  it('is the smallest of all orders, for up to six extensions tried one by one', () => {
    fc.assert(
      fc.property(elements(6), ({ core, list }) => {
        const best = bruteForce(core.coreSize, list);
        expect(planOf(core, list, 'packed').stride).toBe(Math.ceil(best / core.coreAlignment) * core.coreAlignment);
      }),
      { numRuns: 300 },
    );
  });

  it('is never larger than either Microsoft algorithm', () => {
    fc.assert(
      fc.property(elements(24), ({ core, list }) => {
        const { stride } = planOf(core, list, 'packed');
        expect(stride).toBeLessThanOrEqual(netAdapterCx(core.coreSize, list).stride);
        expect(stride).toBeLessThanOrEqual(xdp(core.coreSize, core.coreAlignment, list).stride);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is never larger than either of their orders would be without their padding, beyond 12 extensions', () => {
    fc.assert(
      fc.property(blocks(4, 24, 13), (list) => {
        const { stride } = planOf(packet, list, 'packed');
        expect(stride).toBeLessThanOrEqual(alignUp(netAdapterCx(12, list).end, 4));
        expect(stride).toBeLessThanOrEqual(alignUp(xdp(12, 4, list).end, 4));
      }),
      { numRuns: 1_000 },
    );
  });

  it('is smaller than both where they waste: four odd sizes', () => {
    const list = [
      { size: 3, alignment: 1 },
      { size: 4, alignment: 4 },
      { size: 5, alignment: 4 },
      { size: 4, alignment: 4 },
    ];
    expect(netAdapterCx(12, list).stride).toBe(36);
    expect(xdp(12, 4, list).stride).toBe(32);
    expect(planOf(packet, list, 'packed').stride).toBe(28);
  });

  it('costs nothing for what is not used', () => {
    expect(planElement({ ...packet, extensions: [] }).stride).toBe(12);
    expect(planElement({ ...fragment, extensions: [] }).stride).toBe(8);
    expect(planElement({ ...packet, extensions: [Checksum] }).stride).toBe(16);
    expect(planElement({ ...packet, extensions: [Checksum, Gso, Ieee8021q] }).stride).toBe(24);
  });

  it('plans dozens of extensions', () => {
    const list = Array.from({ length: 60 }, (_, index) => ({ size: (index % 7) + 1, alignment: 1 << (index % 3) }));
    const total = list.reduce((sum, { size }) => sum + size, 0);
    const { stride } = planOf(packet, list, 'packed');
    expect(stride).toBeGreaterThanOrEqual(12 + total);
    expect(stride).toBeLessThanOrEqual(netAdapterCx(12, list).stride);
  });
});

describe('a cx plan', () => {
  it('is what the algorithm of the original gives, offset by offset', () => {
    fc.assert(
      fc.property(elements(16), ({ core, list }) => {
        const plan = planOf(core, list, 'cx');
        const naive = netAdapterCx(core.coreSize, list);
        expect(plan.stride).toBe(naive.stride);
        expect(list.map((_, index) => plan.offsets.get(`test_${index}`))).toEqual(naive.offsets);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['no extension', [], [], 12],
    ['checksum, 802.1Q, gso', [Checksum, Ieee8021q, Gso], [12, 14, 20], 24],
    ['checksum, rsc, hash', [Checksum, Rsc, Hash], [12, 14, 20], 36],
    ['registered the other way round', [Gso, Ieee8021q, Checksum], [20, 14, 12], 24],
    ['the bare packet of the original, with its lso', [Lso], [12], 24],
    ['the first with lso', [Checksum, Ieee8021q, Gso, Lso], [12, 14, 20, 24], 36],
  ])('gives the worked example: %s', (_, extensions, offsets, stride) => {
    const plan = planElement({ ...packet, mode: 'cx', extensions });
    expect(extensions.map((extension) => plan.offsetOf(extension))).toEqual(offsets);
    expect(plan.stride).toBe(stride);
  });

  it('gives the worked example of a fragment', () => {
    const plan = planElement({ ...fragment, mode: 'cx', extensions: [VirtualAddress, LogicalAddress] });
    expect([plan.offsetOf(VirtualAddress), plan.offsetOf(LogicalAddress)]).toEqual([8, 16]);
    expect(plan.stride).toBe(24);
  });
});

describe('an xdp plan', () => {
  it('is what the algorithm of XDP gives, offset by offset', () => {
    fc.assert(
      fc.property(elements(16), ({ core, list }) => {
        const plan = planOf(core, list, 'xdp');
        const naive = xdp(core.coreSize, core.coreAlignment, list);
        expect(plan.stride).toBe(naive.stride);
        expect(list.map((_, index) => plan.offsets.get(`test_${index}`))).toEqual(naive.offsets);
      }),
      { numRuns: 1_000 },
    );
  });

  // 12 is a multiple of 4, so nothing needs padding in front; each takes a multiple of its alignment.
  it.each([
    ['no extension', [], [], 12],
    ['checksum, 802.1Q, gso', [Checksum, Ieee8021q, Gso], [20, 16, 12], 24],
    ['checksum, rsc, hash', [Checksum, Rsc, Hash], [24, 20, 12], 28],
  ])('gives the worked example: %s', (_, extensions, offsets, stride) => {
    const plan = planElement({ ...packet, mode: 'xdp', extensions });
    expect(extensions.map((extension) => plan.offsetOf(extension))).toEqual(offsets);
    expect(plan.stride).toBe(stride);
    expect(plan.explain()).toContain('in the order and rounding of XDP');
  });
});

describe('explain', () => {
  it('names the version of a core descriptor that has grown', () => {
    const plan = planElement({ ...packet, coreSize: 16, coreVersion: 3, extensions: [] });
    expect(plan.explain()).toBe(
      'packet element, 16 bytes, 0 of them padding, packed\n  0..15   16  core descriptor version 3',
    );
    expect(plan.coreVersion).toBe(3);
    expect(planElement({ ...packet, extensions: [] }).coreVersion).toBe(1);
  });

  it('prints the packed element', () => {
    const plan = planElement({ ...packet, extensions: [Checksum, Ieee8021q, RscTimestamp] });
    expect(plan.explain()).toBe(
      [
        'packet element, 24 bytes, 3 of them padding, packed',
        '  0..11    12  core descriptor',
        '  12..15    4  ms_packet_ieee8021q version 1',
        '  16..19    4  ms_packet_rsc_timestamp version 1',
        '  20        1  ms_packet_checksum version 1',
        '  21..23    3  (padding)',
      ].join('\n'),
    );
  });

  it('prints what NetAdapterCx lays out', () => {
    const plan = planElement({ ...packet, mode: 'cx', extensions: [Checksum, RscV1, Hash] });
    expect(plan.explain()).toBe(
      [
        'packet element, 36 bytes, 11 of them padding, in the order and rounding of NetAdapterCx',
        '  0..11    12  core descriptor',
        '  12        1  ms_packet_checksum version 1',
        '  13        1  (padding)',
        '  14..17    4  ms_packet_rsc version 1',
        '  18..19    2  (padding)',
        '  20..27    8  ms_packet_hash version 1',
        '  28..35    8  (padding)',
      ].join('\n'),
    );
  });
});

describe('an element that cannot be', () => {
  const codeOf = (spec: Partial<Record<keyof ElementSpec, unknown>>): string => {
    try {
      planElement({ ...packet, extensions: [], ...spec } as ElementSpec);
      return 'accepted';
    } catch (error) {
      if (error instanceof ExtensionError) return error.code;
      throw error;
    }
  };
  const wide = defineExtension({
    name: 'test_wide',
    version: 1,
    size: 8,
    alignment: 8,
    level: 'fragment',
    fields: {},
  });
  const large = (index: number): Extension => extensionOf({ size: 1024, alignment: 4 }, index, 'packet');

  it.each([
    ['CORE', { coreAlignment: 2 }],
    ['CORE', { coreAlignment: 16, coreSize: 16 }],
    ['CORE', { coreSize: 0 }],
    ['CORE', { coreVersion: 0 }],
    ['CORE', { coreVersion: 1.5 }],
    ['CORE', { coreVersion: 65_536 }],
    ['MODE', { mode: 'tight' }],
    ['MODE', { mode: 'toString' }],
    ['CORE', { coreSize: 13 }],
    ['CORE', { coreSize: 12, coreAlignment: 8 }],
    ['LEVEL', { extensions: [LogicalAddress] }],
    ['DUPLICATE', { extensions: [Checksum, Gso, Checksum] }],
    ['DUPLICATE', { extensions: [RscV1, Rsc] }],
    ['ALIGNMENT', { level: 'fragment', extensions: [wide] }],
    ['ELEMENT_SIZE', { extensions: Array.from({ length: 65 }, (_, index) => large(index)) }],
    ['accepted', { extensions: Array.from({ length: 64 }, (_, index) => large(index)) }],
    ['accepted', { level: 'fragment', coreSize: 8, coreAlignment: 8, extensions: [wide] }],
  ])('%s', (code, spec) => {
    expect(codeOf(spec)).toBe(code);
  });
});

describe("a queue's handle", () => {
  const plan = planElement({ ...packet, extensions: [Checksum, Gso] });

  it('knows where the extension is, and reads and writes it there', () => {
    const checksum = plan.extension(Checksum);
    expect(checksum).toMatchObject({ enabled: true, offset: 16, version: 1 });
    expect(checksum.definition).toBe(Checksum);
    const view = new Int32Array(10);
    checksum.layer4.set(view, 5, 2);
    expect([...view]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0b10_00_00]);
    expect(checksum.layer4.get(view, 5)).toBe(2);
    expect(Checksum.layer4.get(view, 5, checksum.offset)).toBe(2);
    expectTypeOf(checksum.layer4.get).returns.toBeNumber();
    expectTypeOf(checksum).not.toHaveProperty('mss');
  });

  it('agrees with the accessors of the definition, at every offset', () => {
    const shade = defineExtension({
      name: 'test_shade',
      version: 1,
      size: 1,
      alignment: 1,
      level: 'packet',
      fields: { shade: u8(0) },
    });
    for (let count = 0; count < 4; count++) {
      const others = Array.from({ length: count }, (_, index) =>
        extensionOf({ size: 1, alignment: 1 }, index, 'packet'),
      );
      const shared = planElement({ ...packet, mode: 'cx', extensions: [...others, shade] });
      const handle = shared.extension(shade);
      expect(handle.offset).toBe(12 + count);
      const view = new Int32Array(8);
      handle.shade.set(view, 2, 0xa5);
      expect(new Uint8Array(view.buffer).indexOf(0xa5)).toBe(8 + 12 + count);
      expect(shade.shade.get(view, 2, handle.offset)).toBe(0xa5);
    }
  });

  it('says that the queue does not have it, and throws when it is used all the same', () => {
    const hash = plan.extension(Hash);
    expect(hash).toMatchObject({ enabled: false, offset: INVALID_OFFSET, version: 0 });
    expect(plan.offsetOf(Hash)).toBe(0);
    const view = new Int32Array(8);
    expect(() => hash.value.get(view, 0)).toThrow('NOT_ENABLED: this packet element has no ms_packet_hash');
    expect(() => hash.value.set(view, 0, 1)).toThrow(ExtensionError);
    const none = planElement({ ...fragment, extensions: [] }).extension(LogicalAddress);
    expect(() => none.address.low.get(view, 0)).toThrow('NOT_ENABLED');
    expect(() => none.address.high.set(view, 0, 1)).toThrow('NOT_ENABLED');
    expect(() => none.address.get(view, 0)).toThrow('NOT_ENABLED');
    expect([...view]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('refuses an extension of the other ring', () => {
    expect(() => plan.extension(LogicalAddress)).toThrow(
      'LEVEL: ms_fragment_logicaladdress is a fragment extension; this is the element of a packet ring',
    );
  });
});
