// Owns: writing a skeleton: which kinds there are, where each goes, and the edits that make the workspace know it.
// Invariant: nothing that exists is overwritten; either the whole skeleton is written or nothing.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readManifest } from '../lib/packages.js';
import { CommandError } from '../lib/process.js';

const templates = fileURLToPath(new URL('./templates', import.meta.url));

/**
 * @typedef {object} Kind
 * @property {RegExp} names what it may be called
 * @property {string} folder where it goes, below the workspace's root
 * @property {string} owns its row in ARCHITECTURE.md; none for what is no package
 * @property {string[]} dependencies that row's last column
 */

/** @type {Record<string, Kind>} */
export const kinds = {
  package: {
    names: /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/,
    folder: 'packages/__name__',
    owns: 'to be said',
    dependencies: [],
  },
  extension: { names: /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, folder: 'packages/extensions', owns: '', dependencies: [] },
  nic: {
    names: /^[a-z0-9]+(?:-[a-z0-9]+)*$/,
    folder: 'packages/nic-__name__',
    owns: 'a model of the __name__ controller: registers, engines',
    dependencies: ['bus', 'clock', 'dma', 'hardware', 'layout'],
  },
  driver: {
    names: /^[a-z0-9]+(?:-[a-z0-9]+)*$/,
    folder: 'apps/__name__-driver',
    owns: 'a client driver for the __name__ controller, the machine it runs on',
    dependencies: ['adapter', 'bus', 'clock', 'dma', 'hardware', 'nic-__name__', 'rings'],
  },
};

/**
 * The forms of a name that templates use.
 * @param {string} name in kebab-case
 * @param {string} version that all packages share
 * @returns {[string, string][]} placeholder and text
 */
function placeholders(name, version) {
  const words = name.split('-');
  const pascal = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
  return [
    ['__name__', name],
    ['__snake__', words.join('_')],
    ['__words__', words.join(' ')],
    ['__Name__', pascal],
    ['__version__', version],
  ];
}

/**
 * @param {string} text
 * @param {[string, string][]} pairs
 * @returns {string}
 */
const fill = (text, pairs) => pairs.reduce((filled, [from, to]) => filled.replaceAll(from, to), text);

/**
 * Writes the skeleton of a new part.
 * @param {string} root the workspace
 * @param {string} kind one of `kinds`
 * @param {string} name in kebab-case
 * @returns {string[]} the files that were written or changed, below the root
 */
export function writeSkeleton(root, kind, name) {
  const chosen = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (chosen === undefined) throw new CommandError(`'${kind}' is none of ${Object.keys(kinds).join(', ')}`);
  if (!chosen.names.test(name))
    throw new CommandError(`'${name}' is no name for a ${kind}: use kebab-case, as in 'rsc-timestamp'`);

  const { version } = readManifest(join(root, 'packages', 'layout'));
  const pairs = placeholders(name, version);
  const home = fill(chosen.folder, pairs);
  const source = join(templates, kind);
  const files = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({
      file: `${home}/${fill(path.slice(source.length + 1).replaceAll('\\', '/'), pairs).replace(/\.template$/, '')}`,
      text: fill(readFileSync(path, 'utf8'), pairs),
    }));
  if (kind === 'driver' && !existsSync(join(root, 'packages', `nic-${name}`))) {
    throw new CommandError(`There is no packages/nic-${name} to drive: npm run new -- nic ${name}`);
  }
  for (const { file } of files) {
    if (existsSync(join(root, file))) throw new CommandError(`${file} exists already; nothing was written`);
  }

  for (const { file, text } of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  const written = files.map(({ file }) => file);
  if (kind === 'extension') return [...written, exportExtension(root, pairs)];
  const dependencies = chosen.dependencies.map((dependency) => fill(dependency, pairs));
  return [...written, addRow(root, home, fill(chosen.owns, pairs), dependencies)];
}

/**
 * @param {string} root
 * @param {[string, string][]} pairs
 * @returns {string} the file that was changed
 */
function exportExtension(root, pairs) {
  const file = 'packages/extensions/src/index.ts';
  const line = fill("export { __Name__ } from './__name__/__name__.ts';\n", pairs);
  writeFileSync(join(root, file), readFileSync(join(root, file), 'utf8') + line);
  return file;
}

/**
 * Adds a package to the table in ARCHITECTURE.md, whose truth a test keeps.
 * @param {string} root
 * @param {string} folder
 * @param {string} owns
 * @param {string[]} dependencies
 * @returns {string} the file that was changed
 */
function addRow(root, folder, owns, dependencies) {
  const file = 'ARCHITECTURE.md';
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  const head = lines.findIndex((line) => /^\|\s*Package\s*\|\s*Owns\s*\|/.test(line));
  if (head === -1) throw new CommandError(`${file} has no table of packages`);
  let end = head;
  while (lines[end]?.startsWith('|')) end++;
  const needs = dependencies.map((name) => `\`${name}\``).join(', ') || '-';
  lines.splice(end, 0, `| \`${folder.replace(/^(?:packages|apps)\//, '')}\` | ${owns} | to be said | ${needs} |`);
  writeFileSync(join(root, file), lines.join('\n'));
  return file;
}
