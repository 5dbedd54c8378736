// Owns: whether a tarball is what its package.json promises: publint on its files, attw on its types.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
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

/** An ES module package owes nothing to `require` before Node 20.19, nor to resolution without `exports`: attw's profile esm-only. */
const ignoredResolutions = new Set(['node10', 'node16-cjs']);

/**
 * @param {import('../lib/packages.js').Package[]} packages
 * @param {string} tarballs folder
 * @returns {Promise<string[]>} what attw finds
 */
export async function checkTypes(packages, tarballs) {
  /** @type {string[]} */
  const found = [];
  for (const { manifest, entries } of packages) {
    if (entries.length === 0) continue;
    // Each takes a second of computing: the ends of other steps are seen in between.
    await setImmediate();
    const bytes = readFileSync(join(tarballs, tarballName(manifest)));
    const result = await checkPackage(createPackageFromTarballData(bytes));
    if (!result.types) {
      found.push(`${manifest.name}: has no types`);
      continue;
    }
    for (const problem of result.problems) {
      if ('resolutionKind' in problem && ignoredResolutions.has(problem.resolutionKind)) continue;
      found.push(`${manifest.name}: ${JSON.stringify(problem)}`);
    }
  }
  return found;
}
