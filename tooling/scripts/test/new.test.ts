// Each skeleton, written into a copy of the workspace, builds, type-checks, lints and passes its own test.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkTypesAndLint } from '../check/types-and-lint.js';
import { readArchitecture } from '../lib/architecture.js';
import { listPackages, readManifest } from '../lib/packages.js';
import { root } from '../lib/paths.js';
import { capture } from '../lib/process.js';
import { kinds, writeSkeleton } from '../new/skeleton.js';

const name = 'example-part';
const copy = mkdtempSync(join(tmpdir(), 'netcx-new-'));
const program = (tool: string): string => join(root, 'node_modules', '.bin', tool);

/** The TypeScript files of all skeletons, below the copy. */
let sources: string[] = [];

/** Gives a package what pnpm would: links to its dependencies. */
function link(folder: string): void {
  const { dependencies, devDependencies } = readManifest(join(copy, folder));
  for (const dependency of Object.keys({ ...dependencies, ...devDependencies })) {
    const own = listPackages(undefined, copy).find(({ manifest }) => manifest.name === dependency)?.folder;
    const target = own === undefined ? join(root, 'packages/dma/node_modules', dependency) : join(copy, own);
    const place = join(copy, folder, 'node_modules', dependency);
    if (existsSync(place)) continue;
    mkdirSync(join(place, '..'), { recursive: true });
    symlinkSync(target, place);
  }
}

beforeAll(() => {
  for (const file of readdirSync(root, { withFileTypes: true })) {
    if (file.isFile()) cpSync(join(root, file.name), join(copy, file.name));
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  cpSync(join(root, 'tooling/tsconfig'), join(copy, 'tooling/tsconfig'), { recursive: true });
  const isTaken = (path: string): boolean => !/[\\/](?:node_modules|dist|coverage|\.turbo)$/.test(path);
  for (const { folder, path } of listPackages()) cpSync(path, join(copy, folder), { recursive: true, filter: isTaken });
  sources = Object.keys(kinds)
    .flatMap((kind) => writeSkeleton(copy, kind, name))
    .filter((file) => file.endsWith('.ts'));
  for (const { folder } of listPackages(undefined, copy)) link(folder);
  const project = { extends: './tooling/tsconfig/check.json', files: sources };
  writeFileSync(join(copy, 'tsconfig.new.json'), JSON.stringify(project));
}, 180_000);

afterAll(() => {
  rmSync(copy, { recursive: true });
});

it('has types that check, and lints', async () => {
  expect(await checkTypesAndLint(copy, 'tsconfig.new.json', sources)).toEqual({ types: '', lint: '' });
}, 180_000);

it('passes its own tests', async () => {
  const tests = sources.filter((file) => file.endsWith('.test.ts'));
  const { code, output } = await capture(program('vitest'), ['run', '--reporter=json', ...tests], { cwd: copy });
  const report = JSON.parse(output.slice(output.indexOf('{'))) as { testResults: { name: string; status: string }[] };
  const passed = report.testResults.filter(({ status }) => status === 'passed').map(({ name: file }) => file);
  expect(passed.sort()).toEqual(tests.map((file) => realpathSync(join(copy, file))).sort());
  expect(code).toBe(0);
}, 180_000);

it('has a row in ARCHITECTURE.md', () => {
  const rows = readArchitecture(readFileSync(join(copy, 'ARCHITECTURE.md'), 'utf8'));
  const last = rows.slice(-(Object.keys(kinds).length - 1)).map((row) => row.name);
  expect(last).toContain(name);
  expect(last).toContain(`nic-${name}`);
  expect(last).toContain(`${name}-driver`);
});

it('overwrites nothing', () => {
  for (const kind of Object.keys(kinds)) expect(() => writeSkeleton(copy, kind, name)).toThrow('exists already');
});

it('refuses names and kinds that do not exist', () => {
  expect(() => writeSkeleton(copy, 'package', 'Not_Kebab')).toThrow("'Not_Kebab' is no name for a package");
  expect(() => writeSkeleton(copy, 'package', '../up')).toThrow('is no name');
  expect(() => writeSkeleton(copy, 'driver', 'of-nothing')).toThrow('There is no packages/nic-of-nothing to drive');
  expect(() => writeSkeleton(copy, 'toaster', 'x')).toThrow("'toaster' is none of package, extension, nic");
});
