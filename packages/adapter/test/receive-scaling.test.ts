/*
 * Receive-side scaling: what a driver may declare, the order in which it is told, entries that it cannot write, and what
 * outlives its queues.
 */

import { i32 } from '@netcx/dma/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameDescriptor } from '../src/edge/index.ts';
import {
  AdapterError,
  ReceiveScalingHashType,
  ReceiveScalingProtocolType,
  ViolationError,
  type IndirectionEntry,
  type ReceiveScalingCapabilities,
} from '../src/index.ts';
import { seeded } from './conservation.ts';
import { buildFakeMachine, type FakeMachine } from './fake-machine.ts';

const { toeplitz } = ReceiveScalingHashType;
const { ipv4, ipv6, tcp, udp } = ReceiveScalingProtocolType;
const KEY = Uint8Array.from({ length: 40 }, (_, index) => index * 7);

/** A driver's NIC that scales over four queues with a table of eight entries, and what it was told. */
class ScalingNic {
  readonly log: string[] = [];
  readonly table = new Array<number>(8).fill(-1);
  /** Entries that cannot be written, and how often. */
  readonly stuck = new Map<number, number>();
  key: Uint8Array | undefined;
  on: [number, number] | undefined;

  capabilities(change: Partial<ReceiveScalingCapabilities> = {}): ReceiveScalingCapabilities {
    return {
      numberOfQueues: 4,
      indirectionTableSize: 8,
      hashTypes: toeplitz,
      protocolTypes: ipv4 | ipv6 | tcp,
      enable: (hashTypes, protocolTypes) => {
        this.log.push(`enable ${hashTypes} ${protocolTypes}`);
        this.on = [hashTypes, protocolTypes];
      },
      disable: () => {
        this.log.push('disable');
        this.on = undefined;
      },
      setHashSecretKey: (key) => {
        this.log.push('key');
        this.key = key;
      },
      setIndirectionEntries: (entries) => {
        this.log.push(`entries ${entries.length}`);
        return entries.map((entry) => this.#write(entry));
      },
      ...change,
    };
  }

  #write({ index, queue }: IndirectionEntry): boolean {
    const left = this.stuck.get(index) ?? 0;
    this.stuck.set(index, left - 1);
    if (left > 0) return false;
    this.table[index] = queue;
    return true;
  }
}

function scaling(nic = new ScalingNic(), change: Partial<ReceiveScalingCapabilities> = {}, polling = {}) {
  const machine: FakeMachine = buildFakeMachine({ queues: { transmit: 1, receive: 4 }, adapter: { polling } });
  const scale = machine.adapter.receiveScaling;
  scale.setCapabilities(nic.capabilities(change));
  return { machine, nic, scale };
}

const usual = { hashTypes: toeplitz, protocolTypes: ipv4 | tcp, key: KEY };
const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'accepted';
  } catch (error) {
    if (error instanceof ViolationError) return `0x${error.rule.number.toString(16)} ${error.details.field}`;
    return String(error);
  }
};

describe('capabilities', () => {
  it.each<[Partial<ReceiveScalingCapabilities>, string]>([
    [{ numberOfQueues: 3 }, '0x1a numberOfQueues'],
    [{ numberOfQueues: 0 }, '0x1a numberOfQueues'],
    [{ indirectionTableSize: 100 }, '0x1a indirectionTableSize'],
    [{ hashTypes: 2 }, '0x22 hashTypes'],
    [{ protocolTypes: 0x40 }, '0x23 protocolTypes'],
    [{ protocolTypes: -1 }, '0x23 protocolTypes'],
    [{ encapsulationTypes: { outer: 4, inner: 0 } }, '0x24 encapsulationTypes.outer'],
    [{ encapsulationTypes: { outer: 1, inner: 8 } }, '0x24 encapsulationTypes.inner'],
    [{ hashTypes: 0 }, '0x63 hashTypes'],
    [{ protocolTypes: 0 }, '0x63 protocolTypes'],
    [{ indirectionTableSize: 2 }, '0x63 indirectionTableSize'],
    [{ unhashedTarget: 4 }, '0x63 unhashedTarget'],
    [{ disable: undefined as never }, '0x63 disable'],
    [{ encapsulationTypes: { outer: 2, inner: 3 } }, 'accepted'],
  ])('%o: %s', (change, code) => {
    const { adapter } = buildFakeMachine();
    expect(
      codeOf(() => {
        adapter.receiveScaling.setCapabilities(new ScalingNic().capabilities(change));
      }),
    ).toBe(code);
  });

  it('do not promise more queues than the NIC has', () => {
    const { machine } = scaling(new ScalingNic(), { numberOfQueues: 8 });
    expect(
      codeOf(() => {
        machine.adapter.start();
      }),
    ).toBe('0x63 numberOfQueues');
    expect(machine.adapter.receiveQueues).toEqual([]);
  });
});

describe('a protocol that scales', () => {
  it('has the driver told key, table and types, and later only what changes', async () => {
    const { machine, nic, scale } = scaling();
    machine.adapter.start();
    scale.enable({ ...usual, table: [0, 1, 2, 3] });
    expect(nic.log.splice(0)).toEqual(['key', 'entries 8', 'enable 1 17']);
    expect(scale.indirectionTable).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
    expect(nic.key).toEqual(KEY);
    scale.enable({ ...usual, table: [0, 1, 2, 2] });
    expect(nic.log.splice(0)).toEqual(['entries 2']);
    scale.enable({ hashTypes: toeplitz, protocolTypes: ipv6 });
    expect(nic.log.splice(0)).toEqual(['disable', 'enable 1 4']);
    scale.disable();
    scale.disable();
    expect([nic.log.splice(0), scale.enabled]).toEqual([['disable'], false]);
    expect(scale.indirectionTable).toEqual([0, 1, 2, 2, 0, 1, 2, 2]);
    scale.enable(usual);
    expect(nic.log.splice(0)).toEqual(['enable 1 17']);
    scale.setHashSecretKey(KEY.toReversed());
    expect([nic.log, nic.key]).toEqual([['key'], KEY.toReversed()]);
    await machine.stop();
  });

  it('asks before the queues are there, and is set again for each new set of queues', async () => {
    const { machine, nic, scale } = scaling();
    scale.enable({ ...usual, table: [3, 2] });
    expect([nic.log, scale.enabled]).toEqual([[], true]);
    for (let start = 0; start < 2; start++) {
      nic.table.fill(-1);
      machine.adapter.start();
      expect(nic.log.splice(0)).toEqual(['key', 'entries 8', 'enable 1 17']);
      expect(nic.table).toEqual([3, 2, 3, 2, 3, 2, 3, 2]);
      await machine.stop();
      expect(scale.setIndirectionEntries([{ index: 0, queue: 3 }])).toEqual([true]);
      scale.setHashSecretKey(KEY);
      expect(nic.log).toEqual([]);
    }
    scale.disable();
    expect(nic.log).toEqual([]);
  });

  it('sees which entries were not written; those keep their queues', async () => {
    const { machine, nic, scale } = scaling();
    machine.adapter.start();
    scale.enable({ ...usual, table: [0] });
    nic.stuck.set(5, 1);
    const entries = [4, 5, 6].map((index) => ({ index, queue: 3 }));
    expect(scale.setIndirectionEntries(entries)).toEqual([true, false, true]);
    expect(scale.indirectionTable).toEqual([0, 0, 0, 0, 3, 0, 3, 0]);
    await machine.stop();
  });

  it('has them tried three times when a whole table is set', async () => {
    const { machine, nic, scale } = scaling();
    machine.adapter.start();
    nic.stuck.set(2, 2);
    scale.enable({ ...usual, table: [1] });
    expect(nic.log.splice(0)).toEqual(['key', 'entries 8', 'entries 1', 'entries 1', 'enable 1 17']);
    nic.stuck.set(2, 3).set(7, 9);
    expect(() => {
      scale.enable({ hashTypes: toeplitz, protocolTypes: tcp, table: [2] });
    }).toThrow('INDIRECTION_NOT_SET: fake: the driver could not set entries 2, 7 in 3 attempts');
    expect(scale.indirectionTable).toEqual([2, 2, 1, 2, 2, 2, 2, 1]); // as the NIC has it
    expect(nic.table).toEqual(scale.indirectionTable);
    expect([nic.on, scale.enabled]).toEqual([[1, 17], true]); // on again, as before
    await machine.stop();
  });

  it('is refused what cannot be, all at once, and nothing changes', async () => {
    const { machine, nic, scale } = scaling();
    machine.adapter.start();
    const refused = [
      () => {
        scale.enable({ hashTypes: 0, protocolTypes: udp, key: KEY.subarray(1) });
      },
      () => {
        scale.enable({ ...usual, table: [0, 1, 4, 1.5] });
      },
      () => {
        scale.enable({ ...usual, table: [0, 1, 2] });
      },
      () => scale.setIndirectionEntries([{ index: 8, queue: -1 }]),
      () => {
        scale.setHashSecretKey(new Uint8Array(41));
      },
      () => {
        buildFakeMachine().adapter.receiveScaling.enable(usual);
      },
    ].map(codeOf);
    expect(refused).toEqual(
      [
        'fake: hashTypes 0x0; the NIC has 0x1; protocolTypes 0x20; the NIC has 0x15; a key of 39 bytes; expected 40',
        'fake: queue 4; expected 0 to 3; queue 1.5; expected 0 to 3',
        'fake: a table of 3 entries; expected a power of two up to 8',
        'fake: entry 8; the table has 8; queue -1; expected 0 to 3',
        'fake: a key of 41 bytes; expected 40',
        'fake: the driver has not said that its NIC can spread frames',
      ].map((text) => `AdapterError: RECEIVE_SCALING_UNSUPPORTED: ${text}`),
    );
    expect([nic.log, scale.enabled]).toEqual([[], false]);
    await machine.stop();
  });

  it('spreads evenly over execution contexts, then over their queues', async () => {
    const { machine, nic, scale } = scaling(new ScalingNic(), {}, { receiveContexts: 3 });
    expect(scale.evenTable()).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
    machine.adapter.start();
    expect(scale.affinity).toEqual([
      { queue: 0, context: 0 },
      { queue: 1, context: 1 },
      { queue: 2, context: 2 },
      { queue: 3, context: 0 },
    ]);
    scale.enable(usual);
    expect(nic.table).toEqual([0, 1, 2, 3, 1, 2, 0, 1]);
    await machine.stop();
  });

  it('sets entries apart from polls where the NIC needs that', async () => {
    const { machine, nic, scale } = scaling(new ScalingNic(), { synchronizeSetIndirectionEntries: true });
    machine.adapter.start();
    machine.clock.run();
    scale.enable({ ...usual, table: [0] });
    const results: unknown[] = [];
    machine.adapter.detachProtocol();
    const move = () => scale.setIndirectionEntries([{ index: 1, queue: 2 }]);
    machine.adapter.attachProtocol({
      receive: (edge, count) => {
        results.push(codeOf(move));
        edge.release(FrameDescriptor.buffer.get(i32, edge.ring.at(edge.ring.beginIndex)));
        edge.complete(count);
        machine.adapter.receiveQueues[0]!.context.createTask(() => results.push(move())).enqueue();
      },
    });
    machine.rx[0]!.arrive({ bytes: Uint8Array.of(1) });
    machine.clock.run();
    expect(results).toEqual([expect.stringMatching(/^AdapterError: INSIDE_POLL/), [true]]);
    expect(nic.table[1]).toBe(2);
    await machine.stop();
  });
});

describe('whatever is asked, and whatever the driver does', () => {
  const anything = fc.oneof(fc.integer({ min: -2, max: 9 }), fc.constantFrom(NaN, 1.5, 2 ** 32, -0, Infinity));
  const keys = fc.uint8Array({ minLength: 39, maxLength: 41 });
  const ask = fc.oneof(
    fc.record({
      ask: fc.constant('enable' as const),
      hashTypes: fc.oneof({ weight: 4, arbitrary: fc.constant(toeplitz as number) }, anything),
      protocolTypes: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(ipv4, ipv4 | tcp, ipv6) }, anything),
      key: fc.option(keys, { nil: undefined }),
      table: fc.option(fc.array(fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 3 }) }, anything), { maxLength: 9 }), {
        nil: undefined,
      }),
    }),
    fc.record({ ask: fc.constant('disable' as const) }),
    fc.record({ ask: fc.constant('key' as const), key: keys }),
    fc.record({
      ask: fc.constant('entries' as const),
      entries: fc.array(fc.record({ index: anything, queue: anything }), { maxLength: 4 }),
    }),
    fc.record({ ask: fc.constant('stop' as const) }),
    fc.record({ ask: fc.constant('start' as const) }),
  );
  const trouble = fc.record({
    stuck: fc.array(fc.tuple(fc.nat({ max: 7 }), fc.nat({ max: 4 })), { maxLength: 3 }),
    throws: fc.option(fc.constantFrom('enable', 'disable', 'setHashSecretKey', 'setIndirectionEntries'), {
      nil: undefined,
      freq: 4,
    }),
  });

  it('the table is what the NIC has, on is what is on, and errors have codes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(ask, trouble), { maxLength: 25 }), async (steps) => {
        const nic = new ScalingNic();
        let throws: string | undefined;
        const whole = nic.capabilities();
        const guarded = Object.fromEntries(
          Object.entries(whole).map(([name, value]: [string, unknown]) => [
            name,
            typeof value !== 'function'
              ? value
              : (...values: unknown[]): unknown => {
                  if (throws === name) throw new Error('the driver cannot');
                  return Reflect.apply(value as (...all: unknown[]) => unknown, undefined, values);
                },
          ]),
        ) as unknown as ReceiveScalingCapabilities;
        const { machine, scale } = scaling(nic, guarded);
        let running = false;
        let key: Uint8Array | undefined;
        for (const [step, { stuck, throws: which }] of steps) {
          nic.stuck.clear();
          for (const [index, times] of stuck) nic.stuck.set(index, times);
          throws = which;
          try {
            if (step.ask === 'enable') {
              const { key: own, table, ...types } = step;
              scale.enable({ ...types, ...(own && { key: own }), ...(table && { table }) });
              key = own ?? key;
            } else if (step.ask === 'disable') scale.disable();
            else if (step.ask === 'key') {
              scale.setHashSecretKey(step.key);
              key = step.key;
            } else if (step.ask === 'entries') scale.setIndirectionEntries(step.entries);
            else if (step.ask === 'start' && !running) {
              throws = undefined;
              nic.stuck.clear();
              machine.adapter.start();
              running = true;
            } else if (step.ask === 'stop') {
              await machine.stop();
              running = false;
              nic.table.fill(-1); // a NIC that was reset
              nic.on = nic.key = undefined;
            }
          } catch (error) {
            key = undefined; // the driver may have it, and may not
            const known = error instanceof AdapterError || (error as Error).message === 'the driver cannot';
            if (!known) throw error;
          }
          expect(nic.on !== undefined).toBe(running && scale.enabled);
          if (!running || !scale.enabled) continue;
          expect(nic.table).toEqual(scale.indirectionTable);
          if (key !== undefined) expect(nic.key).toEqual(key);
        }
        await machine.stop();
      }),
      seeded('receive scaling', 80),
    );
  });
});
