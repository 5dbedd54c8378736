// Owns: `npm run layers`: who may import whom. turbo rejects undeclared imports, imports out of a package and cycles;
// our own lint rule keeps driver side and device side apart.
import { run as runProgram } from '../lib/process.js';

/** @returns {Promise<number>} */
export async function run() {
  const boundaries = await runProgram('turbo', ['boundaries']);
  const sides = await runProgram('eslint', [
    '--no-inline-config',
    '--config',
    'tooling/eslint-config/layers.js',
    'packages',
    'apps',
  ]);
  return boundaries || sides;
}
