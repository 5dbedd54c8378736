// The build, on a small workspace of packages `base` and `user`, which needs it.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { build } from '../lib/build.js';

let workspace = '';

function write(file: string, text: string): void {
  mkdirSync(dirname(join(workspace, file)), { recursive: true });
  writeFileSync(join(workspace, file), text);
}

const exports = { '.': { types: './dist/index.d.ts', default: './dist/index.js' } };
const config = {
  compilerOptions: {
    ...{ target: 'ES2023', lib: ['ES2023'], module: 'NodeNext', types: [], skipLibCheck: true, declaration: true },
    ...{ rootDir: '${configDir}/src', outDir: '${configDir}/dist' },
  },
  include: ['${configDir}/src'],
};

beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'netcx-build-'));
  mkdirSync(join(workspace, 'apps'));
  for (const [name, dependencies] of [
    ['user', { base: 'workspace:^' }],
    ['base', {}],
  ] as const) {
    write(`packages/${name}/package.json`, JSON.stringify({ name, type: 'module', exports, dependencies }));
    write(`packages/${name}/tsconfig.build.json`, JSON.stringify(config));
  }
  mkdirSync(join(workspace, 'packages/user/node_modules'));
  symlinkSync('../../base', join(workspace, 'packages/user/node_modules/base'));
  write('packages/base/src/index.ts', 'export const one: number = 1;\n');
  write('packages/user/src/index.ts', "import { one } from 'base';\nexport const two = one + one;\n");
});

afterEach(() => {
  rmSync(workspace, { recursive: true });
});

const all = ['packages/base', 'packages/user'];

it('compiles what is needed before what needs it, and then nothing', () => {
  expect(build([], workspace)).toEqual(all);
  expect(readFileSync(join(workspace, 'packages/user/dist/index.d.ts'), 'utf8')).toContain('two: number');
  expect(build([], workspace)).toEqual([]);
});

it('compiles what was removed anew', () => {
  build([], workspace);
  rmSync(join(workspace, 'packages/user/dist'), { recursive: true });
  expect(build([], workspace)).toEqual(['packages/user']);
  expect(existsSync(join(workspace, 'packages/user/dist/index.js'))).toBe(true);
});

it('says what is wrong, also in a package whose own sources are as they were', () => {
  build([], workspace);
  write('packages/base/src/index.ts', "export const one: string = 'one';\n");
  write('packages/user/src/index.ts', "import { one } from 'base';\nexport const two: number = one;\n");
  expect(() => build([], workspace)).toThrow(/packages\/user\/src\/index.ts\(2,14\): error TS2322/);
  write('packages/user/src/index.ts', "import { one } from 'base';\nexport const two: string = one;\n");
  expect(build([], workspace)).toEqual(['packages/user']);
  write('packages/base/src/index.ts', 'export const one = 1;\n');
  expect(() => build([], workspace)).toThrow(/packages\/user\/src\/index.ts/);
});

it('builds what is chosen with what it needs, and knows no other', () => {
  expect(build(['base'], workspace)).toEqual(['packages/base']);
  expect(build(['packages/user'], workspace)).toEqual(['packages/user']);
  expect(() => build(['stranger'], workspace)).toThrow('Not every one of these is a package: stranger');
});
