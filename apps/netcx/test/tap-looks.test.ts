/* Frames that come one behind the other are looked for, now and then, and none of them waits for long; when they stop, nobody looks. */

import { HostBridge } from '@netcx/bus';
import { MICROSECOND, MILLISECOND, VirtualClock } from '@netcx/clock';
import { Link } from '@netcx/hardware';
import { buildStation } from '@netcx/reference-driver';
import { VNET_HEADER_BYTES } from '@netcx/tap';
import { expect, it } from 'vitest';
import { TapProtocol, type FrameTap } from '../src/tap/tap-protocol.ts';

const FRAME = 60;

/** What Linux sends, frame by frame: of zeros, which ask for nothing. */
class Frames implements FrameTap {
  readonly queues = 1;
  /** When each came that was not taken. */
  readonly waiting: number[] = [];
  /** The longest that any waited. */
  waited = 0;
  taken = 0;
  /** Looks that found nothing. */
  inVain = 0;
  asleep = true;
  readonly #clock: VirtualClock;
  #wake = (): boolean => true;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  send(): void {
    this.waiting.push(this.#clock.now());
    if (this.asleep) this.asleep = this.#wake();
  }

  read(): number {
    const came = this.waiting.shift();
    if (came === undefined) {
      this.inVain++;
      return -1;
    }
    this.taken++;
    this.waited = Math.max(this.waited, this.#clock.now() - came);
    return VNET_HEADER_BYTES + FRAME;
  }

  write(): boolean {
    return true;
  }

  watch(_queue: number, wake: () => boolean): void {
    this.#wake = wake;
  }

  resume(): void {
    this.asleep = true;
  }

  setCarrier(): void {
    // The test has no use for it.
  }
}

it('looks for frames every 50 us while they come close to each other, and for a millisecond behind them', async () => {
  const clock = new VirtualClock({ seed: 1 });
  const link = new Link(clock);
  link.b.enable(true);
  const station = buildStation(clock, new HostBridge(clock), 'n', Uint8Array.of(2, 0, 0, 0, 0, 1), link.a, {});
  await clock.drive(station.driver.start());
  clock.advance(100 * MILLISECOND);
  const tap = new Frames(clock);
  const protocol = new TapProtocol(tap, station.driver.adapter, clock);
  protocol.open();

  // Far from each other: each wakes whoever sleeps.
  for (let frame = 0; frame < 10; frame++) {
    tap.send();
    expect([tap.asleep, tap.taken]).toEqual([true, frame + 1]);
    clock.advance(5 * MILLISECOND);
  }

  // Close: after some of them nobody sleeps any more, and the looks are as far apart as they may be.
  for (let frame = 0; frame < 20; frame++, clock.advance(10 * MICROSECOND)) tap.send();
  expect(tap.asleep).toBe(false);
  tap.inVain = 0;
  for (let frame = 0; frame < 1000; frame++, clock.advance(10 * MICROSECOND)) tap.send();
  expect(tap.waited).toBeLessThanOrEqual(50 * MICROSECOND);
  expect(tap.inVain).toBeGreaterThan(0);
  expect(tap.inVain).toBeLessThanOrEqual((1000 * 10) / 50 + 1); // each ends by finding nothing more

  clock.advance(50 * MICROSECOND);
  expect([tap.asleep, tap.taken, tap.waiting.length]).toEqual([false, 1030, 0]);
  clock.advance(2 * MILLISECOND);
  expect(tap.asleep).toBe(true);

  // Ten at once every 900 us, as acknowledgements come: 90 us from each other, which is close.
  for (let bunch = 0; bunch < 20; bunch++, clock.advance(900 * MICROSECOND))
    for (let frame = 0; frame < 10; frame++) tap.send();
  expect([tap.asleep, tap.taken]).toEqual([false, 1230]);

  protocol.close();
  await clock.drive(station.driver.stop());
  station.nic.close();
  link.close();
});
