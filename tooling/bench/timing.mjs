// How the programs of the benchmark take their time on a machine that others use, too: in short blocks, with a look at a gauge
// before and behind each. The gauge is arithmetic, always the same: it takes longer while somebody else is at work in the same
// core of the processor, or has taken it away, and knows nothing of what is measured. Blocks between two good looks are undisturbed,
// and their median is the figure. dpdk/timing.h does the same for programs in C.
// Invariant: the gauge alone decides which blocks count, never their own time.

/** Nanoseconds that a program measures for; so many times as long as long as it has not found `ENOUGH` undisturbed blocks. */
const LONG = 2e9;
const QUICK = 0.5e9;
const LONGER = 4;
const ENOUGH = 50;
/** Fewer are none: then all blocks count, and the figure is as disturbed as the machine was. */
const LEAST = 9;
/** A look is good that takes at most so many times a short one: one look of fifty is shorter. */
const TOLERANCE = 1.05;
const SHORT = 0.02;
/** Rounds of the gauge: some twenty microseconds. */
const TURNS = 20_000;
const WARM_UP = 20;
/** Processes that are measured, one after the other, until one was not disturbed throughout. */
const TRIES = 4;

/**
 * What a program measured: nanoseconds for each packet or call, the median of undisturbed blocks; how much of its blocks that
 * were, in percent; median, least and most of `all`; a short look of the gauge in nanoseconds, which tells of two runs whether one
 * was disturbed throughout.
 * @typedef {{ nanoseconds: number, undisturbed: number, all: number, least: number, most: number, gauge: number }} Timing
 */

/**
 * Four sums that wait for nothing but themselves: what one core can do at once, and not a word of memory.
 * @param {number} turns
 * @returns {number} something that depends on all of them
 */
function spin(turns) {
  let a = 1;
  let b = 2;
  let c = 3;
  let d = 4;
  for (let turn = 0; turn < turns; turn++) {
    a = ((a + 5) ^ turn) | 0;
    b = ((b ^ turn) + 7) | 0;
    c = (c + turn) | 0;
    d = ((d ^ 0x55) + 3) | 0;
  }
  return a ^ b ^ c ^ d;
}

let spun = 0;

/** @returns {number} nanoseconds that the gauge takes now */
function look() {
  const start = process.hrtime.bigint();
  spun ^= spin(TURNS);
  return Number(process.hrtime.bigint() - start);
}

/**
 * @param {readonly number[]} looks
 * @returns {number} what a look takes while nobody disturbs; the very shortest is one that the clock cut short, or a processor in haste
 */
function shortOf(looks) {
  const sorted = [...looks].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length * SHORT)] ?? NaN;
}

/**
 * @param {readonly number[]} looks one more than there are blocks: before the first, between two, behind the last
 * @returns {number[]} the undisturbed blocks
 */
export function undisturbed(looks) {
  const good = shortOf(looks) * TOLERANCE;
  return looks.flatMap((before, block) => {
    const behind = looks[block + 1];
    return behind !== undefined && before <= good && behind <= good ? [block] : [];
  });
}

/**
 * @param {readonly number[]} times of blocks, nanoseconds a packet
 * @param {readonly number[]} looks one more
 * @returns {Timing}
 */
export function timingOf(times, looks) {
  const chosen = undisturbed(looks);
  const ascending = (/** @type {readonly number[]} */ values) => [...values].sort((one, other) => one - other);
  const median = (/** @type {readonly number[]} */ sorted) => sorted[sorted.length >> 1] ?? NaN;
  const all = ascending(times);
  const counting = chosen.length < LEAST ? all : ascending(chosen.map((block) => times[block] ?? NaN));
  return {
    nanoseconds: median(counting),
    undisturbed: chosen.length < LEAST ? 0 : (chosen.length / times.length) * 100,
    ...{ all: median(all), least: all[0] ?? NaN, most: all.at(-1) ?? NaN, gauge: shortOf(looks) },
  };
}

/**
 * @param {() => number} block does a block of the work, a millisecond or so, and returns how many packets or calls that was
 * @param {number} longer how many times as long it may take for want of undisturbed blocks; 1 for threads that begin and end together
 * @returns {Timing}
 */
export function takeTime(block, longer = LONGER) {
  const { times, looks } = measureBlocks(block, longer);
  return timingOf(times, looks);
}

/**
 * What `takeTime` does, for those who look at blocks more closely.
 * @param {() => number} block as there
 * @param {number} longer as there
 * @returns {{ times: number[], looks: number[] }} nanoseconds a packet or call in each block; looks before, between and behind them
 */
export function measureBlocks(block, longer = LONGER) {
  for (let warm = 0; warm < 2000; warm++) spun ^= spin(TURNS / 10); // until it is compiled
  const limit = process.env['NETCX_BENCH_SIZE'] === 'quick' ? QUICK : LONG;
  /** @type {number[]} */
  const times = [];
  const looks = [look()];
  const begin = process.hrtime.bigint();
  for (;;) {
    const start = process.hrtime.bigint();
    const done = block();
    const stop = process.hrtime.bigint();
    times.push(Number(stop - start) / done);
    looks.push(look());
    const elapsed = Number(stop - begin);
    if (times.length < LEAST || elapsed < limit || (times.length & 15) !== 0) continue;
    if (elapsed >= longer * limit || undisturbed(looks).length >= ENOUGH) return { times, looks };
  }
}

/**
 * Has a program measure again that was disturbed from beginning to end: it found no undisturbed block, or its gauge never was
 * as short as in another of its runs. The last try stands as it is.
 * @template {Readonly<Record<string, number>>} T
 * @param {() => Promise<T>} measure a process of its own each time
 * @returns {() => Promise<T>}
 */
export function unlessDisturbed(measure) {
  let shortest = Infinity;
  return async () => {
    for (let left = TRIES; ; left--) {
      const sample = await measure();
      const { undisturbed: share, gauge } = sample;
      if (gauge === undefined || left === 1) return sample; // some have no gauge
      shortest = Math.min(shortest, gauge);
      if (share !== 0 && gauge <= shortest * TOLERANCE) return sample;
    }
  };
}

/**
 * Measures calls and prints one JSON object. The sum of what they returned is in it, too, so that no call can be left out.
 * @param {(calls: number) => number} work does as many calls and returns something that depends on all of them
 * @param {number} calls in one block
 * @param {number} warmUp blocks that do not count: more where much code has to be compiled first
 */
export function printTime(work, calls, warmUp = WARM_UP) {
  let sum = 0;
  const block = () => {
    sum = (sum + work(calls)) | 0;
    return calls;
  };
  for (let warm = 0; warm < warmUp; warm++) block();
  const timing = takeTime(block);
  console.log(JSON.stringify({ ...timing, sum: `${(sum ^ spun) & 0xffff}` }));
}
