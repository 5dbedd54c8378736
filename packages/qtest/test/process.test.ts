/*
 * What can be seen without a QEMU: RAM as two mappings of one file, and programs that are no QEMU. The suite in
 * apps/reference-driver/test/qemu has the real one.
 */

import { VirtualClock } from '@netcx/clock';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const { provideRam } = await import('../src/ram.ts');
const linux = process.platform === 'linux';
const ram = linux ? provideRam(2 * 1024 * 1024) : undefined;
const { QemuMachine, QtestError } = await import('../src/index.ts');

afterAll(() => ram?.remove());

describe.runIf(ram !== undefined)('RAM', () => {
  test('is the file, and the host memory', async () => {
    if (ram === undefined) return;
    const { hostBytes, u8 } = await import('@netcx/dma/memory');
    expect(hostBytes).toBe(2 * 1024 * 1024);
    u8.set([1, 2, 3], 1024 * 1024);
    expect([...readFileSync(ram.path).subarray(1024 * 1024, 1024 * 1024 + 4)]).toEqual([1, 2, 3, 0]);
  });

  test("is not handed out below a PC's first mebibyte", async () => {
    const { hostPages } = await import('@netcx/dma');
    const page = hostPages.allocate(4096);
    expect(page).toBe(1024 * 1024);
    hostPages.free(page);
  });

  test('is provided once', () => {
    expect(() => provideRam()).toThrow(expect.objectContaining({ code: 'MEMORY_CHOSEN' }) as Error);
  });
});

describe.runIf(ram !== undefined)('a program that is no QEMU', () => {
  const start = (program: string): unknown => {
    if (ram === undefined) return undefined;
    try {
      return new QemuMachine({
        program,
        ram,
        clock: new VirtualClock(),
        devices: [{ model: 'igb', macAddress: new Uint8Array(6) }],
      });
    } catch (error) {
      return error;
    }
  };

  test('that is not there', () => {
    expect(start('/nowhere/qemu')).toMatchObject({ code: 'NOT_STARTED' });
  });

  test('that ends at once is GONE, with its last words', () => {
    if (ram === undefined) return;
    const program = join(ram.folder, 'ends');
    writeFileSync(program, '#!/bin/sh\necho "no such accelerator" >&2\nexit 1\n', { mode: 0o700 });
    const error = start(program);
    expect(error).toBeInstanceOf(QtestError);
    expect(error).toMatchObject({ code: 'GONE', message: expect.stringContaining('no such accelerator') as string });
  });

  test('that writes nonsense is a PROTOCOL error, and leaves no socket behind', () => {
    if (ram === undefined) return;
    const program = join(ram.folder, 'talks');
    // Its arguments name the pipes: -qtest pipe:PATH.
    writeFileSync(
      program,
      '#!/bin/sh\nfor a; do case $a in pipe:*) echo "hello there" >"${a#pipe:}.out";; esac; done\nsleep 5\n',
      { mode: 0o700 },
    );
    expect(start(program)).toMatchObject({ code: 'PROTOCOL' });
    expect(existsSync(join(ram.folder, 'wire0.here'))).toBe(false);
  });
});
