import { VirtualClock } from '@netcx/clock';
import { deviceMemory } from '@netcx/dma/memory';
import { describe, expect, it } from 'vitest';
import { Link, LoopbackLink } from '../src/index.ts';
import { wireBytesTaken } from '../src/wire.ts';

describe('a link that cannot be made takes no memory', () => {
  const refuse = {
    name: 'refuses',
    start: () => {
      throw new Error('no such luck');
    },
  };

  const lanes = (part: number): number => Math.ceil(((deviceMemory.end - deviceMemory.start) * part) / 64) * 64;

  it.each([
    ['for its second lane', { capacity: lanes(0.6) }, /used up/],
    ['for its first lane', { capacity: lanes(1.1) }, /used up/],
    ['because of what goes wrong on the way', { impairments: [refuse] }, /no such luck/],
    ['because of what goes wrong on the way back', { impairments: { bToA: [refuse] } }, /no such luck/],
  ])('%s', (_why, options, message) => {
    const before = wireBytesTaken();
    expect(() => new Link(new VirtualClock(), options)).toThrow(message);
    expect(wireBytesTaken()).toBe(before);
  });

  it('a plug neither', () => {
    const before = wireBytesTaken();
    expect(() => new LoopbackLink(new VirtualClock(), { impairments: [refuse] })).toThrow(/no such luck/);
    expect(wireBytesTaken()).toBe(before);
  });

  it('and one that works keeps none for impairments that it cannot have', () => {
    const link = new Link(new VirtualClock());
    const before = wireBytesTaken();
    expect(() => link.impair([refuse])).toThrow(/no such luck/);
    expect(wireBytesTaken()).toBe(before);
    link.close();
  });
});

describe('a link that is closed', () => {
  it("gives its memory back once, and takes nothing afterwards: it may be somebody else's", () => {
    const before = wireBytesTaken();
    const link = new Link(new VirtualClock());
    const at = link.a.reserve(200);
    expect(at).toBeGreaterThan(0);
    link.close();
    expect(wireBytesTaken()).toBe(before);
    link.close();
    expect(wireBytesTaken()).toBe(before);
    link.a.commit(1, 80); // a burst that was being written
    expect([link.a.reserve(64), link.b.reserve(64)]).toEqual([-1, -1]);
  });
});
