// Owns: `npm run api`: rewrites the API reports; with `--check` it only compares them with what was built.
// Read the difference before you commit it: it is what users will see.
import { apiReports } from '../check/api-reports.js';
import { build } from '../lib/build.js';

/**
 * @param {string[]} args
 * @returns {number}
 */
export function run(args) {
  const isCheck = args.includes('--check');
  if (!isCheck) build();
  const { count, problems } = apiReports(!isCheck);
  console.log([...problems, `${count} reports ${isCheck ? 'compared' : 'written'}`].join('\n'));
  return problems.length === 0 ? 0 : 1;
}
