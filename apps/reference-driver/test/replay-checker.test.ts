/* The checker alone, on frames small enough to be written down: what it says of each way in which a frame can go wrong. */

import { describe, expect, it } from 'vitest';
import { ReplayChecker } from '../src/replay/checker.ts';

/** Frames of 64 bytes, told apart by their first byte. */
const sent = (name: string): Uint8Array => new Uint8Array(64).fill(name.charCodeAt(0), 0, 1);

function check(sentNames: string, arrivedNames: string): ReplayChecker {
  const checker = new ReplayChecker();
  sentNames.split('').forEach((name, frame) => {
    checker.expect(frame, sent(name));
  });
  for (const name of arrivedNames) checker.arrived(sent(name), 0, 64);
  checker.finish();
  return checker;
}

const none = { equal: 0, padded: 0, lost: 0, altered: 0, reordered: 0, unexpected: 0 };

function countsOf({ equal, padded, lost, altered, reordered, unexpected }: ReplayChecker): typeof none {
  return { equal, padded, lost, altered, reordered, unexpected };
}

describe('what arrives for abcdef', () => {
  it.each<[string, string, Partial<typeof none>, [number, string][]]>([
    ['all', 'abcdef', { equal: 6 }, []],
    ['without the first', 'bcdef', { equal: 5, lost: 1 }, [[0, 'did not arrive']]],
    ['without one in the middle', 'abdef', { equal: 5, lost: 1 }, [[2, 'did not arrive']]],
    ['without the last', 'abcde', { equal: 5, lost: 1 }, [[5, 'did not arrive']]],
    [
      'without two in a row',
      'abef',
      { equal: 4, lost: 2 },
      [
        [2, 'did not arrive'],
        [3, 'did not arrive'],
      ],
    ],
    ['nothing', '', { lost: 6 }, [0, 1, 2, 3, 4, 5].map((frame) => [frame, 'did not arrive'])],
    ['one twice', 'abccdef', { equal: 6, unexpected: 1 }, [[2, 'arrived once more']]],
    ['the last twice', 'abcdeff', { equal: 6, unexpected: 1 }, [[5, 'arrived once more']]],
    ['one again much later', 'abcdefb', { equal: 6, unexpected: 1 }, [[1, 'arrived once more']]],
    ['two swapped', 'abdcef', { equal: 5, reordered: 1 }, [[2, 'arrived behind a later frame']]],
    ['the first at the end', 'bcdefa', { equal: 5, reordered: 1 }, [[0, 'arrived behind a later frame']]],
    [
      'all backwards',
      'fedcba',
      { equal: 1, reordered: 5 },
      [4, 3, 2, 1, 0].map((frame) => [frame, 'arrived behind a later frame']),
    ],
    ['a stranger in front', 'xabcdef', { equal: 6, unexpected: 1 }, [[-1, 'a frame arrived that nobody had sent']]],
    [
      'a stranger in the middle',
      'abcxdef',
      { equal: 6, unexpected: 1 },
      [[-1, 'a frame arrived that nobody had sent']],
    ],
    [
      'a stranger at the end',
      'abcdefx',
      { equal: 6, unexpected: 1 },
      [[-1, 'a frame of 64 bytes arrived that nobody had sent']],
    ],
    [
      'a stranger in place of one',
      'abxdef',
      { equal: 5, altered: 1 },
      [[2, '64 bytes sent, 64 arrived; byte 0 is 0x78 instead of 0x63']],
    ],
  ])('%s (%s)', (_, arrived, counts, differences) => {
    const checker = check('abcdef', arrived);
    expect(countsOf(checker)).toEqual({ ...none, ...counts });
    expect(checker.differences).toEqual(differences.map(([frame, what]) => ({ frame, what })));
  });
});

describe('one frame', () => {
  const one = (bytes: Uint8Array, arrived: Uint8Array): ReplayChecker => {
    const checker = new ReplayChecker();
    checker.expect(7, bytes);
    checker.arrived(Uint8Array.of(99, ...arrived, 99), 1, arrived.length);
    checker.finish();
    return checker;
  };
  const bytes = Uint8Array.from({ length: 70 }, (_, index) => index + 1);
  const short = bytes.slice(0, 20);
  const padded = new Uint8Array(60);
  padded.set(short);

  it('is equal only with every byte', () => {
    expect(countsOf(one(bytes, bytes))).toEqual({ ...none, equal: 1 });
    for (const at of [0, 1, 35, 68, 69]) {
      const changed = bytes.slice();
      changed[at]! ^= 1;
      const checker = one(bytes, changed);
      expect(countsOf(checker)).toEqual({ ...none, altered: 1 });
      expect(checker.differences[0]?.what).toMatch(new RegExp(`^70 bytes sent, 70 arrived; byte ${at} is 0x`));
    }
  });

  it('is altered when it arrives shorter or longer', () => {
    expect(one(bytes, bytes.slice(0, 69)).differences).toEqual([
      { frame: 7, what: '70 bytes sent, 69 arrived; byte 69 is nothing instead of 0x46' },
    ]);
    expect(one(bytes, Uint8Array.of(...bytes, 0)).differences).toEqual([
      { frame: 7, what: '70 bytes sent, 71 arrived; byte 70 is 0x00 instead of nothing' },
    ]);
    expect(countsOf(one(bytes, bytes.slice(0, 60)))).toEqual({ ...none, altered: 1 });
  });

  it('is padded only with zeros and to 60 bytes', () => {
    expect(countsOf(one(short, padded))).toEqual({ ...none, padded: 1 });
    const dirty = padded.slice();
    dirty[59] = 1;
    expect(countsOf(one(short, dirty))).toEqual({ ...none, altered: 1 });
    expect(countsOf(one(short, short))).toEqual({ ...none, altered: 1 });
    expect(countsOf(one(short, Uint8Array.of(...padded, 0)))).toEqual({ ...none, altered: 1 });
    expect(countsOf(one(bytes.slice(0, 60), bytes.slice(0, 60)))).toEqual({ ...none, equal: 1 });
    expect(countsOf(one(bytes.slice(0, 59), Uint8Array.of(...bytes.slice(0, 59), 0)))).toEqual({ ...none, padded: 1 });
  });
});

it('tells the first ten differences and counts them all', () => {
  const checker = new ReplayChecker();
  for (let frame = 0; frame < 50; frame++) checker.expect(frame, sent('a'));
  checker.finish();
  expect(checker.lost).toBe(50);
  expect(checker.differences.map(({ frame }) => frame)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

it('goes on over any number of frames', () => {
  const checker = new ReplayChecker();
  const numbered = (frame: number): Uint8Array => {
    const bytes = new Uint8Array(64);
    new DataView(bytes.buffer).setUint32(0, frame);
    return bytes;
  };
  for (let frame = 0; frame < 20_000; frame++) {
    checker.expect(frame, numbered(frame));
    if (frame % 5000 === 77) continue;
    checker.arrived(numbered(frame), 0, 64);
    if (frame % 5000 === 99) checker.arrived(numbered(frame - 3), 0, 64);
  }
  checker.finish();
  expect(countsOf(checker)).toEqual({ ...none, equal: 19_996, lost: 4, unexpected: 4 });
  expect(checker.differences.map(({ frame }) => frame)).toEqual([77, 96, 5077, 5096, 10_077, 10_096, 15_077, 15_096]);
});
