/*
 * A packet of a queue for people: where its bytes lie, and its descriptor and extensions in words. For traces and for the
 * inspector; nothing here is fast, and nothing that a driver wrote is believed.
 */

import { hostBytes, i32 as m } from '@netcx/dma/memory';
import { describeExtension, VirtualAddress, type ElementPlan } from '@netcx/extensions';
import { describeStruct, type Accessor, type Struct, type WideAccessor } from '@netcx/layout';
import { Fragment, Layer2Type, Layer3Type, Layer4Type, Packet, type RingCollection } from '@netcx/rings';

/** Most fragments of a packet that are described. */
const MOST_PARTS = 64;

/** Some bytes of a frame. */
export interface PacketPart {
  /** Host offset of the first; 0 when the queue's fragments do not say where they are. */
  readonly address: number;
  /** How many. */
  readonly length: number;
}

/** A packet in words. */
export interface DescribedPacket {
  /** Its bytes, fragment by fragment, in order; without those that lie outside of host memory. */
  readonly parts: readonly PacketPart[];
  /** One line each: the packet with its layout, its extensions where they are not zero, and each of its fragments. */
  readonly lines: readonly string[];
}

/** What a packet lies in. */
export interface PacketPlace {
  readonly rings: RingCollection;
  readonly packetPlan: ElementPlan;
  readonly fragmentPlan: ElementPlan;
}

const nameOf = (names: Readonly<Record<string, number>>, value: number): string =>
  Object.entries(names).find(([, one]) => one === value)?.[0] ?? String(value);

/** A field's value, exact for 64 bits as well. */
function valueOf(field: Accessor | WideAccessor, at: number): number | bigint {
  if (!('high' in field)) return field.get(m, at);
  return (BigInt(field.high.get(m, at)) << 32n) | BigInt(field.low.get(m, at));
}

/** The fields of a struct that are not zero and are no second view of others. */
function nonZero(struct: Struct, accessors: object, at: number): string[] {
  const fields = accessors as Readonly<Record<string, Accessor | WideAccessor>>;
  return Object.entries(describeStruct(struct).fields).flatMap(([name, location]) => {
    const field = fields[name];
    if (location.overlay || field === undefined) return [];
    const value = valueOf(field, at);
    return value === 0 || value === 0n ? [] : [`${name} ${String(value)}`];
  });
}

/**
 * @param plan - how an element is laid out
 * @param at - word index of the element
 * @returns one line for each extension that is not all zero
 */
export function describeExtensions(plan: ElementPlan, at: number): string[] {
  return plan.placements.flatMap(({ definition }) => {
    const { name, struct } = describeExtension(definition);
    const fields = nonZero(struct, plan.extension(definition), at);
    return fields.length === 0 ? [] : [`${name}: ${fields.join(', ')}`];
  });
}

/**
 * @param at - word index of a packet
 * @returns its layout and flags, in words
 */
function describeLayout(at: number): string {
  const layer = (name: string, type: number, types: Readonly<Record<string, number>>, length: number): string =>
    type === 0 && length === 0 ? '' : `, ${name} ${nameOf(types, type)} ${String(length)} B`;
  return [
    layer('L2', Packet.layer2Type.get(m, at), Layer2Type, Packet.layer2HeaderLength.get(m, at)),
    layer('L3', Packet.layer3Type.get(m, at), Layer3Type, Packet.layer3HeaderLength.get(m, at)),
    layer('L4', Packet.layer4Type.get(m, at), Layer4Type, Packet.layer4HeaderLength.get(m, at)),
    Packet.ignore.get(m, at) === 1 ? ', ignore' : '',
    Packet.scratch.get(m, at) === 1 ? ', scratch' : '',
  ].join('');
}

/**
 * @param place - the queue's rings and plans
 * @param index - of a packet in the packet ring
 * @returns the packet in words
 */
export function describePacket(place: PacketPlace, index: number): DescribedPacket {
  const { packets, fragments } = place.rings;
  const p = packets.at(index);
  const first = Packet.fragmentIndex.get(m, p);
  const count = Packet.fragmentCount.get(m, p);
  const lines = [
    `packet ${String(index & packets.mask)}: ${String(count)} fragments from ${String(first)}${describeLayout(p)}`,
    ...describeExtensions(place.packetPlan, p),
  ];
  const parts: PacketPart[] = [];
  if (Packet.ignore.get(m, p) === 1) return { parts, lines };
  for (let part = 0; part < Math.min(count, fragments.mask, MOST_PARTS); part++) {
    const f = fragments.at(first + part);
    const [length, offset, capacity] = [Fragment.validLength, Fragment.offset, Fragment.capacity].map((field) =>
      field.get(m, f),
    ) as [number, number, number];
    const place0 = place.fragmentPlan.extension(VirtualAddress);
    const address = place0.enabled ? place0.address.get(m, f) + offset : 0;
    if (address + length <= hostBytes) parts.push({ address, length });
    lines.push(
      `fragment ${String((first + part) & fragments.mask)}: ${String(length)} of ${String(capacity)} B at +${String(offset)}`,
      ...describeExtensions(place.fragmentPlan, f),
    );
  }
  return { parts, lines };
}
