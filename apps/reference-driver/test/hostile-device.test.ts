/*
 * A device that lies: what it has written back to memory is overwritten at random, and its registers answer nonsense. The
 * driver believes nothing that cannot be, counts it, never throws, and leaves nothing behind; after a reset it works again.
 */

import type { AttachedSlot, PciSlot } from '@netcx/bus';
import type { Random, VirtualClock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { i32 } from '@netcx/dma/memory';
import { DESCRIPTOR_BYTES, REGISTERS, RX_STATUS, RxWriteBack } from '@netcx/nic-82576/registers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstWrong, frame, Pair, type PairOptions } from './pair.ts';
import { through } from './slot-through.ts';
import { seed, testSize } from './test-size.ts';

const { RDBAL, RDLEN, TDLEN, TDWBAL } = REGISTERS;
const PERIOD = 3000;

/** Stands between a driver and its slot, notes where the rings are, and overwrites what the chip writes back. */
class Saboteur {
  lies = 0;
  readonly #alarm;
  readonly #random: Random;
  readonly #what: readonly Lie[];
  readonly #seen = new Map<number, number>();
  #active = false;

  constructor(clock: VirtualClock, random: Random, what: readonly Lie[]) {
    this.#random = random;
    this.#what = what;
    this.#alarm = clock.alarm(() => {
      if (!this.#active) return;
      this.#lie();
      this.#alarm.after(PERIOD);
    });
  }

  through(slot: AttachedSlot): PciSlot {
    return through(slot, (real) => ({
      read32: (bar, offset) => {
        const value = real.read32(bar, offset);
        return this.#active && this.#what.includes('registers') && this.#random.chance(0.3)
          ? this.#random.next() >>> 0
          : value;
      },
      write32: (bar, offset, value) => {
        this.#seen.set(offset, value);
        real.write32(bar, offset, value);
      },
    }));
  }

  begin(): void {
    this.#active = true;
    this.#alarm.after(PERIOD);
  }

  end(): void {
    this.#active = false;
  }

  #lie(): void {
    const random = this.#random;
    this.lies++;
    if (this.#what.includes('heads')) {
      const count = (this.#seen.get(TDLEN.offset) ?? 0) / DESCRIPTOR_BYTES;
      const head = (this.#seen.get(TDWBAL.offset) ?? 0) & ~3;
      i32[head >>> 2] = random.chance(0.5) ? random.next() | 0 : random.below(count);
    }
    const ring = (this.#seen.get(RDBAL.offset) ?? 0) >>> 2;
    const count = (this.#seen.get(RDLEN.offset) ?? 0) / DESCRIPTOR_BYTES;
    const descriptor = ring + random.below(count) * (DESCRIPTOR_BYTES / 4);
    // Before the chip writes it back it has not been used: what is said of it then is a lie as well.
    if (this.#what.includes('lengths')) RxWriteBack.length.set(i32, descriptor, random.below(0x1_0000));
    if (this.#what.includes('status')) {
      const bits = [
        RX_STATUS.DD,
        RX_STATUS.DD | RX_STATUS.EOP,
        RX_STATUS.DD | RX_STATUS.EOP | RX_STATUS.RXE,
        random.next(),
      ];
      RxWriteBack.statusError.set(i32, descriptor, bits[random.below(bits.length)]! | 0);
    }
  }
}

type Lie = 'heads' | 'lengths' | 'status' | 'registers';

interface Caught {
  readonly invalidHeads: number;
  readonly invalidLengths: number;
  readonly errors: number;
}

/** Traffic both ways under lies, then a stop, then an honest round. */
async function endure(seedOfRun: number, what: readonly Lie[], options: PairOptions = {}): Promise<Caught> {
  const taken = hostPages.bytesTaken;
  let saboteur: Saboteur | undefined;
  const bus = (slot: AttachedSlot, clock: VirtualClock): PciSlot => {
    if (slot.function.name !== 'a') return slot;
    saboteur = new Saboteur(clock, clock.random('lies'), what);
    return saboteur.through(slot);
  };
  const pair = await Pair.started({ seed: seedOfRun, bus, ...options });
  const { a, b, clock } = pair;
  const random = clock.random('traffic');
  saboteur?.begin();
  for (let number = 0; number < 600; number++) {
    a.trySend(frame(random.between(14, 1514), number));
    b.trySend(frame(random.between(14, 1514), number));
    clock.advance(random.between(0, 15_000));
  }
  saboteur?.end();
  expect(saboteur?.lies).toBeGreaterThan(100);
  await clock.drive(a.driver.stop());
  for (const { bytes } of a.arrivals) expect(bytes.length).toBeGreaterThan(0);
  for (const { bytes } of a.arrivals) expect(bytes.length).toBeLessThan(0x1_0000);
  const { transmit, receive } = a.driver.counters();

  await clock.drive(a.driver.start());
  pair.awaitLink(true);
  clock.advance(50e6); // a liar may have asked for silence: what b held back meanwhile comes first
  a.arrivals.length = b.arrivals.length = 0;
  const honest = Array.from({ length: 300 }, (_, number) => frame(60 + (number % 20), number)); // short enough for every MTU
  for (const bytes of honest) {
    pair.send(a, bytes);
    pair.send(b, bytes);
  }
  clock.advance(20e6);
  for (const station of [a, b])
    expect(
      firstWrong(
        station.arrivals.map(({ bytes }) => bytes),
        honest,
      ),
    ).toBeUndefined();
  await pair.close();
  expect(hostPages.bytesTaken).toBe(taken);
  return { invalidHeads: transmit.invalidHeads, ...receive };
}

describe('a device that lies about', () => {
  it('where it is in the transmit ring', async () => {
    expect((await endure(1, ['heads'])).invalidHeads).toBeGreaterThan(10);
  });

  it('how long frames are', async () => {
    const caught = await endure(1, ['lengths', 'status'], { ringSize: 64 });
    expect(caught.invalidLengths).toBeGreaterThan(5);
    expect(caught.errors).toBeGreaterThan(0);
  });

  it('everything, whatever the seed and the rings', async () => {
    const runs = testSize('hostile device, runs', { quick: 12, ci: 60, long: 500 });
    const shapes = [
      {},
      { ringSize: 8 },
      { ringSize: 32, mtu: 9706 },
      { mtu: 68, ringSize: 16 },
      { queues: 3, checksumOffload: false },
      { queues: 2, vlanOffload: true, timestamps: true, interruptInterval: 'adaptive' as const },
      { interrupts: 'msi' as const, hangLimit: 1 },
      { interrupts: 'intx' as const, hangLimit: 1, ringSize: 16 },
    ];
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), fc.constantFrom(...shapes), async (seedOfRun, shape) => {
        await endure(seedOfRun, ['heads', 'lengths', 'status', 'registers'], shape);
      }),
      { numRuns: runs, seed },
    );
  }, 120_000);
});

it('does not wait for the end of a frame that has none', async () => {
  // The chip says "more to come" of every descriptor that it has: no frame is that long.
  const pair = await Pair.started({ ringSize: 8 });
  const { b, clock } = pair;
  const ring = b.nic.registers.get(RDBAL) >>> 2;
  for (let index = 0; index < 8; index++) {
    const descriptor = ring + index * (DESCRIPTOR_BYTES / 4);
    RxWriteBack.lengthTag.set(i32, descriptor, 2048);
    RxWriteBack.statusError.set(i32, descriptor, RX_STATUS.DD);
  }
  b.driver.adapter.receiveQueues[0]!.notifyMoreReceivedPacketsAvailable();
  clock.advance(1e6);
  expect(b.arrivals).toEqual([]);
  expect(b.driver.counters().receive.invalidLengths).toBeGreaterThan(0);
  await pair.close();
});
