/*
 * A device's life as its driver and its adapters see it: which callback comes when, and what is undone when one fails.
 */

import { VirtualClock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { expect, describe, it } from 'vitest';
import { AdapterError, NetAdapter, NetDevice, ViolationError } from '../src/index.ts';
import { DeviceRig } from './device-rig.ts';
import { buildFakeMachine } from './fake-machine.ts';

const started = ['prepareHardware', 'd0Entry D3Final', 'a createTxQueue', 'a tx start', 'selfManagedIoInit'];
const down = (target: string) => ['selfManagedIoSuspend', 'a tx stop', `d0Exit ${target}`];

const codeOf = async (action: Promise<unknown>): Promise<string> => {
  try {
    await action;
    return 'accepted';
  } catch (error) {
    if (error instanceof AdapterError) return error.code;
    throw error;
  }
};

describe('a device', () => {
  it('makes queues last on the way up, and takes them first on the way down', async () => {
    const taken = hostPages.bytesTaken;
    const rig = new DeviceRig();
    const { device } = rig;
    expect([device.state, device.powerState]).toEqual(['Created', 'D3Final']);
    await rig.run(device.start());
    expect(rig.take()).toEqual(started);
    expect([device.state, device.powerState, rig.adapters[0]!.transmitQueues.length]).toEqual(['D0', 'D0', 1]);

    for (const target of ['D1', 'D2', 'D3'] as const) {
      await rig.run(device.powerDown(target));
      expect(rig.take()).toEqual(down(target));
      expect([device.state, device.powerState, rig.adapters[0]!.transmitQueues.length]).toEqual(['Dx', target, 0]);
      await rig.run(device.powerUp());
      expect(rig.take()).toEqual([`d0Entry ${target}`, 'a createTxQueue', 'a tx start', 'selfManagedIoRestart']);
    }

    await rig.run(device.stop());
    expect(rig.take()).toEqual([...down('D3Final'), 'releaseHardware']);
    expect(device.state).toBe('Stopped');
    await rig.run(device.start());
    expect(rig.take()).toEqual([...started.slice(0, -1), 'selfManagedIoRestart']);

    await rig.run(device.remove());
    expect(rig.take()).toEqual([...down('D3Final'), 'selfManagedIoFlush', 'releaseHardware', 'selfManagedIoCleanup']);
    expect([device.state, device.adapters.length, rig.adapters[0]!.life.state]).toEqual([
      'Removed',
      0,
      'ObjectDeleted',
    ]);
    expect(hostPages.bytesTaken).toBe(taken);
  });

  it('takes its adapters up in order, and down in the reverse one', async () => {
    const rig = new DeviceRig(['a', 'b', 'c']);
    await rig.run(rig.device.start());
    expect(rig.take().filter((line) => line.endsWith('tx start'))).toEqual(['a tx start', 'b tx start', 'c tx start']);
    await rig.run(rig.device.powerDown('D3'));
    expect(rig.take().filter((line) => line.endsWith('tx stop'))).toEqual(['c tx stop', 'b tx stop', 'a tx stop']);
  });

  it('tells protocols before queues go, and once there are new ones', async () => {
    const rig = new DeviceRig();
    rig.attach();
    await rig.run(rig.device.start());
    expect(rig.take()).toEqual([...started.slice(0, -1), 'a told D0', 'selfManagedIoInit']);
    await rig.run(rig.device.powerDown('D2'));
    expect(rig.take()).toEqual(['selfManagedIoSuspend', 'a told D2', 'a tx stop', 'd0Exit D2']);
    await rig.run(rig.device.powerUp());
    expect(rig.take().at(-2)).toBe('a told D0');
    await rig.run(rig.device.remove());
    expect(rig.take()).toEqual([
      'selfManagedIoSuspend',
      'a told D3Final',
      'a tx stop',
      'd0Exit D3Final',
      'selfManagedIoFlush',
      'releaseHardware',
      'selfManagedIoCleanup',
      'a told removed',
    ]);
  });

  it('gives an adapter that is started while it works its queues at once', async () => {
    const rig = new DeviceRig();
    await rig.run(rig.device.start());
    rig.take();
    const late = rig.add('late');
    expect([late.life.state, rig.device.adapters.map(({ name }) => name)]).toEqual(['IoStarted', ['a', 'late']]);
    late.start();
    expect(rig.take()).toEqual(['late createTxQueue', 'late tx start']);
    await rig.run(late.stop());
    expect(rig.take()).toEqual(['late tx stop']);
    await rig.run(rig.device.powerDown('D3'));
    await rig.run(rig.device.powerUp());
    expect([late.transmitQueues.length, rig.adapters[0]!.transmitQueues.length]).toEqual([0, 1]);
  });

  it('keeps an adapter stopped that was stopped, through sleep and through a restart', async () => {
    const rig = new DeviceRig();
    await rig.run(rig.device.start());
    const [adapter] = rig.adapters as [NetAdapter];
    await rig.run(adapter.stop());
    await rig.run(rig.device.powerDown('D3'));
    adapter.start(); // asleep: the interface starts, its queues come with D0
    expect([adapter.life.state, adapter.transmitQueues.length]).toEqual(['InterfaceStartedIoStopped', 0]);
    await rig.run(rig.device.powerUp());
    expect(adapter.transmitQueues.length).toBe(1);
    await rig.run(rig.device.stop());
    expect(() => {
      adapter.start();
    }).toThrow('INVALID_DEVICE_STATE: a cannot start in state InterfaceStoppedIoStoppedD3Final');
  });

  it('deletes one adapter, and leaves the others as they are', async () => {
    const rig = new DeviceRig(['a', 'b']);
    rig.attach();
    await rig.run(rig.device.start());
    rig.take();
    const [first, second] = rig.adapters as [NetAdapter, NetAdapter];
    await rig.run(rig.device.deleteAdapter(first));
    await rig.run(rig.device.deleteAdapter(first)); // nothing the second time
    expect(rig.take()).toEqual(['a tx stop', 'a told removed']);
    expect([rig.device.adapters, first.life.state, second.transmitQueues.length]).toEqual([
      [second],
      'ObjectDeleted',
      1,
    ]);
    expect(() => {
      first.start();
    }).toThrow('INVALID_DEVICE_STATE: a cannot start in state ObjectDeleted');
    await rig.run(rig.device.powerDown('D3'));
    expect(rig.take()).toEqual(['selfManagedIoSuspend', 'b tx stop', 'd0Exit D3']);
  });

  it('stays where it was while a protocol holds buffers, and may be asked to sleep again', async () => {
    const calls: string[] = [];
    const note = (line: string) => () => void calls.push(line);
    const clock = new VirtualClock();
    const device = new NetDevice({
      name: 'device',
      clock,
      callbacks: {
        selfManagedIoSuspend: note('selfManagedIoSuspend'),
        selfManagedIoRestart: note('selfManagedIoRestart'),
        d0Exit: note('d0Exit'),
      },
    });
    const { adapter, rx, recorder } = buildFakeMachine({ clock, adapter: { device } });
    adapter.start();
    await clock.drive(device.start());
    clock.run();
    recorder.keeps = true;
    rx[0]!.arrive({ bytes: Uint8Array.of(1, 2, 3) });
    clock.run();
    await expect(clock.drive(device.powerDown('D3'))).rejects.toThrow('STILL_HELD');
    expect([calls, device.state, device.powerState]).toEqual([['selfManagedIoSuspend'], 'D0', 'D0']);
    recorder.release();
    await clock.drive(device.powerDown('D3'));
    expect([calls, device.powerState]).toEqual([['selfManagedIoSuspend', 'd0Exit'], 'D3']);
    await clock.drive(device.powerUp());
    expect([calls.at(-1), adapter.receiveQueues.length]).toEqual(['selfManagedIoRestart', 1]);
    await clock.drive(device.remove());
  });

  it('does one thing at a time', async () => {
    const rig = new DeviceRig();
    const { device } = rig;
    const all = Promise.all([device.start(), device.powerDown('D3'), device.powerUp(), device.stop()]);
    await rig.run(all);
    expect(rig.take()).toEqual([
      ...started,
      ...down('D3'),
      'd0Entry D3',
      'a createTxQueue',
      'a tx start',
      'selfManagedIoRestart',
      ...down('D3Final'),
      'releaseHardware',
    ]);
  });

  it.each([
    [
      'powerUp before start',
      (device: NetDevice) => device.powerUp(),
      'LIFE_ORDER: device: powerUp in state Created; expected a device that sleeps',
    ],
    [
      'powerDown before start',
      (device: NetDevice) => device.powerDown('D3'),
      'LIFE_ORDER: device: powerDown in state Created; expected a device in D0',
    ],
    [
      'stop before start',
      (device: NetDevice) => device.stop(),
      'LIFE_ORDER: device: stop in state Created; expected a device in D0',
    ],
  ])('refuses %s', async (_, action, message) => {
    const rig = new DeviceRig();
    await expect(rig.run(action(rig.device))).rejects.toThrow(message);
    expect(rig.take()).toEqual([]);
  });
});

describe('a start that fails', () => {
  it('releases the hardware when it cannot be prepared, and the device can be removed, or started again', async () => {
    const rig = new DeviceRig();
    rig.fails.add('prepareHardware');
    await expect(rig.run(rig.device.start())).rejects.toThrow('prepareHardware fails');
    expect(rig.take()).toEqual(['prepareHardware', 'releaseHardware']);
    expect(rig.device.state).toBe('Stopped');
    await rig.run(rig.device.start());
    expect(rig.take()).toEqual(started);
    await rig.run(rig.device.remove());

    const other = new DeviceRig();
    other.fails.add('prepareHardware');
    await expect(other.run(other.device.start())).rejects.toThrow('prepareHardware fails');
    other.take();
    await other.run(other.device.remove());
    expect([other.take(), other.device.state]).toEqual([[], 'Removed']);
  });

  it('does not leave what was not entered', async () => {
    const rig = new DeviceRig();
    rig.fails.add('d0Entry D3Final');
    await expect(rig.run(rig.device.start())).rejects.toThrow('d0Entry D3Final fails');
    expect(rig.take()).toEqual(['prepareHardware', 'd0Entry D3Final', 'releaseHardware']);
    await rig.run(rig.device.remove());
    expect(rig.device.state).toBe('Removed');
  });

  it('takes back the queues of the adapters that had some, when one has none', async () => {
    const taken = hostPages.bytesTaken;
    const rig = new DeviceRig(['a', 'b', 'c']);
    rig.fails.add('b createTxQueue');
    await expect(rig.run(rig.device.start())).rejects.toThrow('b createTxQueue fails');
    expect(rig.take()).toEqual([
      'prepareHardware',
      'd0Entry D3Final',
      'a createTxQueue',
      'a tx start',
      'b createTxQueue',
      'a tx stop',
      'd0Exit D3Final',
      'releaseHardware',
    ]);
    expect([rig.device.state, hostPages.bytesTaken]).toEqual(['Stopped', taken]);
    await rig.run(rig.device.start());
    expect(rig.adapters.map(({ transmitQueues }) => transmitQueues.length)).toEqual([1, 1, 1]);
    await rig.run(rig.device.remove());
  });

  it('names the capability that an adapter is missing', async () => {
    const rig = new DeviceRig([]);
    rig.adapters.push(new NetAdapter({ name: 'empty', clock: rig.clock, device: rig.device }));
    await expect(rig.run(rig.device.start())).rejects.toThrow(
      'CAPABILITIES_MISSING: empty cannot start: call setDatapathCapabilities, setLinkLayerCapabilities, setLinkLayerMtuSize, setPermanentLinkLayerAddress first',
    );
    expect(rig.take()).toEqual(['prepareHardware', 'releaseHardware']);
    await rig.run(rig.device.remove());
    expect(rig.device.state).toBe('Removed');
  });
});

describe('a callback that fails on the way down', () => {
  it.each([
    ['selfManagedIoSuspend', 'powerDown', 'Dx'],
    ['d0Exit D3', 'powerDown', 'Dx'],
    ['armWake D3', 'powerDown', 'Dx'],
    ['a told D3', 'powerDown', 'Dx'],
    ['a told D3Final', 'stop', 'Stopped'],
    ['a told D3Final', 'remove', 'Removed'],
    ['d0Exit D3Final', 'stop', 'Stopped'],
    ['releaseHardware', 'stop', 'Stopped'],
    ['selfManagedIoFlush', 'remove', 'Removed'],
    ['selfManagedIoCleanup', 'remove', 'Removed'],
    ['d0Exit D3Final', 'remove', 'Removed'],
    ['surpriseRemoval', 'surpriseRemove', 'SurpriseRemovedStopped'],
    ['d0Exit D3Final', 'surpriseRemove', 'SurpriseRemovedStopped'],
  ] as const)('%s in %s is told once the device is %s', async (callback, step, state) => {
    const whole = new DeviceRig();
    const rig = new DeviceRig();
    const down = ({ device }: DeviceRig): Promise<void> =>
      step === 'powerDown' ? device.powerDown('D3', { wake: true }) : device[step]();
    for (const one of [whole, rig]) {
      one.attach();
      await one.run(one.device.start());
      one.take();
    }
    await whole.run(down(whole));
    rig.fails.add(callback);
    await expect(rig.run(down(rig))).rejects.toThrow(`${callback} fails`);
    expect([rig.device.state, rig.take()]).toEqual([state, whole.take()]);
  });
});

describe('a device that cannot wake', () => {
  it.each([
    ['d0Entry D3', ['d0Entry D3', 'a told removed', 'releaseHardware']],
    ['a createTxQueue', ['d0Entry D3', 'a createTxQueue', 'd0Exit D3Final', 'a told removed', 'releaseHardware']],
    [
      'selfManagedIoRestart',
      [
        'd0Entry D3',
        'a createTxQueue',
        'a tx start',
        'a told D0',
        'selfManagedIoRestart',
        'a tx stop',
        'd0Exit D3Final',
        'releaseHardware',
      ],
    ],
  ])('because of %s is stopped, and can only be removed', async (what, lines) => {
    const taken = hostPages.bytesTaken;
    const rig = new DeviceRig();
    rig.attach();
    await rig.run(rig.device.start());
    await rig.run(rig.device.powerDown('D3'));
    rig.take();
    rig.fails.add(what);
    await expect(rig.run(rig.device.powerUp())).rejects.toThrow(`${what} fails`);
    expect(rig.take()).toEqual(lines);
    expect([await codeOf(rig.run(rig.device.start())), await codeOf(rig.run(rig.device.powerUp()))]).toEqual([
      'LIFE_ORDER',
      'LIFE_ORDER',
    ]);
    await rig.run(rig.device.remove());
    expect([rig.device.state, hostPages.bytesTaken]).toEqual(['Removed', taken]);
  });
});

describe('an adapter on a device that goes', () => {
  it('cannot be made any more', async () => {
    const rig = new DeviceRig(['a'], {
      callbacks: { releaseHardware: () => void rig.add('too late') },
    });
    await rig.run(rig.device.start());
    const removal = rig.run(rig.device.remove());
    await expect(removal).rejects.toThrow(ViolationError);
    await expect(removal).rejects.toThrow(
      /^REMOVING_DEVICE_WITH_ADAPTERS: device is removed, and too late was made on it\. RemovingDeviceWithAdapters \(0x25/,
    );
    await rig.run(rig.device.remove());
    expect(rig.device.state).toBe('Removed');
    expect(() => rig.add('much too late')).toThrow('REMOVING_DEVICE_WITH_ADAPTERS');
  });
});
