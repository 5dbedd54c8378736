// Owns: `npm run typecheck`: everything in one go, or the packages that arguments name.
import { runByPackage } from '../lib/by-package.js';
import { run as runProgram } from '../lib/process.js';

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export function run(args) {
  if (args.length > 0) return runByPackage('typecheck', args);
  return runProgram('tsc', ['-p', 'tsconfig.all.json']);
}
