// Owns: impairments as a person writes them: what each form means, and what each mistake is told.
import { VirtualClock } from '@netcx/clock';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  delay,
  gilbert,
  HardwareError,
  loss,
  parseImpairments,
  rate,
  reorder,
  type Impairment,
  type PassingFrame,
} from '../src/index.ts';

/** What an impairment makes of 300 frames, one every microsecond: when each one comes out, and what it counted. */
function behaviour(impairment: Impairment | undefined): unknown {
  const clock = new VirtualClock({ seed: 3 });
  const out: [number, number][] = [];
  const context = {
    random: clock.random('same'),
    limit: 1 << 20,
    now: () => clock.now(),
    alarm: (callback: () => void) => clock.alarm(callback),
  };
  const stage = impairment?.start(context, ({ bytes }: PassingFrame) => out.push([bytes[0] ?? -1, clock.now()]));
  for (let number = 0; number < 300; number++) {
    stage?.take({ bytes: new Uint8Array(60).fill(number), status: 0 });
    clock.advance(1000);
  }
  clock.run();
  return [out, stage?.counters()];
}

const names = (text: string): string[] => parseImpairments(text).map(({ name }) => name);

describe('what is written', () => {
  it('is made in its order', () => {
    expect(names('')).toEqual([]);
    expect(names('loss=1%,gilbert=1%/25%,delay=2ms,jitter=1ms,duplicate=0.1%')).toEqual([
      'loss',
      'gilbert',
      'delay',
      'duplicate',
    ]);
    expect(names('rate=100mbit,limit=256k,mangle=1e-6,corrupt=1e-6,reorder=5%')).toEqual([
      'rate',
      'mangle',
      'corrupt',
      'reorder',
    ]);
    expect(names('jitter=1ms,loss=1')).toEqual(['delay', 'loss']);
  });

  it.each([
    ['loss=25%', loss(0.25)],
    ['loss=0.25', loss(0.25)],
    ['loss=2.5e-1', loss(0.25)],
    ['gilbert=10%/50%', gilbert({ enter: 0.1, leave: 0.5 })],
    ['gilbert=10%/50%/80%/1%', gilbert({ enter: 0.1, leave: 0.5, lossInBad: 0.8, lossInGood: 0.01 })],
    ['delay=250ns', delay(250)],
    ['delay=1.5us', delay(1500)],
    ['delay=2MS', delay(2_000_000)],
    ['delay=1s', delay(1_000_000_000)],
    ['delay=2ms,jitter=1ms', delay(2_000_000, { jitter: 1_000_000 })],
    ['jitter=1ms,delay=2ms', delay(2_000_000, { jitter: 1_000_000 })],
    ['jitter=1ms', delay(0, { jitter: 1_000_000 })],
    ['delay=2ms,limit=1k', delay(2_000_000, { limit: 1024 })],
    ['rate=100mbit', rate(100_000_000)],
    ['rate=0.5gbit', rate(500_000_000)],
    ['rate=64kbit,limit=600', rate(64_000, { limit: 600 })],
    ['reorder=5%', reorder(0.05)],
    ['reorder=5%/1', reorder(0.05, { distance: 1 })],
  ])('%s', (text, expected) => {
    const made = parseImpairments(text);
    expect(made).toHaveLength(1);
    expect(behaviour(made[0])).toEqual(behaviour(expected));
  });
});

describe('a mistake is told with its place', () => {
  it.each([
    ['los=1%', 1, 'one of loss, gilbert, delay', '"los"'],
    ['loss', 5, '= and a value after loss', 'nothing'],
    ['loss=1%,', 9, 'one of loss', '""'],
    ['loss=1%,loss=2%', 9, 'loss at most once', 'another'],
    ['loss=', 6, 'a chance such as 1% or 0.01', '""'],
    ['loss=101%', 6, 'a chance such as 1% or 0.01', '"101%"'],
    ['loss=-1%', 6, 'a chance such as 1% or 0.01', '"-1%"'],
    ['loss=1ms', 6, 'a chance such as 1% or 0.01', '"1ms"'],
    ['delay=1ms,duplicate=x', 21, 'a chance such as 1% or 0.01', '"x"'],
    ['gilbert=1%', 9, 'two to four chances', '"1%"'],
    ['gilbert=1%/2%/3%/4%/5%', 9, 'two to four chances', '"1%/2%/3%/4%/5%"'],
    ['gilbert=1%/x', 12, 'a chance such as', '"x"'],
    ['delay=2', 7, 'a time such as 2ms', '"2"'],
    ['delay=2mbit', 7, 'a time such as 2ms', '"2mbit"'],
    ['delay=2h', 7, 'a time such as 2ms', '"2h"'],
    ['delay=3601s', 7, 'a time of at most 3600s', '"3601s"'],
    ['jitter=1e300s', 8, 'a time such as', '"1e300s"'],
    ['rate=100', 6, 'a rate such as 100mbit', '"100"'],
    ['rate=0bit', 6, 'a rate of at least 1bit', '"0bit"'],
    ['rate=1mbit,limit=0', 18, 'at least one byte', '"0"'],
    ['rate=1mbit,limit=1g', 18, 'a number of bytes such as 256k', '"1g"'],
    ['limit=1k', 7, 'delay, jitter or rate beside limit', 'limit alone'],
    ['reorder=5%/0', 12, 'a number of frames, 1 or more', '"0"'],
    ['reorder=5%/x', 12, 'a number of frames', '"x"'],
    ['reorder=5%/1/2', 12, 'one or two values', '"5%/1/2"'],
    ['loss=1%;delay=2ms', 6, 'a chance', '"1%;delay=2ms"'],
  ])('%s', (text, at, expected, got) => {
    let message = '';
    try {
      parseImpairments(text);
    } catch (error) {
      expect(error).toBeInstanceOf(HardwareError);
      expect((error as HardwareError).code).toBe('BAD_IMPAIRMENT');
      ({ message } = error as HardwareError);
    }
    expect(message).toContain(`impairments ${JSON.stringify(text)}, character ${at}: expected ${expected}`);
    expect(message).toContain(`got ${got}`);
  });

  it('whatever is written', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'loss',
        'delay',
        'rate',
        'gilbert',
        'limit',
        '=',
        ',',
        '/',
        '%',
        'ms',
        'mbit',
        'k',
        'e',
        '.',
        '-',
      ),
      fc.nat().map(String),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          for (const made of parseImpairments(pieces.join(''))) expect(made.name).not.toBe('');
        } catch (error) {
          expect(error).toBeInstanceOf(HardwareError);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('also by whoever calls the functions', () => {
    const bad = expect.objectContaining({ code: 'BAD_IMPAIRMENT' }) as Error;
    for (const value of [-0.1, 1.1, NaN, Infinity]) expect(() => loss(value)).toThrow(bad);
    for (const value of [-1, 0.5, NaN, Infinity]) expect(() => delay(value)).toThrow(bad);
    expect(() => delay(1, { limit: 0 })).toThrow(bad);
    expect(() => rate(0)).toThrow(bad);
    expect(() => reorder(0.5, { distance: 0 })).toThrow(bad);
    expect(() => gilbert({ enter: 2, leave: 1 })).toThrow(bad);
  });
});
