// Owns: finding the workspace a file belongs to.
// Invariant: the nearest folder with a pnpm-workspace.yaml wins, so a fixture that has its own is a workspace of its own.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** @type {Map<string, string | undefined>} */
const known = new Map();

/**
 * @param {string} file absolute path
 * @returns {string | undefined} the workspace's root folder
 */
export function workspaceRoot(file) {
  const folder = dirname(file);
  if (folder === file) return undefined;
  if (!known.has(folder)) {
    known.set(folder, existsSync(join(folder, 'pnpm-workspace.yaml')) ? folder : workspaceRoot(folder));
  }
  return known.get(folder);
}
