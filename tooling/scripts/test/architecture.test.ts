// Keeps the table in ARCHITECTURE.md true: its rows are the packages, its last column their dependencies.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readArchitecture } from '../lib/architecture.js';
import { listPackages } from '../lib/packages.js';
import { root } from '../lib/paths.js';

const short = (name: string): string => name.replace('@netcx/', '');

const actual = Object.fromEntries(
  listPackages().map(({ manifest }) => [
    short(manifest.name),
    Object.entries(manifest.dependencies ?? {})
      .filter(([, version]) => version.startsWith('workspace:'))
      .map(([name]) => short(name))
      .sort(),
  ]),
);

describe('ARCHITECTURE.md', () => {
  const rows = readArchitecture(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'));

  it('has one row for each package', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(actual).sort());
  });

  it.each(rows)('$name depends on what the table says', ({ name, dependsOn }) => {
    // npm's own packages may be named too; what counts is the workspace.
    const own = dependsOn.filter((dependency) => dependency in actual);
    expect(own).toEqual(actual[name]);
    const foreign = dependsOn.filter((dependency) => !(dependency in actual));
    const manifest = listPackages().find((each) => short(each.manifest.name) === name)?.manifest;
    for (const dependency of foreign) expect(manifest?.dependencies).toHaveProperty([dependency]);
  });
});

describe('reading the table', () => {
  const table = (...rows: string[]): string =>
    ['# Title', '', '| Package | Owns | Does not own | Depends on |', '|---|---|---|---|', ...rows, '', 'After.'].join(
      '\n',
    );

  it('takes names out of backticks, with or without scope and link', () => {
    const markdown = table('| [`@netcx/dma`](packages/dma) | `x` | y | - |', '| `bus` | x | y | `dma`, [`clock`](c) |');
    expect(readArchitecture(markdown)).toEqual([
      { name: 'dma', dependsOn: [] },
      { name: 'bus', dependsOn: ['clock', 'dma'] },
    ]);
  });

  it('insists on a table and on names', () => {
    expect(() => readArchitecture('# Nothing')).toThrow('has no table');
    expect(() => readArchitecture(table('| dma | x | y | - |'))).toThrow('names no package');
  });
});
