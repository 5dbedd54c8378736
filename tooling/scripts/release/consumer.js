// Owns: what a stranger does after a release: installs the packages, type-checks and imports every entry point, runs the command.
// Invariant: the project knows nothing of this repository but the registry's address.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/paths.js';
import { must } from '../lib/process.js';

/**
 * @param {string} name
 * @returns {string} the version that the workspace's catalog pins
 */
function pinned(name) {
  const catalog = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8');
  const [, version] = new RegExp(`^ {2}'?${name}'?: (\\S+)$`, 'm').exec(catalog) ?? [];
  if (version === undefined) throw new Error(`${name} is not in the catalog`);
  return version;
}

/**
 * @param {import('./registry.js').Registry} registry
 * @param {import('../lib/packages.js').Package[]} published
 * @param {string} project a folder to make
 * @returns {Promise<string[]>} what was done, a line each; throws at the first thing that fails
 */
export async function consume(registry, published, project) {
  mkdirSync(project);
  const own = published.map(({ manifest }) => [manifest.name, manifest.version]);
  const tools = ['typescript', '@types/node', 'vitest'].map((name) => [name, pinned(name)]);
  writeJson(join(project, 'package.json'), {
    name: 'consumer',
    private: true,
    type: 'module',
    dependencies: Object.fromEntries([...own, ...tools]),
  });
  const here = {
    cwd: project,
    env: { ...registry.env, npm_config_cache: join(project, '.npm'), npm_config_fetch_retries: '5' },
  };
  await must('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], here);

  const specifiers = published.flatMap(({ entries }) => entries.map(({ specifier }) => specifier));
  const imports = specifiers.map((specifier, at) => `import * as entry${at} from '${specifier}';`);
  const names = specifiers.map((_, at) => `entry${at}`).join(', ');
  writeFileSync(join(project, 'types.ts'), `${imports.join('\n')}\nexport const entries: object[] = [${names}];\n`);
  writeJson(join(project, 'tsconfig.json'), {
    compilerOptions: {
      target: 'ES2023',
      module: 'NodeNext',
      lib: ['ES2023', 'DOM'],
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      // Vitest's own declarations are not ours to check, and TypeScript has one switch for all.
      skipLibCheck: true,
    },
    files: ['types.ts'],
  });
  await must(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc')], here);

  // Vitest cannot be imported outside a test run.
  const importable = specifiers.filter((specifier) => !specifier.endsWith('/vitest'));
  const program = `for (const name of ${JSON.stringify(importable)}) await import(name);\n`;
  writeFileSync(join(project, 'imports.js'), program);
  await must(process.execPath, ['imports.js'], here);

  const [, version = ''] = own[0] ?? [];
  const told = (await must('npx', ['--no-install', 'netcx', '--version'], here)).trim();
  if (!told.includes(version)) throw new Error(`netcx --version says '${told}', not ${version}`);
  await must('npx', ['--no-install', 'netcx', 'replay', '--json'], here);
  return [
    `A consumer installed ${own.length} packages, type-checked ${specifiers.length} entry points and imported ${importable.length}`,
    `npx netcx --version says ${told}, and npx netcx replay ends well`,
  ];
}

/**
 * @param {string} file
 * @param {object} value
 */
function writeJson(file, value) {
  writeFileSync(file, JSON.stringify(value, null, 2));
}
