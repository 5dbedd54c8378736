/*
 * In which order extensions follow the core descriptor. A plan is an order: each extension starts at the first byte
 * after its forerunner that its alignment allows, so no byte is wasted that the order does not waste. Orders of both
 * Microsoft algorithms, and the one that ends earliest of all.
 */

/** What a placement needs to know about an extension. */
export interface Block {
  /** Bytes. */
  readonly size: number;
  /** A power of two. */
  readonly alignment: number;
}

/**
 * @param value - a whole number, 0 or more
 * @param multiple - a positive whole number
 * @returns the smallest multiple that is not below `value`
 */
export const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

/**
 * @param order - the extensions, first to last
 * @param start - where the first may start
 * @returns where each starts, and the first byte after the last
 */
export function place(order: readonly Block[], start: number): { readonly offsets: number[]; readonly end: number } {
  const offsets: number[] = [];
  let end = start;
  for (const { size, alignment } of order) {
    const offset = roundUp(end, alignment);
    offsets.push(offset);
    end = offset + size;
  }
  return { offsets, end };
}

/** Bytes of the gap behind each scattered extension. */
const GAP = 4;

/**
 * Behind everything that the tightest plan would use, and each behind a gap: who writes where an extension lies in that plan
 * writes where nothing is.
 *
 * @param order - the extensions, first to last
 * @param start - where the first of a tight plan may start
 * @returns where each starts, and the first byte after the last one's gap
 */
export function scatter(order: readonly Block[], start: number): { readonly offsets: number[]; readonly end: number } {
  const offsets: number[] = [];
  let end = order.length === 0 ? start : place(tightest(order, start), start).end;
  for (const { size, alignment } of order) {
    const offset = roundUp(end, alignment);
    offsets.push(offset);
    end = offset + size + GAP;
  }
  return { offsets, end };
}

/**
 * NetAdapterCx: ascending alignment, equals as they were registered.
 *
 * @param blocks - the extensions as they were registered
 * @returns them in that order
 */
export const ascending = <B extends Block>(blocks: readonly B[]): B[] =>
  blocks.toSorted((a, b) => a.alignment - b.alignment);

/**
 * XDP: descending alignment in two passes, of which the first takes only what fits without padding.
 *
 * @param blocks - the extensions as they were registered
 * @param start - where the first may start, above 0
 * @returns them in that order
 */
export function descendingTwoPass<B extends Block>(blocks: readonly B[], start: number): B[] {
  const sorted = blocks.toSorted((a, b) => b.alignment - a.alignment);
  const order: B[] = [];
  let current = start & -start; // the greatest power of two that divides it
  for (const block of sorted) {
    if (block.alignment > current) continue;
    order.push(block);
    current = block.alignment;
  }
  return [...order, ...sorted.filter((block) => !order.includes(block))];
}

/**
 * Always what needs the least padding, then what has the greatest alignment, then what is largest.
 *
 * @param blocks - the extensions as they were registered
 * @param start - where the first may start
 * @returns them in that order
 */
function holeFilling<B extends Block>(blocks: readonly B[], start: number): B[] {
  const left = [...blocks];
  const order: B[] = [];
  let end = start;
  while (left.length > 0) {
    const padding = (block: B): number => roundUp(end, block.alignment) - end;
    const [next] = left.toSorted((a, b) => padding(a) - padding(b) || b.alignment - a.alignment || b.size - a.size);
    if (next === undefined) break;
    left.splice(left.indexOf(next), 1);
    order.push(next);
    end = roundUp(end, next.alignment) + next.size;
  }
  return order;
}

/** Up to this many extensions every order is weighed; 12 take 50,000 steps, once a queue. */
const WEIGHED = 12;

/**
 * The order that ends earliest. An earlier end is never worse for what follows, so the best order of a set is the best
 * order of the set without its last member, whichever member that is: 2^n sets instead of n! orders.
 *
 * @param blocks - the extensions as they were registered, 12 at most
 * @param start - where the first may start
 * @returns them in that order; as they were registered where it makes no difference
 */
function earliestEnd<B extends Block>(blocks: readonly B[], start: number): B[] {
  const sets = 1 << blocks.length;
  const ends = new Float64Array(sets).fill(Infinity);
  const lasts = new Int32Array(sets);
  ends[0] = start;
  for (let set = 1; set < sets; set++) {
    for (const [index, block] of blocks.entries()) {
      if ((set & (1 << index)) === 0) continue;
      const end = roundUp(ends[set & ~(1 << index)] ?? Infinity, block.alignment) + block.size;
      if (end > (ends[set] ?? Infinity)) continue;
      ends[set] = end;
      lasts[set] = index;
    }
  }
  const order: B[] = [];
  for (let set = sets - 1; set !== 0;) {
    const last = lasts[set] ?? 0;
    order.unshift(blocks[last]!);
    set &= ~(1 << last);
  }
  return order;
}

/**
 * @param blocks - the extensions as they were registered
 * @param start - where the first may start, above 0
 * @returns the tightest order: of all for up to 12 extensions, otherwise of both Microsoft algorithms and hole filling
 */
export function tightest<B extends Block>(blocks: readonly B[], start: number): B[] {
  if (blocks.length <= WEIGHED) return earliestEnd(blocks, start);
  const candidates = [holeFilling(blocks, start), ascending(blocks), descendingTwoPass(blocks, start)];
  const byEnd = candidates.toSorted((a, b) => place(a, start).end - place(b, start).end);
  return byEnd[0] ?? [...blocks];
}
