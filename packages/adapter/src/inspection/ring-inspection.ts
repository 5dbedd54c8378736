/*
 * A ring for people: its indices, who owns how many elements, and the elements in flight with the names of their fields.
 * What `!ndiskd.netrb`, `.netpacket` and `.netpacketfragment` show of NetAdapterCx (reference netadaptercx §5.9).
 */

import { i32 as m } from '@netcx/dma/memory';
import type { ElementPlan } from '@netcx/extensions';
import { dump, type Struct } from '@netcx/layout';
import type { Ring } from '@netcx/rings';
import { describeExtensions } from '../statistics/described-packet.ts';

/** Who has an element of a ring. */
export type ElementOwner = 'framework' | 'driver' | 'device';

/** One element. */
export interface ElementInspection {
  readonly index: number;
  /** `device` from begin to next, `driver` from next to end, `framework` what was given back and not looked at. */
  readonly owner: ElementOwner;
  /** Its core descriptor and its extensions, field by field, one line each. */
  readonly lines: readonly string[];
}

/** A ring. */
export interface RingInspection {
  readonly name: string;
  /** How many elements it has, and bytes of each. */
  readonly elements: number;
  readonly strideBytes: number;
  readonly processedIndex: number;
  readonly beginIndex: number;
  readonly nextIndex: number;
  readonly endIndex: number;
  /** Elements in flight, oldest first: no more than were asked for. */
  readonly inFlight: readonly ElementInspection[];
  /** Elements in flight that are not shown. */
  readonly notShown: number;
}

/** What a ring's elements are. */
export interface ElementShape {
  /** The core descriptor. */
  readonly core: Struct;
  /** Where extensions lie; `undefined` for elements without. */
  readonly plan: ElementPlan | undefined;
}

/**
 * @param ring - a ring
 * @param shape - what its elements are
 * @param most - elements to show
 * @returns the ring as it is now
 */
export function inspectRing(ring: Ring, shape: ElementShape, most: number): RingInspection {
  const { core, plan } = shape;
  const { name, elements, stride, mask, processedIndex, beginIndex, nextIndex, endIndex } = ring;
  const count = (endIndex - processedIndex) & mask;
  const distance = (index: number): number => (index - processedIndex) & mask;
  const inFlight = Array.from({ length: Math.min(count, most) }, (_, step) => {
    const index = (processedIndex + step) & mask;
    const at = ring.at(index);
    const owner: ElementOwner =
      step < distance(beginIndex) ? 'framework' : step < distance(nextIndex) ? 'device' : 'driver';
    const lines = [...dump(core, m, at).split('\n'), ...(plan === undefined ? [] : describeExtensions(plan, at))];
    return { index, owner, lines };
  });
  return {
    name,
    elements,
    strideBytes: stride * 4,
    processedIndex,
    beginIndex,
    nextIndex,
    endIndex,
    inFlight,
    notShown: count - inFlight.length,
  };
}

/**
 * @param ring - what `inspectRing` returned
 * @returns lines: the ring, and its elements below it
 */
export const ringLines = (ring: RingInspection): string[] => [
  `${ring.name}: ${String(ring.elements)} x ${String(ring.strideBytes)} B, processed ${String(ring.processedIndex)}` +
    ` begin ${String(ring.beginIndex)} next ${String(ring.nextIndex)} end ${String(ring.endIndex)}`,
  ...ring.inFlight.flatMap(({ index, owner, lines }) => [
    `  [${String(index)}] ${owner}`,
    ...lines.map((line) => `    ${line}`),
  ]),
  ...(ring.notShown > 0 ? [`  and ${String(ring.notShown)} more in flight`] : []),
];
