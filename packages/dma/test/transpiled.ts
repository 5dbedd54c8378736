/*
 * The package's sources and the programs of its tests as plain JavaScript in a temporary folder, so that a process or a
 * worker of its own can run them with nothing but Node.
 */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A temporary folder with `src` and `test/programs` in JavaScript. */
export function transpile(): { program(name: string): string; remove(): void } {
  const target = mkdtempSync(join(tmpdir(), 'netcx-dma-'));
  writeFileSync(join(target, 'package.json'), '{ "type": "module" }');
  for (const folder of ['src', 'test/programs']) {
    mkdirSync(join(target, folder), { recursive: true });
    for (const file of readdirSync(join(root, folder)).filter((name) => name.endsWith('.ts'))) {
      const { outputText } = ts.transpileModule(readFileSync(join(root, folder, file), 'utf8'), {
        compilerOptions: {
          target: ts.ScriptTarget.ES2023,
          module: ts.ModuleKind.ESNext,
          verbatimModuleSyntax: true,
          rewriteRelativeImportExtensions: true,
        },
      });
      writeFileSync(join(target, folder, file.replace(/\.ts$/, '.js')), outputText);
    }
  }
  return {
    program: (name) => join(target, 'test/programs', `${name}.js`),
    remove: () => rmSync(target, { recursive: true }),
  };
}
