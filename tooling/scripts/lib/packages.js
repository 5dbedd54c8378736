// Owns: what the workspace consists of: its packages, and the entry points that each shows to the world.
// Invariant: found by listing folders, so a new package needs no edit anywhere.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.js';

/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} version
 * @property {boolean} [private]
 * @property {Record<string, string>} [bin]
 * @property {Record<string, string | Record<string, string>>} [exports]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {string[]} [files]
 */

/**
 * @typedef {object} Entry
 * @property {string} subpath as in package.json: `.` or `./memory`
 * @property {string} specifier as in an import: `@netcx/dma/memory`
 * @property {string} types path of its declarations in the package, such as `./dist/memory.d.ts`
 */

/**
 * @typedef {object} Package
 * @property {string} folder below the root, such as `packages/dma`
 * @property {string} path absolute
 * @property {Manifest} manifest
 * @property {Entry[]} entries
 */

/**
 * @param {string} folder absolute
 * @returns {Manifest}
 */
export function readManifest(folder) {
  return /** @type {Manifest} */ (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
}

/**
 * @param {Manifest} manifest
 * @returns {Entry[]} what can be imported, package.json itself left out
 */
function entriesOf(manifest) {
  return Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) =>
    typeof target === 'string'
      ? []
      : [{ subpath, specifier: manifest.name + subpath.slice(1), types: target['types'] ?? '' }],
  );
}

/**
 * @param {string[]} [tops] which of the top folders
 * @param {string} [base] the workspace, this one unless told
 * @returns {Package[]} by folder name
 */
export function listPackages(tops = ['packages', 'apps'], base = root) {
  return tops
    .flatMap((top) => readdirSync(join(base, top)).map((name) => `${top}/${name}`))
    .filter((folder) => existsSync(join(base, folder, 'package.json')))
    .map((folder) => {
      const path = join(base, folder);
      const manifest = readManifest(path);
      return { folder, path, manifest, entries: entriesOf(manifest) };
    });
}
