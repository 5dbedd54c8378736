/*
 * Owns: the picture that `netcx top` draws: rates, queues, rings, pools, from one snapshot and the one before.
 * Invariant: text in, text out; no line is longer than the terminal is wide, and there are no more than it has.
 */
import { createColors } from 'picocolors';
import type { AdapterSnapshot, QueueSnapshot, RingSnapshot, Snapshot } from '../status/snapshot.ts';

/** Characters of a ring's bar. */
const RING_BAR = 24;

/** How the picture is drawn. */
export interface PictureOptions {
  readonly colour: boolean;
  /** Columns of the terminal. */
  readonly width: number;
  /** Lines of the terminal, the one below the picture among them; without bound when left out. */
  readonly height?: number | undefined;
}

/**
 * @param now - a snapshot
 * @param before - the one before it, of the same process; `undefined` for the first
 * @param options - colours and width
 * @returns the picture, line by line
 */
export function picture(now: Snapshot, before: Snapshot | undefined, options: PictureOptions): string[] {
  const paint = createColors(options.colour);
  const seconds = before === undefined ? 0 : (now.time - before.time) / 1000;
  const rate = (count: number, last: number | undefined): number =>
    seconds > 0 && last !== undefined ? Math.max(0, count - last) / seconds : 0;
  const busy = rate(now.processor, before?.processor) * 100;
  const heap = (now.heap / 2 ** 20).toFixed(1);
  const lines = [
    `${paint.bold(now.command)}  process ${now.pid}, up ${duration(now.time)}, processor ${busy.toFixed(0)} %, heap ${heap} MiB`,
  ];
  for (const adapter of now.adapters) {
    const last = before?.adapters.find(({ name }) => name === adapter.name);
    lines.push('', ...adapterLines(adapter, last, rate, paint));
  }
  return shortened(lines, options.height).map((line) => cut(line, options.width));
}

/** What would scroll the top away is left out, and said. */
function shortened(lines: readonly string[], height = Infinity): readonly string[] {
  const room = Math.max(2, height - 1);
  if (lines.length <= room) return lines;
  const shown = lines.slice(0, room - 1);
  return [...shown, `... and ${lines.length - shown.length} lines more: a higher window has them, and --once`];
}

type Rate = (count: number, last: number | undefined) => number;
type Paint = ReturnType<typeof createColors>;

function adapterLines(now: AdapterSnapshot, before: AdapterSnapshot | undefined, rate: Rate, paint: Paint): string[] {
  const link = now.linkUp ? paint.green(`up ${now.linkSpeed / 1e6} Mbit/s`) : paint.red('down');
  const events = [
    `${count(rate(now.interrupts, before?.interrupts))} interrupts/s`,
    `${count(rate(now.wakeUps, before?.wakeUps))} wake-ups/s`,
    `${count(rate(now.polls, before?.polls))} polls/s`,
    now.dropped === 0 ? '0 dropped' : paint.yellow(`${now.dropped} dropped`),
  ];
  return [
    `${paint.bold(now.name)}  link ${link}  MTU ${now.mtu}  ${events.join('  ')}`,
    ...now.queues.flatMap((queue) => {
      const last = before?.queues.find(({ direction, id }) => direction === queue.direction && id === queue.id);
      return queueLines(queue, last, rate);
    }),
    ...Object.entries(now.pools).map(
      ([name, pool]) =>
        `  pool ${name.padEnd(22)} ${bar(pool.count - pool.free, pool.count)} ${pool.free} of ${pool.count} free`,
    ),
  ];
}

function queueLines(now: QueueSnapshot, before: QueueSnapshot | undefined, rate: Rate): string[] {
  const packets = rate(now.packets, before?.packets);
  const bits = rate(now.bytes, before?.bytes) * 8;
  return [
    `  ${now.direction} ${now.id}  ${count(packets)} packets/s  ${inBits(bits)}  ${now.packets} in all`,
    ...now.rings.map(
      (ring) => `    ${ring.name.padEnd(22)} ${ringBar(ring)} begin ${ring.begin} next ${ring.next} end ${ring.end}`,
    ),
  ];
}

/** A ring from its first element to its last: `#` what the device has, `=` what the driver has not posted, `.` the rest. */
function ringBar({ elements, begin, next, end }: RingSnapshot): string {
  const inRange = (index: number, from: number, to: number): boolean =>
    (index - from + elements) % elements < (to - from + elements) % elements;
  const cell = (column: number): string => {
    const index = Math.floor((column * elements) / RING_BAR);
    if (inRange(index, begin, next)) return '#';
    return inRange(index, next, end) ? '=' : '.';
  };
  return `[${Array.from({ length: RING_BAR }, (_, column) => cell(column)).join('')}]`;
}

function bar(used: number, of: number): string {
  const full = of === 0 ? 0 : Math.round((used / of) * RING_BAR);
  return `[${'#'.repeat(full).padEnd(RING_BAR, '.')}]`;
}

/** A number that people can read: three digits and a letter. */
function count(value: number): string {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (value >= size) return `${(value / size).toPrecision(3)} ${unit}`;
  return value.toFixed(0);
}

function inBits(rate: number): string {
  const text = count(rate);
  return `${text}${/\d$/.test(text) ? ' ' : ''}bit/s`;
}

function duration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** Cuts a line, and lets its colours stand: they take no column. */
function cut(line: string, width: number): string {
  let columns = 0;
  let result = '';
  // eslint-disable-next-line no-control-regex -- colours begin with the escape character
  for (const [piece] of line.matchAll(/\u001B\[[0-9;]*m|[^\u001B]/gu)) {
    if (piece.length > 2) result += piece;
    else if (columns < width) {
      result += piece;
      columns++;
    }
  }
  return result;
}
