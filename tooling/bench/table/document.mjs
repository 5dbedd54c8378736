// docs/performance.md: the prose of performance.template.md with the figures of results.json in its places.
// Invariant: the same template and results make the same text, byte for byte; nothing is measured here.
import { series } from './series.mjs';
import { rows } from './goals.mjs';
import { shown, shownSpread, spreadOf } from './statistics.mjs';
import { verdictOf } from './verdict.mjs';

/**
 * @typedef {object} Results
 * @property {string} measured day of the last series that was measured
 * @property {number} rounds
 * @property {import('./machine.mjs').Machine} machine
 * @property {Readonly<Record<string, number>>} load the load average before each series: what else the machine was doing
 * @property {Readonly<Record<string, Readonly<Record<string, import('./rounds.mjs').Outcome>>>>} series
 */

const words = { met: 'met', floor: 'not met; floor met', missed: 'not met', unmeasured: 'not measured' };

/**
 * @param {string} template
 * @param {Results} results
 * @returns {string}
 * @throws {Error} for a place in the template that nothing goes to
 */
export function renderDocument(template, results) {
  return template.replaceAll(/^<!-- (\w+)(?: ([\w-]+))? -->$/gm, (place, kind, name) => {
    if (kind === 'machine') return machineTable(results);
    if (kind === 'goals') return goalTable(results);
    if (kind === 'series') return seriesTable(String(name), results);
    if (kind === 'comment') return place;
    throw new Error(`performance.template.md: nothing goes to ${place}`);
  });
}

/**
 * A table as prettier writes it.
 * @param {readonly (readonly string[])[]} lines the head first
 */
function table(lines) {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(3, ...lines.map((line) => (line[column] ?? '').length)));
  const row = (/** @type {readonly string[]} */ cells) =>
    `| ${cells.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - cell.length)).join(' | ')} |`;
  const [head = [], ...body] = lines;
  return [row(head), row(widths.map((width) => '-'.repeat(width))), ...body.map(row)].join('\n');
}

/** @param {Results} results */
function machineTable({ machine, rounds, measured, load, series: all }) {
  const loads = Object.values(load);
  const shares = Object.values(all)
    .flatMap((outcomes) => Object.values(outcomes).flatMap(({ samples }) => samples))
    .flatMap(({ undisturbed }) => undisturbed ?? []);
  return table([
    ['', ''],
    ...Object.entries(machine),
    ['rounds', `${rounds}, in turns`],
    ['measured', measured],
    ...(loads.length === 0 ? [] : [['load before a series', shownSpread(spreadOf(loads))]]),
    ...(shares.length === 0 ? [] : [['undisturbed', `${shownSpread(spreadOf(shares))} % of a program's blocks`]]),
  ]);
}

/**
 * @param {Results} results
 * @returns {string} the table of goals
 */
export function goalTable(results) {
  const body = rows.map((row) => {
    const { spread, outcome, why } = verdictOf(row, results.series[row.series]);
    const sign = row.bound === 'least' ? '≥' : '≤';
    const limit = (/** @type {number} */ value) => (value === 0 ? '0' : `${sign} ${shown(value)} ${row.unit}`.trim());
    const figure = spread === undefined ? (why === '' ? '-' : why) : `${shownSpread(spread)} ${row.unit}`.trim();
    return [row.what, figure, limit(row.goal), limit(row.floor), words[outcome]];
  });
  return table([['what', 'median (least..most)', 'goal', 'floor', ''], ...body]);
}

/** What programs say besides: how their own blocks of packets scatter, and what they were told. */
const besides = ['undisturbed', 'all', 'least', 'most', 'gauge', 'frameBytes', 'packets', 'bytesPerPacket', 'cycles'];

/**
 * @param {readonly import('./contender.mjs').Sample[]} samples
 * @returns {string[]} the figures that count
 */
export const figuresOf = (samples) => Object.keys(samples[0] ?? {}).filter((figure) => !besides.includes(figure));

/**
 * @param {string} name
 * @param {Results} results
 */
function seriesTable(name, results) {
  const outcomes = results.series[name];
  const about = series[name];
  if (about === undefined) throw new Error(`performance.template.md: there is no series ${name}`);
  if (outcomes === undefined) return `${about.title}: not measured.`;
  const lines = Object.entries(outcomes).flatMap(([contender, { samples, missing, command }]) => {
    if (samples.length === 0) return [[contender, `not measured: ${missing ?? ''}`, `\`${command}\``]];
    return figuresOf(samples).map((figure, index) => {
      const values = samples.map((sample) => sample[figure] ?? NaN);
      const unit = figure === 'nanoseconds' ? 'ns' : figure;
      return [
        index === 0 ? contender : '',
        `${shownSpread(spreadOf(values))} ${unit}`,
        index === 0 ? `\`${command}\`` : '',
      ];
    });
  });
  return `${about.title}.\n\n${table([['', 'median (least..most)', 'command'], ...lines])}`;
}
