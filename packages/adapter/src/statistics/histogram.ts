/*
 * How long things took: counts in buckets whose width grows with the value, sixteen to each power of two, so that whatever
 * is read from it is at most a sixteenth too high. Recording allocates nothing and never fails.
 */

/** Buckets to each power of two. */
const PARTS_SHIFT = 4;
const PARTS = 1 << PARTS_SHIFT;
/** Values from 2^40 on (18 minutes in nanoseconds) are all in the last bucket. */
const LONGEST = 2 ** 40;
const BUCKETS = (40 - PARTS_SHIFT + 1) * PARTS;

/** What a histogram says in short. All values in the unit that was recorded, nanoseconds as the framework uses it. */
export interface HistogramSummary {
  /** How many values were recorded. */
  readonly count: number;
  /** Their mean; 0 without any. */
  readonly mean: number;
  /** Half of them are not above this. */
  readonly p50: number;
  /** 99 of 100 are not above this. */
  readonly p99: number;
  /** The largest, exactly. */
  readonly max: number;
}

/** One bucket that is not empty. */
export interface HistogramBucket {
  /** Smallest value that it counts. */
  readonly from: number;
  /** Smallest value that is too large for it. */
  readonly below: number;
  /** How many values it counts. */
  readonly count: number;
}

const bucketOf = (value: number): number => {
  if (value < PARTS) return value;
  const octave = Math.floor(Math.log2(value));
  return (octave - PARTS_SHIFT + 1) * PARTS + Math.floor(value / 2 ** (octave - PARTS_SHIFT)) - PARTS;
};

const lowest = (bucket: number): number => {
  if (bucket < PARTS) return bucket;
  const octave = Math.floor(bucket / PARTS) + PARTS_SHIFT - 1;
  return (PARTS + (bucket % PARTS)) * 2 ** (octave - PARTS_SHIFT);
};

/**
 * Counts values in buckets.
 *
 * @example
 * ```ts
 * const histogram = new Histogram();
 * for (let value = 1; value <= 100; value++) histogram.record(value);
 * histogram.summary().p50; // 51: the bucket that holds 50 goes up to it
 * ```
 */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #max = 0;

  /**
   * @param value - 0 or more; a fraction counts as the whole number below it, what is less than 0 or no number as 0
   */
  record(value: number): void {
    const whole = value > 0 ? Math.floor(Math.min(value, LONGEST - 1)) : 0;
    const bucket = bucketOf(whole);
    this.#counts[bucket] = this.#counts[bucket]! + 1;
    this.#count++;
    this.#sum += whole;
    if (whole > this.#max) this.#max = whole;
  }

  /** How many values were recorded. */
  get count(): number {
    return this.#count;
  }

  /**
   * @param share - from 0 to 1
   * @returns a value that this share of all is not above: the end of its bucket, or the largest value; 0 without any
   * @throws RangeError for a share that is none
   */
  quantile(share: number): number {
    if (!(share >= 0 && share <= 1)) throw new RangeError(`a share is a number from 0 to 1, not ${String(share)}`);
    const wanted = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= wanted) return Math.min(lowest(bucket + 1) - 1, this.#max);
    }
    return 0;
  }

  /** @returns count, mean, median, 99th percentile and maximum */
  summary(): HistogramSummary {
    const mean = this.#count === 0 ? 0 : this.#sum / this.#count;
    return { count: this.#count, mean, p50: this.quantile(0.5), p99: this.quantile(0.99), max: this.#max };
  }

  /** @returns the buckets that are not empty, smallest values first */
  buckets(): HistogramBucket[] {
    const found: HistogramBucket[] = [];
    this.#counts.forEach((count, bucket) => {
      if (count > 0) found.push({ from: lowest(bucket), below: lowest(bucket + 1), count });
    });
    return found;
  }
}
