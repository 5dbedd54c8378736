// Owns: `npm run lint`: everything in one go, or by package with turbo's arguments, such as `--filter=@netcx/dma`.
import { run as runProgram } from '../lib/process.js';

/** How the whole workspace is linted. */
export const lintAll = ['eslint', '--config', 'tooling/eslint-config/whole.js', '.'];

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export function run(args) {
  const [command = '', ...rest] = args.length === 0 ? lintAll : ['turbo', 'run', 'lint', ...args];
  return runProgram(command, rest);
}
