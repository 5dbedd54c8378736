#!/usr/bin/env node
// The whole benchmark: every series, the table of goals, docs/performance.md.
// Invariant: a full run writes what it measured and nothing else; a quick one, or one on a machine that others use, writes nothing.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { figuresOf, goalTable, renderDocument } from './document.mjs';
import { describeMachine } from './machine.mjs';
import { measureSeries } from './rounds.mjs';
import { series } from './series.mjs';
import { shown, shownSpread, spreadOf } from './statistics.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const resultFile = join(root, 'tooling/bench/table/results.json');
const templateFile = join(root, 'tooling/bench/table/performance.template.md');
const documentFile = join(root, 'docs/performance.md');

const help = `Usage: npm run bench -- [options]

Measures every series of the table, in turns, and writes docs/performance.md.

  --quick          fewer and shorter rounds; writes nothing
  --rounds N       rounds, 5 or more for a table that is written (default 5; with --quick 3)
  --only A,B       these series alone; the others keep the figures that they have
  --busy           write what a busy machine measured, too
  --render         measure nothing: write docs/performance.md anew from the figures that there are
  --json           one JSON object with every sample; writes no file
  --help           this text

Series: ${Object.keys(series).join(', ')}
`;

/** @typedef {import('./document.mjs').Results} Results */

/** @returns {Results} */
const readResults = () => JSON.parse(readFileSync(resultFile, 'utf8'));

/** @param {Results} results */
function write(results) {
  writeFileSync(resultFile, `${JSON.stringify(results, undefined, 2)}\n`);
  writeFileSync(documentFile, renderDocument(readFileSync(templateFile, 'utf8'), results));
}

/**
 * @param {readonly string[]} names
 * @param {{ rounds: number, quick: boolean, progress: (text: string) => void }} options
 * @returns {Promise<Results>}
 */
async function measure(names, { rounds, quick, progress }) {
  const scratch = mkdtempSync(join(tmpdir(), 'netcx-bench-'));
  /** @type {Record<string, Record<string, import('./rounds.mjs').Outcome>>} */
  const measured = {};
  /** @type {Record<string, number>} */
  const load = {};
  try {
    for (const name of names) {
      const one = series[name];
      if (one === undefined)
        throw new Error(`no series is called '${name}'; there are ${Object.keys(series).join(', ')}`);
      load[name] = loadavg()[0] ?? NaN;
      progress(`${name}: ${one.title}`);
      const outcomes = await measureSeries(one.contenders, {
        rounds,
        surroundings: { root, scratch, quick },
        progress,
      });
      measured[name] = outcomes;
      for (const [contender, { samples }] of Object.entries(outcomes)) {
        const figures = figuresOf(samples).map(
          (figure) => `${shownSpread(spreadOf(samples.map((sample) => sample[figure] ?? NaN)))} ${figure}`,
        );
        if (figures.length > 0) progress(`  ${contender.padEnd(28)} ${figures.join(', ')}`);
      }
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
  const day = new Date().toISOString().slice(0, 10);
  return { measured: day, rounds, machine: describeMachine(root), load, series: measured };
}

async function main() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      busy: { type: 'boolean', default: false },
      render: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  if (values.render) {
    write(readResults());
    return;
  }
  const { quick, json } = values;
  const rounds = Number(values.rounds ?? (quick ? 3 : 5));
  const least = quick || json ? 1 : 5;
  if (!Number.isInteger(rounds) || rounds < least)
    throw new Error(`--rounds: expected ${least} or more, got ${values.rounds}`);
  const names = values.only?.split(',') ?? Object.keys(series);
  const progress = (/** @type {string} */ text) => {
    if (json) console.error(text);
    else console.log(text);
  };
  const results = await measure(names, { rounds, quick, progress });
  if (json) {
    console.log(JSON.stringify(results));
    return;
  }
  console.log(`\n${goalTable(results)}`);
  const failed = Object.values(results.series).flatMap((outcomes) =>
    Object.values(outcomes).filter((one) => one.failed),
  );
  for (const { command } of failed) console.error(`FAILED: ${command}`);
  if (failed.length > 0) process.exitCode = 1;
  if (quick) return;
  const load = Math.max(...Object.values(results.load));
  if (load > availableParallelism() && !values.busy) {
    console.error(
      `Nothing is written: the load was ${shown(load)}, others were using the machine (--busy writes all the same)`,
    );
    process.exitCode = 1;
    return;
  }
  write(values.only === undefined ? results : merge(readResults(), results));
  console.log('\nWritten: docs/performance.md');
}

/**
 * @param {Results} before
 * @param {Results} now
 * @returns {Results} all series of both, where both were measured on the same machine
 */
function merge(before, now) {
  for (const key of new Set([...Object.keys(before.machine), ...Object.keys(now.machine)])) {
    if (before.machine[key] === now.machine[key]) continue;
    throw new Error(`--only: the other figures are from another machine (${key}: ${before.machine[key]}); measure all`);
  }
  const rounds = Math.min(before.rounds, now.rounds);
  return { ...now, rounds, load: { ...before.load, ...now.load }, series: { ...before.series, ...now.series } };
}

main().catch((/** @type {unknown} */ error) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
