// What a row of the table comes to: the figure of each round, their median and range, and whether goal and floor are met.
// Invariant: the median decides; nothing is rounded before it is compared.
import { roundsOf } from './rounds.mjs';
import { spreadOf } from './statistics.mjs';

/**
 * @typedef {object} Verdict
 * @property {import('./goals.mjs').Row} row
 * @property {import('./statistics.mjs').Spread | undefined} spread none where it was not measured
 * @property {'met' | 'floor' | 'missed' | 'unmeasured'} outcome
 * @property {string} why it was not measured; else empty
 */

/** A contender that did not take part was asked for. */
class Absent extends Error {}

/**
 * @param {import('./goals.mjs').Row} row
 * @param {Readonly<Record<string, import('./rounds.mjs').Outcome>> | undefined} outcomes of the row's series
 * @returns {Verdict}
 */
export function verdictOf(row, outcomes) {
  if (outcomes === undefined) return { row, spread: undefined, outcome: 'unmeasured', why: 'no figures yet' };
  /** @type {number[]} */
  const figures = [];
  try {
    for (const round of roundsOf(outcomes)) {
      figures.push(
        row.figure((contender, figure = 'nanoseconds') => {
          const value = round[contender]?.[figure];
          if (value === undefined) throw new Absent(outcomes[contender]?.missing ?? `${contender}: no ${figure}`);
          return value;
        }),
      );
    }
  } catch (error) {
    if (!(error instanceof Absent)) throw error;
    return { row, spread: undefined, outcome: 'unmeasured', why: error.message };
  }
  if (figures.length === 0) {
    const whys = Object.values(outcomes).flatMap(({ missing }) => missing ?? []);
    return { row, spread: undefined, outcome: 'unmeasured', why: whys[0] ?? 'no round' };
  }
  const spread = spreadOf(figures);
  const meets = (/** @type {number} */ bound) =>
    row.bound === 'least' ? spread.median >= bound : spread.median <= bound;
  const outcome = meets(row.goal) ? 'met' : meets(row.floor) ? 'floor' : 'missed';
  return { row, spread, outcome, why: '' };
}
