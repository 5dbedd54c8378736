import { u32 } from '@netcx/layout';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Checksum,
  defineExtension,
  describeExtension,
  ExtensionError,
  ExtensionRegistry,
  Gso,
  HardwareTimestamp,
  Hash,
  LogicalAddress,
  PREDEFINED,
  Rsc,
  RscV1,
  RX_EXTENSIONS,
  TX_EXTENSIONS,
  VirtualAddress,
  type Extension,
  type ExtensionSpec,
  type Level,
} from '../src/index.ts';

const spec = { name: 'test_mark', version: 1, size: 4, alignment: 4, level: 'packet', fields: {} } as const;

const codeOf = (register: () => void): string => {
  try {
    register();
    return 'accepted';
  } catch (error) {
    if (error instanceof ExtensionError) return error.code;
    throw error;
  }
};

describe('ExtensionRegistry', () => {
  it('takes every predefined extension, once', () => {
    const registry = new ExtensionRegistry();
    for (const extension of PREDEFINED) registry.register(extension);
    for (const extension of PREDEFINED) {
      expect(registry.has(extension)).toBe(true);
      expect(codeOf(() => registry.register(extension))).toBe('DUPLICATE');
    }
    expect((['packet', 'fragment', 'buffer'] as const).flatMap((level) => registry.list(level)).length).toBe(
      PREDEFINED.length,
    );
  });

  it('takes one name in both rings', () => {
    const registry = new ExtensionRegistry();
    const packet = defineExtension(spec);
    const fragment = defineExtension({ ...spec, level: 'fragment' });
    registry.register(packet);
    registry.register(fragment);
    expect(registry.query(packet)).toBe(packet);
    expect(registry.query(fragment)).toBe(fragment);
  });

  it.each<[string, Partial<ExtensionSpec>]>([
    ['RESERVED_NAME', { name: 'ms_packet_mark' }],
    ['RESERVED_NAME', { name: 'netcx_packet_mark' }],
    ['RESERVED_NAME', { name: 'ms_packet_checksum', size: 1, alignment: 1, version: 2 }],
    ['RESERVED_NAME', { name: 'ms_packet_checksum', size: 2, alignment: 1 }],
    ['RESERVED_NAME', { name: 'ms_packet_checksum', size: 1, alignment: 2 }],
    ['RESERVED_NAME', { name: 'ms_packet_checksum', size: 1, alignment: 1, level: 'fragment' }],
    ['RESERVED_NAME', { name: 'ms_fragment_mdl', size: 4, alignment: 4, level: 'fragment' }],
    ['accepted', { name: 'ms_packet_checksum', size: 1, alignment: 1 }],
    ['accepted', { name: 'msx' }],
  ])('%s: %o', (code, change) => {
    expect(codeOf(() => new ExtensionRegistry().register(defineExtension({ ...spec, ...change })))).toBe(code);
  });

  it('answers with the latest version, which is the asked one or later', () => {
    const registry = new ExtensionRegistry();
    expect(registry.query(RscV1)).toBeUndefined();
    registry.register(RscV1);
    expect(registry.query(RscV1)).toBe(RscV1);
    expect(registry.query(Rsc)).toBeUndefined();
    registry.register(Rsc);
    expect(registry.query(RscV1)).toBe(Rsc);
    expect(registry.query(Rsc)).toBe(Rsc);
    expect(registry.list('packet')).toEqual([RscV1, Rsc]);
    expect(registry.select('packet', [RscV1])).toEqual([Rsc]);
  });

  it.each<[string, Partial<ExtensionSpec>, Partial<ExtensionSpec>]>([
    ['shrinks', { size: 8 }, { version: 2, size: 4 }],
    ['moves a field', { size: 8, fields: { mark: u32(0) } }, { version: 2, size: 8, fields: { mark: u32(4) } }],
    ['needs less alignment', { alignment: 4 }, { version: 2, alignment: 2 }],
  ])('refuses a later version that %s, in either order', (_, first, second) => {
    const [older, later] = [defineExtension({ ...spec, ...first }), defineExtension({ ...spec, ...second })];
    for (const [one, other] of [
      [older, later],
      [later, older],
    ] as const) {
      const registry = new ExtensionRegistry();
      registry.register(one);
      expect(codeOf(() => registry.register(other))).toBe('INCOMPATIBLE');
      expect(registry.list('packet')).toEqual([one]);
    }
  });

  it('gives a queue what its direction proposes and the adapter registered', () => {
    const registry = new ExtensionRegistry();
    const mark = defineExtension(spec);
    for (const extension of [VirtualAddress, Hash, mark, Checksum, LogicalAddress, Rsc]) registry.register(extension);
    expect(registry.select('packet', TX_EXTENSIONS)).toEqual([Checksum]);
    expect(registry.select('fragment', TX_EXTENSIONS)).toEqual([VirtualAddress, LogicalAddress]);
    expect(registry.select('packet', RX_EXTENSIONS)).toEqual([Hash, Checksum, Rsc]);
    expect(registry.select('packet', [...TX_EXTENSIONS, mark])).toEqual([mark, Checksum]);
    expect(registry.select('packet', [Gso, HardwareTimestamp])).toEqual([]);
  });

  it('forgets everything when it is cleared', () => {
    const registry = new ExtensionRegistry();
    registry.register(Checksum);
    registry.clear();
    expect(registry.has(Checksum)).toBe(false);
    expect(registry.query(Checksum)).toBeUndefined();
    registry.register(Checksum);
    expect(registry.list('packet')).toEqual([Checksum]);
  });
});

/** Versions of a name that only append, so that every registration but a duplicate is accepted. */
const definitions: readonly Extension[] = (['packet', 'fragment'] as const).flatMap((level) =>
  ['a', 'b', 'c'].flatMap((name) =>
    [1, 2, 3].map((version) =>
      defineExtension({ name: `model_${name}`, version, size: 4 * version, alignment: 4, level, fields: {} }),
    ),
  ),
);

interface Model {
  rows: { name: string; level: Level; version: number; definition: Extension }[];
}

const emptyModel = (): Model => ({ rows: [] });

const anyDefinition = fc.constantFrom(...definitions);

const commands = [
  anyDefinition.map((definition) => ({
    toString: () => `register ${rowOf(definition)}`,
    check: () => true,
    run: (model: Model, registry: ExtensionRegistry) => {
      const { name, level, version } = describeExtension(definition);
      const duplicate = model.rows.some((row) => row.name === name && row.level === level && row.version === version);
      expect(codeOf(() => registry.register(definition))).toBe(duplicate ? 'DUPLICATE' : 'accepted');
      if (!duplicate) model.rows.push({ name, level, version, definition });
    },
  })),
  anyDefinition.map((definition) => ({
    toString: () => `query ${rowOf(definition)}`,
    check: () => true,
    run: (model: Model, registry: ExtensionRegistry) => {
      const { name, level, version } = describeExtension(definition);
      let best: Model['rows'][number] | undefined;
      for (const row of model.rows) {
        if (row.name === name && row.level === level && row.version > (best?.version ?? 0)) best = row;
      }
      expect(registry.query(definition)).toBe(
        best !== undefined && best.version >= version ? best.definition : undefined,
      );
      expect(registry.has(definition)).toBe(model.rows.some((row) => row.definition === definition));
    },
  })),
  fc
    .record({ level: fc.constantFrom<Level>('packet', 'fragment'), proposed: fc.subarray([...definitions]) })
    .map(({ level, proposed }) => ({
      toString: () => `select ${level} ${proposed.map(rowOf).join(', ')}`,
      check: () => true,
      run: (model: Model, registry: ExtensionRegistry) => {
        const newest = model.rows.filter(
          (row) =>
            !model.rows.some(
              (other) => other.name === row.name && other.level === row.level && other.version > row.version,
            ),
        );
        const expected = newest.filter(
          (row) =>
            row.level === level &&
            proposed
              .map(describeExtension)
              .some((asked) => asked.name === row.name && asked.level === level && asked.version <= row.version),
        );
        expect(registry.select(level, proposed)).toEqual(expected.map((row) => row.definition));
      },
    })),
  fc.constant({
    toString: () => 'clear',
    check: () => true,
    run: (model: Model, registry: ExtensionRegistry) => {
      model.rows = [];
      registry.clear();
    },
  }),
];

const rowOf = (definition: Extension): string => {
  const { name, level, version } = describeExtension(definition);
  return `${name} ${level} v${version}`;
};

describe('ExtensionRegistry beside a naive one', () => {
  it('agrees on every sequence of commands', () => {
    fc.assert(
      fc.property(fc.commands(commands, { maxCommands: 100 }), (sequence) => {
        fc.modelRun(() => ({ model: emptyModel(), real: new ExtensionRegistry() }), sequence);
      }),
      { numRuns: 300 },
    );
  });
});
