/* What the chip lets through, as a protocol asks for it: through the adapter, and without the driver's option in the way. */

import { PacketFilterFlags } from '@netcx/adapter';
import { MILLISECOND } from '@netcx/clock';
import { REGISTERS } from '@netcx/nic-82576/registers';
import { describe, expect, it } from 'vitest';
import { frame, Pair } from './pair.ts';

const { directed, multicast, allMulticast, broadcast, promiscuous } = PacketFilterFlags;
const group = (last: number): Uint8Array => Uint8Array.of(1, 0, 0x5e, 0, last >>> 8, last & 255);

/** Frames to somebody, by name. */
const to: Readonly<Record<string, readonly number[]>> = {
  station: [2, 0, 0, 0, 0, 2],
  another: [2, 0, 0, 0, 0, 9],
  everybody: [255, 255, 255, 255, 255, 255],
  'group 1': [...group(1)],
  'group 2': [...group(2)],
};

async function passing(flags: number, groups: readonly Uint8Array[], far: object = {}): Promise<string[]> {
  const pair = await Pair.started({ promiscuous: false, far });
  const { a, b, clock } = pair;
  b.driver.adapter.receiveFilter.set(flags, groups);
  for (const [number, address] of Object.values(to).entries()) {
    const bytes = frame(60, number);
    bytes.set(address);
    pair.send(a, bytes);
  }
  clock.advance(MILLISECOND);
  const found = b.arrivals.map(({ bytes }) => Object.keys(to)[new DataView(bytes.buffer).getUint32(14)] ?? '?');
  await pair.close();
  return found;
}

// prettier-ignore
it.each([
  ['the station',            directed,                 [],         ['station']],
  ['nobody',                 broadcast,                [],         ['everybody']],
  ['a group',                directed | multicast,     [group(1)], ['station', 'group 1']],
  ['two groups',             multicast,                [group(1), group(2)], ['group 1', 'group 2']],
  ['every group',            allMulticast,             [],         ['group 1', 'group 2']],
  ['the usual',              directed | broadcast | allMulticast, [], ['station', 'everybody', 'group 1', 'group 2']],
  ['everything',             promiscuous,              [],         Object.keys(to)],
] as const)('lets %s through', async (_, flags, groups, expected) => {
  expect(await passing(flags, groups)).toEqual(expected);
});

it('lets everything through whatever is asked for, when the driver is told so', async () => {
  expect(await passing(directed, [], { promiscuous: true })).toEqual(Object.keys(to));
});

describe('groups', () => {
  it('beyond the address registers go into the table, and pass as well', async () => {
    const pair = await Pair.started({ promiscuous: false });
    const { a, b, clock } = pair;
    const groups = Array.from({ length: 40 }, (_, index) => group(16 * index + 3));
    b.driver.adapter.receiveFilter.set(multicast, groups);
    for (const [number, address] of groups.entries()) {
      const bytes = frame(60, number);
      bytes.set(address);
      pair.send(a, bytes);
    }
    const other = frame(60, 99);
    other.set(group(0xf000));
    pair.send(a, other);
    clock.advance(MILLISECOND);
    expect(b.arrivals).toHaveLength(40);
    await pair.close();
  });

  it('are forgotten when others are named, in registers and table', async () => {
    const pair = await Pair.started({ promiscuous: false });
    const { b } = pair;
    const { receiveFilter } = b.driver.adapter;
    receiveFilter.set(
      multicast,
      Array.from({ length: 100 }, (_, index) => group(index)),
    );
    receiveFilter.set(directed);
    const { MTA, RAH } = REGISTERS;
    for (let row = 0; row < MTA.count; row++) expect(b.nic.registers.get(MTA, row)).toBe(0);
    for (let entry = 1; entry < RAH.count; entry++) expect(b.nic.registers.get(RAH, entry)).toBe(0);
    await pair.close();
  });

  it('are there again after a reset', async () => {
    const pair = await Pair.started({ promiscuous: false });
    const { a, b, clock } = pair;
    b.driver.adapter.receiveFilter.set(multicast, [group(5)]);
    await clock.drive(b.driver.reset());
    pair.awaitLink(true);
    const bytes = frame(60, 1);
    for (const address of [group(5), group(6)]) {
      bytes.set(address);
      pair.send(a, bytes);
    }
    clock.advance(MILLISECOND);
    expect(b.arrivals).toHaveLength(1);
    await pair.close();
  });
});

it('lets only those VLANs through that it is told of, and frames without a tag', async () => {
  const pair = await Pair.started({ promiscuous: false, vlans: [5, 4095] });
  const { a, b, clock } = pair;
  const tagged = (vlan: number): Uint8Array => {
    const bytes = frame(64, vlan);
    bytes.set([0x81, 0, vlan >>> 8, vlan & 255, 0x88, 0xb5], 12);
    return bytes;
  };
  for (const vlan of [4, 5, 6, 37, 4095]) pair.send(a, tagged(vlan));
  pair.send(a, frame(60, 1));
  clock.advance(MILLISECOND);
  const vlans = b.arrivals.map(({ bytes }) => ((bytes[14]! << 8) | bytes[15]!) & 0xfff);
  expect(vlans.slice(0, 2)).toEqual([5, 4095]);
  expect(b.arrivals).toHaveLength(3);
  expect(() => new Pair({ vlans: [4096] })).toThrow(/BAD_OPTION: a: a VLAN is 4096/);
  await pair.close();
});
