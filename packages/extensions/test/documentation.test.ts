/*
 * Every public symbol of rings and of extensions has an example in its documentation, which type-checks, runs, and gives
 * the values that stand behind its statements: `plan.stride; // 16`.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as dma from '@netcx/dma';
import * as memory from '@netcx/dma/memory';
import * as layout from '@netcx/layout';
import * as rings from '@netcx/rings';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import * as extensions from '../src/index.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const packages = { rings: join(here, '../../rings/src'), extensions: join(here, '../src') };

interface Documented {
  readonly name: string;
  readonly examples: readonly string[];
}

const sources = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'));

/** Each exported declaration, with the examples of its documentation. */
function declarations(folder: string): Documented[] {
  const declaration =
    /\/\*\*((?:(?!\*\/)[^])*)\*\/\n(?:\/\/ prettier-ignore\n)?export (?:const|function|class|interface|type) (\w+)/g;
  return sources(folder).flatMap((text) =>
    [...text.matchAll(declaration)].map(([, comment = '', name = '']) => ({
      name,
      examples: [...comment.matchAll(/ \* ```ts\n([^]*?) \* ```/g)].map(([, code = '']) =>
        code.replaceAll(/^ \* ?/gm, ''),
      ),
    })),
  );
}

/** What an entry point exports, types included. */
function exportsOf(folder: string): string[] {
  const text = readFileSync(join(folder, 'index.ts'), 'utf8');
  return [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list = '']) =>
    list
      .split(',')
      .map((name) => name.trim().replace(/^type /, ''))
      .filter((name) => name !== ''),
  );
}

const modules = {
  '@netcx/dma': dma,
  '@netcx/layout': layout,
  '@netcx/rings': rings,
  '@netcx/extensions': extensions,
};

/** What every example finds: a view for extensions, room for a ring, and small rings that somebody made. */
const PREAMBLE = `
import { i32 as m } from '@netcx/dma/memory';
declare const memory: Int32Array;
declare const block: number;
declare const ring: import('@netcx/rings').Ring;
declare const rings: import('@netcx/rings').RingCollection;
`;

function preambleFor(code: string): string {
  const own = new Set([...code.matchAll(/\b(?:const|function|class) (\w+)/g)].map(([, name]) => name));
  const imports = Object.entries(modules).map(([specifier, module]) => {
    const types = specifier === '@netcx/rings' ? exportsOf(packages.rings) : [];
    const more = specifier === '@netcx/extensions' ? exportsOf(packages.extensions) : [];
    const names = new Set([...Object.keys(module), ...types, ...more]);
    const used = [...names].filter((name) => new RegExp(`\\b${name}\\b`).test(code) && !own.has(name));
    return used.length === 0 ? '' : `import { ${used.join(', ')} } from '${specifier}';\n`;
  });
  return imports.join('') + PREAMBLE;
}

const VALUE = /^(?:-?(?:0x[\da-f_]+|0b[01_]+|\d[\d_.]*)|'.*'|true|false|undefined|\[.*\]|[A-Z][A-Z_]+)$/;

/** The example with every value that stands behind a statement compared with what the statement gives. */
function checked(code: string): string {
  return code
    .split('\n')
    .map((line) => {
      const [, statement = '', value = ''] = /^(.*); \/\/ (.+)$/.exec(line) ?? [];
      if (!VALUE.test(value)) return line;
      const [, name] = /^\s*const (\w+)/.exec(statement) ?? [];
      return name === undefined ? `check(${statement}, ${value});` : `${statement}; check(${name}, ${value});`;
    })
    .join('\n');
}

/** Runs an example, and counts the values that were compared. */
async function run(code: string): Promise<number> {
  let compared = 0;
  const check = (actual: unknown, expected: unknown): void => {
    compared++;
    expect(actual).toEqual(expected);
  };
  const block = dma.hostPages.allocate(65_536, { owner: 'documentation test' });
  const shape = { name: 'tx 0', packets: 8, fragments: 8, packetStride: 12, fragmentStride: 8 };
  const made = rings.RingCollection.create(dma.hostPages.allocate(rings.RingCollection.bytes(shape)), shape);
  const single = { name: 'tx 0', elements: 8, stride: 16 };
  const ring = rings.Ring.create(dma.hostPages.allocate(rings.Ring.bytes(single)), single);
  const scope = {
    ...(Object.assign({}, ...Object.values(modules)) as object),
    ...{ m: memory.i32, memory: new Int32Array(64), block, rings: made, ring, check },
  };
  const script = ts.transpile(`{\n${checked(code)}\n}`, { target: ts.ScriptTarget.ES2023 });
  // The example's own words, which stand in this repository.
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  await new Function(...Object.keys(scope), `return (async () => {${script}})();`)(...Object.values(scope));
  return compared;
}

/** Every example as a file of its own, which exists for the compiler alone. */
function typeErrors(examples: ReadonlyMap<string, string>): string[] {
  const { config } = ts.readConfigFile(join(here, '../../../tsconfig.base.json'), (file) => ts.sys.readFile(file)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(
    {
      ...config.compilerOptions,
      noEmit: true,
      customConditions: ['@netcx/source'],
      verbatimModuleSyntax: false,
      rewriteRelativeImportExtensions: false,
      allowImportingTsExtensions: true,
    },
    here,
  );
  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.readFile = (file) => examples.get(file) ?? readFile(file);
  host.fileExists = (file) => examples.has(file) || fileExists(file);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (file, target, ...rest) => {
    const text = examples.get(file);
    return text === undefined ? getSourceFile(file, target, ...rest) : ts.createSourceFile(file, text, target);
  };
  const program = ts.createProgram([...examples.keys()], options, host);
  return [...examples.keys()].flatMap((file) => {
    const source = program.getSourceFile(file);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(
      ({ messageText }) => `${file.slice(here.length)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
  });
}

describe.each(Object.entries(packages))('the documentation of %s', (_, folder) => {
  const documented = declarations(folder);

  it('has an example for each public symbol', () => {
    const withExample = new Set(documented.filter(({ examples }) => examples.length > 0).map(({ name }) => name));
    expect(exportsOf(folder).filter((name) => !withExample.has(name))).toEqual([]);
  });

  const examples = documented.flatMap(({ name, examples: all }) => all.map((code) => [name, code] as const));
  it.each(examples)('%s: its example gives what it says', async (_name, code) => {
    expect(await run(code)).toBeGreaterThan(0);
  });
});

it('type-checks every example', () => {
  const all = Object.entries(packages).flatMap(([name, folder]) =>
    declarations(folder).flatMap(({ name: symbol, examples }) =>
      examples.map(
        (code) => [join(here, `${name}-${symbol}.example.ts`), `${preambleFor(code)}{\n${code}}\n`] as const,
      ),
    ),
  );
  expect(all.length).toBeGreaterThan(50);
  expect(typeErrors(new Map(all))).toEqual([]);
});
