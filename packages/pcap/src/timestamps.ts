/*
 * Owns: the way from a file's timestamps to nanoseconds since 1970 and back.
 * Invariant: everything is exact integer arithmetic; what is finer than a nanosecond is rounded down, towards the past.
 */
import type { TimestampResolution } from './capture.ts';

const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/** What pcapng assumes of an interface that names no resolution. */
export const MICROSECONDS: TimestampResolution = { base: 10, exponent: 6 };
export const NANOSECONDS: TimestampResolution = { base: 10, exponent: 9 };

/** Joins two 32-bit words: cheaper than shifting bigints, of which each step would make a new one. */
const words = new DataView(new ArrayBuffer(8));

/**
 * Reads the if_tsresol option.
 *
 * @param octet - value of the option
 * @returns the resolution: a power of 2 if the top bit is set, else a power of 10
 */
export function timestampResolution(octet: number): TimestampResolution {
  return { base: (octet & 0x80) === 0 ? 10 : 2, exponent: octet & 0x7f };
}

/** Turns an interface's timestamps into nanoseconds. */
export class TimestampScale {
  readonly #unitsPerSecond: bigint;
  readonly #offset: bigint;

  /** Nanoseconds in a unit, where that is a whole number; else 0n. */
  readonly #nanosecondsPerUnit: bigint;

  constructor(resolution: TimestampResolution, offsetSeconds: bigint) {
    this.#unitsPerSecond = BigInt(resolution.base) ** BigInt(resolution.exponent);
    this.#offset = offsetSeconds * NANOSECONDS_PER_SECOND;
    this.#nanosecondsPerUnit =
      NANOSECONDS_PER_SECOND % this.#unitsPerSecond === 0n ? NANOSECONDS_PER_SECOND / this.#unitsPerSecond : 0n;
  }

  /**
   * Converts a timestamp.
   *
   * @param high - upper 32 bits of the count of units
   * @param low - lower 32 bits of the count of units
   * @returns nanoseconds since 1970-01-01 00:00 UTC, the interface's offset included
   */
  nanoseconds(high: number, low: number): bigint {
    words.setUint32(0, high);
    words.setUint32(4, low);
    const units = words.getBigUint64(0);
    if (this.#nanosecondsPerUnit === 1n) {
      return this.#offset === 0n ? units : units + this.#offset;
    }
    if (this.#nanosecondsPerUnit !== 0n) {
      return units * this.#nanosecondsPerUnit + this.#offset;
    }
    return (units * NANOSECONDS_PER_SECOND) / this.#unitsPerSecond + this.#offset;
  }
}

/**
 * Joins the two fields of a pcap timestamp.
 *
 * @param seconds - seconds since 1970
 * @param fraction - microseconds or nanoseconds; files in the wild have more than a second here, which is added up
 * @param nanosecondsPerUnit - 1000 for a microsecond file, 1 for a nanosecond file
 * @returns nanoseconds since 1970-01-01 00:00 UTC
 */
export function fromSecondsAndFraction(seconds: number, fraction: number, nanosecondsPerUnit: number): bigint {
  return BigInt(seconds) * NANOSECONDS_PER_SECOND + BigInt(fraction * nanosecondsPerUnit);
}

/**
 * Splits a time into the two fields of a pcap timestamp.
 *
 * @param timestamp - nanoseconds since 1970-01-01 00:00 UTC, not negative
 * @returns whole seconds, which may exceed 32 bits, and the nanoseconds of the last one
 */
export function toSecondsAndNanoseconds(timestamp: bigint): { seconds: number; nanoseconds: number } {
  const seconds = timestamp / NANOSECONDS_PER_SECOND;
  return { seconds: Number(seconds), nanoseconds: Number(timestamp - seconds * NANOSECONDS_PER_SECOND) };
}
