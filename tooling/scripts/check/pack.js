// Owns: the tarballs that a release would publish.
// Invariant: made by the very command that publishing uses, from what was built.
import { mkdirSync } from 'node:fs';
import { listPackages } from '../lib/packages.js';
import { must } from '../lib/process.js';

/**
 * @param {import('../lib/packages.js').Manifest} manifest
 * @returns {string} the tarball's file name
 */
export function tarballName({ name, version }) {
  return `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
}

/**
 * @param {string} folder where the tarballs go
 * @returns {Promise<import('../lib/packages.js').Package[]>} what was packed: every package that is not private
 */
export async function pack(folder) {
  mkdirSync(folder, { recursive: true });
  const published = listPackages().filter(({ manifest }) => manifest.private !== true);
  const filters = published.flatMap(({ manifest }) => ['--filter', manifest.name]);
  await must('pnpm', [...filters, '--recursive', 'pack', '--pack-destination', folder]);
  return published;
}
