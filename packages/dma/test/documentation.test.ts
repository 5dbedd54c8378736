/*
 * Every public symbol of this package and of buffers, which stands on it, has an example in its documentation, and each example
 * is TypeScript.
 */

import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

interface Symbol {
  readonly name: string;
  readonly example: string | undefined;
}

/** The exported declarations of a file, each with the example of its documentation. */
function symbolsOf(folder: string, file: string): Symbol[] {
  const text = readFileSync(new URL(`../../${folder}/src/${file}`, import.meta.url), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  return source.statements.flatMap((statement) => {
    const exported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
    if (!exported) return [];
    const names = ts.isVariableStatement(statement)
      ? statement.declarationList.declarations.map((declaration) => declaration.name.getText())
      : 'name' in statement
        ? [(statement.name as ts.Identifier).text]
        : [];
    const comment = text.slice(statement.getFullStart(), statement.getStart());
    const example = /@example\n \* ```ts\n([^]*?) \* ```/.exec(comment)?.[1]?.replaceAll(/^ \* ?/gm, '');
    return names.map((name) => ({ name, example }));
  });
}

/** What the entry points of a package let others see. */
function publicNames(folder: string): Set<string> {
  const text = readFileSync(new URL(`../../${folder}/src/index.ts`, import.meta.url), 'utf8');
  const lists = [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)].map(([, list = '']) => list);
  return new Set(lists.flatMap((list) => list.split(',').map((name) => name.trim().replace(/^type /, ''))));
}

const filesOf = (folder: string): string[] =>
  readdirSync(new URL(`../../${folder}/src`, import.meta.url)).filter((file) => file.endsWith('.ts'));
const subpaths = ['memory.ts', 'provide.ts', 'copy.ts'];

describe.each(['dma', 'buffers'])('every public symbol of %s', (folder) => {
  const visible = publicNames(folder);
  const symbols = filesOf(folder).flatMap((file) =>
    symbolsOf(folder, file).filter(({ name }) => visible.has(name) || subpaths.includes(file)),
  );

  it('has an example', () => {
    expect(symbols.length).toBeGreaterThan(25);
    expect(symbols.filter(({ example }) => example === undefined).map(({ name }) => name)).toEqual([]);
  });

  it.each(symbols)('$name, whose example is TypeScript', ({ example = '' }) => {
    const { diagnostics = [] } = ts.transpileModule(example, { reportDiagnostics: true });
    expect(diagnostics.map(({ messageText }) => messageText)).toEqual([]);
  });
});
