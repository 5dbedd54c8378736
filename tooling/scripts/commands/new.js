// Owns: `npm run new -- package|extension|nic|driver NAME`.
import { root } from '../lib/paths.js';
import { must } from '../lib/process.js';
import { kinds, writeSkeleton } from '../new/skeleton.js';

/**
 * @param {string[]} args kind and name
 * @returns {Promise<number>}
 */
export async function run(args) {
  const [kind, name] = args;
  if (kind === undefined || name === undefined || args.length > 2) {
    console.error(`npm run new -- ${Object.keys(kinds).join('|')} NAME`);
    return 2;
  }
  const files = writeSkeleton(root, kind, name);
  await must('prettier', ['--write', '--log-level=warn', ...files.filter((file) => /\.(?:ts|json|md)$/.test(file))]);
  await must('pnpm', ['install', '--no-frozen-lockfile', '--prefer-offline']);
  console.log(
    `${files.map((file) => `  ${file}`).join('\n')}\n\nNow: npm run api, npm test, and say in the README what it is.`,
  );
  return 0;
}
