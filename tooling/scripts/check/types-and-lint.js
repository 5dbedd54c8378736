// Owns: the type check and the linter over the whole workspace, on one TypeScript program that both share.
// Invariant: the same options and rules as package by package; only loading, parsing and resolving happen once.
import { join } from 'node:path';
import { configure } from '@tooling/eslint-config';
import { ESLint } from 'eslint';
import ts from 'typescript';
import { root } from '../lib/paths.js';

/**
 * @param {string} base
 * @returns {ts.FormatDiagnosticsHost} messages with paths from there
 */
const hostAt = (base) => ({
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => base,
  getNewLine: () => '\n',
});

/**
 * @param {string} base
 * @param {string} project
 * @returns {ts.Program}
 */
function loadProgram(base, project) {
  const file = join(base, project);
  const { config, error } = ts.readConfigFile(file, (path) => ts.sys.readFile(path));
  if (error !== undefined) throw new Error(ts.formatDiagnostic(error, hostAt(base)));
  const { fileNames, options, errors } = ts.parseJsonConfigFileContent(config, ts.sys, base, undefined, file);
  if (errors.length > 0) throw new Error(ts.formatDiagnostics(errors, hostAt(base)));
  return ts.createProgram(fileNames, options);
}

/**
 * @param {string} [base] the workspace; this one unless told
 * @param {string} [project] its TypeScript configuration: which files there are
 * @param {string[]} [files] what to lint, by pattern; everything unless told
 * @returns {Promise<{ types: string, lint: string }>} what TypeScript and ESLint complain about; empty when nothing.
 * ESLint is not asked while types are wrong, since it would complain about the same
 */
export async function checkTypesAndLint(base = root, project = 'tsconfig.all.json', files = ['.']) {
  const program = loadProgram(base, project);
  const types = ts.formatDiagnostics(ts.getPreEmitDiagnostics(program), hostAt(base));
  if (types !== '') return { types, lint: '' };
  const eslint = new ESLint({
    cwd: base,
    overrideConfigFile: true,
    overrideConfig: configure({ programs: [program] }),
  });
  const results = await eslint.lintFiles(files);
  const formatter = await eslint.loadFormatter('stylish');
  return { types, lint: await formatter.format(results) };
}
