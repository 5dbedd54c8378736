/*
 * The choice of the host memory is made once in a process, so each case runs in a process of its own.
 */

import { execFile } from 'node:child_process';
import { execPath } from 'node:process';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { transpile } from './transpiled.ts';

const javascript = transpile();
afterAll(() => javascript.remove());

async function run(name: string, ...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(execPath, [javascript.program(name), ...args]);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** The second word of 1 to 8, little-endian: what the copy in the program moved to byte 4100. */
const COPIED = 0x0807_0605;

describe.concurrent('a process', () => {
  // prettier-ignore
  it.each([
    ['nothing',              { bytes: 0x4400_0000, hostBytes: 0x4000_0000, given: false, kernel: true,  free: 0x3fff_f000, device: 0x400_0000, copied: COPIED }],
    ['own',                  { bytes: 0x23_0000,   hostBytes: 0x20_0000,   given: false, kernel: true,  free: 0x1f_f000, device: 0x3_0000, copied: COPIED }],
    ['foreign',              { bytes: 0x10_0000,   hostBytes: 0x10_0000,   given: true,  kernel: false, free: 0xf_f000, device: 0, copied: COPIED }],
    ['foreign-shared',       { bytes: 0x4008,      hostBytes: 0x4008,      given: true,  kernel: false, free: 0x3008, device: 0, copied: COPIED }],
    ['foreign-tiny',         { bytes: 8,           hostBytes: 8,           given: true,  kernel: false, free: 0, device: 0, copied: 0 }],
    ['shared',               { bytes: 0x4_0000,    hostBytes: 0x3_0000,    given: true,  kernel: true,  free: 0x3000, device: 0x7fc0, copied: COPIED }],
    ['shared-without-pages', { bytes: 0x4_0000,    hostBytes: 0x4_0000,    given: true,  kernel: true,  free: 0, device: 0, copied: COPIED }],
  ])('gets the memory it asked for: %s', async (what, expected) => {
    expect(await run('provided', what)).toEqual({ ...expected, views: true, late: 'MEMORY_CHOSEN' });
  });

  it.each([
    ['odd-size', 'MEMORY_SIZE'],
    ['too-large', 'MEMORY_SIZE'],
    ['no-size', 'MEMORY_SIZE'],
    ['foreign-odd', 'MEMORY_SIZE'],
    ['foreign-empty', 'MEMORY_SIZE'],
    ['shared-too-small', 'MEMORY_SIZE'],
    ['not-shared', 'MEMORY_KIND'],
    ['pages-outside', 'MEMORY_SIZE'],
    ['pages-odd', 'MEMORY_SIZE'],
    ['device-in-host-memory', 'MEMORY_SIZE'],
    ['device-outside', 'MEMORY_SIZE'],
    ['device-odd', 'MEMORY_SIZE'],
  ])('is told why it cannot have it: %s', async (what, code) => {
    expect(await run('provided', what)).toEqual({ code });
  });

  it('shares its memory with a worker, and never its pages', async () => {
    const heard = await run('parent');
    expect(heard).toEqual({
      run: heard['run'],
      shared: true,
      hostBytes: 0x4000_0000,
      seen: 0x1234_5678,
      free: 4 * 4096,
      first: heard['run'],
      fromWorker: 0x0bad_cafe,
      copied: 0x1234_5678,
    });
  });
});
