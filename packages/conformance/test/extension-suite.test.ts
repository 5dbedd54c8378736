/* Every predefined extension passes the extension suite. */

import { expect, it } from 'vitest';
import { defineExtension, PREDEFINED } from '@netcx/extensions';
import { bits, u16, u32, u64, u8 } from '@netcx/layout';
import { extensionSuite, runCases } from '../src/index.ts';
import { register } from '../src/vitest.ts';
import { SUITES } from './extension-samples.ts';

for (const [, cases] of SUITES) register('a predefined extension', cases);

it('leaves no predefined extension out', () => {
  expect(new Set(SUITES.map(([extension]) => extension))).toEqual(new Set(PREDEFINED));
});

const Mark = defineExtension({
  name: 'example_packet_mark',
  version: 1,
  size: 8,
  alignment: 4,
  level: 'packet',
  fields: { color: bits(u32(0), 2, 0), flow: bits(u32(0), 31, 3), hops: u16(4), small: u8(6) },
});
const Wide = defineExtension({
  name: 'example_fragment_wide',
  version: 3,
  size: 1024,
  alignment: 8,
  level: 'fragment',
  fields: { address: u64(1016), across: bits(u64(0), 39, 20) },
});

register(
  "an extension of one's own",
  extensionSuite(Mark, [{ fields: { color: 5, flow: 1, hops: 0x0102, small: 9 }, bytes: [0x0d, 0, 0, 0, 2, 1, 9, 0] }]),
);
register(
  'the largest extension',
  extensionSuite(Wide, [
    {
      fields: { address: 0x0102_0304_0506, across: 0xf_fff1 },
      bytes: [0, 0, 0x10, 0xff, 0xff, ...new Array<number>(1011).fill(0), 6, 5, 4, 3, 2, 1, 0, 0],
    },
  ]),
);

/** The same extension with one accessor replaced. */
function broken(replacement: object): typeof Mark {
  return Object.create(Mark, Object.getOwnPropertyDescriptors(replacement)) as typeof Mark;
}

const SAMPLE = { fields: { color: 5, flow: 1, hops: 0x0102, small: 9 }, bytes: [0x0d, 0, 0, 0, 2, 1, 9, 0] };
const BYTES = 'makes the bytes that its author states';
const VALUES = 'keeps every value that its fields can have';
const FITS = 'drops bits that do not fit a field';
const BITS = 'touches the bits of a field and no other';
const APART = 'keeps its fields apart';
const OTHERS = 'leaves every predefined extension and the elements around it alone';
const LATER = 'is served by a later version that appends';

// prettier-ignore
const BROKEN: readonly (readonly [string, typeof Mark, readonly string[]])[] = [
  ['has fields that overlap', broken({ hops: { ...Mark.hops, set: Mark.small.set, get: Mark.small.get } }), [BYTES, VALUES, FITS, BITS, APART, LATER]],
  ['does not cut a value to its field', broken({ color: { ...Mark.color, set: (view: Int32Array, element: number, offset: number, value: number) => {
    view[element + (offset >> 2)] = (view[element + (offset >> 2)]! & ~7) | value;
  } } }), [FITS]],
  ['writes past its end', broken({ small: { ...Mark.small, set: (view: Int32Array, element: number, offset: number, value: number) => {
    Mark.small.set(view, element, offset, value);
    view[element + (offset >> 2) + 2] = value;
  } } }), [FITS, BITS, OTHERS]],
  ['ignores where it was placed', broken({ hops: { ...Mark.hops,
    set: (view: Int32Array, element: number, _offset: number, value: number) => Mark.hops.set(view, element, 12, value),
    get: (view: Int32Array, element: number) => Mark.hops.get(view, element, 12),
  } }), [OTHERS]],
  ['forgets values', broken({ flow: { ...Mark.flow, get: () => 0 } }), [BYTES, VALUES, FITS, APART]],
];

it.each(BROKEN)('finds an extension that %s', async (_what, extension, fails) => {
  const verdicts = await runCases(extensionSuite(extension, [SAMPLE]), { seed: 1 });
  const failed = verdicts.filter(({ verdict }) => verdict === 'failed').map(({ name }) => name);
  expect(failed).toEqual(fails.map((name) => `example_packet_mark version 1 ${name}`));
});

it('finds samples that are wrong, or say too little', async () => {
  const verdictOf = async (samples: readonly { fields: { color?: number }; bytes: number[] }[]): Promise<string> => {
    const [verdict] = await runCases(extensionSuite(Mark, samples).slice(0, 1), { seed: 1 });
    return verdict?.verdict === 'failed' ? verdict.error.message : '';
  };
  expect(await verdictOf([])).toContain('there is no sample');
  expect(await verdictOf([{ fields: { color: 1 }, bytes: [1, 0, 0, 0, 0, 0, 0, 0] }])).toContain(
    'fields that no sample sets',
  );
  expect(await verdictOf([{ ...SAMPLE, bytes: [0x0d, 0, 0, 0, 1, 2, 9, 0] }])).toContain('the bytes of {"color":5');
});
