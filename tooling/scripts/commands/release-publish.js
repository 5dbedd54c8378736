// Owns: `npm run release:publish`: publishes what the registry does not have yet, from a fresh build.
import { build } from '../lib/build.js';
import { run as runProgram } from '../lib/process.js';

/** @returns {Promise<number>} */
export async function run() {
  build();
  return runProgram('changeset', ['publish']);
}
