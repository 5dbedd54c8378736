/*
 * Keywords: what each type takes, what is refused and how, where they come from, and that no file breaks them.
 */

import fc from 'fast-check';
import { VirtualClock } from '@netcx/clock';
import { describe, expect, it } from 'vitest';
import {
  AdapterError,
  binaryKeyword,
  Configuration,
  integerKeyword,
  KeywordError,
  linkLayerAddressKeyword,
  multiStringKeyword,
  NetAdapter,
  NetDevice,
  StandardKeywords,
  stringKeyword,
  ViolationError,
  type ConfigurationTree,
  type Keyword,
  type KeywordValue,
} from '../src/index.ts';
import { seeded } from './conservation.ts';

const holding = (value: KeywordValue): Configuration => new Configuration('nic', { K: value });
const errorOf = (action: () => unknown): AdapterError => {
  try {
    action();
  } catch (error) {
    if (error instanceof AdapterError) return error;
    throw error;
  }
  throw new Error('accepted');
};

describe('a keyword', () => {
  const even = integerKeyword('K', { minimum: 10, maximum: 20, step: 2 });
  const few = integerKeyword('K', { values: [1, 4, 9] });
  const hexadecimal = integerKeyword('K', { base: 16 });
  const text = stringKeyword('K', { longest: 3 });
  const lines = multiStringKeyword('K');
  const bytes = binaryKeyword('K', { shortest: 2, longest: 3 });
  const address = linkLayerAddressKeyword('K');

  // prettier-ignore
  it.each<[Keyword, KeywordValue, KeywordValue]>([
    [even,        10,                              10],
    [even,        '20',                            20],
    [few,         9,                               9],
    [integerKeyword('K'), 0xffff_ffff,             0xffff_ffff],
    [hexadecimal, 'ff',                            255],
    [hexadecimal, '0xFF',                          255],
    [hexadecimal, 255,                             255],
    [text,        '',                              ''],
    [text,        'abc',                           'abc'],
    [lines,       ['a', 'b'],                      ['a', 'b']],
    [lines,       [],                              []],
    [bytes,       Uint8Array.of(1, 2),             Uint8Array.of(1, 2)],
    [bytes,       'DEadbe',                        Uint8Array.of(0xde, 0xad, 0xbe)],
    [bytes,       '01:02',                         Uint8Array.of(1, 2)],
    [address,     '02-00-00-00-00-0a',             Uint8Array.of(2, 0, 0, 0, 0, 10)],
    [address,     '02000000000a',                  Uint8Array.of(2, 0, 0, 0, 0, 10)],
  ])('%o reads %o as %o', (keyword, stands, value) => {
    expect(holding(stands).query(keyword)).toEqual(value);
  });

  // prettier-ignore
  it.each<[Keyword, KeywordValue, string]>([
    [even,        9,                   'KEYWORD_INVALID: nic: K is 9; expected 10 to 20 in steps of 2'],
    [even,        22,                  'KEYWORD_INVALID: nic: K is 22; expected 10 to 20 in steps of 2'],
    [even,        11,                  'KEYWORD_INVALID: nic: K is 11; expected 10 to 20 in steps of 2'],
    [even,        '0x10',              'KEYWORD_INVALID: nic: K is "0x10"; expected 10 to 20 in steps of 2'],
    [even,        ' 12',               'KEYWORD_INVALID: nic: K is " 12"'],
    [even,        ['12'],              'KEYWORD_INVALID: nic: K is ["12"]'],
    [few,         2,                   'KEYWORD_INVALID: nic: K is 2; expected 1, 4, 9'],
    [hexadecimal, '100000000',         'KEYWORD_INVALID: nic: K is "100000000"; expected 0 to 4294967295'],
    [integerKeyword('K'), -1,          'KEYWORD_INVALID: nic: K is -1; expected 0 to 4294967295'],
    [integerKeyword('K'), 1.5,         'KEYWORD_INVALID: nic: K is 1.5; expected 0 to 4294967295'],
    [text,        'abcd',              'KEYWORD_INVALID: nic: K is "abcd"; expected a string of at most 3 characters'],
    [text,        3,                   'KEYWORD_INVALID: nic: K is 3; expected a string of at most 3 characters'],
    [lines,       ['a', ''],           'KEYWORD_INVALID: nic: K is ["a",""]; expected strings, none of them empty'],
    [lines,       'a',                 'KEYWORD_INVALID: nic: K is "a"; expected strings'],
    [bytes,       Uint8Array.of(1),    'KEYWORD_INVALID: nic: K is 01; expected 2 to 3 bytes'],
    [bytes,       '010203-04',         'KEYWORD_INVALID: nic: K is "010203-04"; expected 2 to 3 bytes'],
    [bytes,       '0102-',             'KEYWORD_INVALID: nic: K is "0102-"; expected 2 to 3 bytes'],
    [address,     '',                  'KEYWORD_INVALID: nic: K is ""; expected an address of 1 to 32 bytes'],
    [address,     new Uint8Array(33),  'KEYWORD_INVALID: nic: K is 00-00'],
  ])('%o refuses %o', (keyword, stands, message) => {
    const error = errorOf(() => holding(stands).query(keyword));
    expect(error.message.startsWith(message)).toBe(true);
    expect(error).toBeInstanceOf(KeywordError);
    expect(error).toMatchObject({ keyword: 'K', expected: keyword.range, found: stands });
    expect(errorOf(() => new Configuration('nic').assign(keyword, stands)).message).toBe(error.message);
  });

  it('has a default that it may have, and a base that there is', () => {
    expect(errorOf(() => integerKeyword('K', { maximum: 3, default: 4 })).code).toBe('KEYWORD_INVALID');
    const error = errorOf(() => integerKeyword('K', { base: 8 as 10 }));
    expect(error instanceof ViolationError && error.rule.number).toBe(0x10);
  });

  it('has one name, however its letters are written', () => {
    const configuration = new Configuration('nic', { '*jumbopacket': 9014 });
    expect(configuration.query(StandardKeywords['*JumboPacket'])).toBe(9014);
    expect(errorOf(() => new Configuration('nic', { a: 1, A: 2 })).message).toBe(
      'CONFIGURATION_INVALID: nic: A stands there twice; names differ in more than case',
    );
  });
});

describe('a configuration', () => {
  it('gives the default where nothing stands, and says so where there is none', () => {
    const configuration = new Configuration('nic');
    expect(configuration.query(StandardKeywords['*LsoV2IPv4'])).toBe(1);
    expect(errorOf(() => configuration.query(StandardKeywords.NetworkAddress)).message).toBe(
      'KEYWORD_MISSING: nic: NetworkAddress is missing and has no default; expected an address of 1 to 32 bytes',
    );
  });

  it('never takes the default for a value that cannot be', () => {
    const configuration = new Configuration('nic', { '*RSS': 2, '*InterruptModeration': {} });
    expect(errorOf(() => configuration.query(StandardKeywords['*RSS'])).message).toBe(
      'KEYWORD_INVALID: nic: *RSS is 2; expected 0, 1',
    );
    expect(errorOf(() => configuration.query(StandardKeywords['*InterruptModeration'])).message).toBe(
      'KEYWORD_INVALID: nic: *InterruptModeration is "a sub-configuration"; expected 0, 1',
    );
  });

  it('keeps copies', () => {
    const keyword = binaryKeyword('K', { default: Uint8Array.of(9) });
    const given = Uint8Array.of(1);
    const configuration = new Configuration('nic', { K: given });
    given[0] = 2;
    configuration.query(keyword)[0] = 3;
    expect([...configuration.query(keyword)]).toEqual([1]);
    new Configuration('empty').query(keyword)[0] = 4;
    expect([...new Configuration('empty').query(keyword)]).toEqual([9]);
    const assigned = Uint8Array.of(5);
    configuration.assign(keyword, assigned);
    assigned[0] = 6;
    expect([...configuration.query(keyword)]).toEqual([5]);
  });

  it('has sub-configurations, which are part of it', () => {
    const level = integerKeyword('Level');
    const configuration = new Configuration('nic', { Diagnostics: { Level: 2, Deep: { Level: 3 } }, K: 1 });
    const sub = configuration.openSubConfiguration('diagnostics');
    expect([sub.name, sub.query(level), sub.openSubConfiguration('Deep').query(level)]).toEqual([
      'nic/Diagnostics',
      2,
      3,
    ]);
    sub.assign(level, 7);
    expect(configuration.openSubConfiguration('Diagnostics').query(level)).toBe(7);
    expect(errorOf(() => configuration.openSubConfiguration('nothing')).message).toBe(
      'CONFIGURATION_MISSING: nic: nothing is missing; expected a sub-configuration',
    );
    expect(errorOf(() => configuration.openSubConfiguration('K')).message).toBe(
      'CONFIGURATION_MISSING: nic: K is a value; expected a sub-configuration',
    );
  });

  it('is not used once it was closed, nor is what was opened from it', () => {
    const configuration = new Configuration('nic', { Sub: {} });
    const sub = configuration.openSubConfiguration('Sub');
    configuration.close();
    configuration.close();
    for (const use of [
      () => configuration.query(StandardKeywords['*RSS']),
      () => configuration.assign(StandardKeywords['*RSS'], 0),
      () => configuration.has('*RSS'),
      () => configuration.openSubConfiguration('Sub'),
      () => sub.query(StandardKeywords['*RSS']),
    ])
      expect(errorOf(use).code).toBe('CONFIGURATION_CLOSED');
  });

  it('names what stands there and nobody asked for', () => {
    const configuration = new Configuration('nic', { '*RSS': 0, '*JumboPaket': 9014, Sub: {} });
    configuration.query(StandardKeywords['*RSS']);
    expect(configuration.has(StandardKeywords['*JumboPacket'])).toBe(false);
    expect(configuration.unread).toEqual(['*JumboPaket', 'Sub']);
  });

  it('is read from JSON and written as JSON', () => {
    const json = '{"*RSS":0,"Name":"nic","Lines":["a","b"],"NetworkAddress":"02-00-00-00-00-0a","Sub":{"Level":"2"}}';
    const configuration = Configuration.parse('nic', json);
    expect([...configuration.query(StandardKeywords.NetworkAddress)]).toEqual([2, 0, 0, 0, 0, 10]);
    expect(configuration.openSubConfiguration('Sub').query(integerKeyword('Level'))).toBe(2);
    expect(JSON.stringify(configuration)).toBe(json);
    configuration.assign(StandardKeywords.NetworkAddress, Uint8Array.of(2, 0, 0, 0, 0, 11));
    expect(Configuration.parse('again', JSON.stringify(configuration)).query(StandardKeywords.NetworkAddress)[5]).toBe(
      11,
    );
  });

  // prettier-ignore
  it.each([
    ['[]',                     '[]; expected an object'],
    ['null',                   'null; expected an object'],
    ['3',                      '3; expected an object'],
    ['{"a":}',                 'SyntaxError'],
    ['{"a":null}',             'a is null; expected a number, text, lines of text, bytes, or an object'],
    ['{"a":true}',             'a is true'],
    ['{"a":[1]}',              'a is 1'],
    ['{"a":[{"toString":[]}]}', 'a is what cannot be shown; expected a number'],
    ['{"a":1e999}',            'a is Infinity'],
    ['{"":1}',                 'a name of 0 characters; expected 1 to 255'],
    [`{"${'a'.repeat(256)}":1}`, 'a name of 256 characters'],
    ['{"a":'.repeat(12) + '1' + '}'.repeat(12), 'more than 8 sub-configurations in each other'],
  ])('is not read from %s', (json, message) => {
    const error = errorOf(() => Configuration.parse('nic', json));
    expect(error.code).toBe('CONFIGURATION_INVALID');
    expect(error.message).toContain(message);
  });

  it('is not read from lists that lie too deep to be shown', () => {
    const deep = `${'['.repeat(1e5)}1${']'.repeat(1e5)}`;
    for (const json of [deep, `{"a":${deep}}`]) {
      const error = errorOf(() => Configuration.parse('nic', json));
      expect(error.code).toBe('CONFIGURATION_INVALID');
      expect(error.message).toContain('what cannot be shown; expected');
    }
  });

  it('is an adapter’s, and a device’s', () => {
    const clock = new VirtualClock();
    const device = new NetDevice({ name: 'device', clock, configuration: new Configuration('device', { '*EEE': 0 }) });
    const adapter = new NetAdapter({ name: 'nic', clock, device });
    expect(device.configuration.query(StandardKeywords['*EEE'])).toBe(0);
    expect([adapter.configuration.name, adapter.configuration.query(StandardKeywords['*EEE'])]).toEqual(['nic', 1]);
  });
});

describe('the standardized keywords', () => {
  it('are declared under their names', () => {
    for (const [name, keyword] of Object.entries(StandardKeywords)) expect(keyword.name).toBe(name);
    expect(Object.keys(StandardKeywords)).toEqual(
      expect.arrayContaining(['*JumboPacket', '*LsoV2IPv4', '*LsoV2IPv6', '*RSS', '*NumRssQueues', '*FlowControl']),
    );
  });

  it('have the defaults of Windows’ documentation', () => {
    const empty = new Configuration('nic');
    const defaults = [
      '*FlowControl',
      '*PriorityVLANTag',
      '*TCPChecksumOffloadIPv4',
      '*UsoIPv6',
      '*RSSProfile',
    ] as const;
    expect(defaults.map((name) => empty.query<number>(StandardKeywords[name]))).toEqual([3, 3, 3, 1, 4]);
    expect(empty.query(StandardKeywords['*JumboPacket'])).toBe(1514);
  });
});

describe('what comes from a file', () => {
  const everything: readonly Keyword[] = [
    integerKeyword('K', { minimum: 3, maximum: 300, step: 3 }),
    integerKeyword('K', { base: 16 }),
    stringKeyword('K', { longest: 10 }),
    multiStringKeyword('K'),
    binaryKeyword('K', { longest: 16 }),
    linkLayerAddressKeyword('K'),
  ];

  it('is a value in range, or an error of ours', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.string(), (value, junk) => {
        for (const text of [`{"K":${value}}`, value, junk, `{"K":${JSON.stringify(junk)}}`]) {
          let configuration: Configuration;
          try {
            configuration = Configuration.parse('nic', text);
          } catch (error) {
            expect((error as AdapterError).code).toBe('CONFIGURATION_INVALID');
            continue;
          }
          for (const keyword of everything) {
            try {
              expect(keyword.read(configuration.query(keyword))).not.toBe(undefined);
            } catch (error) {
              expect(['KEYWORD_INVALID', 'KEYWORD_MISSING']).toContain((error as AdapterError).code);
            }
          }
        }
      }),
      seeded('configurations from JSON', 200),
    );
  });

  it('comes back as it was written', () => {
    const { tree } = fc.letrec<{ tree: ConfigurationTree; value: KeywordValue }>((tie) => ({
      value: fc.oneof(fc.nat(), fc.string(), fc.array(fc.string({ minLength: 1 }))),
      tree: fc.dictionary(
        fc.string({ minLength: 1, maxLength: 8 }).map((name) => `k${name.toLowerCase()}`),
        fc.oneof({ maxDepth: 3 }, tie('value'), tie('tree')),
        { maxKeys: 5 },
      ),
    }));
    fc.assert(
      fc.property(tree, (given) => {
        let configuration: Configuration;
        try {
          configuration = new Configuration('nic', given);
        } catch (error) {
          expect((error as Error).message).toMatch(/twice/); // a letter whose lower case has lower case
          return;
        }
        expect(JSON.parse(JSON.stringify(configuration))).toEqual(JSON.parse(JSON.stringify(given)));
        const again = Configuration.parse('nic', JSON.stringify(configuration));
        expect(JSON.stringify(again)).toBe(JSON.stringify(configuration));
      }),
      seeded('configurations written and read', 150),
    );
  });
});
