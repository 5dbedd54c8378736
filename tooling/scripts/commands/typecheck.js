// Owns: `npm run typecheck`: everything in one go, or by package with turbo's arguments, such as `--filter=@netcx/dma`.
import { run as runProgram } from '../lib/process.js';

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export function run(args) {
  if (args.length > 0) return runProgram('turbo', ['run', 'typecheck', ...args]);
  return runProgram('tsc', ['-p', 'tsconfig.all.json']);
}
