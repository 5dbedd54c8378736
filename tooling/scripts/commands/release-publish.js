// Owns: `npm run release:publish`: publishes what the registry does not have yet, from a fresh build.
import { buildQuietly } from '../lib/build.js';
import { run as runProgram } from '../lib/process.js';

/** @returns {Promise<number>} */
export async function run() {
  await buildQuietly();
  return runProgram('changeset', ['publish']);
}
