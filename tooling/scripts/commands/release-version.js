// Owns: `npm run release:version`: turns the pending changesets into versions and changelogs.
import { run as runProgram } from '../lib/process.js';

/** @returns {Promise<number>} */
export async function run() {
  const versioned = await runProgram('changeset', ['version']);
  return versioned || runProgram('pnpm', ['install', '--lockfile-only', '--prefer-offline']);
}
