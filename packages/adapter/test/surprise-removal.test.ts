/*
 * A device that is pulled out, in each state of power: what is still called, what is not, and that nothing leads back.
 */

import { VirtualClock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { describe, expect, it } from 'vitest';
import { FrameDescriptor } from '../src/edge/index.ts';
import { i32 } from '@netcx/dma/memory';
import { NetDevice } from '../src/index.ts';
import { DeviceRig } from './device-rig.ts';
import { buildFakeMachine } from './fake-machine.ts';

/** Everything that would bring a device back. */
async function nothingLeadsBack(rig: DeviceRig): Promise<void> {
  const { device } = rig;
  for (const action of [
    () => device.start(),
    () => device.powerUp(),
    () => device.powerDown('D3'),
    () => device.stop(),
  ])
    await expect(rig.run(action())).rejects.toThrow('LIFE_ORDER');
  expect(await rig.run(device.requestReset())).toBe('ignored');
  for (const adapter of rig.adapters)
    expect(() => {
      adapter.start();
    }).toThrow('INVALID_DEVICE_STATE');
  expect(rig.take()).toEqual([]);
}

describe('a device that is pulled out', () => {
  it('before it was started: there is nothing to leave', async () => {
    const rig = new DeviceRig();
    rig.attach();
    await rig.run(rig.device.surpriseRemove());
    expect([rig.take(), rig.device.state]).toEqual([['surpriseRemoval'], 'SurpriseRemovedNotStarted']);
    await rig.run(rig.device.remove());
    expect([rig.take(), rig.device.state]).toEqual([['a told removed'], 'Removed']);
  });

  it('in D0: queues go, and the driver leaves D0', async () => {
    const taken = hostPages.bytesTaken;
    const rig = new DeviceRig(['a', 'b']);
    rig.attach();
    await rig.run(rig.device.start());
    rig.take();
    const removal = rig.device.surpriseRemove();
    expect(rig.device.surpriseRemoved).toBe(true); // at once, whatever still goes on
    await rig.run(removal);
    expect(rig.take()).toEqual([
      'surpriseRemoval',
      'selfManagedIoSuspend',
      'b tx stop',
      'a tx stop',
      'a told removed',
      'd0Exit D3Final',
      'releaseHardware',
    ]);
    expect([rig.device.state, hostPages.bytesTaken]).toEqual(['SurpriseRemovedStopped', taken]);
    await nothingLeadsBack(rig);
    await rig.run(rig.device.remove());
    expect([rig.take(), rig.device.state]).toEqual([['selfManagedIoFlush', 'selfManagedIoCleanup'], 'Removed']);
  });

  it('asleep: D0 was left before, and is not entered again', async () => {
    const rig = new DeviceRig();
    rig.attach();
    await rig.run(rig.device.start());
    await rig.run(rig.device.powerDown('D3', { wake: true }));
    rig.take();
    await rig.run(rig.device.surpriseRemove());
    expect(rig.take()).toEqual(['surpriseRemoval', 'a told removed', 'releaseHardware']);
    expect(rig.device.state).toBe('SurpriseRemovedStopped');
    await nothingLeadsBack(rig);
    await rig.run(rig.device.remove());
    expect(rig.take()).toEqual(['selfManagedIoFlush', 'selfManagedIoCleanup']);
  });

  it('stopped: the hardware was released before', async () => {
    const rig = new DeviceRig();
    rig.attach();
    await rig.run(rig.device.start());
    await rig.run(rig.device.stop());
    rig.take();
    await rig.run(rig.device.surpriseRemove());
    expect([rig.take(), rig.device.state]).toEqual([['surpriseRemoval'], 'Stopped']);
    await nothingLeadsBack(rig);
    await rig.run(rig.device.remove());
    expect(rig.take()).toEqual(['selfManagedIoFlush', 'selfManagedIoCleanup', 'a told removed']);
  });

  it('while it goes to sleep: that ends first, then it is pulled out of sleep', async () => {
    const rig = new DeviceRig();
    await rig.run(rig.device.start());
    rig.take();
    const asleep = rig.device.powerDown('D3');
    await Promise.resolve(); // it has begun
    await rig.run(Promise.all([asleep, rig.device.surpriseRemove()]));
    expect(rig.take()).toEqual([
      'selfManagedIoSuspend',
      'a tx stop',
      'd0Exit D3',
      'surpriseRemoval',
      'releaseHardware',
    ]);
  });

  it('goes on when a protocol throws at being told', async () => {
    const rig = new DeviceRig();
    rig.attach();
    await rig.run(rig.device.start());
    rig.take();
    rig.fails.add('a told removed');
    await expect(rig.run(rig.device.surpriseRemove())).rejects.toThrow('a told removed fails');
    await rig.run(rig.device.surpriseRemove());
    expect(rig.take()).toEqual([
      'surpriseRemoval',
      'selfManagedIoSuspend',
      'a tx stop',
      'a told removed',
      'd0Exit D3Final',
      'releaseHardware',
    ]);
    await rig.run(rig.device.remove());
    expect(rig.device.state).toBe('Removed');
  });

  it('tells an adapter that is made on it afterwards', async () => {
    const rig = new DeviceRig([]);
    await rig.run(rig.device.start());
    await rig.run(rig.device.surpriseRemove());
    const late = rig.add('late');
    expect(late.life.state).toBe('DeviceSurpriseRemoved');
    expect(() => {
      late.start();
    }).toThrow('INVALID_DEVICE_STATE: late cannot start in state DeviceSurpriseRemoved');
    await rig.run(rig.device.remove());
    expect(late.life.state).toBe('ObjectDeleted');
  });

  it('waits for buffers that a protocol holds, and may be asked again', async () => {
    const taken = hostPages.bytesTaken;
    const calls: string[] = [];
    const note = (line: string) => () => void calls.push(line);
    const clock = new VirtualClock();
    const device = new NetDevice({
      name: 'device',
      clock,
      callbacks: {
        surpriseRemoval: note('surpriseRemoval'),
        d0Exit: note('d0Exit'),
        releaseHardware: note('releaseHardware'),
      },
    });
    const { adapter, rx, recorder } = buildFakeMachine({ clock, adapter: { device } });
    adapter.start();
    await clock.drive(device.start());
    clock.run();
    recorder.keeps = true;
    rx[0]!.arrive({ bytes: Uint8Array.of(1, 2, 3) });
    clock.run();
    await expect(clock.drive(device.surpriseRemove())).rejects.toThrow(
      'STILL_HELD: fake rx 0: 1 of 32 buffers are still held',
    );
    expect([calls, device.state]).toEqual([['surpriseRemoval'], 'D0']);
    recorder.release();
    await clock.drive(device.surpriseRemove());
    expect([calls, device.state]).toEqual([['surpriseRemoval', 'd0Exit', 'releaseHardware'], 'SurpriseRemovedStopped']);
    await clock.drive(device.remove());
    expect(hostPages.bytesTaken).toBe(taken);
  });

  it('gives up what was to be sent', async () => {
    const clock = new VirtualClock();
    const device = new NetDevice({ name: 'device', clock });
    const { adapter, tx, recorder } = buildFakeMachine({
      clock,
      adapter: { device },
      queues: { transmit: 1, receive: 0 },
    });
    adapter.start();
    await clock.drive(device.start());
    tx[0]!.slots = 1;
    tx[0]!.givesUp = true; // the device answers no more: its driver gives up what it has
    const { edge } = adapter.transmitQueues[0]!;
    for (let index = 0; index < 3; index++) {
      const buffer = edge.pool.take();
      const d = edge.ring.at(edge.ring.endIndex + index);
      FrameDescriptor.address.set(i32, d, edge.pool.address(buffer));
      FrameDescriptor.length.set(i32, d, 60);
      FrameDescriptor.buffer.set(i32, d, buffer);
      FrameDescriptor.context.set(i32, d, index + 1);
    }
    edge.submit(3);
    clock.run();
    await clock.drive(device.surpriseRemove());
    expect([...recorder.sentContexts].sort()).toEqual([1, 2, 3]); // each once
    await clock.drive(device.remove());
  });
});
