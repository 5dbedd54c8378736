// Owns: the type check and the linter over the whole workspace, on one TypeScript program that both share.
// Invariant: the same options and rules as package by package; only loading, parsing and resolving happen once.
import { dirname, join } from 'node:path';
import { configure } from '@tooling/eslint-config';
import { ESLint } from 'eslint';
import ts from 'typescript';
import { root } from '../lib/paths.js';

/** @type {ts.FormatDiagnosticsHost} */
const host = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => root,
  getNewLine: () => '\n',
};

/** @returns {ts.Program} every source, test, benchmark and tool */
function loadProgram() {
  const file = join(root, 'tsconfig.all.json');
  const { config, error } = ts.readConfigFile(file, (path) => ts.sys.readFile(path));
  if (error !== undefined) throw new Error(ts.formatDiagnostic(error, host));
  const { fileNames, options, errors } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(file), undefined, file);
  if (errors.length > 0) throw new Error(ts.formatDiagnostics(errors, host));
  return ts.createProgram(fileNames, options);
}

/**
 * @returns {Promise<{ types: string, lint: string }>} what TypeScript and ESLint complain about; empty when nothing.
 * ESLint is not asked while types are wrong, since it would complain about the same
 */
export async function checkTypesAndLint() {
  const program = loadProgram();
  const types = ts.formatDiagnostics(ts.getPreEmitDiagnostics(program), host);
  if (types !== '') return { types, lint: '' };
  const eslint = new ESLint({
    cwd: root,
    overrideConfigFile: true,
    overrideConfig: configure({ programs: [program] }),
  });
  const results = await eslint.lintFiles(['.']);
  const formatter = await eslint.loadFormatter('stylish');
  return { types, lint: await formatter.format(results) };
}
