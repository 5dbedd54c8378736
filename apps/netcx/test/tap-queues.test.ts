/* Queues of a TAP do not wait for each other: long frames of one take no place from another. */

import { HostBridge } from '@netcx/bus';
import { MILLISECOND, VirtualClock } from '@netcx/clock';
import { Link } from '@netcx/hardware';
import { buildStation } from '@netcx/reference-driver';
import { VNET_HEADER_BYTES } from '@netcx/tap';
import { expect, it } from 'vitest';
import { LargeFrames } from '../src/tap/large-frames.ts';
import { TapProtocol, type FrameTap } from '../src/tap/tap-protocol.ts';

/** Longer than any buffer. */
const LONG = 20_000;
const FRAMES = 40;
const PLACES = 8;

/** What Linux would have for each queue: so many long frames, of zeros, which ask for nothing. */
class Frames implements FrameTap {
  readonly queues = 2;
  readonly left = [FRAMES, FRAMES];
  readonly wake: (() => boolean)[] = [];

  read(queue: number): number {
    if (this.left[queue] === 0) return -1;
    this.left[queue]!--;
    return VNET_HEADER_BYTES + LONG;
  }

  write(): boolean {
    return true;
  }

  watch(queue: number, wake: () => boolean): void {
    this.wake[queue] = wake;
  }

  resume(): void {
    // Nothing comes that is not there from the beginning.
  }

  setCarrier(): void {
    // The test has no use for it.
  }
}

it('takes long frames of a queue while those of another wait for the NIC', async () => {
  const clock = new VirtualClock({ seed: 1 });
  const bridge = new HostBridge(clock);
  const link = new Link(clock);
  const stations = ([link.a, link.b] as const).map((end, index) =>
    buildStation(clock, bridge, `n${String(index)}`, Uint8Array.of(2, 0, 0, 0, 0, index), end, { queues: 2 }),
  );
  await clock.drive(Promise.all(stations.map(({ driver }) => driver.start())));
  clock.advance(100 * MILLISECOND);
  const tap = new Frames();
  const large = [0, 1].map((queue) => new LargeFrames(`tx ${String(queue)}`, PLACES));
  const protocol = new TapProtocol(tap, stations[0]!.driver.adapter, clock, large);
  protocol.open();

  // Time stands: nothing leaves. The first queue has all the places that it can have when the second one begins.
  tap.wake[0]!();
  expect(FRAMES - tap.left[0]!).toBe(PLACES);
  tap.wake[1]!();
  expect(FRAMES - tap.left[1]!).toBe(PLACES);

  // Each goes on as its own frames leave.
  clock.advance(100 * MILLISECOND);
  expect(tap.left).toEqual([0, 0]);

  protocol.close();
  await clock.drive(Promise.all(stations.map(({ driver }) => driver.stop())));
  for (const { nic } of stations) nic.close();
  for (const places of large) places.close();
});
