// Owns: `npm run bench`: the table of goals in docs/performance.md, or single benchmarks when arguments choose files by a part of their path.
import { build } from '../lib/build.js';
import { run as runProcess } from '../lib/process.js';
import { runPrograms } from '../lib/programs.js';

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export async function run(args) {
  const [first = '-'] = args;
  if (!first.startsWith('-')) return runPrograms('bench', args);
  build();
  return runProcess(process.execPath, ['tooling/bench/table/run.mjs', ...args.filter((arg) => arg !== '--')]);
}
