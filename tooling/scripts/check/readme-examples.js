// Owns: the proof that each package's README is true for who installs it: its example runs in a project that has the tarballs alone.
// Invariant: an example is a program of its own; what a line says that it prints, it prints.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { capture } from '../lib/process.js';

/**
 * @param {string} readme
 * @returns {string | undefined} the first program under the heading `Example`
 */
export function exampleOf(readme) {
  const [, section] = /^## Example\n([^]*?)(?=^## |(?![^]))/m.exec(readme) ?? [];
  return /^```ts\n([^]*?)^```/m.exec(section ?? '')?.[1];
}

/**
 * @param {string} code
 * @returns {string[]} what `console.log(...); // this` says that it prints, line by line
 */
function printedBy(code) {
  return [...code.matchAll(/^console\.log\(.*\); \/\/ (.+)$/gm)].map(([, text = '']) => text);
}

/** @type {import('typescript').CompilerOptions} */
const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true };

/**
 * @param {import('../lib/packages.js').Package[]} packages
 * @param {string} project where their tarballs are installed
 * @returns {Promise<string[]>} what does not run, or prints something else
 */
export async function runReadmeExamples(packages, project) {
  const problems = [];
  for (const { manifest, path } of packages) {
    const code = exampleOf(readFileSync(join(path, 'README.md'), 'utf8'));
    if (code === undefined) continue;
    const file = join(project, `readme-${manifest.name.replaceAll(/\W/g, '-')}.mjs`);
    writeFileSync(file, ts.transpile(code, options));
    const result = await capture(process.execPath, [file], { cwd: project });
    const missing = printedBy(code).filter((line) => !result.output.includes(line));
    if (result.code !== 0) problems.push(`The example of ${manifest.name}'s README fails:\n${result.output}`);
    else if (missing.length > 0) {
      problems.push(
        `The example of ${manifest.name}'s README does not print '${missing.join("', '")}':\n${result.output}`,
      );
    }
  }
  return problems;
}
