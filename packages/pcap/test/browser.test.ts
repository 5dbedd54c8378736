// Owns: the promise that the package can be imported where there is no Node.
// Invariant: Node's modules are only imported as types, or inside the functions of capture-file.ts.
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const source = new URL('../src/', import.meta.url);
const files = readdirSync(source).filter((name) => name.endsWith('.ts'));

describe('importing the package', () => {
  it.each(files)('%s loads no module of Node', (name) => {
    const text = readFileSync(new URL(name, source), 'utf8');
    const imports = [...text.matchAll(/^(?:import|export) (?!type).*?from '(.+?)'/gms)].map((match) => match[1]);
    expect(imports.filter((from) => from?.startsWith('./') !== true)).toEqual([]);
    const globals = /\b(?:process|Buffer|require|__dirname)\b/.test(text.replaceAll(/\/\*[^]*?\*\//g, ''));
    expect(globals).toBe(name === 'capture-file.ts');
  });

  it('looks at every file', () => {
    expect(files).toContain('capture-file.ts');
    expect(files.length).toBeGreaterThan(15);
  });
});
