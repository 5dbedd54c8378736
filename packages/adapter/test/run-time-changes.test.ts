/*
 * What may change while an adapter runs: the MTU, for which its queues are made anew, its current address and its link. Who is
 * told, and that nobody is told of what stays as it was.
 */

import { hostPages } from '@netcx/dma';
import { describe, expect, it } from 'vitest';
import { AutoNegotiationFlags, DISCONNECTED, ViolationError, type LinkState } from '../src/index.ts';
import { buildFakeMachine, Recorder } from './fake-machine.ts';

/** A recorder that notes what else it is told. */
class Listener extends Recorder {
  readonly told: unknown[] = [];

  mtuChanged(mtu: number): void {
    this.told.push({ mtu });
  }

  addressChanged(address: Uint8Array): void {
    this.told.push({ address: [...address] });
  }

  linkStateChanged(state: LinkState): void {
    this.told.push(state);
  }
}

const machineWithListener = (options: Parameters<typeof buildFakeMachine>[0] = {}) => {
  const machine = buildFakeMachine(options);
  const listener = new Listener();
  machine.adapter.detachProtocol();
  machine.adapter.attachProtocol(listener);
  return { ...machine, listener };
};

describe('the MTU of an adapter that runs', () => {
  it('changes with its queues, and its protocol is told once there are new ones', async () => {
    const taken = hostPages.bytesTaken;
    const machine = machineWithListener({
      queues: { transmit: 1, receive: 1 },
      maximumFrameSize: 9018,
    });
    const { adapter, clock, tx, rx, listener } = machine;
    adapter.start();
    clock.run();
    const [oldTx, oldRx] = [tx[0]!, rx[0]!];
    const capacity = adapter.transmitQueues[0]!.edge.pool.capacity;
    let queuesWhenTold = 0;
    listener.mtuChanged = (mtu) => {
      listener.told.push({ mtu });
      queuesWhenTold = adapter.transmitQueues.length;
    };
    await clock.drive(adapter.changeLinkLayerMtuSize(9000));
    expect([adapter.mtu, listener.told, queuesWhenTold]).toEqual([9000, [{ mtu: 9000 }], 1]);
    expect(oldTx.calls.filter((call) => !call.includes('arm'))).toEqual(['start', 'cancel', 'stop']);
    expect(oldRx.calls.filter((call) => !call.includes('arm'))).toEqual(['start', 'cancel', 'stop']);
    expect([tx[0] === oldTx, tx[0]!.calls[0], rx[0]!.calls[0]]).toEqual([false, 'start', 'start']);
    expect(adapter.transmitQueues[0]!.edge.pool.capacity).toBeGreaterThanOrEqual(9014);
    expect(capacity).toBeLessThan(9014);
    await machine.stop();
    expect(hostPages.bytesTaken).toBe(taken);
  });

  it('is told and makes nothing anew when nothing changes, or nothing runs', async () => {
    const { adapter, clock, tx, listener, stop } = machineWithListener();
    await clock.drive(adapter.changeLinkLayerMtuSize(1400));
    expect([adapter.mtu, listener.told, tx.length]).toEqual([1400, [{ mtu: 1400 }], 0]);
    adapter.start();
    const [queue] = tx;
    await clock.drive(adapter.changeLinkLayerMtuSize(1400));
    expect([listener.told.length, tx[0] === queue, queue!.calls]).toEqual([1, true, ['start']]);
    await stop();
  });

  it('stays as it was when new queues cannot be made for it, and the old ones come back', async () => {
    const taken = hostPages.bytesTaken;
    let made = 0;
    const machine = machineWithListener({
      callbacks: {
        createRxQueue: (init) => {
          if (++made === 2) throw new Error('not for this size');
          init.create(() => ({
            advance: () => undefined,
            setNotificationEnabled: () => undefined,
            cancel: () => undefined,
          }));
        },
      },
      queues: { transmit: 1, receive: 1 },
    });
    const { adapter, clock, listener } = machine;
    adapter.start();
    await expect(clock.drive(adapter.changeLinkLayerMtuSize(1000))).rejects.toThrow('not for this size');
    expect([adapter.mtu, listener.told, made]).toEqual([1500, [], 3]);
    expect([adapter.transmitQueues.length, adapter.life.datapathState]).toEqual([1, 'DatapathRunning']);
    await machine.stop();
    expect(hostPages.bytesTaken).toBe(taken);
  });

  it('is what was asked for last, however little time there is between two changes', async () => {
    const { adapter, clock, listener, stop } = machineWithListener();
    adapter.start();
    const changes = [9000, 1500, 3000, 3000].map((mtu) => adapter.changeLinkLayerMtuSize(mtu));
    await clock.drive(Promise.all(changes));
    expect([adapter.mtu, listener.told]).toEqual([3000, [{ mtu: 9000 }, { mtu: 1500 }, { mtu: 3000 }]]);
    await stop();
  });

  it('stays while a protocol holds buffers, and may be changed again', async () => {
    const machine = machineWithListener();
    const { adapter, clock, rx, listener } = machine;
    adapter.start();
    clock.run();
    listener.keeps = true;
    rx[0]!.arrive({ bytes: Uint8Array.of(1, 2, 3) });
    clock.run();
    await expect(clock.drive(adapter.changeLinkLayerMtuSize(1000))).rejects.toThrow('STILL_HELD');
    expect([adapter.mtu, listener.told]).toEqual([1500, []]);
    listener.release();
    await clock.drive(adapter.changeLinkLayerMtuSize(1000));
    expect([adapter.mtu, listener.told, adapter.receiveQueues.length]).toEqual([1000, [{ mtu: 1000 }], 1]);
    await machine.stop();
  });

  it.each([0, -1, 1.5, NaN, 2 ** 26])('is refused as %d', async (mtu) => {
    const { adapter, clock } = machineWithListener();
    await expect(clock.drive(adapter.changeLinkLayerMtuSize(mtu))).rejects.toThrow(
      `CAPABILITIES_INVALID: fake: an MTU of ${mtu}`,
    );
    expect(adapter.mtu).toBe(1500);
    const rule = await adapter.changeLinkLayerMtuSize(mtu).catch((error: unknown) => error);
    expect(rule instanceof ViolationError ? rule.rule.number : 'no rule').toBe(mtu === 0 ? 0x13 : 'no rule');
  });
});

describe('the addresses of an adapter', () => {
  const first = Uint8Array.of(2, 0, 0, 0, 0, 1);
  const second = Uint8Array.of(2, 0, 0, 0, 0, 2);

  it('are each other’s when one of them is set', () => {
    const { adapter } = buildFakeMachine(); // sets the permanent one
    expect([[...adapter.linkLayerAddress], [...adapter.permanentLinkLayerAddress]]).toEqual([[...first], [...first]]);
    adapter.setCurrentLinkLayerAddress(second);
    expect([[...adapter.linkLayerAddress], [...adapter.permanentLinkLayerAddress]]).toEqual([[...second], [...first]]);
  });

  it('change while it runs, and the protocol is told of changes only', async () => {
    const { adapter, listener, tx, stop } = machineWithListener();
    adapter.start();
    const [queue] = tx;
    adapter.setCurrentLinkLayerAddress(first);
    adapter.setCurrentLinkLayerAddress(second);
    adapter.setCurrentLinkLayerAddress(second);
    expect(listener.told).toEqual([{ address: [...second] }]);
    expect(tx[0]).toBe(queue); // queues know of no address
    expect(() => {
      adapter.setPermanentLinkLayerAddress(first);
    }).toThrow('ADAPTER_STARTED');
    expect(() => {
      adapter.setCurrentLinkLayerAddress(Uint8Array.of(1, 2));
    }).toThrow('ADDRESS_INVALID: fake: an address of 2 bytes; expected 6, as before');
    await stop();
  });

  it('must be equally long', () => {
    const { adapter } = buildFakeMachine();
    adapter.setCurrentLinkLayerAddress(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    expect(() => {
      adapter.start();
    }).toThrow('ADDRESS_INVALID: fake: a permanent address of 6 bytes and a current one of 8; expected equal lengths');
    adapter.setCurrentLinkLayerAddress(second);
    adapter.start();
  });

  it('have 32 bytes at most', () => {
    const { adapter } = buildFakeMachine();
    for (const set of ['setPermanentLinkLayerAddress', 'setCurrentLinkLayerAddress'] as const) {
      let rule = 0;
      try {
        adapter[set](new Uint8Array(33));
      } catch (error) {
        rule = (error as ViolationError).rule.number;
      }
      expect(rule).toBe(0x0a);
      expect(() => {
        adapter[set](new Uint8Array(0));
      }).toThrow('ADDRESS_INVALID: fake: an address of 0 bytes; expected 1 to 32');
    }
  });
});

describe('the state of a link', () => {
  const up: LinkState = { connected: true, txLinkSpeed: 1e9, rxLinkSpeed: 1e9, duplex: 'full' };

  it('is told for a change of any field, and of nothing else', () => {
    const { adapter, listener } = machineWithListener();
    const states: LinkState[] = [
      { ...DISCONNECTED, uncertain: true },
      up,
      { ...up, txLinkSpeed: 1e8 },
      { ...up, rxLinkSpeed: 1e8 },
      { ...up, duplex: 'half' },
      { ...up, pause: 'sendAndReceive' },
      { ...up, autoNegotiated: AutoNegotiationFlags.duplex | AutoNegotiationFlags.pause },
      DISCONNECTED,
    ];
    adapter.setLinkState({ ...DISCONNECTED, pause: 'unknown', autoNegotiated: 0 }); // what it stands for already
    expect(listener.told).toEqual([]);
    for (const state of states) {
      adapter.setLinkState(state);
      adapter.setLinkState({ ...state });
    }
    expect(listener.told).toEqual(states);
    expect(listener.links).toEqual([true, false]);
    expect(adapter.linkState).toEqual(DISCONNECTED);
  });

  it.each([
    [0, 'connected', { ...up, connected: 1 }],
    [0, 'connected', { ...up, uncertain: true }],
    [1, 'duplex', { ...up, duplex: 'simplex' }],
    [2, 'pause', { ...up, pause: 'sometimes' }],
    [3, 'autoNegotiated', { ...up, autoNegotiated: 16 }],
    [3, 'autoNegotiated', { ...up, autoNegotiated: 0.5 }],
  ])('is refused with sub-code %d for %s: %o', (subcode, field, state) => {
    const { adapter, listener } = machineWithListener();
    let error: unknown;
    try {
      adapter.setLinkState(state as unknown as LinkState);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ViolationError);
    const { rule, details } = error as ViolationError;
    expect([rule.number, details.subcode, details.field]).toEqual([0x0e, subcode, field]);
    expect([adapter.linkState, listener.told]).toEqual([DISCONNECTED, []]);
  });
});
