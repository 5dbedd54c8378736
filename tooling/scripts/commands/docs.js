// Owns: `npm run docs`: the reference documentation of every package, into docs/api/.
import { build } from '../lib/build.js';
import { run as runProgram } from '../lib/process.js';

/**
 * @param {string[]} args typedoc's
 * @returns {Promise<number>}
 */
export async function run(args) {
  build();
  return runProgram('typedoc', args);
}
