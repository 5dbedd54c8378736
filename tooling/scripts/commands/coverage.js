// Owns: `npm run coverage`: all tests, with a report in coverage/. Arguments are vitest's.
import { build } from '../lib/build.js';
import { run as runProgram } from '../lib/process.js';

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export async function run(args) {
  build();
  return runProgram('vitest', ['run', '--coverage', ...args]);
}
