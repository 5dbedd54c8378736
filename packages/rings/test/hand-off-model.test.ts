/*
 * The hand-off between two workers, in every interleaving: the code of RingProducer, RingConsumer and ring-wait.ts itself
 * runs, one memory access at a time. What must hold: every element arrives once, in order and whole; none is written while
 * it is the other's; both ends get through, asleep or not; and no plain access races. Variants with one mistake each must
 * be caught, or the check would be worth nothing.
 */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Ring, RingConsumer, RingHeader, RingProducer } from '../src/index.ts';
import { atomics, hostBytes, i32 as m, observe } from './instrumented-memory.ts';
import { explore, type Thread, type Verdict } from './interleavings.ts';

vi.mock('@netcx/dma/memory', () => import('./instrumented-memory.ts'));

beforeAll(() => {
  vi.stubGlobal('Atomics', { ...atomics });
});
afterAll(() => {
  vi.unstubAllGlobals();
});

const wordOf = (field: 'endIndex' | 'driverArmed'): number => RingHeader[field].location.byteOffset >>> 2;
const END = wordOf('endIndex');
const DRIVER_ARMED = wordOf('driverArmed');
/** A word behind every ring here: how one thread calls another that waits for events. */
const MAILBOX = 60;

/** More elements, and many more interleavings, in a long run. */
const EXTRA = Number(process.env['NETCX_EFFORT'] ?? 1) > 1 ? 2 : 0;

/** What each thread does, where a variant may do it otherwise. */
interface Ways {
  readonly elements: number;
  readonly total: number;
  readonly polls: number;
  readonly fill: (producer: RingProducer, sent: number, count: number) => void;
  readonly sleepConsumer: (consumer: RingConsumer) => void;
}

/** Runs with nobody looking: attaching reads the memory as it was at the start. */
const quietly = <T>(action: () => T, step: Parameters<typeof observe>[0]): T => {
  observe(undefined);
  const result = action();
  observe(step);
  return result;
};

function write(producer: RingProducer, sent: number, count: number): void {
  for (let index = 0; index < count; index++) m[producer.at(producer.endIndex + index)] = sent + index + 1;
}

const right: Ways = {
  elements: 4,
  total: 5,
  polls: 0,
  fill(producer, sent, count) {
    write(producer, sent, count);
    producer.publish(count);
  },
  sleepConsumer: (consumer) => consumer.wait(),
};

function threadsOf({ elements, total, polls, fill, sleepConsumer }: Ways): readonly [Thread, Thread] {
  const producing: Thread = (checkpoint) => {
    const producer = current(() => RingProducer.attach(0, 'producer', { polls }));
    let sent = 0;
    let reaped = 0;
    while (reaped < total) {
      checkpoint(sent * 100 + reaped);
      const count = Math.min(producer.freeCount, total - sent, 2);
      if (count > 0) fill(producer, sent, count);
      sent += count;
      const back = producer.reapCount;
      producer.reap(back);
      reaped += back;
      if (count + back === 0) producer.wait();
      if (sent - reaped > elements - 1) throw new Error('more in flight than the ring has room for');
    }
  };
  const consuming: Thread = (checkpoint) => {
    const consumer = current(() => RingConsumer.attach(0, 'consumer', { polls }));
    let taken = 0;
    while (taken < total) {
      checkpoint(taken);
      const count = consumer.postCount;
      if (count === 0) sleepConsumer(consumer);
      consumer.post(count);
      for (let index = 0; index < count; index++) {
        const value = m[consumer.at(consumer.beginIndex + index)];
        if (value !== taken + index + 1) throw new Error(`element ${taken + index} reads ${value}`);
      }
      consumer.complete(consumer.drainCount);
      taken += count;
    }
  };
  return [producing, consuming];
}

let step: Parameters<typeof observe>[0];
const current = <T>(action: () => T): T => quietly(action, step);

function tryAll(ways: Ways, threads = threadsOf(ways)): Verdict {
  m.fill(0);
  const ring = Ring.create(0, { name: 'ring', elements: ways.elements, stride: 4 });
  ring.publish(ways.elements - 1); // so that the first burst wraps
  ring.complete(ways.elements - 1);
  ring.reap(ways.elements - 1);
  Ring.create(128, { name: 'packets', elements: 2, stride: 4 });
  const words = Array.from({ length: hostBytes / 4 }, (_, index) => m[index]!).slice(0, MAILBOX + 1);
  return explore(words, threads, (next) => {
    step = next;
    observe(next);
  });
}

describe('the hand-off, in every interleaving', () => {
  it.each([
    [2, 2 + EXTRA, 0],
    [2, 2 + EXTRA, 1],
    [4, 3 + EXTRA, 0],
    [4, 2 + EXTRA, 1],
  ])('keeps its promises: %d elements, %d sent, %d polls before sleeping', (elements, total, polls) => {
    const { fault, states } = tryAll({ ...right, elements, total, polls });
    expect(fault).toBeUndefined();
    expect(states).toBeGreaterThan(300);
  });

  /** A producer that calls the other end by its own means, when `publish` says that it has to. */
  const calling = (producer: RingProducer, sent: number, count: number): void => {
    write(producer, sent, count);
    if (!producer.publish(count)) return;
    Atomics.store(m, MAILBOX, sent + 1);
    Atomics.notify(m, MAILBOX);
  };

  it('keeps them for an end that arms itself and waits for an event', () => {
    const sleepConsumer = (consumer: RingConsumer): void => {
      const seen = Atomics.load(m, MAILBOX);
      if (consumer.arm()) Atomics.wait(m, MAILBOX, seen);
    };
    const { fault, states } = tryAll({ ...right, total: 2 + EXTRA, fill: calling, sleepConsumer });
    expect(fault).toBeUndefined();
    expect(states).toBeGreaterThan(300);
  });

  /** A packet of two fragments in a ring of its own, behind the fragments' ring. */
  const PACKETS = 128;
  const sendPacket = (fragmentsFirst: boolean): readonly [Thread, Thread] => [
    () => {
      const fragments = current(() => RingProducer.attach(0, 'fragments', { polls: 0 }));
      const packets = current(() => RingProducer.attach(PACKETS, 'packets', { polls: 0 }));
      write(fragments, 0, 2);
      m[packets.at(packets.endIndex)] = fragments.endIndex;
      if (fragmentsFirst) fragments.publish(2);
      packets.publish(1);
      if (!fragmentsFirst) fragments.publish(2);
      while (packets.reapCount === 0) packets.wait();
      if (fragments.reapCount !== 2) throw new Error('a packet came back before its fragments');
    },
    (checkpoint) => {
      const fragments = current(() => RingConsumer.attach(0, 'fragments', { polls: 0 }));
      const packets = current(() => RingConsumer.attach(PACKETS, 'packets', { polls: 0 }));
      while (packets.postCount === 0) {
        packets.wait();
        checkpoint(0);
      }
      const first = m[packets.at(packets.nextIndex)]!;
      for (const index of [0, 1]) {
        if (m[fragments.at(first + index)] !== index + 1) throw new Error(`fragment ${index} reads something else`);
      }
      fragments.complete(2);
      packets.complete(1);
    },
  ];

  it('keeps them for packets that point into a ring of fragments', () => {
    expect(tryAll(right, sendPacket(true)).fault).toBeUndefined();
  });

  it('would find packets that are published before their fragments', () => {
    expect(tryAll(right, sendPacket(false)).fault).toMatch(/data race|at most 0 elements/);
  });

  it('would find elements that are published before they are written', () => {
    const fill = (producer: RingProducer, sent: number, count: number): void => {
      const first = producer.endIndex;
      producer.publish(count);
      for (let index = 0; index < count; index++) m[producer.at(first + index)] = sent + index + 1;
    };
    expect(tryAll({ ...right, fill }).fault).toMatch(/reads|data race/);
  });

  it('would find a look at the flag before the index has moved', () => {
    const fill = (producer: RingProducer, sent: number, count: number): void => {
      write(producer, sent, count);
      // `publish` sees the flag as it was before.
      const load = Atomics.load.bind(Atomics) as (view: Int32Array, index: number) => number;
      const armed = load(m, DRIVER_ARMED);
      const early = (view: Int32Array, index: number): number => (index === DRIVER_ARMED ? armed : load(view, index));
      Object.assign(Atomics, { load: early });
      try {
        producer.publish(count);
      } finally {
        Object.assign(Atomics, { load });
      }
    };
    expect(tryAll({ ...right, total: 2, fill }).fault).toMatch('asleep for ever');
  });

  it('would find a look at the index before the flag is up', () => {
    const sleepConsumer = (consumer: RingConsumer): void => {
      const seen = Atomics.load(m, MAILBOX);
      if (consumer.postCount > 0) return;
      Atomics.store(m, DRIVER_ARMED, 1);
      Atomics.wait(m, MAILBOX, seen);
    };
    expect(tryAll({ ...right, total: 3, fill: calling, sleepConsumer }).fault).toMatch('asleep for ever');
  });

  it('would find a sleeper that nobody is told of', () => {
    const sleepConsumer = (consumer: RingConsumer): void => {
      const seen = consumer.nextIndex;
      if (Atomics.load(m, END) === seen) Atomics.wait(m, END, seen); // with no flag up
    };
    expect(tryAll({ ...right, sleepConsumer }).fault).toMatch('asleep for ever');
  });

  it('would find a sleeper on the index, whose flag a late mover took down', () => {
    const sleepConsumer = (consumer: RingConsumer): void => {
      const seen = consumer.nextIndex;
      if (consumer.arm()) Atomics.wait(m, END, seen);
    };
    expect(tryAll({ ...right, sleepConsumer }).fault).toMatch('asleep for ever');
  });

  it('would find an index that is published by a plain store: Ring is for one worker', () => {
    const ends = (verb: 'publish' | 'complete'): Thread => {
      return () => {
        const ring = current(() => Ring.attach(0, 'plain'));
        ring[verb](verb === 'publish' ? 1 : ring.driverCount);
      };
    };
    expect(tryAll(right, [ends('publish'), ends('complete')]).fault).toMatch('data race');
  });
});
