// Owns: the release itself, on a copy of the repository: changesets' version, then its publish.
// Invariant: the very commands that the release workflow calls.
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { listPackages } from '../lib/packages.js';
import { root } from '../lib/paths.js';
import { must } from '../lib/process.js';

const author = ['-c', 'user.name=rehearsal', '-c', 'user.email=rehearsal@localhost'];

/**
 * Copies what git would commit, uncommitted work included, into a repository of its own.
 * @param {string} clone where
 * @returns {Promise<string>} the same
 */
export async function copyRepository(clone) {
  const listed = await must('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']);
  const removed = new Set((await must('git', ['ls-files', '-z', '--deleted'])).split('\0'));
  for (const file of listed.split('\0')) {
    if (file === '' || removed.has(file)) continue;
    mkdirSync(dirname(join(clone, file)), { recursive: true });
    cpSync(join(root, file), join(clone, file));
  }
  await must('git', ['init', '--quiet', '--initial-branch=main'], { cwd: clone });
  await commit(clone, 'The repository as it is');
  return clone;
}

/**
 * @param {string} clone
 * @param {string} message
 */
async function commit(clone, message) {
  await must('git', ['add', '--all'], { cwd: clone });
  await must('git', [...author, 'commit', '--quiet', '--no-verify', '--message', message], { cwd: clone });
}

/**
 * @param {import('./registry.js').Registry} registry
 * @param {string} clone
 * @returns {Promise<import('../lib/packages.js').Package[]>} what was published
 */
export async function publishTo(registry, clone) {
  const pending = readdirSync(join(clone, '.changeset')).filter((name) => name.endsWith('.md') && name !== 'README.md');
  if (pending.length === 0) {
    writeFileSync(join(clone, '.changeset', 'rehearsal.md'), `---\n'netcx': patch\n---\n\nA rehearsal.\n`);
  }
  const before = versions(clone);
  await must('pnpm', ['install', '--frozen-lockfile', '--prefer-offline'], { cwd: clone });
  const script = (/** @type {string} */ name) => ['tooling/scripts/run.js', name];
  await must(process.execPath, script('release:version'), { cwd: clone });
  await commit(clone, 'Version packages');

  const after = versions(clone);
  const distinct = new Set(after.values());
  if (distinct.size !== 1) throw new Error(`Packages have several versions: ${[...after].join(', ')}`);
  for (const [name, version] of after) {
    if (version === before.get(name)) throw new Error(`${name} still has version ${version}`);
  }

  await must(process.execPath, script('release:publish'), { cwd: clone, env: registry.env });
  const published = publishable(clone);
  for (const { manifest } of published) {
    const response = await fetch(`${registry.url}${manifest.name.replace('/', '%2f')}`);
    const answer = /** @type {{ versions?: Record<string, unknown> }} */ (await response.json());
    if (answer.versions?.[manifest.version] === undefined) {
      throw new Error(`${manifest.name}@${manifest.version} did not reach the registry`);
    }
  }
  return published;
}

/** @param {string} clone */
function publishable(clone) {
  return listPackages(undefined, clone).filter(({ manifest }) => manifest.private !== true);
}

/**
 * @param {string} clone
 * @returns {Map<string, string>} package to version
 */
function versions(clone) {
  return new Map(publishable(clone).map(({ manifest }) => [manifest.name, manifest.version]));
}
