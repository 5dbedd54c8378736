// Owns: `npm run test:linux`: virtual machines, in which Linux and iPXE judge the NIC model. Arguments go to its program.
import { join } from 'node:path';
import { build } from '../lib/build.js';
import { root } from '../lib/paths.js';
import { run as runProgram } from '../lib/process.js';

/**
 * @param {string[]} args
 * @returns {Promise<number>} its exit code; 77 when what it needs could not be downloaded
 */
export async function run(args) {
  // From sources there is nothing to build.
  if (!args.includes('--sources') && !args.includes('--help')) build();
  return runProgram(process.execPath, [join(root, 'tooling', 'third-party', 'test-linux.js'), ...args]);
}
