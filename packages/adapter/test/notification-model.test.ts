/*
 * The whole handshake of reference netadaptercx §5.10, model-checked: the real poll loop and the real gates, a driver that
 * arms its device by a flag, and a device whose work, interrupts and stray notifications come at any point where something
 * can happen: before and after each look, inside the callback that arms (before and after the flag is set), between runs. In
 * both modes, for queues of their own and in a shared context, with tasks, and with several rounds in a row. A wake-up is
 * lost when the context sleeps with work left, or so that the next interrupt would not wake it.
 */

import { describe, expect, it } from 'vitest';
import { Notification, type NotificationMode } from '../src/execution/notification.ts';
import { ExecutionContext, type PollClient } from '../src/execution-context.ts';
import { Script, singleAlarm } from './scripts.ts';

const EVENTS = ['nothing', 'work', 'spurious', 'stray', 'poke', 'task'] as const;
/** Far more runs than any script needs. */
const MOST_RUNS = 100;

interface Setting {
  readonly mode: NotificationMode;
  readonly shared: boolean;
  readonly queues: number;
  readonly rounds: number;
  readonly events: number;
  /** A mistake, to see that it is found. */
  readonly mistake?: 'late gate' | 'no second look' | 'armed once';
}

/** A driver with its device: work comes, and an interrupt with it if the flag is set, which it clears. */
class Device implements PollClient {
  work = 0;
  flag = false;
  notifications = 0;
  readonly #point: () => void;
  readonly #setting: Setting;
  readonly #gate: Notification | undefined;
  readonly #notify: () => void;
  #blind = false;
  #armed = 0;

  constructor(setting: Setting, context: ExecutionContext | undefined, own: ExecutionContext, point: () => void) {
    this.#setting = setting;
    this.#point = point;
    if (context === undefined) {
      const gate = setting.mistake === 'late gate' ? lateGate(this, own) : new Notification(this, setting.mode, own);
      this.#gate = gate;
      this.#notify = () => {
        gate.notify();
      };
    } else {
      this.#notify = () => {
        context.notify();
      };
    }
  }

  /** The device's interrupt. */
  interrupt(): void {
    if (!this.flag) return;
    this.flag = false;
    this.notifications++;
    this.#notify();
  }

  /** The driver notifies, asked or not. */
  stray(): void {
    this.#notify();
  }

  setNotificationEnabled(enabled: boolean): void {
    this.#point();
    this.flag = enabled;
    if (!enabled && this.#setting.mode === 'asShipped') throw new Error('as shipped nobody is told to be silent');
    this.#point();
  }

  poll(): number {
    this.#point();
    if (this.#blind) return 0;
    const done = Math.min(this.work, 1);
    this.work -= done;
    this.#point();
    return done;
  }

  arm(): void {
    const { mistake } = this.#setting;
    if (mistake === 'armed once' && this.#armed++ > 0) return;
    this.#gate?.enable();
    this.#blind = mistake === 'no second look';
  }

  disarm(): void {
    this.#blind = false;
    this.#gate?.disable();
  }

  /** Whether the next work would wake the context. */
  get listening(): boolean {
    return this.flag && (this.#gate?.open ?? true);
  }
}

/** A gate that opens after the driver was told. */
function lateGate(device: Device, context: ExecutionContext): Notification {
  const gate = new Notification({ setNotificationEnabled: () => undefined }, 'documented', context);
  const enable = gate.enable.bind(gate);
  gate.enable = () => {
    device.setNotificationEnabled(true);
    enable();
  };
  return gate;
}

/** Tries all scripts; returns how many there were, or throws with the first that loses something. */
function tryAll(setting: Setting): number {
  const script = new Script(EVENTS, setting.events);
  let scripts = 0;
  do {
    scripts++;
    const turn = singleAlarm();
    let left = setting.events;
    let next = 0;
    let tasks = 0;
    let inPoll = false;
    const devices: Device[] = [];
    const point = (): void => {
      if (left === 0 || devices.length === 0) return;
      const event = script.choose();
      if (event === 'nothing') return;
      left--;
      const device = devices[next++ % devices.length]!;
      if (event === 'poke') context.wake();
      if (event === 'stray') device.stray();
      if (event === 'task') context.createTask(() => (inPoll ? fail('a task inside a poll') : tasks++)).enqueue();
      if (event === 'work') device.work++;
      if (event === 'work' || event === 'spurious') device.interrupt();
    };
    const fail = (what: string): never => {
      throw new Error(`${what} after [${script.toString()}]`);
    };
    const context: ExecutionContext = new ExecutionContext(turn.clock, {
      budget: { rounds: setting.rounds },
      notification: setting.mode,
      ...(setting.shared
        ? {
            setNotificationEnabled: (enabled: boolean) => {
              for (const device of devices) device.setNotificationEnabled(enabled);
            },
          }
        : {}),
    });
    for (let queue = 0; queue < setting.queues; queue++)
      devices.push(new Device(setting, setting.shared ? context : undefined, context, point));
    for (const device of devices) {
      const quiet = (): void => undefined;
      context.add({
        poll: () => {
          if (inPoll) fail('a poll inside a poll');
          inPoll = true;
          const work = device.poll();
          inPoll = false;
          return work;
        },
        arm: setting.shared ? quiet : device.arm.bind(device),
        disarm: setting.shared ? quiet : device.disarm.bind(device),
      });
    }
    context.wake();
    let runs = 0;
    for (; turn.pending && runs < MOST_RUNS; runs++) {
      turn.run();
      point(); // while it sleeps, or waits for its turn
    }
    const state = devices.map(({ work, listening }) => ({ work, listening }));
    if (runs === MOST_RUNS) fail('no end');
    if (state.some(({ work, listening }) => work > 0 || !listening)) fail(`lost: ${JSON.stringify(state)}`);
    const { noMoreWork, yielded, taskPending } = context.exits;
    if (noMoreWork === 0 || yielded < 0) fail(`exits that cannot be: ${JSON.stringify(context.exits)}`);
    if (taskPending > 0 && tasks === 0) fail('a task that was not done');
  } while (script.next());
  return scripts;
}

/** More events, and many more scripts, in a long run. */
const EXTRA = Number(process.env['NETCX_EFFORT'] ?? 1) > 1 ? 1 : 0;

describe('no wake-up is lost between driver, gate and poll loop', () => {
  it.each<[string, Setting]>([
    ['documented', { mode: 'documented', shared: false, queues: 1, rounds: 1, events: 3 + EXTRA }],
    ['as shipped', { mode: 'asShipped', shared: false, queues: 1, rounds: 1, events: 2 + EXTRA }],
    [
      'documented, a context of the driver for two queues',
      { mode: 'documented', shared: true, queues: 2, rounds: 1, events: 2 + EXTRA },
    ],
    [
      'as shipped, a context of the driver for two queues',
      { mode: 'asShipped', shared: true, queues: 2, rounds: 1, events: 2 + EXTRA },
    ],
    [
      'documented, two queues with a gate each in one context',
      { mode: 'documented', shared: false, queues: 2, rounds: 1, events: 2 + EXTRA },
    ],
    [
      'documented, three rounds in a row',
      { mode: 'documented', shared: false, queues: 1, rounds: 3, events: 2 + EXTRA },
    ],
  ])('%s', (_, setting) => {
    expect(tryAll(setting)).toBeGreaterThan(500);
  });

  it.each(['late gate', 'no second look', 'armed once'] as const)('and one mistake is found: %s', (mistake) => {
    const setting: Setting = { mode: 'documented', shared: false, queues: 1, rounds: 1, events: 2, mistake };
    expect(() => tryAll(setting)).toThrow(/lost: .* after \[/);
  });
});
