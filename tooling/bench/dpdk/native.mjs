#!/usr/bin/env node
// Builds one of the C programs beside it against DPDK's libraries and runs it: `node native.mjs checksum [generic]`, for this
// processor, or for the one that Debian's pkg-config names. What it was compiled to is kept in NETCX_BENCH_SCRATCH, if that
// says where. Ends with 77 when gcc or DPDK is not installed.
// Invariant: nothing is left behind but in that folder.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const [, , name = '', target = 'native'] = process.argv;
const source = join(here, `${name}.c`);
const scratch = process.env['NETCX_BENCH_SCRATCH'];

/** @param {string} why */
function skip(why) {
  console.error(`${why} is not installed (Debian: gcc, libdpdk-dev)`);
  process.exit(77);
}

/**
 * @param {string} program
 * @param {string[]} args
 * @returns {string | undefined} what it said; `undefined` when it is not there or fails
 */
function said(program, args) {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

if (!/^\w+$/.test(name) || !existsSync(source)) {
  console.error(`native.mjs: there is no program '${name}'`);
  process.exit(2);
}
const folder = scratch ?? mkdtempSync(join(tmpdir(), 'netcx-dpdk-'));
if (scratch === undefined) process.on('exit', () => rmSync(folder, { recursive: true }));
const built = join(folder, `dpdk-${name}-${target}`);
if (!existsSync(built)) {
  if (said('gcc', ['--version']) === undefined) skip('gcc');
  const flags = said('pkg-config', ['--cflags', '--libs', 'libdpdk']);
  if (flags === undefined) skip('libdpdk');
  // What pkg-config says names an older processor: the last one counts.
  const words = [source, '-o', built, ...(flags ?? '').split(/\s+/), '-O3', '-D_GNU_SOURCE'];
  if (target === 'native') words.push('-march=native');
  execFileSync('gcc', words, { stdio: ['ignore', 'ignore', 'inherit'] });
}
process.stdout.write(execFileSync(built, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
