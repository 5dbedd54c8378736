// Owns: how tests run, of every folder under packages/, apps/ and tooling/ that has some, so a new one needs no edit here.
// Invariant: tests read sibling packages from their sources (the `@netcx/source` condition), never from a build.
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const conditions = ['@netcx/source', 'node', 'import', 'module', 'default'];

const setup = fileURLToPath(new URL('vitest.setup.ts', import.meta.url));

const folders = ['packages', 'apps', 'tooling']
  .filter((top) => existsSync(new URL(top, import.meta.url)))
  .flatMap((top) => readdirSync(new URL(top, import.meta.url)).map((name) => `${top}/${name}`))
  .filter((folder) => existsSync(new URL(`${folder}/package.json`, import.meta.url)))
  .filter((folder) => existsSync(new URL(`${folder}/test`, import.meta.url)));

/** As tooling/scripts/lib/test-size.js has it, which a copy of the workspace need not hold. */
const quick = (process.env['NETCX_TEST_SIZE'] ?? (process.env['CI'] === undefined ? 'quick' : 'ci')) === 'quick';

/**
 * Packages whose tests leave nothing behind in their modules: their files share a worker and load everything once, which is
 * half of the time. The others need memory, clocks or Atomics of their own, and larger sizes more memory than one worker has.
 */
const sharing = [
  'packages/layout',
  'packages/clock',
  'packages/bus',
  'packages/buffers',
  'packages/adapter',
  'packages/extensions',
  'packages/hardware',
  'packages/nic-82576',
  'packages/conformance',
  'packages/pcap',
  'packages/trace',
  'packages/wires',
  'packages/vfio-user',
  'packages/workers',
  'packages/qtest',
  'packages/tap',
  'apps/netcx',
  'apps/reference-driver',
  'apps/software-nic-driver',
];
const shared = quick ? sharing : [];

/**
 * Left to `.ci/run` by the quick size, which says so: tests of tests and of tools, and what starts processes and workers or has a memory
 * of its own.
 */
const leftOut = [
  'build',
  'new',
  'driver-mutants',
  'fixtures',
  'hot-file',
  'internet-sum',
  'published-shape',
  'out-of-order',
  'process',
  'runners',
  'serve',
  'simulation-workers',
  'verifier',
  'worker',
  'workers',
  'free-running',
  'workers-conformance',
  'workers-real-time',
].map((name) => `*/*/test/${name}.test.ts`);

/** Tests that measure what was built; `npm test` runs them once it is, and the others before. */
const ofTheBuild = ['*/*/test/garbage.test.ts'];

/** Folders that run alike are one project: Vite makes JavaScript of a source once for each, and sources are what tests read. */
const kinds = ['shared', 'isolated', 'tooling'] as const;
const kindOf = (folder: string): (typeof kinds)[number] =>
  folder.startsWith('tooling/') ? 'tooling' : shared.includes(folder) ? 'shared' : 'isolated';

const projects = kinds
  .map((kind) => ({ kind, members: folders.filter((folder) => kindOf(folder) === kind) }))
  .filter(({ members }) => members.length > 0)
  .map(({ kind, members }) => ({
    resolve: { conditions },
    ssr: { resolve: { conditions } },
    test: {
      name: kind,
      include: members.map((folder) => `${folder}/test/**/*.test.{ts,js}`),
      // What needs host tools is a suite of `.ci/run`, which sets this; without it `npm test` names the suite as not run.
      exclude: [
        ...(process.env['NETCX_HOST_TOOLS'] === undefined ? ['*/*/test/tshark*.test.ts'] : []),
        ...(quick ? leftOut : []),
        ...(process.env['NETCX_SOURCES_ONLY'] === undefined ? [] : ofTheBuild),
      ],
      isolate: kind === 'isolated', // tools keep no state in their modules either
      setupFiles: kind === 'shared' ? [setup] : [],
      // Random and repeated work of the conformance suites, as their runners read it.
      env: quick ? { NETCX_EFFORT: process.env['NETCX_EFFORT'] ?? '0.25' } : {},
      // A limit for what hangs, not for what is slow: machines that run tests are often busy.
      testTimeout: 300_000,
      hookTimeout: 300_000,
    },
  }));

export default defineConfig({
  test: {
    // A thread starts twice as fast as a process.
    pool: 'threads',
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects,
    passWithNoTests: true,
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'],
      reporter: ['text-summary', 'json-summary', 'html'],
    },
  },
});
