/*
 * Independent oracles: bits of memory as one big integer, both Microsoft layout algorithms as the references describe
 * them, and every order there is.
 */

import fc from 'fast-check';

export interface Block {
  readonly size: number;
  readonly alignment: number;
}

export const alignUp = (value: number, alignment: number): number => {
  while (value % alignment !== 0) value++;
  return value;
};

/** NetAdapterCx: insertion sort by ascending alignment, then one after the other; rounded up to the core's size. */
export function netAdapterCx(
  core: number,
  blocks: readonly Block[],
): { offsets: number[]; end: number; stride: number } {
  const sorted: number[] = [];
  for (const [index, block] of blocks.entries()) {
    let at = 0;
    while (at < sorted.length && blocks[sorted[at]!]!.alignment <= block.alignment) at++;
    sorted.splice(at, 0, index);
  }
  const offsets = new Array<number>(blocks.length).fill(0);
  let offset = core;
  for (const index of sorted) {
    offset = alignUp(offset, blocks[index]!.alignment);
    offsets[index] = offset;
    offset += blocks[index]!.size;
  }
  return { offsets, end: offset, stride: alignUp(offset, core) };
}

/**
 * XDP: descending alignment; first what is not aligned beyond what was placed last, then the rest with padding. Each takes
 * a multiple of its alignment; `end` is where the same order would end if it did not.
 */
export function xdp(
  core: number,
  coreAlignment: number,
  blocks: readonly Block[],
): { offsets: number[]; end: number; stride: number } {
  const sorted = [...blocks].sort((a, b) => b.alignment - a.alignment);
  const placed = new Set<Block>();
  let offset = core;
  let end = core;
  const offsets = new Array<number>(blocks.length).fill(0);
  let current = 1;
  while (core % (current * 2) === 0) current *= 2;
  for (const pass of [0, 1]) {
    for (const block of sorted) {
      if (placed.has(block)) continue;
      if (pass === 1) offset = alignUp(offset, block.alignment);
      else if (current < block.alignment) continue;
      placed.add(block);
      offsets[blocks.indexOf(block)] = offset;
      offset += alignUp(block.size, block.alignment);
      end = alignUp(end, block.alignment) + block.size;
      current = block.alignment;
    }
  }
  return { offsets, end, stride: alignUp(offset, Math.max(coreAlignment, ...blocks.map((block) => block.alignment))) };
}

/** The smallest end of all orders. */
export function bruteForce(start: number, blocks: readonly Block[]): number {
  if (blocks.length === 0) return start;
  const ends = blocks.map((block, index) =>
    bruteForce(alignUp(start, block.alignment) + block.size, [...blocks.slice(0, index), ...blocks.slice(index + 1)]),
  );
  return Math.min(...ends);
}

/** Bits `first` to `first + width - 1` of the memory. */
export function getBits(bytes: Uint8Array, first: number, width: number): bigint {
  return (asInteger(bytes) >> BigInt(first)) & ((1n << BigInt(width)) - 1n);
}

/** The memory after those bits were replaced. */
export function setBits(bytes: Uint8Array, first: number, width: number, value: bigint): Uint8Array {
  const mask = ((1n << BigInt(width)) - 1n) << BigInt(first);
  let all = (asInteger(bytes) & ~mask) | ((value << BigInt(first)) & mask);
  return Uint8Array.from(bytes, () => {
    const byte = Number(all & 0xffn);
    all >>= 8n;
    return byte;
  });
}

const asInteger = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/** Sizes and alignments of extensions. */
export const blocks = (maximumAlignment: number, maxLength: number, minLength = 0): fc.Arbitrary<Block[]> =>
  fc.array(
    fc.record({
      size: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 16 }) }, fc.integer({ min: 1, max: 1024 })),
      alignment: fc.constantFrom(...[1, 2, 4, 8].filter((alignment) => alignment <= maximumAlignment)),
    }),
    { minLength, maxLength },
  );
