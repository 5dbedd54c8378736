/*
 * Builds and runs the C twin of the data path: `node bench/twin.mjs [frame bytes] [adapters] [tail]`. What it was
 * compiled to is kept in NETCX_BENCH_SCRATCH, if that says where. Ends with 77 when there is no gcc.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('twin', import.meta.url));
const timing = dirname(fileURLToPath(import.meta.resolve('@tooling/bench/timing.h')));
const { NETCX_BENCH_SCRATCH } = process.env;
const folder = NETCX_BENCH_SCRATCH ?? mkdtempSync(join(tmpdir(), 'netcx-twin-'));
if (NETCX_BENCH_SCRATCH === undefined) process.on('exit', () => rmSync(folder, { recursive: true }));
const built = join(folder, 'twin');

if (!existsSync(built)) {
  if (spawnSync('gcc', ['--version']).error !== undefined) {
    console.error('gcc is not installed');
    process.exit(77);
  }
  const { layoutHeader } = await import('./twin/layout.mjs');
  writeFileSync(join(folder, 'layout.h'), await layoutHeader());
  const flags = [
    '-O3',
    '-march=native',
    '-std=c11',
    '-D_GNU_SOURCE',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-Wno-unused-function',
  ];
  execFileSync('gcc', [...flags, '-I', folder, '-I', source, '-I', timing, join(source, 'twin.c'), '-o', built], {
    stdio: 'inherit',
  });
}
process.stdout.write(execFileSync(built, process.argv.slice(2), { encoding: 'utf8' }));
