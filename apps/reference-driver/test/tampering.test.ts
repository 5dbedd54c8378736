/* Replays over a cable that does something to the frames: the verdict names it, whatever it is, and never says equal. */

import { HostBridge } from '@netcx/bus';
import { VirtualClock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { Link, type LinkEnd, type LinkPartner } from '@netcx/hardware';
import {
  allocateWire,
  copyWithinWire,
  Frame,
  FRAME_BAD_FCS,
  FRAME_HEADER_BYTES,
  freeWire,
  i32,
  u8,
} from '@netcx/hardware/wire';
import { describe, expect, it } from 'vitest';
import { buildStation } from '../src/index.ts';
import type { ReplayReport } from '../src/replay.ts';
import { ReplayRun } from '../src/replay/run.ts';
import { frame } from './pair.ts';

const sizeOf = (at: number): number => FRAME_HEADER_BYTES + ((Frame.length.get(i32, at >> 2) + 7) & ~7);

/**
 * What a tampering end does with a frame: it is given the frame's number, where it lies, and how to hand on any frame, and
 * hands on what it likes.
 */
type Tampering = (number: number, at: number, handOn: (at: number) => void) => void;

/** An end of a link that has a hand on everything that arrives there. */
class TamperingEnd implements LinkEnd {
  readonly #end: LinkEnd;
  readonly #tampering: Tampering;
  #number = 0;

  constructor(end: LinkEnd, tampering: Tampering) {
    this.#end = end;
    this.#tampering = tampering;
  }

  get up(): boolean {
    return this.#end.up;
  }
  get speed(): LinkEnd['speed'] {
    return this.#end.speed;
  }
  get duplex(): LinkEnd['duplex'] {
    return this.#end.duplex;
  }
  get partnerAbilities(): number {
    return this.#end.partnerAbilities;
  }
  get available(): number {
    return this.#end.available;
  }
  enable(enabled: boolean, abilities?: number): void {
    this.#end.enable(enabled, abilities);
  }
  reserve(bytes: number): number {
    return this.#end.reserve(bytes);
  }
  commit(frames: number, bytes: number): void {
    this.#end.commit(frames, bytes);
  }
  attach(partner: LinkPartner): void {
    this.#end.attach({
      room: () => {
        partner.room();
      },
      changed: (up) => {
        partner.changed(up);
      },
      receive: (offset, frames) => {
        let at = offset;
        for (let index = 0; index < frames; index++) {
          const next = at + sizeOf(at);
          this.#tampering(this.#number++, at, (which) => {
            partner.receive(which, 1);
          });
          at = next;
        }
      },
    });
  }
}

const FRAMES = 20;

async function replayOver(tampering: Tampering): Promise<ReplayReport> {
  const clock = new VirtualClock();
  const bridge = new HostBridge(clock);
  const link = new Link(clock);
  const address = (last: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 0, last);
  const options = { promiscuous: true };
  const a = buildStation(clock, bridge, 'a', address(1), link.a, options);
  const b = buildStation(clock, bridge, 'b', address(2), new TamperingEnd(link.b, tampering), options);
  const close = (): void => {
    a.nic.close();
    b.nic.close();
    link.close();
  };
  const run = new ReplayRun(clock, { a, b, link, close }, 1514, { timing: 'none' });
  await run.start();
  for (let number = 0; number < FRAMES; number++) run.send({ bytes: frame(number === 3 ? 20 : 100 + number, number) });
  return run.finish();
}

const all = { read: FRAMES, equal: FRAMES - 1, padded: 1, tooLong: 0, empty: 0, lost: 0, altered: 0, reordered: 0 };

/** Does something to one frame and hands on the rest. */
const to =
  (victim: number, what: (at: number, handOn: (at: number) => void) => void): Tampering =>
  (number, at, handOn) => {
    if (number === victim) what(at, handOn);
    else handOn(at);
  };

/** Does something to every frame. */
const every =
  (what: (at: number, handOn: (at: number) => void) => void): Tampering =>
  (_, at, handOn) => {
    what(at, handOn);
  };

const drop = (): void => undefined;
const twice = (at: number, handOn: (at: number) => void): void => {
  handOn(at);
  handOn(at);
};
const bend =
  (byte: number) =>
  (at: number, handOn: (at: number) => void): void => {
    u8[at + FRAME_HEADER_BYTES + byte]! ^= 0x80;
    handOn(at);
  };
const cut = (at: number, handOn: (at: number) => void): void => {
  Frame.length.set(i32, at >> 2, Frame.length.get(i32, at >> 2) - 1);
  handOn(at);
};
const stranger = (at: number, handOn: (at: number) => void): void => {
  const copy = allocateWire(2048);
  copyWithinWire(copy, at, sizeOf(at));
  u8[copy + FRAME_HEADER_BYTES + 30]! ^= 1;
  handOn(copy);
  freeWire(copy, 2048);
  handOn(at);
};

/** Hands a frame on behind the one after it. */
function late(victim: number): Tampering {
  let kept = 0;
  return (number, at, handOn) => {
    if (number === victim) kept = at;
    else handOn(at);
    if (number === victim + 1) handOn(kept);
  };
}

it('finds nothing on an honest cable', async () => {
  const report = await replayOver((_, at, handOn) => {
    handOn(at);
  });
  expect(report).toMatchObject({ frames: all, unexpected: 0, drops: {}, ok: true, differences: [] });
});

describe('a cable that', () => {
  it.each<[string, Tampering, object]>([
    [
      'loses the first frame',
      to(0, drop),
      { frames: { ...all, equal: 18, lost: 1 }, differences: [{ frame: 0, what: 'did not arrive' }] },
    ],
    ['loses a short frame', to(3, drop), { frames: { ...all, padded: 0, lost: 1 } }],
    [
      'loses the last frame',
      to(19, drop),
      { frames: { ...all, equal: 18, lost: 1 }, differences: [{ frame: 19, what: 'did not arrive' }] },
    ],
    ['loses everything', every(drop), { frames: { ...all, equal: 0, padded: 0, lost: 20 }, bytes: { received: 0 } }],
    ['bends a bit in front', to(5, bend(0)), { frames: { ...all, equal: 18, altered: 1 } }],
    ['bends the last bit', to(5, bend(104)), { frames: { ...all, equal: 18, altered: 1 } }],
    ['bends a bit of the padding', to(3, bend(59)), { frames: { ...all, padded: 0, altered: 1 } }],
    ['cuts a frame', to(5, cut), { frames: { ...all, equal: 18, altered: 1 } }],
    ['brings a frame twice', to(5, twice), { frames: all, unexpected: 1 }],
    ['brings the last frame twice', to(19, twice), { frames: all, unexpected: 1 }],
    ['brings a frame of its own', to(5, stranger), { frames: all, unexpected: 1 }],
    ['brings a frame late', late(5), { frames: { ...all, equal: 18, reordered: 1 } }],
    ['brings everything twice', every(twice), { frames: all, unexpected: 20 }],
  ])('%s', async (_, tampering, expected) => {
    const taken = hostPages.bytesTaken;
    const report = await replayOver(tampering);
    expect(report).toMatchObject({ unexpected: 0, ...expected, ok: false, buffers: { leaked: 0 } });
    expect(report.differences.length).toBeGreaterThan(0);
    const { read, ...rest } = report.frames;
    expect(Object.values(rest).reduce((sum, count) => sum + count, 0)).toBe(read);
    expect(hostPages.bytesTaken).toBe(taken);
  });

  it('damages a frame so that its check sequence shows it: the chip drops and counts it', async () => {
    const report = await replayOver(
      to(5, (at, handOn) => {
        Frame.status.set(i32, at >> 2, FRAME_BAD_FCS);
        handOn(at);
      }),
    );
    expect(report.frames).toEqual({ ...all, equal: 18, lost: 1 });
    expect(report.drops).toEqual({ 'b nic: wrong frame check sequence (CRCERRS)': 1 });
  });
});
