/*
 * Who must want an adapter started, what a driver fills in before it makes one, and the data path of an adapter whose driver
 * has none.
 */

import { VirtualClock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { i32 } from '@netcx/dma/memory';
import { describe, expect, it } from 'vitest';
import { FrameDescriptor } from '../src/edge/index.ts';
import {
  MobileBroadbandWakeUpFlags,
  NetAdapter,
  NetAdapterInit,
  NetDevice,
  ViolationError,
  WifiPowerOffloadFlags,
  type AdapterCallbacks,
} from '../src/index.ts';
import { DeviceRig } from './device-rig.ts';
import { buildFakeMachine, Recorder } from './fake-machine.ts';

/** The number of the rule that an action breaks. */
const ruleOf = (action: () => unknown): number => {
  try {
    action();
    return -1;
  } catch (error) {
    if (error instanceof ViolationError) return error.rule.number;
    throw error;
  }
};

describe('an adapter with several requestors', () => {
  it('starts when the last of them wants it, and stops when any does not', async () => {
    const { adapter, tx, clock } = buildFakeMachine({ queues: { transmit: 1, receive: 0 } });
    const medium = adapter.requestor('medium');
    const other = adapter.requestor('other');
    adapter.start();
    expect([adapter.transmitQueues.length, adapter.life.state]).toEqual([0, 'IoStarted']);
    other.start();
    expect(adapter.transmitQueues.length).toBe(0);
    medium.start();
    expect([adapter.transmitQueues.length, tx[0]!.calls]).toEqual([1, ['start']]);
    await clock.drive(other.stop());
    expect([adapter.transmitQueues.length, adapter.life.state]).toEqual([0, 'IoStarted']);
    other.start(); // the others want it still
    expect(adapter.transmitQueues.length).toBe(1);
    await clock.drive(adapter.stop());
    medium.stop().catch(() => undefined);
    await clock.drive(medium.stop()); // stopped already: only remembered
    adapter.start();
    expect(adapter.transmitQueues.length).toBe(0);
    medium.start();
    expect(adapter.transmitQueues.length).toBe(1);
    await clock.drive(adapter.stop());
  });

  it('is started once by each', async () => {
    const { adapter, stop } = buildFakeMachine();
    const medium = adapter.requestor('medium');
    medium.start();
    expect(() => {
      medium.start();
    }).toThrow('ADAPTER_STARTED: fake is started already; stop it first');
    adapter.start();
    expect(ruleOf(() => adapter.requestor('too late'))).toBe(3);
    await stop();
  });

  it('keeps its capabilities from the owner’s start on, also while it waits for others', async () => {
    const { adapter, stop } = buildFakeMachine();
    const medium = adapter.requestor('medium');
    adapter.start();
    expect(ruleOf(() => adapter.setLinkLayerMtuSize(1400))).toBe(3);
    await stop();
    adapter.setLinkLayerMtuSize(1400);
    medium.start();
    adapter.setLinkLayerMtuSize(1300); // another's wish does not bind the owner
    await stop();
  });

  it('names what is missing to whoever starts it', () => {
    const adapter = new NetAdapter({ name: 'nic', clock: new VirtualClock() });
    const medium = adapter.requestor('medium');
    expect(() => {
      medium.start();
    }).toThrow('CAPABILITIES_MISSING: nic cannot start: call setDatapathCapabilities');
    adapter.setLinkLayerCapabilities(1e9); // nothing was started
  });

  it('is as it was when its queues cannot be made', () => {
    const taken = hostPages.bytesTaken;
    let fails = true;
    const machine = buildFakeMachine({
      queues: { transmit: 1, receive: 1 },
      callbacks: {
        createRxQueue: (init) => {
          if (fails) throw new Error('no more queues');
          init.create(() => ({
            advance: () => undefined,
            setNotificationEnabled: () => undefined,
            cancel: () => undefined,
          }));
        },
      },
    });
    const { adapter } = machine;
    expect(() => {
      adapter.start();
    }).toThrow('no more queues');
    expect([adapter.life.state, adapter.life.datapathState, adapter.life.started]).toEqual([
      'IoStarted',
      'Halted',
      false,
    ]);
    expect(hostPages.bytesTaken).toBe(taken);
    adapter.setLinkLayerMtuSize(1400);
    fails = false;
    machine.recorder.leaves = true;
    adapter.start();
    expect(adapter.life.datapathState).toBe('DatapathRunning');
  });
});

describe('the default data path', () => {
  it('completes every frame and receives none', async () => {
    const taken = hostPages.bytesTaken;
    const clock = new VirtualClock();
    const adapter = new NetAdapter({ name: 'light', clock });
    adapter.setLinkLayerCapabilities(1e9);
    adapter.setLinkLayerMtuSize(1500);
    adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 1));
    const recorder = new Recorder();
    adapter.attachProtocol(recorder);
    adapter.start(); // no data path capabilities are asked for
    expect([adapter.transmitQueues.length, adapter.receiveQueues.length]).toEqual([1, 1]);
    const { edge } = adapter.transmitQueues[0]!;
    for (let round = 0; round < 3; round++) {
      const count = Math.min(40, edge.room);
      for (let index = 0; index < count; index++) {
        const d = edge.ring.at(edge.ring.endIndex + index);
        const buffer = edge.pool.take();
        FrameDescriptor.address.set(i32, d, edge.pool.address(buffer));
        FrameDescriptor.length.set(i32, d, 60);
        FrameDescriptor.buffer.set(i32, d, buffer);
      }
      edge.submit(count);
      clock.run();
      expect(recorder.sentContexts.length).toBe(count);
      recorder.sentContexts.length = 0;
    }
    expect([recorder.shown, adapter.statistics().receive.packets]).toEqual([[], 0]);
    await clock.drive(adapter.stop());
    expect(hostPages.bytesTaken).toBe(taken);
  });

  it.each([
    ['createTxQueue', { createRxQueue: () => undefined }],
    ['createRxQueue', { createTxQueue: () => undefined }],
  ])('is for drivers without callbacks, not for one that forgot %s', (missing, callbacks) => {
    const make = () =>
      new NetAdapter({ name: 'nic', clock: new VirtualClock(), callbacks: callbacks as unknown as AdapterCallbacks });
    expect(make).toThrow(`nic: ${missing} is missing; expected both callbacks, or none`);
    expect(ruleOf(make)).toBe(0x26);
  });
});

describe('an init', () => {
  const callbacks: AdapterCallbacks = { createTxQueue: () => undefined, createRxQueue: () => undefined };
  const options = () => ({ name: 'nic', clock: new VirtualClock() });
  const device = () => new NetDevice({ name: 'device', clock: new VirtualClock() });

  it('makes one adapter, and is freed afterwards', () => {
    const owner = device();
    const init = NetAdapterInit.allocate(owner);
    init.setDatapathCallbacks(callbacks);
    expect(init.createdAdapter).toBe(undefined);
    const adapter = init.createAdapter(options());
    expect([init.createdAdapter, adapter.device, owner.adapters]).toEqual([adapter, owner, [adapter]]);
    expect(ruleOf(() => init.createAdapter(options()))).toBe(0x28);
    expect(ruleOf(() => init.setDatapathCallbacks(callbacks))).toBe(0x28);
    init.free();
    for (const use of [
      () => init.free(),
      () => init.createAdapter(options()),
      () => init.createdAdapter,
      () => init.addExtension({ name: 'x', medium: 'wifi' }),
    ])
      expect(ruleOf(use)).toBe(0x27);
  });

  it('takes both callbacks, or none; a lightweight one none', () => {
    const init = NetAdapterInit.allocate(device());
    expect(
      ruleOf(() => init.setDatapathCallbacks({ createTxQueue: () => undefined } as unknown as AdapterCallbacks)),
    ).toBe(0x26);
    const light = NetAdapterInit.allocateLightweight(device());
    expect(ruleOf(() => light.setDatapathCallbacks(callbacks))).toBe(0x26);
    const adapter = light.createAdapter(options());
    adapter.setLinkLayerCapabilities(1e9);
    adapter.setLinkLayerMtuSize(1500);
    adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 1));
    adapter.start();
    expect(adapter.life.state).toBe('InterfaceStartedIoStopped'); // its queues come with D0
  });

  it('passes on how transmit queues are told apart', () => {
    const init = NetAdapterInit.allocate(device());
    init.addTxDemux({ kind: '8021p', range: 4 });
    expect(init.createAdapter(options()).txDemux.range).toBe(4);
  });

  it('lets the extension for a medium hold the start back', async () => {
    const rig = new DeviceRig([]);
    const init = NetAdapterInit.allocateLightweight(rig.device);
    init.addExtension({
      name: 'broadband',
      medium: 'mobileBroadband',
      wakeUpEvents: MobileBroadbandWakeUpFlags.smsReceive,
    });
    const adapter = init.createAdapter({ name: 'nic', clock: rig.clock });
    adapter.setLinkLayerCapabilities(1e9);
    adapter.setLinkLayerMtuSize(1500);
    adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 1));
    rig.adapters.push(adapter);
    await rig.run(rig.device.start());
    expect(adapter.transmitQueues.length).toBe(0);
    adapter.requestor('broadband').start();
    expect(adapter.transmitQueues.length).toBe(1);
    expect(adapter.power.mediaExtensions).toEqual([{ name: 'broadband', medium: 'mobileBroadband', wakeUpEvents: 2 }]);
    await rig.run(rig.device.remove());
  });

  it.each([
    [{ name: 'm', medium: 'mobileBroadband', wakeUpEvents: 0x20 }, 0x4f],
    [{ name: 'm', medium: 'wifi', wakeUpEvents: 0x10 }, 0x4f],
    [{ name: 'm', medium: 'mobileBroadband', powerOffloads: WifiPowerOffloadFlags.rsnRekey }, 0x58],
    [{ name: 'm', medium: 'wifi', powerOffloads: 1 }, 0x58],
  ] as const)('refuses flags that a medium does not have: %o', (extension, rule) => {
    const init = NetAdapterInit.allocate(device());
    expect(ruleOf(() => init.addExtension(extension))).toBe(rule);
    const adapter = init.createAdapter(options());
    expect(ruleOf(() => adapter.power.addMediaExtension(extension))).toBe(rule);
    expect(adapter.power.mediaExtensions).toEqual([]);
  });
});
