// Owns: random and broken captures: the parser against a naive second parser, whole and in pieces.
// Invariant: a seed is printed with every failure; NETCX_FUZZ_RUNS makes the search longer.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CapturePacket } from '../src/index.ts';
import { anyCapture } from './arbitrary-captures.ts';
import { concat } from './bytes.ts';
import { parseNaively } from './naive-parser.ts';
import { outcomeOf, outcomeOfPieces, piecesOf } from './outcome.ts';

const numRuns = Number(process.env['NETCX_FUZZ_RUNS'] ?? 300);

function comparable(packet: CapturePacket) {
  const { offset, timestamp, originalLength, linkType, flags, queue, packetId, dropCount, comments } = packet;
  return {
    offset,
    timestamp,
    data: [...packet.data],
    originalLength,
    linkType,
    flags,
    queue,
    packetId,
    dropCount,
    comments,
  };
}

function expectAsNaive(file: Uint8Array): void {
  const real = outcomeOf(file);
  const naive = parseNaively(file);
  expect(real.packets.map(comparable)).toEqual(naive.packets);
  expect(real.fault && { code: real.fault.code, offset: real.fault.offset }).toEqual(naive.fault);
}

/** Changes a few bytes, or cuts, repeats or removes a stretch. */
const mutated = fc
  .tuple(
    anyCapture,
    fc.array(
      fc.record({
        kind: fc.constantFrom('set', 'set', 'set', 'word', 'remove', 'repeat', 'cut'),
        at: fc.nat(),
        value: fc.nat(255),
        length: fc.nat(16),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([file, changes]) => changes.reduce<Uint8Array>(mutate, file));

function mutate(file: Uint8Array, change: { kind: string; at: number; value: number; length: number }): Uint8Array {
  const at = file.length === 0 ? 0 : change.at % file.length;
  const [before, after] = [file.subarray(0, at), file.subarray(at)];
  switch (change.kind) {
    case 'set':
      return concat(before, [change.value], after.subarray(1));
    case 'word':
      return concat(before, new Array<number>(4).fill(change.value), after.subarray(4));
    case 'remove':
      return concat(before, after.subarray(change.length));
    case 'repeat':
      return concat(before, after.subarray(0, change.length), after);
    default:
      return before;
  }
}

describe('random captures', () => {
  it('valid ones are read without a fault, as the naive parser reads them', () => {
    fc.assert(
      fc.property(anyCapture, (file) => {
        expect(outcomeOf(file).fault).toBeUndefined();
        expectAsNaive(file);
      }),
      { numRuns },
    );
  });

  it('broken ones are read as far, and end in the same fault, as the naive parser has it', () => {
    fc.assert(fc.property(mutated, expectAsNaive), { numRuns: 3 * numRuns });
  });

  it('random bytes, with and without a magic number, do no harm', () => {
    const magics = ['0a0d0d0a', 'd4c3b2a1', 'a1b2c3d4', '4d3cb2a1', 'a1b23c4d'].map((magic) =>
      Buffer.from(magic, 'hex'),
    );
    const start = fc.constantFrom(new Uint8Array(0), ...magics, Buffer.from('0a0d0d0a1c0000004d3c2b1a01000000', 'hex'));
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), (magic, bytes) => expectAsNaive(concat(magic, bytes))),
      { numRuns: 3 * numRuns },
    );
  });

  it('come out the same in pieces of any length as in one', () => {
    fc.assert(
      fc.property(fc.oneof(anyCapture, mutated), fc.integer({ min: 1, max: 40 }), (file, length) => {
        expect(outcomeOfPieces(piecesOf(file, length))).toEqual(outcomeOf(file));
      }),
      { numRuns },
    );
  });

  it('come out the same cut at any one place, and in single bytes', () => {
    fc.assert(
      fc.property(anyCapture, (file) => {
        const whole = outcomeOf(file);
        for (let cut = 0; cut <= file.length; cut++) {
          const { packets, fault } = outcomeOfPieces([file.subarray(0, cut), file.subarray(cut)]);
          expect(fault).toBeUndefined();
          expect(packets).toEqual(whole.packets);
        }
        expect(outcomeOfPieces(piecesOf(file, 1))).toEqual(whole);
      }),
      { numRuns: Math.ceil(numRuns / 30) },
    );
  });
});
