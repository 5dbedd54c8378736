/*
 * Queues that do not drain while a start is undone: they stay, with the hardware below them, until they can go. The caller hears
 * why the start failed, and beside it what stood in the way.
 */

import { MILLISECOND, VirtualClock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { beforeEach, describe, expect, it } from 'vitest';
import { NetDevice, type DeviceCallbacks } from '../src/index.ts';
import { buildFakeMachine, type FakeMachine } from './fake-machine.ts';

const CALLBACKS = [
  ...['prepareHardware', 'd0Entry', 'selfManagedIoInit', 'selfManagedIoRestart', 'selfManagedIoSuspend'],
  ...['d0Exit', 'releaseHardware'],
] as const;

/** Which callback fails first, and what the queue that does not stop makes of it. */
type Jam = keyof typeof IN_THE_WAY;
const notDrained = expect.objectContaining({ code: 'QUEUE_NOT_DRAINED' }) as unknown;
const IN_THE_WAY = {
  selfManagedIoInit: notDrained,
  selfManagedIoRestart: notDrained,
  createTxQueue: expect.objectContaining({ message: 'cancel fails' }) as unknown,
};

/** A device with two adapters, whose driver's callbacks are noted; some of them throw. */
class StuckRig {
  readonly clock = new VirtualClock();
  readonly calls: string[] = [];
  /** What a callback does besides being noted. */
  readonly on = new Map<string, () => void | Promise<void>>();
  readonly device: NetDevice;
  readonly first: FakeMachine;
  readonly second: FakeMachine;
  readonly #taken = hostPages.bytesTaken;

  constructor() {
    const noted = (name: string) => (): void | Promise<void> => this.#note(name);
    const callbacks = Object.fromEntries(CALLBACKS.map((name) => [name, noted(name)])) as DeviceCallbacks;
    this.device = new NetDevice({ name: 'device', clock: this.clock, callbacks });
    const adapter = { device: this.device };
    this.first = buildFakeMachine({ name: 'first', clock: this.clock, adapter });
    this.second = buildFakeMachine({
      name: 'second',
      clock: this.clock,
      adapter,
      queues: { transmit: 1, receive: 0 },
      callbacks: {
        createTxQueue: (init) => {
          void this.#note('createTxQueue');
          const idle = (): undefined => undefined;
          init.create(() => ({ advance: idle, setNotificationEnabled: idle, cancel: idle }));
        },
      },
    });
    this.on.set('prepareHardware', () => {
      for (const { adapter: one } of [this.first, this.second]) one.start();
    });
  }

  #note(name: string): void | Promise<void> {
    this.calls.push(name);
    return this.on.get(name)?.();
  }

  run<T>(step: Promise<T>): Promise<T> {
    return this.clock.drive(step);
  }

  /** The callback fails once, and from then on the first adapter's receive queue does not stop. */
  jam(callback: Jam): void {
    const fail = (): never => {
      throw new Error(`${callback} fails`);
    };
    this.on.set(callback, () => {
      this.on.delete(callback);
      const rx = this.first.rx[0]!;
      if (callback !== 'createTxQueue') {
        rx.stuck = true;
        return this.clock.delay(MILLISECOND).then(fail); // it has buffers then, which it keeps
      }
      rx.cancel = () => {
        throw new Error('cancel fails');
      };
      return fail();
    });
  }

  free(): void {
    const rx = this.first.rx[0]!;
    rx.stuck = false;
    Reflect.deleteProperty(rx, 'cancel');
  }

  get left(): number {
    return hostPages.bytesTaken - this.#taken;
  }
}

let rig: StuckRig;
beforeEach(() => {
  rig = new StuckRig();
});

const failed = (callback: Jam): unknown =>
  expect.objectContaining({ message: `${callback} fails`, suppressed: [IN_THE_WAY[callback]] });

describe('a start that fails above queues that do not drain', () => {
  it.each(['selfManagedIoInit', 'createTxQueue'] as const)(
    'because of %s stays in D0 until it is stopped',
    async (callback) => {
      const { device, calls } = rig;
      rig.jam(callback);
      await expect(rig.run(device.start())).rejects.toEqual(failed(callback));
      expect([device.state, device.powerState, calls.at(-1)]).toEqual(['D0', 'D0', callback]); // nothing is released
      await expect(rig.run(device.stop())).rejects.toEqual(IN_THE_WAY[callback]);
      expect([device.state, calls.at(-1)]).toEqual(['D0', callback]);

      rig.free();
      calls.length = 0;
      await rig.run(device.stop());
      expect([device.state, calls]).toEqual(['Stopped', ['d0Exit', 'releaseHardware']]);
      await rig.run(device.start());
      expect([device.state, calls.at(-1)]).toEqual(['D0', 'selfManagedIoInit']);
      await rig.run(device.remove());
      expect(rig.left).toBe(0);
    },
  );

  it.each(['remove', 'surpriseRemove'] as const)('releases its hardware behind d0Exit in %s', async (step) => {
    const { device, calls } = rig;
    rig.jam('selfManagedIoInit');
    await expect(rig.run(device.start())).rejects.toThrow('selfManagedIoInit fails');
    rig.free();
    calls.length = 0;
    await rig.run(device[step]());
    expect(calls).toEqual(['d0Exit', 'releaseHardware']);
    await rig.run(device.remove());
    expect([device.state, rig.left]).toEqual(['Removed', 0]);
  });
});

it.each(['selfManagedIoRestart', 'createTxQueue'] as const)(
  'a device that cannot wake because of %s keeps its hardware below queues that do not drain',
  async (callback) => {
    const { device, calls } = rig;
    await rig.run(device.start());
    await rig.run(device.powerDown('D3'));
    rig.jam(callback);
    await expect(rig.run(device.powerUp())).rejects.toEqual(failed(callback));
    expect([device.state, device.powerState, calls.at(-1)]).toEqual(['D0', 'D0', callback]);
    await expect(rig.run(device.stop())).rejects.toThrow('expected nothing but remove, since it could not wake');
    rig.free();
    calls.length = 0;
    await rig.run(device.remove());
    expect([device.state, calls, rig.left]).toEqual(['Removed', ['d0Exit', 'releaseHardware'], 0]);
  },
);

it('whatever fails behind the first error is with it', async () => {
  const { device } = rig;
  for (const name of ['d0Entry', 'releaseHardware', 'selfManagedIoSuspend', 'd0Exit'])
    rig.on.set(name, () => {
      throw new Error(`${name} fails`);
    });
  const failing = (name: string): unknown => expect.objectContaining({ message: `${name} fails` });
  const alone = { message: 'd0Entry fails', suppressed: [failing('releaseHardware')] };
  await expect(rig.run(device.start())).rejects.toEqual(expect.objectContaining(alone));
  rig.on.delete('d0Entry');
  await rig.run(device.start());
  const both = { message: 'selfManagedIoSuspend fails', suppressed: [failing('d0Exit'), failing('releaseHardware')] };
  await expect(rig.run(device.stop())).rejects.toEqual(expect.objectContaining(both));
  expect(device.state).toBe('Stopped');
});
