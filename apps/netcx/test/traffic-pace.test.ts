/* Frames are looked for where they come close to each other, from whichever side, and nowhere else. */

import { MILLISECOND } from '@netcx/clock';
import { describe, expect, it } from 'vitest';
import { TrafficPace } from '../src/tap/traffic-pace.ts';

const MICROSECOND = 1000;

/** A pace after `count` frames that came `distance` from each other, and when the last one came. */
function after(count: number, distance: number): { pace: TrafficPace; now: number } {
  const pace = new TrafficPace();
  let now = 1000 * MILLISECOND;
  for (let frame = 0; frame < count; frame++) pace.note((now += distance));
  return { pace, now };
}

describe('the pace of frames', () => {
  it('is close for a stream, until a millisecond after its last frame', () => {
    const { pace, now } = after(20, 100 * MICROSECOND);
    expect(pace.isClose(now)).toBe(true);
    expect(pace.isClose(now + MILLISECOND - 1)).toBe(true);
    expect(pace.isClose(now + MILLISECOND)).toBe(false);
  });

  it('is not close before the first frame, nor for frames that keep their distance', () => {
    expect(new TrafficPace().isClose(0)).toBe(false);
    const { pace, now } = after(1000, 300 * MICROSECOND);
    expect(pace.isClose(now)).toBe(false);
  });

  it('is not close for questions that are answered at once, and asked seldom', () => {
    const { pace, now } = after(0, 0);
    for (let second = 1; second < 20; second++) {
      const asked = now + second * 1000 * MILLISECOND;
      pace.note(asked);
      expect(pace.isClose(asked)).toBe(false);
      pace.note(asked + 50 * MICROSECOND);
      expect(pace.isClose(asked + 50 * MICROSECOND)).toBe(false);
    }
  });

  it('stays close over one pause in a stream', () => {
    const { pace, now } = after(20, 20 * MICROSECOND);
    const again = now + 800 * MICROSECOND;
    pace.note(again);
    expect(pace.isClose(again)).toBe(true);
    pace.note(again + 1000 * MILLISECOND);
    expect(pace.isClose(again + 1000 * MILLISECOND)).toBe(false);
  });
});
