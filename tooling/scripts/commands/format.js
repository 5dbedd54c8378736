// Owns: `npm run format`. Arguments are prettier's, such as `--check` or a folder.
import { run as runProgram } from '../lib/process.js';

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export function run(args) {
  const mode = args.includes('--check') ? [] : ['--write'];
  const where = args.some((arg) => !arg.startsWith('-')) ? [] : ['.'];
  return runProgram('prettier', [...mode, '--log-level=warn', ...args, ...where]);
}
