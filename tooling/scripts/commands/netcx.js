// Owns: `npm run netcx`: the command line of this checkout.
// Invariant: relative paths mean what they mean in the folder where npm was called.
import { join } from 'node:path';
import { build } from '../lib/build.js';
import { root } from '../lib/paths.js';
import { run as runProgram } from '../lib/process.js';

/**
 * @param {string[]} args
 * @returns {Promise<number>} its exit code
 */
export async function run(args) {
  build(['netcx']);
  const main = join(root, 'apps', 'netcx', 'dist', 'main.js');
  return runProgram(process.execPath, [main, ...args], { cwd: process.env['INIT_CWD'] ?? root });
}
