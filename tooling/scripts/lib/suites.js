// Owns: the list of suites that need more than npm: the executable files in tooling/ci/suites.
// Invariant: adding a suite is adding a file; its second line says what it covers.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.js';

/**
 * @typedef {object} Suite
 * @property {string} name the file's name without its ending
 * @property {string} covers
 */

/** @returns {Suite[]} by name */
export function listSuites() {
  const home = join(root, 'tooling', 'ci', 'suites');
  return readdirSync(home)
    .sort()
    .map((file) => {
      const [, second = ''] = readFileSync(join(home, file), 'utf8').split('\n');
      return { name: file.replace(/\.[^.]+$/, ''), covers: second.replace(/^(?:#|\/\/)\s*/, '') };
    });
}
