// Owns: the smallest proof that the packages work for others: tarballs installed offline in an empty project, and every
// entry point imported and every README's example run there.
// Invariant: the project lies outside the repository, so nothing resolves by accident.
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readManifest } from '../lib/packages.js';
import { capture, must } from '../lib/process.js';
import { tarballName } from './pack.js';
import { runReadmeExamples } from './readme-examples.js';

/**
 * The folder in which Node finds a dependency of a package.
 * @param {string} name
 * @param {string} from folder of the package that needs it
 * @returns {string} absolute, links resolved
 */
function find(name, from) {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(candidate)) return realpathSync(candidate);
  }
  throw new Error(`${name}, which ${from} needs, is not installed`);
}

/**
 * Packs what the packages need from others, as it is installed here, so that no registry is asked.
 * @param {import('../lib/packages.js').Package[]} packages
 * @param {string} folder where the tarballs go
 * @returns {Promise<Map<string, string>>} name to tarball
 */
async function packDependencies(packages, folder) {
  mkdirSync(folder, { recursive: true });
  const own = new Set(packages.map(({ manifest }) => manifest.name));
  /** @type {Map<string, string>} */
  const packed = new Map();
  /** @type {[string, string][]} */
  const open = packages.flatMap(({ manifest, path }) => needs(manifest, path));
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const [name, from] = next;
    if (own.has(name) || packed.has(name)) continue;
    const home = find(name, from);
    const tarball = join(folder, `${name.replaceAll('/', '-')}.tgz`);
    packed.set(name, tarball);
    await must('tar', ['-czf', tarball, '-C', dirname(home), basename(home)]);
    open.push(...needs(readManifest(home), home));
  }
  return packed;
}

/**
 * @param {import('../lib/packages.js').Manifest} manifest
 * @param {string} home
 * @returns {[string, string][]} each dependency, with the folder from which it is looked up
 */
function needs(manifest, home) {
  return Object.keys(manifest.dependencies ?? {}).map((name) => [name, home]);
}

/**
 * @param {import('../lib/packages.js').Package[]} packages
 * @param {string} tarballs folder with the packages' tarballs
 * @param {string} project an empty folder
 * @returns {Promise<string[]>} what does not install, import or run
 */
export async function smoke(packages, tarballs, project) {
  const own = packages.map(
    ({ manifest }) => /** @type {const} */ ([manifest.name, join(tarballs, tarballName(manifest))]),
  );
  const others = await packDependencies(packages, join(project, 'others'));
  const dependencies = Object.fromEntries([...own, ...others].map(([name, file]) => [name, `file:${file}`]));
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'smoke', type: 'module', dependencies }, null, 2),
  );
  const install = ['install', '--offline', '--omit=peer', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, output } = await capture('npm', install, { cwd: project });
  if (code !== 0) return [`npm ${install.join(' ')}\n${output}`];

  const problems = await importAll(packages, project);
  problems.push(...(await runReadmeExamples(packages, project)));
  for (const { manifest } of packages) {
    for (const command of Object.keys(manifest.bin ?? {})) {
      const result = await capture(join(project, 'node_modules', '.bin', command), ['--version'], { cwd: project });
      if (result.code !== 0 || !result.output.includes(manifest.version)) {
        problems.push(`${command} --version said: ${result.output}`);
      }
    }
  }
  return problems;
}

/**
 * @param {import('../lib/packages.js').Package[]} packages
 * @param {string} project
 * @returns {Promise<string[]>}
 */
async function importAll(packages, project) {
  // Vitest cannot be imported outside a test run, so an entry point for it is only resolved.
  const specifiers = packages.flatMap(({ entries }) => entries.map(({ specifier }) => specifier));
  const program = `
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
const failed = [];
for (const specifier of ${JSON.stringify(specifiers)}) {
  try {
    const file = fileURLToPath(import.meta.resolve(specifier));
    if (!existsSync(file)) throw new Error(file + ' is missing');
    if (!existsSync(file.replace(/\\.js$/, '.d.ts'))) throw new Error(file + ' has no declarations');
    if (specifier.endsWith('/vitest')) continue;
    if (Object.keys(await import(specifier)).length === 0) throw new Error('exports no value');
  } catch (error) {
    failed.push(specifier + ': ' + error.message);
  }
}
process.stdout.write(JSON.stringify(failed));
`;
  const file = join(project, 'import-all.js');
  writeFileSync(file, program);
  const { code, output, stdout } = await capture(process.execPath, [file], { cwd: project });
  if (code !== 0) return [output];
  return /** @type {string[]} */ (JSON.parse(stdout));
}
