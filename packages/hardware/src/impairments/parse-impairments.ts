/*
 * Impairments as a person writes them: `loss=1%,delay=2ms,jitter=1ms`. They apply in the order in which they are
 * written. Each error says what was wrong, where, and what would have been right.
 */

import { HardwareError } from '../hardware-error.ts';
import { corrupt, mangle } from './corruption.ts';
import { delay } from './delay.ts';
import { duplicate } from './duplication.ts';
import type { Impairment } from './impairment.ts';
import { gilbert, loss } from './loss.ts';
import { rate } from './rate.ts';
import { reorder } from './reordering.ts';

/** What was written, with the place of each part for errors. */
interface Item {
  readonly key: string;
  readonly value: string;
  /** Where the value begins, counted from 1. */
  readonly at: number;
}

const UNITS = {
  time: { ns: 1, us: 1e3, ms: 1e6, s: 1e9 },
  rate: { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 },
  size: { '': 1, k: 1024, m: 1024 * 1024 },
} as const;

const KEYS = 'loss, gilbert, delay, jitter, duplicate, reorder, corrupt, mangle, rate, limit';

/**
 * Parses impairments:
 *
 * | written                    | meaning                                                                          |
 * | -------------------------- | -------------------------------------------------------------------------------- |
 * | `loss=1%`                  | each frame is lost with this chance (`1%` or `0.01`)                              |
 * | `gilbert=1%/25%[/100%[/0]]` | bursts: chance to enter the bad state, to leave it, of loss in it, of loss outside |
 * | `delay=2ms`, `jitter=1ms`  | each frame takes longer, give or take (`ns us ms s`); order is kept               |
 * | `duplicate=0.1%`           | each frame arrives twice with this chance                                        |
 * | `reorder=5%[/3]`           | each frame is overtaken with this chance, by so many                             |
 * | `corrupt=1e-6`             | each bit flips with this chance, and the check sequence tells                    |
 * | `mangle=1e-6`              | each bit flips with this chance, and the check sequence does not tell            |
 * | `rate=100mbit`             | a bottleneck (`bit kbit mbit gbit` a second)                                     |
 * | `limit=256k`               | bytes that `delay` and `rate` hold at most (`k m` are 2^10 and 2^20)             |
 *
 * @param text - any number of them, joined by commas, each at most once; the empty text is none
 * @returns them, in the order in which they are written; `jitter` and `limit` belong to others
 * @throws HardwareError `BAD_IMPAIRMENT`: what, where, what was expected
 */
export function parseImpairments(text: string): Impairment[] {
  const items = split(text);
  const find = (key: string): Item | undefined => items.find((item) => item.key === key);
  const jitterItem = find('jitter');
  const limitItem = find('limit');
  const jitter = jitterItem === undefined ? 0 : duration(text, jitterItem);
  const limit = limitItem === undefined ? {} : { limit: size(text, limitItem) };
  if (
    limitItem !== undefined &&
    find('rate') === undefined &&
    find('delay') === undefined &&
    jitterItem === undefined
  ) {
    fail(text, limitItem.at, 'delay, jitter or rate beside limit', 'limit alone');
  }
  const made: Impairment[] = [];
  for (const item of items) {
    switch (item.key) {
      case 'loss':
        made.push(loss(chance(text, item)));
        break;
      case 'gilbert': {
        const [enter, leave, lossInBad = 1, lossInGood = 0] = chances(text, item);
        made.push(gilbert({ enter, leave, lossInBad, lossInGood }));
        break;
      }
      case 'delay':
        made.push(delay(duration(text, item), { jitter, ...limit }));
        break;
      case 'jitter':
        // Without a delay of its own it is one that varies around nothing.
        if (find('delay') === undefined) made.push(delay(0, { jitter, ...limit }));
        break;
      case 'duplicate':
        made.push(duplicate(chance(text, item)));
        break;
      case 'reorder': {
        const [share = '', distance, ...more] = item.value.split('/');
        if (more.length > 0) {
          fail(text, item.at + share.length + 1, 'one or two values such as 5%/3', JSON.stringify(item.value));
        }
        const probability = chance(text, { ...item, value: share });
        if (distance === undefined) made.push(reorder(probability));
        else made.push(reorder(probability, { distance: count(text, distance, item.at + share.length + 1) }));
        break;
      }
      case 'corrupt':
        made.push(corrupt(chance(text, item)));
        break;
      case 'mangle':
        made.push(mangle(chance(text, item)));
        break;
      case 'rate':
        made.push(rate(bitsPerSecond(text, item), limit));
        break;
    }
  }
  return made;
}

function split(text: string): Item[] {
  const items: Item[] = [];
  if (text === '') return items;
  let at = 1;
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    const key = equals < 0 ? part : part.slice(0, equals);
    if (!KEYS.split(', ').includes(key)) fail(text, at, `one of ${KEYS}`, JSON.stringify(key));
    if (equals < 0) fail(text, at + part.length, `= and a value after ${key}`, 'nothing');
    if (items.some((item) => item.key === key)) fail(text, at, `${key} at most once`, 'another');
    items.push({ key, value: part.slice(equals + 1), at: at + equals + 1 });
    at += part.length + 1;
  }
  return items;
}

/** A decimal number without sign, and what follows it; `undefined` for anything else. */
function number(value: string): { readonly amount: number; readonly unit: string } | undefined {
  const match = /^(\d+(?:\.\d+)?(?:e[+-]?\d+)?)([a-z%]*)$/i.exec(value);
  if (match === null) return undefined;
  const [, digits = '', unit = ''] = match;
  return { amount: Number(digits), unit: unit.toLowerCase() };
}

function chance(text: string, { value, at }: Item): number {
  const parsed = number(value);
  const share = parsed === undefined ? NaN : parsed.unit === '%' ? parsed.amount / 100 : parsed.amount;
  if (parsed === undefined || !['', '%'].includes(parsed.unit) || !(share <= 1)) {
    fail(text, at, 'a chance such as 1% or 0.01', JSON.stringify(value));
  }
  return share;
}

function chances(text: string, item: Item): [number, number, ...number[]] {
  let { at } = item;
  const parts = item.value.split('/');
  if (parts.length < 2 || parts.length > 4)
    fail(text, at, 'two to four chances such as 1%/25%', JSON.stringify(item.value));
  const [enter = 0, leave = 0, ...rest] = parts.map((value) => {
    const result = chance(text, { ...item, value, at });
    at += value.length + 1;
    return result;
  });
  return [enter, leave, ...rest];
}

function count(text: string, value: string, at: number): number {
  if (!/^[1-9]\d{0,5}$/.test(value)) fail(text, at, 'a number of frames, 1 or more', JSON.stringify(value));
  return Number(value);
}

function measure(text: string, { value, at }: Item, units: Readonly<Record<string, number>>, expected: string): number {
  const parsed = number(value);
  const factor = parsed === undefined ? undefined : units[parsed.unit];
  const result = parsed === undefined || factor === undefined ? NaN : Math.round(parsed.amount * factor);
  if (!(result <= Number.MAX_SAFE_INTEGER)) fail(text, at, expected, JSON.stringify(value));
  return result;
}

/** At most an hour: longer is a mistake, and far from where times stop being exact. */
const LONGEST = 3600e9;

function duration(text: string, item: Item): number {
  const result = measure(text, item, UNITS.time, 'a time such as 2ms (ns, us, ms, s)');
  if (result > LONGEST) fail(text, item.at, 'a time of at most 3600s', JSON.stringify(item.value));
  return result;
}

function bitsPerSecond(text: string, item: Item): number {
  const result = measure(text, item, UNITS.rate, 'a rate such as 100mbit (bit, kbit, mbit, gbit)');
  if (result < 1) fail(text, item.at, 'a rate of at least 1bit', JSON.stringify(item.value));
  return result;
}

function size(text: string, item: Item): number {
  const result = measure(text, item, UNITS.size, 'a number of bytes such as 256k (k, m)');
  if (result < 1) fail(text, item.at, 'at least one byte', JSON.stringify(item.value));
  return result;
}

function fail(text: string, at: number, expected: string, got: string): never {
  throw new HardwareError(
    'BAD_IMPAIRMENT',
    `impairments ${JSON.stringify(text)}, character ${String(at)}: expected ${expected}, got ${got}`,
  );
}
