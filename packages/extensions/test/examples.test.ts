/*
 * The programs in examples/ run and say what their readers expect: the documents' figures, and an extension from outside.
 */

import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.restoreAllMocks();
});

/** What an example prints. */
async function outputOf(name: string): Promise<string[]> {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(...line.split('\n')));
  await import(`../examples/${name}.ts`);
  return lines;
}

describe('the documents’ figures', () => {
  it('a packet in one fragment, with checksum', async () => {
    expect(await outputOf('one-fragment')).toEqual([
      '1 fragment of 66 bytes',
      'the frame lies where it was: true',
      'the NIC computes the TCP checksum: true',
      'packet element, 16 bytes, 3 of them padding, packed',
      '  0..11    12  core descriptor',
      '  12        1  ms_packet_checksum version 1',
      '  13..15    3  (padding)',
    ]);
  });

  it('a packet in two fragments, with RSC and checksum', async () => {
    expect(await outputOf('two-fragments')).toEqual([
      '3054 bytes in 2 fragments',
      '3 segments',
      'TCP checksum valid: true',
      'packet element, 20 bytes, 3 of them padding, packed',
      '  0..11    12  core descriptor',
      '  12..15    4  ms_packet_rsc version 2',
      '  16        1  ms_packet_checksum version 1',
      '  17..19    3  (padding)',
      'fragments free again: 2',
    ]);
  });

  it('the query of an offset', async () => {
    expect(await outputOf('offset-query')).toEqual([
      'extension B is at byte 70',
      'the queue has extension C: false',
      'byte 70 of packet 3: ef',
      'ExtensionError: NOT_ENABLED: this packet element has no example_c; look at `enabled` before the accessors',
    ]);
  });

  it('a core descriptor in two versions, and a driver for each', async () => {
    expect(await outputOf('core-version')).toEqual([
      'core version 1: checksum at byte 12',
      '  driver of version 1: 2 of 3 packets need a checksum',
      '  driver of version 2: no flows in this core',
      'core version 2: checksum at byte 20',
      '  driver of version 1: 2 of 3 packets need a checksum',
      '  driver of version 2: flows 100, 101, 102',
    ]);
  });

  it('an extension in two versions, and a driver for each', async () => {
    expect(await outputOf('extension-version')).toEqual([
      'queue with version 1, 20 bytes a packet',
      '  driver of version 1: flow 7',
      '  driver of version 2: no such extension',
      'queue with version 2, 24 bytes a packet',
      '  driver of version 1: flow 7',
      '  driver of version 2: flow and hops, 0',
      'rsc of version 2 serves version 1: true',
      'rsc of version 1 serves version 2: false',
    ]);
  });
});

describe('an extension from outside', () => {
  it('is laid out among the predefined ones, and costs nothing where it is not used', async () => {
    expect(await outputOf('own-extension')).toEqual([
      'packet element, 24 bytes, 3 of them padding, packed',
      '  0..11    12  core descriptor',
      '  12..15    4  ms_packet_gso version 1',
      '  16..19    4  example_packet_flowmark version 1',
      '  20        1  ms_packet_checksum version 1',
      '  21..23    3  (padding)',
      'a queue that does not use it: 20 bytes, false',
      'flow 123456, urgency 5',
      "checksum is its neighbour's: 0",
    ]);
  });

  it('needs the public entry points and nothing else', () => {
    const text = readFileSync(new URL('../examples/flow-mark.ts', import.meta.url), 'utf8');
    const imported = [...text.matchAll(/from '([^']+)'/g)].map(([, specifier]) => specifier);
    expect(imported).toEqual(['@netcx/extensions', '@netcx/layout']);
  });
});
