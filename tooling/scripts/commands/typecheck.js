// Owns: `npm run typecheck`: everything in one go, or by package with turbo's arguments, such as `--filter=@netcx/dma`.
import { run as runProgram } from '../lib/process.js';

/** How the types of the whole workspace are checked. */
export const typecheckAll = ['tsc', '-p', 'tsconfig.all.json'];

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export function run(args) {
  const [command = '', ...rest] = args.length === 0 ? typecheckAll : ['turbo', 'run', 'typecheck', ...args];
  return runProgram(command, rest);
}
