import { AssertionError } from 'node:assert';
import { expect, it } from 'vitest';
import fc from 'fast-check';
import { FrameLedger } from '../src/frame-ledger.ts';

const frame = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

/** A ledger that expects frames 1, 2, 3, and so on, and is shown some. */
function ledger(expected: number, came: readonly number[]): FrameLedger {
  const account = new FrameLedger('here');
  for (let number = 1; number <= expected; number++) account.expect(frame(number, 9));
  for (const number of came) account.came(frame(number, 9));
  return account;
}

function complaint(account: FrameLedger): string {
  try {
    account.verify();
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(AssertionError);
    return (error as Error).message;
  }
}

// prettier-ignore
it.each([
  ['all in order',         3, [1, 2, 3],    ''],
  ['the last one lost',    3, [1, 2],       'frames here: 1 never came, the first of them frame 3 of 3 (2 bytes)'],
  ['one lost in between',  3, [1, 3],       'frames here: frame 3 of 3 (2 bytes) came before frame 2 of 3 (2 bytes); 1 never came, the first of them frame 2 of 3 (2 bytes)'],
  ['one doubled',          3, [1, 2, 2, 3], 'frames here: frame 2 of 3 (2 bytes) came twice'],
  ['two swapped',          3, [2, 1, 3],    'frames here: frame 2 of 3 (2 bytes) came before frame 1 of 3 (2 bytes); frame 1 of 3 (2 bytes) came after a later one'],
  ['one altered',          3, [1, 7, 3],    'frames here: frame 2 of 3 (2 bytes) is altered: 2 bytes expected and 2 came; byte 0 is 0x07 instead of 0x02'],
  ['one that nobody sent', 1, [1, 5],       'frames here: a frame of 2 bytes came that nobody had sent so'],
  ['none of them',         2, [],           'frames here: 2 never came, the first of them frame 1 of 2 (2 bytes)'],
] as const)('notes %s', (_what, expected, came, message) => {
  expect(complaint(ledger(expected, came))).toBe(message);
});

it('says where a frame ends too early or too late', () => {
  const account = new FrameLedger('here');
  account.expect(frame(1, 2, 3));
  account.came(frame(1, 2));
  account.expect(frame(4));
  account.came(frame(4, 5));
  expect(complaint(account)).toContain('3 bytes expected and 2 came; byte 2 is nothing instead of 0x03');
  expect(complaint(account)).toContain('1 bytes expected and 2 came; byte 1 is 0x05 instead of nothing');
});

it('lets optional frames stay away, and nothing else', () => {
  const account = new FrameLedger('here');
  account.expect(frame(1), true);
  account.expect(frame(2), true);
  account.expect(frame(3));
  account.came(frame(2));
  account.came(frame(3));
  expect(account.pending).toBe(0);
  account.verify();
  account.came(frame(1));
  expect(complaint(account)).toBe('frames here: frame 1 of 3 (1 bytes) came after a later one');
});

it('forgives what has not come, and forgets what must not come any more', () => {
  const account = ledger(3, [1]);
  account.forgive();
  expect(account.pending).toBe(0);
  account.came(frame(3, 9));
  account.verify();
  account.expire();
  account.came(frame(2, 9));
  expect(complaint(account)).toBe('frames here: a frame of 2 bytes came that nobody had sent so');
});

it('names the first problems and counts the others', () => {
  const account = ledger(0, new Array<number>(100).fill(1));
  expect(complaint(account)).toMatch(
    /^frames here: (a frame of 2 bytes came that nobody had sent so; ){4}and 96 problems more$/,
  );
});

it('passes what is in order and nothing else, whatever is done to it', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(255), { maxLength: 40 }),
      fc.array(fc.nat(255), { maxLength: 40 }),
      (sent, came) => {
        const account = new FrameLedger('here');
        for (const number of sent) account.expect(frame(number));
        for (const number of came) account.came(frame(number));
        const inOrder = sent.length === came.length && sent.every((number, index) => number === came[index]);
        expect(complaint(account) === '').toBe(inOrder);
      },
    ),
    {
      examples: [
        [
          [1, 2, 3],
          [1, 2, 3],
        ],
        [[], []],
        [
          [1, 2],
          [2, 1],
        ],
      ],
      numRuns: 2000,
    },
  );
});
