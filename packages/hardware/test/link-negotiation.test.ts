// Owns: what two ends of a cable agree on, what they hear of it, and the wire that they share when only one can send.
// Invariant: the expected mode is written out, never computed the way the link computes it.
import { VirtualClock } from '@netcx/clock';
import { afterEach, describe, expect, it } from 'vitest';
import { ALL_ABILITIES, Link, LINK_ABILITY, LoopbackLink, type LinkOptions } from '../src/index.ts';
import { Frame, FRAME_HEADER_BYTES, i32 } from '../src/wire.ts';

const open: Link[] = [];
afterEach(() => {
  for (const link of open.splice(0)) link.close();
});

function cable(options: LinkOptions = {}): { clock: VirtualClock; link: Link; heard: string[]; arrivals: string[] } {
  const clock = new VirtualClock();
  const link = new Link(clock, { delay: 0, ...options });
  open.push(link);
  const heard: string[] = [];
  const arrivals: string[] = [];
  for (const name of ['a', 'b'] as const) {
    const end = link[name];
    end.attach({
      receive: () => arrivals.push(`${name} ${clock.now()}`),
      room: () => undefined,
      changed: (up) => heard.push(up ? `${name} up ${end.speed} ${end.duplex}` : `${name} down`),
    });
  }
  return { clock, link, heard, arrivals };
}

function send(link: Link, from: 'a' | 'b'): void {
  const at = link[from].reserve(FRAME_HEADER_BYTES + 64);
  Frame.length.set(i32, at >> 2, 60);
  link[from].commit(1, FRAME_HEADER_BYTES + 64);
}

const { HALF_10, FULL_10, HALF_100, FULL_100, HALF_1000, FULL_1000 } = LINK_ABILITY;

describe('ends agree', () => {
  it.each([
    [ALL_ABILITIES, ALL_ABILITIES, {}, [1000, 'full']],
    [ALL_ABILITIES, ALL_ABILITIES, { speed: 100 }, [100, 'full']],
    [ALL_ABILITIES, ALL_ABILITIES, { duplex: 'half' }, [1000, 'half']],
    [ALL_ABILITIES, FULL_100 | HALF_100 | FULL_10 | HALF_10, {}, [100, 'full']],
    [FULL_1000 | HALF_10, HALF_1000 | HALF_10, {}, [10, 'half']],
    [HALF_1000 | FULL_100, HALF_1000 | FULL_100, {}, [1000, 'half']],
    [HALF_100, ALL_ABILITIES, {}, [100, 'half']],
    [FULL_10, ALL_ABILITIES, { speed: 10 }, [10, 'full']],
    [FULL_1000, FULL_100, {}, undefined],
    [FULL_1000, FULL_1000, { speed: 100 }, undefined],
    [FULL_100, FULL_100, { duplex: 'half' }, undefined],
    [0, ALL_ABILITIES, {}, undefined],
  ] as const)('on the best of %d and %d over %o', (a, b, options, agreed) => {
    const { link } = cable(options);
    link.a.enable(true, a);
    link.b.enable(true, b);
    expect(link.up).toBe(agreed !== undefined);
    expect([link.a.partnerAbilities, link.b.partnerAbilities]).toEqual([b, a]);
    if (agreed !== undefined) expect([link.b.speed, link.a.duplex]).toEqual(agreed);
  });

  it('and frames take their time at that speed', () => {
    const { clock, link, arrivals } = cable();
    link.a.enable(true);
    link.b.enable(true, FULL_10);
    send(link, 'a');
    clock.run();
    expect(arrivals).toEqual(['b 67200']);
  });

  it('shows what the cable carries, and no partner, while it is down', () => {
    const { link } = cable({ speed: 100, duplex: 'half' });
    link.a.enable(true);
    expect([link.a.speed, link.a.duplex, link.a.partnerAbilities, link.b.partnerAbilities]).toEqual([
      100,
      'half',
      0,
      ALL_ABILITIES,
    ]);
    const plug = new LoopbackLink(new VirtualClock());
    plug.end.enable(true, FULL_100);
    expect([plug.end.up, plug.end.partnerAbilities, plug.end.duplex]).toEqual([true, FULL_100, 'full']);
    plug.plug(false);
    expect(plug.end.up).toBe(false);
    plug.plug(true);
    expect(plug.end.up).toBe(true);
    plug.close();
  });

  it('anew when one of them changes what it has on offer, and both hear of it', () => {
    const { clock, link, heard } = cable();
    link.a.enable(true);
    link.b.enable(true);
    clock.run();
    link.a.enable(true, FULL_100);
    clock.run();
    link.b.enable(false);
    link.b.enable(true, HALF_100 | FULL_100);
    clock.run();
    link.b.enable(true, FULL_10);
    clock.run();
    expect(heard).toEqual([
      'a up 1000 full',
      'b up 1000 full',
      // Down and up between two alarms: each still hears both.
      'a down',
      'a up 100 full',
      'b down',
      'b up 100 full',
      'a down',
      'a up 100 full',
      'b down',
      'b up 100 full',
      'a down',
      'b down',
    ]);
  });
});

describe('the cable', () => {
  it('can be pulled out and plugged in again', () => {
    const { clock, link, heard, arrivals } = cable();
    link.plug(false);
    link.a.enable(true);
    link.b.enable(true);
    send(link, 'a');
    clock.run();
    expect([link.up, heard, arrivals]).toEqual([false, [], []]);
    link.plug(true);
    send(link, 'a');
    clock.run();
    link.plug(false);
    clock.run();
    expect(heard).toEqual(['a up 1000 full', 'b up 1000 full', 'a down', 'b down']);
    expect(arrivals).toEqual(['b 672']);
    expect(link.counters().aToB.lostFrames).toBe(1);
  });

  it('can be another one, and then the ends agree anew', () => {
    const { clock, link, heard, arrivals } = cable();
    link.a.enable(true);
    link.b.enable(true);
    clock.run();
    send(link, 'a');
    link.change({ speed: 100 });
    expect(link.up).toBe(false);
    clock.run();
    link.change({ duplex: 'half' });
    clock.run();
    expect(heard.filter((line) => line.startsWith('a'))).toEqual([
      'a up 1000 full',
      'a down',
      'a up 100 full',
      'a down',
      'a up 100 half',
    ]);
    expect([arrivals, link.counters().aToB.lostFrames]).toEqual([[], 1]);
    expect(() => link.change({ speed: 40 as 10 })).toThrow(expect.objectContaining({ code: 'BAD_LINK' }));
    expect(() => link.change({ duplex: 'both' as 'half' })).toThrow(expect.objectContaining({ code: 'BAD_LINK' }));
    expect([link.speed, link.duplex, link.up]).toEqual([100, 'half', true]);
  });

  it('is shared by both ends when only one can send', () => {
    const { clock, link, arrivals } = cable({ duplex: 'half' });
    link.a.enable(true);
    link.b.enable(true);
    clock.run();
    for (const from of ['a', 'b', 'b', 'a'] as const) send(link, from);
    clock.run();
    expect(arrivals).toEqual(['b 672', 'a 1344', 'a 2016', 'b 2688']);
  });

  it('is not, when both can', () => {
    const { clock, link, arrivals } = cable();
    link.a.enable(true);
    link.b.enable(true);
    clock.run();
    for (const from of ['a', 'b', 'b', 'a'] as const) send(link, from);
    clock.run();
    expect(arrivals).toEqual(['b 672', 'a 672', 'b 1344', 'a 1344']);
  });
});
