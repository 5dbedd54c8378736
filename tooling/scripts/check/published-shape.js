// Owns: whether a tarball is what its package.json promises: publint on its files, attw on its types.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { capture } from '../lib/process.js';
import { tarballName } from './pack.js';

/**
 * @param {import('../lib/packages.js').Package[]} packages
 * @param {string} tarballs folder
 * @returns {Promise<string[]>} what publint finds, suggestions included
 */
export async function lintTarballs(packages, tarballs) {
  const found = await Promise.all(
    packages.map(async ({ manifest }) => {
      const bytes = readFileSync(join(tarballs, tarballName(manifest)));
      const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
      const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
      return messages.map(
        (message) => `${manifest.name}: ${formatMessage(message, pkg, { color: false }) ?? message.code}`,
      );
    }),
  );
  return found.flat();
}

/**
 * @param {import('../lib/packages.js').Package[]} packages
 * @param {string} tarballs folder
 * @param {number} lanes how many to check at a time
 * @returns {Promise<string[]>} what attw finds
 */
export async function checkTypes(packages, tarballs, lanes) {
  const waiting = packages.filter(({ entries }) => entries.length > 0);
  /** @type {string[]} */
  const problems = [];
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { code, output } = await capture('attw', [
        '--profile=esm-only',
        '--exclude-entrypoints=./package.json',
        '--no-emoji',
        '--no-color',
        join(tarballs, tarballName(next.manifest)),
      ]);
      if (code !== 0) problems.push(output);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return problems;
}
