/*
 * The figures of the two documents as running code: the query of an offset, a core descriptor that has grown, and an
 * extension that has grown. A driver of the old version works unchanged on the new layout.
 */

import { defineStruct, u16, u32 } from '@netcx/layout';
import { describe, expect, it } from 'vitest';
import {
  Checksum,
  defineExtension,
  ExtensionError,
  planElement,
  Rsc,
  RscV1,
  type ElementPlan,
  type Extension,
} from '../src/index.ts';

const packet = { level: 'packet', coreSize: 12, coreAlignment: 4 } as const;

/** What a driver writes that knows the checksum extension and the V1 core alone. */
const CoreV1 = defineStruct('CoreV1', 12, { fragmentIndex: u32(0), fragmentCount: u16(4) });

function driverOfVersion1(plan: ElementPlan, view: Int32Array, index: number): void {
  const packetAt = index * plan.wordStride;
  const checksum = plan.extension(Checksum).offset;
  CoreV1.fragmentCount.set(view, packetAt, 1);
  Checksum.layer4.set(view, packetAt, checksum, 2);
}

describe('the query of an offset', () => {
  it('gives 70 for extension B behind an extension A of 58 bytes', () => {
    const a = defineExtension({ name: 'test_a', version: 1, size: 58, alignment: 2, level: 'packet', fields: {} });
    const b = defineExtension({
      name: 'test_b',
      version: 1,
      size: 2,
      alignment: 2,
      level: 'packet',
      fields: { value: u16(0) },
    });
    const plan = planElement({ ...packet, mode: 'cx', extensions: [a, b] });
    expect(plan.extension(b).offset).toBe(70);
    const view = new Int32Array(plan.wordStride);
    b.value.set(view, 0, 70, 0xbeef);
    expect([...new Uint8Array(view.buffer).slice(68, 72)]).toEqual([0, 0, 0xef, 0xbe]);
  });
});

describe('a core descriptor that has grown', () => {
  it.each(['packed', 'cx'] as const)('is skipped by a driver of version 1, %s', (mode) => {
    const version1 = planElement({ ...packet, mode, extensions: [Checksum] });
    const version2 = planElement({ ...packet, coreSize: 20, mode, extensions: [Checksum] });
    expect(version1.extension(Checksum).offset).toBe(12);
    expect(version2.extension(Checksum).offset).toBe(20);
    const CoreV2 = defineStruct('CoreV2', 20, {
      fragmentIndex: u32(0),
      fragmentCount: u16(4),
      flow: u32(12),
      color: u32(16),
    });
    const view = new Int32Array(3 * version2.wordStride);
    const second = version2.wordStride;
    CoreV2.flow.set(view, second, 0x1111_1111);
    CoreV2.color.set(view, second, 0x2222_2222);
    driverOfVersion1(version2, view, 1);
    expect(CoreV2.flow.get(view, second)).toBe(0x1111_1111);
    expect(CoreV2.color.get(view, second)).toBe(0x2222_2222);
    expect(CoreV2.fragmentCount.get(view, second)).toBe(1);
    expect(Checksum.layer4.get(view, second, 20)).toBe(2);
    expect([...view.slice(0, second)].every((word) => word === 0)).toBe(true);
    expect([...view.slice(2 * second)].every((word) => word === 0)).toBe(true);
  });
});

const FlowV1 = defineExtension({
  name: 'test_flow',
  version: 1,
  size: 4,
  alignment: 4,
  level: 'packet',
  fields: { flow: u32(0) },
});
const FlowV2 = defineExtension({
  name: 'test_flow',
  version: 2,
  size: 8,
  alignment: 4,
  level: 'packet',
  fields: { flow: u32(0), hops: u16(4) },
});

describe('an extension that has grown', () => {
  const version2 = planElement({ ...packet, extensions: [FlowV2, Checksum] });

  it('serves a driver of version 1, which leaves the new fields alone', () => {
    const old = version2.extension(FlowV1);
    expect(old).toMatchObject({ enabled: true, offset: 12, version: 2 });
    const view = new Int32Array(version2.wordStride);
    version2.extension(FlowV2).hops.set(view, 0, 9);
    old.flow.set(view, 0, 0xffff_ffff);
    driverOfVersion1(version2, view, 0);
    expect(version2.extension(FlowV2).hops.get(view, 0)).toBe(9);
    expect(version2.extension(FlowV2).flow.get(view, 0)).toBe(0xffff_ffff);
    expect(version2.extension(Checksum).layer4.get(view, 0)).toBe(2);
  });

  it('is absent for a driver of version 2 where version 1 is laid out', () => {
    const version1 = planElement({ ...packet, extensions: [FlowV1] });
    expect(version1.extension(FlowV2)).toMatchObject({ enabled: false, offset: 0, version: 0 });
    expect(version1.extension(FlowV1)).toMatchObject({ enabled: true, offset: 12, version: 1 });
  });

  it('is so for the one that ships in two versions', () => {
    const plan = planElement({ ...packet, extensions: [Rsc] });
    const view = new Int32Array(plan.wordStride);
    plan.extension(Rsc).coalescedSegmentCount.set(view, 0, 3);
    plan.extension(Rsc).coalescedSegmentSize.set(view, 0, 1200);
    const old = plan.extension(RscV1);
    expect(old.version).toBe(2);
    expect(old.coalescedSegmentCount.get(view, 0)).toBe(3);
    expect(planElement({ ...packet, extensions: [RscV1] }).extension(Rsc).enabled).toBe(false);
  });

  const changed = { name: 'test_flow', version: 2, size: 8, alignment: 4, level: 'packet' } as const;
  it.each<[string, Extension]>([
    ['shrank', defineExtension({ ...changed, size: 3, fields: {} })],
    ['is aligned to less', defineExtension({ ...changed, alignment: 2, fields: {} })],
    ['moved a field', defineExtension({ ...changed, fields: { flow: u32(4) } })],
    ['narrowed a field', defineExtension({ ...changed, fields: { flow: u16(0) } })],
    ['has the same version and another size', defineExtension({ ...changed, version: 1, fields: {} })],
  ])('is refused when it %s', (_, later) => {
    const plan = planElement({ ...packet, extensions: [later] });
    expect(() => plan.extension(FlowV1)).toThrow(ExtensionError);
    expect(() => plan.extension(FlowV1)).toThrow('INCOMPATIBLE: test_flow version 1 (asked)');
    expect(() => plan.offsetOf(FlowV1)).toThrow('INCOMPATIBLE');
  });
});
