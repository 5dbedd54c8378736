// Owns: `npm run lint`: everything in one go, types first, or by package with turbo's arguments, such as
// `--filter=@netcx/dma`.
import { checkTypesAndLint } from '../check/types-and-lint.js';
import { run as runProgram } from '../lib/process.js';

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export async function run(args) {
  if (args.length > 0) return runProgram('turbo', ['run', 'lint', ...args]);
  const { types, lint } = await checkTypesAndLint();
  process.stdout.write(types + lint);
  return types + lint === '' ? 0 : 1;
}
