/*
 * An element's plan for people: who owns each byte, and which bytes nobody owns. For logs, documentation and the
 * question why an element is as large as it is.
 */

import { describeExtension } from './extension.ts';
import type { ElementPlan } from './element-plan.ts';

interface Span {
  readonly from: number;
  readonly bytes: number;
  readonly owner: string;
}

/**
 * @param plan - what to explain
 * @returns a title, then a line for each run of bytes: first and last byte, how many, owner
 */
export function explainElement(plan: ElementPlan): string {
  const spans = spansOf(plan);
  const padding = spans.filter(({ owner }) => owner === PADDING).reduce((sum, { bytes }) => sum + bytes, 0);
  const title = `${plan.level} element, ${plan.stride} bytes, ${padding} of them padding, ${HOW[plan.mode]}`;
  const range = ({ from, bytes }: Span): string => (bytes === 1 ? `${from}` : `${from}..${from + bytes - 1}`);
  const widest = Math.max(...spans.map((span) => range(span).length));
  return [
    title,
    ...spans.map((span) => `  ${range(span).padEnd(widest)} ${`${span.bytes}`.padStart(4)}  ${span.owner}`),
  ].join('\n');
}

const PADDING = '(padding)';
const HOW: Readonly<Record<ElementPlan['mode'], string>> = {
  packed: 'packed',
  cx: 'in the order and rounding of NetAdapterCx',
  xdp: 'in the order and rounding of XDP',
  scattered: 'scattered, with gaps between extensions',
};

function spansOf(plan: ElementPlan): Span[] {
  const core = plan.coreVersion === 1 ? 'core descriptor' : `core descriptor version ${plan.coreVersion}`;
  const owned: Span[] = [{ from: 0, bytes: plan.coreSize, owner: core }];
  for (const { definition, offset } of plan.placements) {
    const { name, version, size } = describeExtension(definition);
    owned.push({ from: offset, bytes: size, owner: `${name} version ${version}` });
  }
  const spans: Span[] = [];
  let end = 0;
  for (const span of [...owned, { from: plan.stride, bytes: 0, owner: 'next element' }]) {
    if (span.from > end) spans.push({ from: end, bytes: span.from - end, owner: PADDING });
    if (span.bytes > 0) spans.push(span);
    end = span.from + span.bytes;
  }
  return spans;
}
