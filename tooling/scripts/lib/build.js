// Owns: the build: TypeScript's own build mode over all packages in one process, which loads what they share once; that takes
// a third of what one compiler a package takes. What needs what is read from each package.json, as everywhere.
// Invariant: the result is that of each package's own `tsc -p tsconfig.build.json`; what is up to date is left alone.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { listPackages } from './packages.js';
import { root } from './paths.js';
import { CommandError } from './process.js';

/** @param {string} path of a package */
const configOf = (path) => join(path, 'tsconfig.build.json');

/** @param {string} path of a package */
const stateOf = (path) => join(path, 'node_modules/.cache/tsconfig.build.tsbuildinfo');

/**
 * @param {import('./packages.js').Package[]} packages
 * @param {import('./packages.js').Package[]} chosen those that shall be built, with what they need
 * @param {ts.Diagnostic[]} found what the compiler says goes here
 */
function builderFor(packages, chosen, found) {
  const byConfig = new Map(packages.map((owner) => [configOf(owner.path), owner]));
  const byName = new Map(packages.map((owner) => [owner.manifest.name, owner]));
  /** @param {ts.Diagnostic} diagnostic */
  const report = (diagnostic) => void found.push(diagnostic);
  const host = ts.createSolutionBuilderHost(ts.sys, undefined, report, () => undefined);
  host.getParsedCommandLine = (file) => {
    const owner = byConfig.get(file);
    if (owner === undefined) return undefined;
    const { path, manifest } = owner;
    const options = { composite: true, tsBuildInfoFile: stateOf(path) };
    const parsed = ts.getParsedCommandLineOfConfigFile(file, options, {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: report,
    });
    if (parsed === undefined) return undefined;
    const needs = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    const projectReferences = needs.flatMap((name) => {
      const need = byName.get(name);
      return need === undefined ? [] : [{ path: configOf(need.path) }];
    });
    return { ...parsed, projectReferences };
  };
  const roots = chosen.map(({ path }) => configOf(path));
  return ts.createSolutionBuilder(host, roots, {});
}

/**
 * Compiles what is not up to date.
 * @param {string[]} [names] of packages, which are built with what they need; all unless told
 * @param {string} [base] the workspace; this one unless told
 * @returns {string[]} the folders that were compiled, in that order
 * @throws {CommandError} with the compiler's own messages
 */
export function build(names = [], base = root) {
  const packages = listPackages(undefined, base);
  // The compiler asks its own notes, not the folder: who removes what was built wants it anew.
  for (const { path } of packages) if (!existsSync(join(path, 'dist'))) rmSync(stateOf(path), { force: true });
  /** @param {import('./packages.js').Package} owner */
  const isNamed = ({ manifest, folder }) => names.includes(manifest.name) || names.includes(folder);
  const chosen = names.length === 0 ? packages : packages.filter(isNamed);
  if (chosen.length < names.length) throw new CommandError(`Not every one of these is a package: ${names.join(', ')}`);
  /** @type {ts.Diagnostic[]} */
  const found = [];
  const builder = builderFor(packages, chosen, found);
  const compiled = [];
  for (let next = builder.getNextInvalidatedProject(); next; next = builder.getNextInvalidatedProject()) {
    const owner = packages.find(({ path }) => configOf(path) === next.project);
    if (owner !== undefined && next.kind === ts.InvalidatedProjectKind.Build) compiled.push(owner.folder);
    next.done();
  }
  if (found.length === 0) return compiled;
  const host = { getCanonicalFileName: String, getCurrentDirectory: () => base, getNewLine: () => '\n' };
  throw new CommandError(`The build failed.\n${ts.formatDiagnostics(found, host)}`);
}
