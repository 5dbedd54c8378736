/*
 * Random lives of a device: its host's requests, its adapters' starts and stops, changes of the MTU, callbacks that fail and a
 * device that is pulled out, one after the other and several at once. A monitor that knows nothing of the tables follows the
 * callbacks and holds them to the contract: none in a wrong state of power, every start with its stop, nothing after the end.
 */

import fc from 'fast-check';
import { hostPages } from '@netcx/dma';
import { expect, it } from 'vitest';
import type { NetAdapter } from '../src/index.ts';
import { seeded } from './conservation.ts';
import { DeviceRig } from './device-rig.ts';

/** Follows a log of callbacks, and says what is wrong with it. */
class Monitor {
  readonly wrong: string[] = [];
  prepared = false;
  inD0 = false;
  gone = false;
  running = new Set<string>();
  #io: 'none' | 'working' | 'suspended' | 'cleaned' = 'none';
  #armed = false;
  #removed = false;
  #told = new Set<string>();

  /** A callback that was called, and whether it failed. */
  see(line: string, failed: boolean): void {
    const [who, what] = line.split(' ') as [string, string?];
    const must = (right: boolean, why: string): void => {
      if (!right) this.wrong.push(`${line}: ${why}`);
    };
    must(!this.#removed, 'the device was removed');
    if (what === 'createTxQueue') must(this.inD0, 'a queue is made outside D0');
    else if (line.endsWith('tx start')) {
      must(this.inD0 && !this.running.has(who), 'a queue starts outside D0, or twice');
      must(!this.gone, 'a queue starts on a device that is gone');
      this.running.add(who);
    } else if (line.endsWith('tx stop')) {
      must(this.running.delete(who), 'a queue stops that does not run');
      must(this.inD0, 'a queue stops after the device has left D0');
    } else if (what === 'told') {
      const removed = line.endsWith('removed');
      must(!this.#told.has(who), 'a protocol is told something of an adapter that is gone');
      if (removed) {
        must(!this.running.has(who), 'removal is told while queues run');
        this.#told.add(who);
      }
    } else this.#device(who, must, failed);
  }

  #device(who: string, must: (right: boolean, why: string) => void, failed: boolean): void {
    const quiet = this.running.size === 0;
    switch (who) {
      case 'prepareHardware':
        must(!this.prepared && !this.gone, 'prepared already, or gone');
        this.prepared = true; // also when it fails
        break;
      case 'releaseHardware':
        must(this.prepared && !this.inD0 && quiet, 'not prepared, in D0, or with queues');
        this.prepared = false;
        break;
      case 'd0Entry':
        must(this.prepared && !this.inD0 && !this.gone, 'not prepared, in D0 already, or gone');
        this.inD0 = !failed;
        break;
      case 'd0Exit':
        must(this.inD0 && quiet, 'not in D0, or with queues');
        this.inD0 = false;
        break;
      case 'selfManagedIoInit':
        must(this.inD0 && this.#io === 'none', 'for the second time, or outside D0');
        if (!failed) this.#io = 'working';
        break;
      case 'selfManagedIoSuspend':
        must(this.inD0 && this.#io === 'working', 'nothing to suspend, or outside D0');
        this.#io = 'suspended'; // also when it fails
        break;
      case 'selfManagedIoRestart':
        must(this.inD0 && this.#io === 'suspended', 'nothing to restart, or outside D0');
        if (!failed) this.#io = 'working';
        break;
      case 'selfManagedIoFlush':
        must(!this.inD0 && this.#io !== 'none', 'in D0, or never initialized');
        break;
      case 'selfManagedIoCleanup':
        must(!this.inD0 && !this.prepared && this.#io !== 'none' && this.#io !== 'cleaned', 'too early, or twice');
        this.#io = 'cleaned';
        break;
      case 'armWake':
        must(this.inD0 && quiet && !this.#armed, 'armed already, with queues, or outside D0');
        this.#armed = !failed;
        break;
      case 'disarmWake':
        must(this.inD0 && quiet && this.#armed, 'not armed, with queues, or outside D0');
        if (!failed) this.#armed = false;
        break;
      case 'surpriseRemoval':
        must(!this.gone, 'for the second time');
        this.gone = true;
        break;
      default:
        must(false, 'unknown');
    }
  }

  /** Nothing may be called from now on. */
  end(): void {
    this.#removed = true;
    if (this.prepared || this.inD0 || this.running.size > 0) this.wrong.push('removed before everything was undone');
  }
}

const CALLBACKS = [
  'prepareHardware',
  'd0Entry D3Final',
  'd0Entry D2',
  'a createTxQueue',
  'b createTxQueue',
  'selfManagedIoInit',
  'selfManagedIoRestart',
  'armWake D2',
  'disarmWake',
  'selfManagedIoSuspend',
  'd0Exit D1',
  'd0Exit D3Final',
  'releaseHardware',
  'surpriseRemoval',
  'selfManagedIoFlush',
  'selfManagedIoCleanup',
] as const;

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('start', 'powerUp', 'stop', 'sleep', 'sleepToWake', 'reset' as const) },
  { weight: 4, arbitrary: fc.constantFrom('start', 'powerUp' as const) },
  { weight: 1, arbitrary: fc.constantFrom('pullOut', 'remove', 'addAdapter' as const) },
  {
    weight: 4,
    arbitrary: fc.record({
      adapter: fc.nat({ max: 2 }),
      what: fc.constantFrom('start', 'stop', 'mtu1000', 'mtu1400' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ fails: fc.constantFrom(...CALLBACKS) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Errors that a step may end in: the contract's own, and those of callbacks that fail. */
const EXPECTED = /^(LIFE_ORDER|INVALID_DEVICE_STATE|ADAPTER_STARTED|REMOVING_DEVICE_WITH_ADAPTERS)|fails$/;

/** Lives that end while the device works or sleeps, which eighty random ones may leave out. */
const PULLED_OUT: [[Step, boolean][]][] = [
  [
    [
      ['start', true],
      ['pullOut', true],
    ],
  ],
  [
    [
      ['start', true],
      ['sleep', true],
      ['pullOut', true],
    ],
  ],
];

class Life {
  readonly monitor = new Monitor();
  readonly rig: DeviceRig;
  readonly problems: string[] = [];
  removed = false;

  constructor() {
    this.rig = new DeviceRig(['a', 'b'], {});
    this.rig.observe = (line, failed) => {
      this.monitor.see(line, failed);
    };
    this.rig.attach(0);
    this.rig.attach(1);
  }

  /** What a step begins; it is over when the promise is. */
  async begin(one: Step): Promise<void> {
    const { device, adapters } = this.rig;
    try {
      if (typeof one === 'object' && 'fails' in one) this.rig.fails.add(one.fails);
      else if (typeof one === 'object') await this.#adapterStep(adapters[one.adapter % adapters.length]!, one.what);
      else if (one === 'sleep') await device.powerDown('D1');
      else if (one === 'sleepToWake') await device.powerDown('D2', { wake: true });
      else if (one === 'pullOut') await device.surpriseRemove();
      else if (one === 'reset') await device.requestReset();
      else if (one === 'addAdapter') this.rig.add(`late${String(adapters.length)}`);
      else if (one === 'remove') {
        await device.remove().finally(() => {
          if (!this.removed && device.state === 'Removed') this.monitor.end();
          this.removed = device.state === 'Removed';
        });
      } else await device[one]();
    } catch (error) {
      const message = (error as Error).message;
      if (!EXPECTED.test(message)) this.problems.push(`${JSON.stringify(one)}: ${(error as Error).stack ?? message}`);
    }
  }

  async #adapterStep(adapter: NetAdapter, what: 'start' | 'stop' | 'mtu1000' | 'mtu1400'): Promise<void> {
    if (what === 'start') adapter.start();
    else if (what === 'stop') await adapter.stop();
    else await adapter.changeLinkLayerMtuSize(what === 'mtu1000' ? 1000 : 1400);
  }

  /** What must be so whenever nothing is going on. */
  check(): void {
    const { device, adapters } = this.rig;
    const works = device.state === 'D0';
    if (works !== this.monitor.inD0) this.problems.push(`${device.state}, and the driver thinks otherwise`);
    if (works !== (device.powerState === 'D0')) this.problems.push(`${device.state} with power ${device.powerState}`);
    for (const { name, life, transmitQueues } of adapters) {
      const runs = life.state === 'InterfaceStartedIoStarted';
      if (runs !== this.monitor.running.has(name)) this.problems.push(`${name} is ${life.state}, its queue is not`);
      if (runs !== (transmitQueues.length === 1)) this.problems.push(`${name} is ${life.state} without its queue`);
      if (runs && !works) this.problems.push(`${name} runs while the device is ${device.state}`);
      if (runs !== (life.datapathState === 'DatapathRunning'))
        this.problems.push(`${name}: ${life.state} and ${life.datapathState}`);
    }
  }
}

it('keeps to its contract, whatever happens in whatever order', async () => {
  const taken = hostPages.bytesTaken;
  const reached = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(step, fc.boolean()), { minLength: 4, maxLength: 24 }), async (steps) => {
      const life = new Life();
      life.rig.entered = (state) => reached.add(state);
      let going: Promise<void>[] = [];
      for (const [one, wait] of steps) {
        going.push(life.begin(one));
        if (!wait) continue;
        await life.rig.run(Promise.all(going));
        going = [];
        life.check();
      }
      await life.rig.run(Promise.all(going));
      life.check();
      life.rig.fails.clear();
      await life.rig.run(life.begin('remove'));
      expect([...life.monitor.wrong, ...life.problems]).toEqual([]);
      expect(life.rig.device.state).toBe('Removed');
      expect(hostPages.bytesTaken).toBe(taken);
    }),
    { ...seeded('lives of a device', 80), examples: PULLED_OUT },
  );
  // The runs must have been nearly everywhere: the rest of the 32 is for hosts that power up what is gone.
  if (process.env['NETCX_RUNS'] === undefined) expect(reached.size).toBeGreaterThan(20);
}, 600_000);
