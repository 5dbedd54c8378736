// Medians and ranges: what the table says of several rounds.
// Invariant: an even number of values has the mean of its two middle ones as median.

/**
 * @typedef {object} Spread
 * @property {number} median
 * @property {number} least
 * @property {number} most
 */

/**
 * @param {readonly number[]} values at least one
 * @returns {Spread}
 */
export function spreadOf(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (/** @type {number} */ index) => sorted[index] ?? NaN;
  const median = (at((sorted.length - 1) >> 1) + at(sorted.length >> 1)) / 2;
  return { median, least: at(0), most: at(sorted.length - 1) };
}

/**
 * A number as a table shows it: about three digits that count.
 * @param {number} value
 * @returns {string}
 */
export function shown(value) {
  if (!Number.isFinite(value)) return '-';
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/**
 * @param {Spread} spread
 * @returns {string} `median (least..most)`
 */
export const shownSpread = ({ median, least, most }) =>
  least === most ? shown(median) : `${shown(median)} (${shown(least)}..${shown(most)})`;
