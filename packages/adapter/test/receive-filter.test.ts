/*
 * The receive filter: what a driver may declare, what a protocol may ask for, and when the driver hears of it.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  PacketFilterFlags,
  usualReceiveFilter,
  ViolationError,
  type ReceiveFilterCapabilities,
  type ReceiveFilterView,
} from '../src/index.ts';
import { ReceiveFilter } from '../src/receive-filter/receive-filter.ts';
import { seeded } from './conservation.ts';
import { buildFakeMachine } from './fake-machine.ts';

const { directed, multicast, allMulticast, broadcast, promiscuous } = PacketFilterFlags;
const INITIAL = directed | multicast | broadcast;
const GROUP = Uint8Array.of(0x01, 0x00, 0x5e, 0, 0, 1);

const ruleOf = (action: () => unknown): string => {
  try {
    action();
    return 'accepted';
  } catch (error) {
    if (!(error instanceof ViolationError)) return String(error);
    const { rule, details } = error;
    return `0x${rule.number.toString(16)}.${details.subcode ?? ''} ${details.field ?? ''}`;
  }
};

const set = (): void => undefined;

describe('capabilities', () => {
  it.each<[Partial<ReceiveFilterCapabilities>, string]>([
    [{ supported: directed | 0x10 }, '0xb.0 supported'],
    [{ supported: 1.5 }, '0xb.0 supported'],
    [{ maximumMulticastAddresses: -1 }, '0xb.0 maximumMulticastAddresses'],
    [{ supported: 0, maximumMulticastAddresses: 0 }, '0xb.1 supported'],
    [{ supported: directed | multicast, maximumMulticastAddresses: 0 }, '0xb.2 maximumMulticastAddresses'],
    [{ supported: directed, maximumMulticastAddresses: 4 }, '0xb.3 maximumMulticastAddresses'],
    [{ set: undefined as never }, '0xc. set'],
    [{ supported: promiscuous, maximumMulticastAddresses: 0 }, 'accepted'],
    [{}, 'accepted'],
  ])('%o: %s', (change, rule) => {
    const { adapter } = buildFakeMachine();
    expect(
      ruleOf(() => {
        adapter.receiveFilter.setCapabilities({ ...usualReceiveFilter(set), ...change });
      }),
    ).toBe(rule);
  });

  it('come before start', async () => {
    const machine = buildFakeMachine();
    machine.adapter.start();
    expect(
      ruleOf(() => {
        machine.adapter.receiveFilter.setCapabilities(usualReceiveFilter(set));
      }),
    ).toBe('0x3. ');
    await machine.stop();
  });
});

describe('a filter', () => {
  function filtered(capabilities: Partial<ReceiveFilterCapabilities> = {}) {
    const calls: [number, string[]][] = [];
    const views: ReceiveFilterView[] = [];
    const machine = buildFakeMachine();
    machine.adapter.receiveFilter.setCapabilities({
      ...usualReceiveFilter((view) => {
        views.push(view);
        expect(view.multicastAddressCount).toBe(view.multicastAddressList.length);
        calls.push([
          view.packetFilter,
          view.multicastAddressList.map((address) => Buffer.from(address).toString('hex')),
        ]);
      }),
      ...capabilities,
    });
    return { machine, calls, views, filter: machine.adapter.receiveFilter };
  }

  it('is an initial one until somebody asks, and comes with its list in one call, at every start', async () => {
    const { machine, calls, filter } = filtered();
    expect([filter.packetFilter, calls]).toEqual([INITIAL, []]);
    machine.adapter.start();
    expect(calls.splice(0)).toEqual([[INITIAL, []]]);
    filter.set(directed | multicast, [GROUP, Uint8Array.of(0x33, 0x33, 0, 0, 0, 1)]);
    const asked = [[directed | multicast, ['01005e000001', '333300000001']]];
    expect(calls.splice(0)).toEqual(asked);
    await machine.stop();
    filter.set(directed | multicast, [GROUP]);
    filter.set(directed | multicast, [...filter.multicastAddresses, Uint8Array.of(0x33, 0x33, 0, 0, 0, 1)]);
    expect(calls).toEqual([]); // there are no queues
    machine.adapter.start();
    expect(calls).toEqual(asked);
    expect(filter.calls).toBe(3);
    await machine.stop();
  });

  it('is as much of the initial one as the NIC knows', () => {
    expect(filtered({ supported: directed | broadcast, maximumMulticastAddresses: 0 }).filter.packetFilter).toBe(
      directed | broadcast,
    );
    expect(filtered({ supported: promiscuous, maximumMulticastAddresses: 0 }).filter.packetFilter).toBe(promiscuous);
    expect(buildFakeMachine().adapter.receiveFilter.packetFilter).toBeUndefined();
  });

  it('that cannot be says everything that stands against it, and changes nothing', async () => {
    const { machine, calls, filter } = filtered({ maximumMulticastAddresses: 2 });
    machine.adapter.start();
    calls.length = 0;
    const list = [GROUP, Uint8Array.of(2, 0, 0, 0, 0, 9), GROUP.subarray(1)];
    expect(filter.problems(promiscuous | 0x100, list)).toEqual([
      'promiscuous + 0x100 is not supported; the NIC has directed + multicast + allMulticast + broadcast',
      '3 multicast addresses; the NIC has room for 2, and can pass all with allMulticast',
      "multicast address 1 (02:00:00:00:00:09) is one station's, not a group's",
      'multicast address 2 has 5 bytes; expected 6',
    ]);
    expect(filter.problems(0)).toEqual([]);
    expect(filter.problems(NaN)).toEqual(['NaN is no sum of flags']);
    expect(() => {
      filter.set(promiscuous);
    }).toThrow('RECEIVE_FILTER_UNSUPPORTED: fake: promiscuous is not supported; the NIC has directed');
    expect([calls, filter.packetFilter]).toEqual([[], INITIAL]);
    await machine.stop();
  });

  it('cannot be asked of a driver that has not said what it can do', () => {
    expect(() => {
      buildFakeMachine().adapter.receiveFilter.set(directed);
    }).toThrow('RECEIVE_FILTER_UNSUPPORTED: fake: the driver has not said what its NIC can filter by');
  });

  it('stays what it was when the driver throws', async () => {
    let broken = false;
    const { machine, filter } = filtered({
      set: () => {
        if (broken) throw new Error('no');
      },
    });
    machine.adapter.start();
    filter.set(directed);
    broken = true;
    expect(() => {
      filter.set(broadcast);
    }).toThrow('no');
    expect(filter.packetFilter).toBe(directed);
    await machine.stop();
  });

  it('is shown to the driver during its callback only; what it read it may keep', async () => {
    const { machine, views, calls, filter } = filtered();
    machine.adapter.start();
    filter.set(multicast, [GROUP]);
    const view = views.at(-1)!;
    for (const field of ['packetFilter', 'multicastAddressCount', 'multicastAddressList'] as const)
      expect(ruleOf(() => view[field])).toBe(`0xd. ${field}`);
    expect(calls.at(-1)).toEqual([multicast, ['01005e000001']]);
    await machine.stop();
  });

  it('is dropped when the driver can no longer do it', async () => {
    const { machine, filter } = filtered();
    filter.set(allMulticast);
    filter.setCapabilities({ supported: directed, maximumMulticastAddresses: 0, set });
    machine.adapter.start();
    expect(filter.packetFilter).toBe(directed);
    await machine.stop();
  });

  it('is set with the device in D0', () => {
    const log: string[] = [];
    const filter = new ReceiveFilter(
      'nic',
      () => undefined,
      (action) => {
        log.push('power up');
        const result = action();
        log.push('let go');
        return result;
      },
    );
    filter.setCapabilities(usualReceiveFilter(() => log.push('set')));
    filter.open();
    filter.close();
    filter.set(directed);
    expect(log).toEqual(['power up', 'set', 'let go']);
  });
});

it('whatever is asked, the driver hears exactly what was accepted', () => {
  const flags = fc.oneof(fc.nat({ max: 0x40 }), fc.constantFrom(-1, NaN, 2 ** 33, 0.5));
  const address = fc.oneof(
    { weight: 4, arbitrary: fc.uint8Array({ minLength: 6, maxLength: 6 }) },
    fc.uint8Array({ maxLength: 8 }),
  );
  const asked = fc.record({ flags, list: fc.array(address, { maxLength: 5 }) });
  fc.assert(
    fc.property(fc.nat({ max: 0x2f }), fc.nat({ max: 4 }), fc.array(asked), (supported, most, steps) => {
      const heard: unknown[] = [];
      const filter = new ReceiveFilter(
        'nic',
        () => undefined,
        (action) => action(),
      );
      try {
        filter.setCapabilities({
          supported,
          maximumMulticastAddresses: most,
          set: (view) => heard.push([view.packetFilter, view.multicastAddressList]),
        });
      } catch (error) {
        expect(error).toBeInstanceOf(ViolationError);
        return;
      }
      filter.open();
      for (const one of steps) {
        heard.length = 0;
        const possible = filter.problems(one.flags, one.list).length === 0;
        const before = filter.packetFilter;
        if (possible) filter.set(one.flags, one.list);
        else
          expect(() => {
            filter.set(one.flags, one.list);
          }).toThrow('RECEIVE_FILTER_UNSUPPORTED');
        expect(heard).toEqual(possible ? [[one.flags, one.list]] : []);
        expect(filter.packetFilter).toBe(possible ? one.flags : before);
        if (possible) expect([one.flags & ~supported, one.list.length <= most]).toEqual([0, true]);
      }
    }),
    seeded('receive filter', 200),
  );
});
