/*
 * Notifications on real queues: what a driver hears in either mode, what becomes of calls that nobody asked for, and the race
 * between a device that has something already and the callback that arms it.
 */

import { describe, expect, it } from 'vitest';
import type { PacketQueueCallbacks } from '../src/index.ts';
import { CallRecorder } from './call-recorder.ts';
import { FakeRx } from './fake-driver.ts';
import { buildFakeMachine, type FakeMachine } from './fake-machine.ts';
import { submitFrame } from './frames.ts';

const notificationsOf = (calls: readonly string[]): string => calls.filter((call) => call.endsWith('arm')).join(' ');

describe('a driver hears', () => {
  const traffic = (mode: 'documented' | 'asShipped') => {
    const machine = buildFakeMachine({ adapter: { polling: { notification: mode } } });
    const { adapter, clock, tx, rx } = machine;
    adapter.start();
    clock.run();
    rx[0]!.arrive({ bytes: Uint8Array.of(1) });
    clock.run();
    submitFrame(adapter.transmitQueues[0]!.edge, [{ address: 0, length: 60 }]);
    clock.run();
    tx[0]!.finishAll();
    clock.run();
    return { machine, seen: [notificationsOf(tx[0]!.calls), notificationsOf(rx[0]!.calls)] };
  };

  it('true and false as documented, and of a transmit queue only while something is in flight', async () => {
    const { machine, seen } = traffic('documented');
    expect(seen).toEqual(['arm disarm', 'arm disarm arm']);
    await machine.stop();
  });

  it('true only as shipped', async () => {
    const { machine, seen } = traffic('asShipped');
    expect(seen).toEqual(['arm', 'arm arm']);
    await machine.stop();
  });
});

describe('a notification that was not asked for', () => {
  it('does nothing and is counted: before anything is armed, the second of one, and after the queue has stopped', async () => {
    const machine = buildFakeMachine();
    const { adapter, clock } = machine;
    adapter.start();
    const [tx, rx] = [adapter.transmitQueues[0]!, adapter.receiveQueues[0]!];
    rx.notifyMoreReceivedPacketsAvailable();
    clock.run();
    expect(rx.notifications).toEqual({ enabled: 1, received: 0, ignored: 1 });
    const polls = rx.context.polls;
    rx.notifyMoreReceivedPacketsAvailable();
    rx.notifyMoreReceivedPacketsAvailable();
    rx.notifyMoreReceivedPacketsAvailable();
    clock.run();
    expect(rx.notifications).toEqual({ enabled: 2, received: 1, ignored: 3 });
    expect(rx.context.polls - polls).toBe(2);
    tx.notifyMoreCompletedPacketsAvailable(); // nothing is in flight, so nothing was armed
    clock.run();
    expect([tx.notifications, tx.context.polls]).toEqual([{ enabled: 0, received: 0, ignored: 1 }, 0]);
    await machine.stop();
    tx.notifyMoreCompletedPacketsAvailable();
    rx.notifyMoreReceivedPacketsAvailable();
    expect([clock.due, tx.notifications]).toEqual([0, undefined]);
  });
});

describe('a device that has something at the moment it is armed', () => {
  /** The interrupt is a level: arming it with work there raises it at once. */
  class LevelRx extends FakeRx {
    override setNotificationEnabled(enabled: boolean): void {
      super.setNotificationEnabled(enabled);
      if (enabled && this.waiting > 0) this.raise();
    }
  }

  it.each(['documented', 'asShipped'] as const)('loses nothing, %s', async (notification) => {
    let late = 3;
    const machine: FakeMachine = buildFakeMachine({
      adapter: { polling: { notification } },
      callbacks: {
        createRxQueue: (init) => {
          init.create((queue) => {
            const level = (machine.rx[queue.id] = new LevelRx(queue, machine.enabler.domain));
            // A frame comes between the idle look and the arming, some times.
            const armed = level.setNotificationEnabled.bind(level);
            level.setNotificationEnabled = (enabled) => {
              if (enabled && late-- > 0) level.arrive({ bytes: Uint8Array.of(late) });
              armed(enabled);
            };
            return level;
          });
        },
      },
    });
    machine.adapter.start();
    machine.clock.run();
    expect(machine.recorder.shown.map(({ bytes }) => bytes[0])).toEqual([2, 1, 0]);
    machine.rx[0]!.arrive({ bytes: Uint8Array.of(9) });
    machine.clock.run();
    expect(machine.recorder.shown.length).toBe(4);
    await machine.stop();
  });
});

describe('the recorder of calls', () => {
  type Side = Required<PacketQueueCallbacks>;

  /** What it finds wrong with some calls; `nest` has a callback call another one. */
  const faultsOf = (calls: (side: Side, nest: () => void) => void): string[] => {
    const machine = buildFakeMachine();
    machine.adapter.start();
    let inside = (): void => undefined;
    const recorder = new CallRecorder({
      name: 'tx',
      queue: machine.adapter.transmitQueues[0]!,
      side: {
        advance: () => {
          inside();
        },
        setNotificationEnabled: () => undefined,
        cancel: () => undefined,
      },
      armedWhenEmpty: false,
    });
    const side = recorder.side as Side;
    calls(side, () => {
      inside = () => {
        inside = () => undefined;
        side.advance();
      };
      side.advance();
    });
    return recorder.faults;
  };

  type Calls = (side: Side, nest: () => void) => void;
  const inOrder =
    (...names: readonly (keyof Side)[]): Calls =>
    (side) => {
      for (const name of names) side[name](true);
    };

  it.each<[string, Calls, string]>([
    ['an advance before start', inOrder('advance'), 'tx: advance while created'],
    ['a second start', inOrder('start', 'start'), 'tx: start while started'],
    ['a stop without cancel', inOrder('start', 'stop'), 'tx: stop while started'],
    ['a second cancel', inOrder('start', 'cancel', 'cancel'), 'tx: cancel while cancelled'],
    ['an advance after stop', inOrder('start', 'cancel', 'stop', 'advance'), 'tx: advance while stopped'],
    [
      'a notification after stop',
      inOrder('start', 'cancel', 'stop', 'setNotificationEnabled'),
      'tx: setNotificationEnabled while stopped',
    ],
    ['arming an empty queue', inOrder('start', 'setNotificationEnabled'), 'tx: armed with nothing in flight'],
    ['a destroy too early', inOrder('destroy'), 'tx: destroy while created'],
    [
      'a callback inside another',
      (side, nest) => {
        side.start();
        nest();
      },
      'tx: advance inside advance of tx',
    ],
  ])('finds %s', (_, calls, fault) => {
    expect(faultsOf(calls)).toContain(fault);
  });
});
