// Owns: `npm run api`: rewrites the API reports. Read the difference before you commit it: it is what users will see.
import { apiReports } from '../check/api-reports.js';
import { buildQuietly } from '../lib/build.js';

/** @returns {Promise<number>} */
export async function run() {
  await buildQuietly();
  const { count, problems } = apiReports(true);
  console.log([...problems, `${count} reports written`].join('\n'));
  return problems.length === 0 ? 0 : 1;
}
