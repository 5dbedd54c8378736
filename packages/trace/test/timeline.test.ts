/* What an adapter did when, against the fields that Chrome's trace event format demands and a stopwatch that the test moves. */

import { describe, expect, it } from 'vitest';
import { PacketTrace, Timeline, traceTo, type ChromeEvent } from '../src/index.ts';
import { buildLoopback, send } from './loopback.ts';

/** What the format demands of each event: phase, and numbers where numbers belong; names before what they name. */
function expectSound(events: readonly ChromeEvent[]): void {
  const named = new Set(events.filter(({ ph }) => ph === 'M').map(({ pid, tid }) => `${pid} ${tid}`));
  const ends = new Map<string, number>();
  for (const event of JSON.parse(JSON.stringify(events)) as ChromeEvent[]) {
    const { ph, pid, tid, ts, dur, s, name, args } = event;
    expect([name.length > 0, Number.isInteger(pid), Number.isInteger(tid)]).toEqual([true, true, true]);
    if (ph === 'M') {
      expect(['process_name', 'thread_name']).toContain(name);
      expect(typeof args?.['name']).toBe('string');
      continue;
    }
    expect(['X', 'i']).toContain(ph);
    expect(named).toContain(`${pid} ${tid}`);
    expect(Number.isFinite(ts)).toBe(true);
    expect(ph === 'X' ? Number.isFinite(dur) && dur! >= 0 : s === 't' && dur === undefined).toBe(true);
    // Complete events of one track lie behind one another.
    if (ph !== 'X') continue;
    expect(ts).toBeGreaterThanOrEqual(ends.get(`${pid} ${tid}`) ?? 0);
    ends.set(`${pid} ${tid}`, ts!);
  }
}

const frame = Uint8Array.from({ length: 64 }, (_, at) => at);

describe('a timeline', () => {
  it('has a track for each context and each queue, with what happened on it', async () => {
    const timeline = new Timeline();
    let time = 0;
    const { adapter, clock } = buildLoopback({ trace: timeline, histograms: () => (time += 500) });
    clock.time = 2_000_000;
    send(adapter, [frame]);
    clock.run();
    const { traceEvents, displayTimeUnit, otherData } = timeline.toChromeTrace();
    expectSound(traceEvents);
    expect(displayTimeUnit).toBe('ns');
    expect(otherData).toEqual({ recorded: timeline.recorded, dropped: 0 });
    const names = Object.fromEntries(
      traceEvents.filter(({ name }) => name === 'thread_name').map(({ tid, args }) => [tid, args?.['name']]),
    );
    expect(Object.values(names).toSorted()).toEqual(['rx 0', 'rx 0 polls', 'tx 0', 'tx 0 polls']);
    const said = (track: string) =>
      traceEvents
        .filter(({ tid, ts }) => names[tid] === track && ts === 2000)
        .map(({ name, args }) => (args === undefined ? name : `${name} ${args['count']}`));
    expect(said('tx 0 polls')).toEqual(['poll 2']); // one placed, one completed; idle rounds are left out
    expect(said('tx 0')).toEqual([
      'frames at the edge 1',
      'packets at the driver 1',
      'advance',
      'doorbell 1',
      'advance',
      'advance',
    ]);
    expect(said('rx 0').filter((one) => one !== 'advance')).toEqual([
      'interrupt',
      'packets at the driver 1',
      'frames at the edge 1',
      'setNotificationEnabled', // false: it polls by itself now
      'doorbell 1', // the buffer of the frame that went
      'setNotificationEnabled', // true: it found nothing more
    ]);
    // Each callback is one look at the stopwatch: half a microsecond.
    const advances = traceEvents.filter(({ name }) => name === 'advance');
    expect(advances.length).toBeGreaterThan(2);
    expect(advances.every(({ dur }) => dur === 0.5)).toBe(true);
    await clock.drive(adapter.stop());
  });

  it('keeps the newest events, and counts the others', () => {
    const timeline = new Timeline({ events: 4 });
    const context = timeline.openContext('nic', 'nic tx 0');
    for (let number = 1; number <= 10; number++) timeline.poll(context, number * 1000, 250, number);
    expect([timeline.recorded, timeline.dropped]).toEqual([10, 6]);
    const { traceEvents, otherData } = timeline.toChromeTrace();
    expect(traceEvents.filter(({ ph }) => ph === 'X')).toEqual(
      [7, 8, 9, 10].map((number) => ({
        name: 'poll',
        cat: 'poll',
        ph: 'X',
        ts: number,
        dur: 0.25,
        pid: 1,
        tid: 1,
        args: { count: number },
      })),
    );
    expect(otherData).toEqual({ recorded: 10, dropped: 6 });
  });

  it('keeps idle rounds when it is told to', () => {
    const [usual, all] = [new Timeline(), new Timeline({ idlePolls: true })];
    for (const timeline of [usual, all]) timeline.poll(timeline.openContext('nic', 'one'), 0, 1, 0);
    expect([usual.recorded, all.recorded]).toEqual([0, 1]);
  });

  it('gives a queue that comes again the track that it had', async () => {
    const timeline = new Timeline();
    const { adapter, clock } = buildLoopback({ trace: timeline });
    const tracks = (): number =>
      timeline.toChromeTrace().traceEvents.filter(({ name }) => name === 'thread_name').length;
    expect(tracks()).toBe(4);
    for (let life = 0; life < 3; life++) {
      await clock.drive(adapter.stop());
      adapter.start();
      clock.run();
    }
    expect(tracks()).toBe(4);
    await clock.drive(adapter.stop());
  });

  it.each([0, -1, 1.5, 2 ** 24 + 1, NaN])('refuses room for %d events', (events) => {
    expect(() => new Timeline({ events })).toThrow('OPTION: events is');
  });

  it('knows no track that was not opened', () => {
    expect(() => {
      new Timeline().interrupt(0, 0);
    }).toThrow('UNKNOWN_TRACK');
  });
});

describe('several traces at once', () => {
  it('are each told of everything', async () => {
    const chunks: Uint8Array[] = [];
    const packets = new PacketTrace((chunk) => chunks.push(chunk.slice()));
    const [one, other] = [new Timeline(), new Timeline()];
    other.openContext('somebody else', 'before'); // so that numbers differ
    const { adapter, clock } = buildLoopback({ trace: traceTo(packets, one, other) });
    for (let life = 0; life < 3; life++) {
      send(adapter, [frame]);
      clock.run();
      await clock.drive(adapter.stop());
      adapter.start();
      clock.run();
    }
    await clock.drive(adapter.stop());
    packets.close();
    expect(packets.packets).toBe(12);
    expect(one.recorded).toBe(other.recorded);
    const events = (timeline: Timeline) =>
      timeline.toChromeTrace().traceEvents.flatMap(({ name, ph, ts }) => (ph === 'M' ? [] : [[name, ts]]));
    expect(events(other)).toEqual(events(one));
  });
});
