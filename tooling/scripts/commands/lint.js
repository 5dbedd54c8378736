// Owns: `npm run lint`: everything in one go, types first, or the packages that arguments name. `--sources` checks all types,
// and lints what is published alone.
import { checkTypesAndLint } from '../check/types-and-lint.js';
import { runByPackage } from '../lib/by-package.js';

const sources = ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'];

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export async function run(args) {
  const sourcesOnly = args[0] === '--sources';
  if (args.length > 0 && !sourcesOnly) return runByPackage('lint', args);
  const { types, lint } = await checkTypesAndLint(undefined, undefined, sourcesOnly ? sources : undefined);
  process.stdout.write(types + lint);
  return types + lint === '' ? 0 : 1;
}
