import { VirtualClock, type Random } from '@netcx/clock';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Link, LoopbackLink, type LinkEnd, type LinkOptions, type LinkPartner } from '../src/index.ts';
import { Frame, FRAME_HEADER_BYTES, i32, u8 } from '../src/wire.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const link of open.splice(0)) link.close();
});

/** Somebody who sends frames of one repeated byte, and writes down everything that happens. */
class Station implements LinkPartner {
  readonly log: string[] = [];
  readonly #clock: VirtualClock;
  readonly end: LinkEnd;

  constructor(clock: VirtualClock, end: LinkEnd) {
    this.#clock = clock;
    this.end = end;
    end.attach(this);
  }

  /** Sends frames, each a length and the byte that fills it; -1 when there is no room. */
  send(...frames: readonly (readonly [length: number, fill: number])[]): number {
    const sizes = frames.map(([length]) => FRAME_HEADER_BYTES + ((length + 7) & ~7));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    let at = this.end.reserve(bytes);
    if (at < 0) return -1;
    for (const [index, [length, fill]] of frames.entries()) {
      Frame.length.set(i32, at >> 2, length);
      u8.fill(fill, at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length);
      at += sizes[index] ?? 0;
    }
    this.end.commit(frames.length, bytes);
    return bytes;
  }

  receive(offset: number, frames: number): void {
    let at = offset;
    const parts: string[] = [];
    for (let frame = 0; frame < frames; frame++) {
      const length = Frame.length.get(i32, at >> 2);
      const bytes = u8.subarray(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length);
      const [fill = -1] = bytes;
      parts.push(bytes.every((byte) => byte === fill) ? `${length}x${fill}` : 'damaged');
      at += FRAME_HEADER_BYTES + ((length + 7) & ~7);
    }
    this.log.push(`${this.#clock.now()}: ${parts.join(' ')}`);
  }

  room(): void {
    this.log.push(`${this.#clock.now()}: room`);
  }

  changed(up: boolean): void {
    this.log.push(`${this.#clock.now()}: ${up ? 'up' : 'down'}`);
  }
}

function cable(options: LinkOptions = {}): { clock: VirtualClock; link: Link; a: Station; b: Station } {
  const clock = new VirtualClock();
  const link = new Link(clock, options);
  open.push(link);
  const a = new Station(clock, link.a);
  const b = new Station(clock, link.b);
  link.a.enable(true);
  link.b.enable(true);
  clock.run();
  a.log.length = 0;
  b.log.length = 0;
  return { clock, link, a, b };
}

describe('time on the wire', () => {
  it.each([
    // 64 bytes with check sequence, 8 of preamble and 12 of gap are 84 bytes: 672 bit times.
    [1000, 60, 672],
    [100, 60, 6720],
    [10, 60, 67_200],
    // A shorter frame takes as long as the shortest.
    [1000, 14, 672],
    // 1518 bytes with check sequence are 1538 with preamble and gap.
    [1000, 1514, 12_304],
    [1000, 9014, 72_304],
  ] as const)('at %d Mbit/s a frame of %d bytes takes %d ns', (speed, length, duration) => {
    const { clock, a, b } = cable({ speed, delay: 0 });
    a.send([length, 7]);
    clock.run();
    expect(b.log).toEqual([`${duration}: ${length}x7`]);
  });

  it.each([
    [10, 1231], // 12,304 ns divided by ten, a whole number of them
    [0.5, 24_608],
    [Infinity, 0],
  ])('is divided by a speedup of %d, and the ends report the same speed', (speedup, duration) => {
    const { clock, link, a, b } = cable({ speedup, delay: 0 });
    a.send([1514, 7]);
    clock.run();
    expect([...b.log, link.speed, a.end.speed]).toEqual([`${duration}: 1514x7`, 1000, 1000]);
    expect(() => new Link(new VirtualClock(), { speedup: -speedup })).toThrow(/BAD_LINK/);
  });

  it('of a burst is the sum over its frames, and one event', () => {
    const { clock, a, b } = cable({ delay: 500 });
    a.send([60, 1], [61, 2], [1514, 3]);
    expect(clock.run()).toBe(1);
    expect(b.log).toEqual([`${672 + 680 + 12_304 + 500}: 60x1 61x2 1514x3`]);
  });

  it('is waited for by the bursts behind, not by those the other way', () => {
    const { clock, a, b } = cable({ delay: 100 });
    a.send([60, 1]);
    a.send([60, 2]);
    b.send([60, 3]);
    clock.run();
    expect(b.log).toEqual(['772: 60x1', '1444: 60x2']);
    expect(a.log).toEqual(['772: 60x3']);
    clock.advance(10_000);
    const now = clock.now();
    a.send([60, 4]);
    clock.run();
    expect(b.log.at(-1)).toBe(`${now + 772}: 60x4`);
  });

  it('counts frames, bytes and bursts, each way', () => {
    const { clock, link, a, b } = cable();
    a.send([60, 1], [100, 2]);
    a.send([1514, 3]);
    b.send([14, 4]);
    clock.run();
    expect(link.counters()).toEqual({
      aToB: { bursts: 2, frames: 3, bytes: 1674, lostFrames: 0 },
      bToA: { bursts: 1, frames: 1, bytes: 14, lostFrames: 0 },
    });
  });
});

describe('up and down', () => {
  it('it is up while both ends are enabled, and partners hear of it from the clock', () => {
    const clock = new VirtualClock();
    const link = new Link(clock);
    open.push(link);
    const a = new Station(clock, link.a);
    const b = new Station(clock, link.b);
    link.a.enable(true);
    clock.run();
    expect([link.up, link.a.up, a.log]).toEqual([false, false, []]);
    link.b.enable(true);
    expect([link.up, link.b.up, link.a.speed, a.log]).toEqual([true, true, 1000, []]);
    clock.run();
    link.a.enable(false);
    clock.run();
    expect([a.log, b.log]).toEqual([
      ['0: up', '0: down'],
      ['0: up', '0: down'],
    ]);
    const late = new Station(clock, link.a);
    link.a.enable(true);
    clock.run();
    expect(late.log).toEqual(['0: up']);
  });

  it('what is sent while it is down is lost and counted', () => {
    const { clock, link, a, b } = cable();
    link.b.enable(false);
    clock.run();
    expect(a.send([60, 1], [60, 2])).toBeGreaterThan(0);
    clock.run();
    expect(b.log).toEqual(['0: down']);
    expect(link.counters().aToB).toEqual({ bursts: 0, frames: 0, bytes: 0, lostFrames: 2 });
  });

  it('what is on its way when it goes down is lost, and the wire is free afterwards', () => {
    const { clock, link, a, b } = cable({ delay: 0 });
    for (let burst = 0; burst < 5; burst++) a.send([1514, burst], [1514, burst]);
    clock.advance(12_304 * 2);
    link.b.enable(false);
    link.b.enable(true);
    a.send([60, 9]);
    clock.run();
    expect(b.log).toEqual(['24608: 1514x0 1514x0', '24608: down', '24608: up', `${24_608 + 672}: 60x9`]);
    expect(link.counters().aToB.lostFrames).toBe(8);
  });

  it('may go down from inside a delivery: that burst has arrived', () => {
    const { clock, link, a, b } = cable();
    const receive = b.receive.bind(b);
    b.receive = (offset, frames) => {
      link.b.enable(false);
      receive(offset, frames);
    };
    a.send([60, 1]);
    a.send([60, 2]);
    clock.run();
    expect(b.log).toEqual(['1172: 60x1', '1172: down']);
    expect(link.counters().aToB).toMatchObject({ frames: 1, lostFrames: 1 });
    link.b.enable(true);
    expect(a.send([60, 3])).toBeGreaterThan(0);
    clock.run();
    expect(b.log.slice(2).map((line) => line.split(': ')[1])).toEqual(['up', '60x3', 'down']);
  });

  it('frames that nobody takes are lost', () => {
    const clock = new VirtualClock();
    const link = new Link(clock);
    open.push(link);
    const a = new Station(clock, link.a);
    link.a.enable(true);
    link.b.enable(true);
    a.send([60, 1]);
    clock.run();
    expect(link.counters().aToB).toMatchObject({ frames: 0, lostFrames: 1 });
  });
});

describe('room', () => {
  it('is told of when something was freed, once, after a reserve that found too little', () => {
    const { clock, a } = cable({ capacity: 4096, delay: 0 });
    expect(a.send([1514, 1], [1514, 2])).toBe(2 * 1536);
    expect(a.send([1514, 3])).toBe(-1);
    expect(a.end.available).toBe(0);
    expect(a.log).toEqual([]);
    clock.run();
    expect(a.log).toEqual([`${2 * 12_304}: room`]);
    expect(a.send([1514, 3])).toBe(1536);
    clock.run();
    expect(a.log).toHaveLength(1);
  });

  it('is told of when the link goes down and everything on its way is gone', () => {
    const { clock, link, a } = cable({ capacity: 4096 });
    a.send([1514, 1], [1514, 2]);
    a.send([1514, 3]);
    link.b.enable(false);
    clock.run();
    expect(a.log).toEqual(['0: down', '0: room']);
  });

  it('is found at the start of the memory again, in one piece', () => {
    const { clock, a, b } = cable({ capacity: 4096, delay: 0 });
    a.send([1514, 1]);
    a.send([1514, 2]);
    expect(a.end.reserve(1024)).toBeGreaterThan(0);
    expect(a.end.available).toBe(1024);
    expect(a.end.reserve(1025)).toBe(-1);
    clock.step();
    expect(a.send([1514, 3])).toBe(1536);
    expect(a.end.reserve(16)).toBe(-1);
    clock.run();
    expect(b.log.map((line) => line.split(': ')[1])).toEqual(['1514x1', '1514x2', '1514x3']);
    expect(a.end.reserve(4096)).toBeGreaterThan(0);
  });

  it('nothing is taken by a reservation without a commit', () => {
    const { clock, a, b } = cable({ capacity: 4096 });
    for (let round = 0; round < 10; round++) expect(a.end.reserve(4096)).toBeGreaterThan(0);
    a.end.commit(0, 0);
    a.send([100, 1]);
    clock.run();
    expect(b.log).toEqual(['1492: 100x1']);
  });

  it('ends at a thousand and twenty-four bursts', () => {
    const { clock, a, b } = cable();
    let sent = 0;
    while (a.send([60, 1]) > 0) sent++;
    expect(sent).toBe(1024);
    clock.run();
    expect(b.log).toHaveLength(1024);
  });
});

describe('a wrong commit', () => {
  it('is refused: without reservation, of other bytes than the frames take, of more than was found', () => {
    const { a, clock, b } = cable({ capacity: 4096 });
    expect(() => a.end.commit(1, 80)).toThrow(expect.objectContaining({ name: 'HardwareError', code: 'BAD_BURST' }));
    const at = a.end.reserve(80);
    Frame.length.set(i32, at >> 2, 60);
    expect(() => a.end.commit(1, 72)).toThrow(expect.objectContaining({ code: 'BAD_BURST' }));
    Frame.length.set(i32, at >> 2, 5000);
    expect(() => a.end.commit(1, 5016)).toThrow(expect.objectContaining({ code: 'BAD_BURST' }));
    a.send([60, 5]);
    clock.run();
    expect(b.log).toEqual(['1172: 60x5']);
  });
});

it.each([{ speed: 2500 }, { delay: -1 }, { delay: 0.5 }, { capacity: 0 }, { capacity: 100 }])(
  'no link is like %o',
  (options) => {
    expect(() => new Link(new VirtualClock(), options as LinkOptions)).toThrow(
      expect.objectContaining({ code: 'BAD_LINK' }),
    );
  },
);

it('a tap sees what arrives, with direction and time, until it ends', () => {
  const { clock, link, a, b } = cable({ delay: 0 });
  const seen: string[] = [];
  const end = link.tap((direction, offset, frames, time) =>
    seen.push(`${direction} ${Frame.length.get(i32, offset >> 2)} ${frames} ${time}`),
  );
  a.send([60, 1], [61, 2]);
  b.send([64, 3]);
  clock.run();
  end();
  a.send([60, 1]);
  clock.run();
  expect(seen.sort()).toEqual(['aToB 60 2 1352', 'bToA 64 1 704']);
});

it('a receiver that throws loses its burst and nothing else', () => {
  const { clock, a, b } = cable({ delay: 0 });
  const receive = b.receive.bind(b);
  b.receive = () => {
    b.receive = receive;
    throw new Error('model');
  };
  a.send([60, 1]);
  a.send([60, 2]);
  expect(() => clock.run()).toThrow('model');
  clock.run();
  expect(b.log).toEqual(['1344: 60x2']);
});

it('gives its memory back when it is closed', () => {
  const clock = new VirtualClock();
  // 64 MiB of device memory hold far fewer than 500 links of 2 MiB at a time.
  for (let round = 0; round < 500; round++) new Link(clock).close();
});

describe('a loopback plug', () => {
  it('sends everything back to where it came from', () => {
    const clock = new VirtualClock();
    const plug = new LoopbackLink(clock, { delay: 0 });
    open.push(plug);
    const station = new Station(clock, plug.end);
    station.send([60, 1]);
    plug.end.enable(true);
    expect([plug.end.up, plug.end.speed]).toEqual([true, 1000]);
    station.send([60, 2], [70, 3]);
    clock.run();
    plug.end.enable(false);
    clock.run();
    expect(station.log).toEqual(['0: up', `${672 + 752}: 60x2 70x3`, `${672 + 752}: down`]);
    expect(plug.counters()).toEqual({ bursts: 1, frames: 2, bytes: 130, lostFrames: 1 });
  });

  it('takes a burst that is sent from inside a delivery', () => {
    const clock = new VirtualClock();
    const plug = new LoopbackLink(clock, { delay: 0 });
    open.push(plug);
    const station = new Station(clock, plug.end);
    plug.end.enable(true);
    clock.run();
    const receive = station.receive.bind(station);
    let hops = 3;
    station.receive = (offset, frames) => {
      if (--hops > 0) station.send([60, hops]);
      receive(offset, frames);
    };
    station.send([60, 9]);
    clock.run();
    expect(station.log.slice(1)).toEqual(['672: 60x9', '1344: 60x2', '2016: 60x1']);
  });
});

describe('against a list of frames', () => {
  it('everything that was sent arrives once, in order and unharmed, however full the memory is', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(4096, 8192, 65_536), (seed, capacity) => {
        const { clock, link, a, b } = cable({ capacity });
        const random: Random = new VirtualClock({ seed }).random('frames');
        const sent: string[] = [];
        let refused = 0;
        for (let round = 0; round < 300; round++) {
          const frames = Array.from(
            { length: random.between(1, 6) },
            () => [random.between(1, 700), random.below(256)] as const,
          );
          const taken = a.send(...frames);
          if (taken < 0) refused++;
          else sent.push(...frames.map(([length, fill]) => `${length}x${fill}`));
          if (random.chance(0.3)) clock.step();
          if (random.chance(0.02)) clock.run();
        }
        clock.run();
        const received = b.log.flatMap((line) => (line.split(': ')[1] ?? '').split(' '));
        expect(received).toEqual(sent);
        expect(link.counters().aToB.frames).toBe(sent.length);
        if (capacity === 4096) expect(refused).toBeGreaterThan(0);
        expect(a.log.every((line) => line.endsWith('room'))).toBe(true);
        for (const end of open.splice(0)) end.close();
      }),
      { numRuns: 30 },
    );
  });
});
