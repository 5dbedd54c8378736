/*
 * The machine's RAM: a file that QEMU has as its memory and this process as its host memory, so that a driver's
 * descriptor rings lie where QEMU's device looks for them. It must be provided before anything loads
 * `@netcx/dma/memory`, which is why this file is a subpath of its own that loads nothing but `@netcx/dma/provide`.
 */

import { provideMemory } from '@netcx/dma/provide';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mapFile } from './libc.ts';

const MEBIBYTE = 1024 * 1024;
/** Below the first mebibyte of a PC lie holes; its firmware's place is not RAM either. */
const FIRST_PAGE = MEBIBYTE;
const DEFAULT_BYTES = 64 * MEBIBYTE;

/** The RAM of one QEMU machine, which is this process's host memory. */
export interface Ram {
  /** The folder that it lies in, for whatever else belongs to the machine; removed by `remove`. */
  readonly folder: string;
  /** The file. */
  readonly path: string;
  /** Its size. */
  readonly bytes: number;
  /** Its bytes. */
  readonly buffer: ArrayBuffer;
  /** Removes the folder with all that is in it. The memory itself stays mapped: nothing can take its place. */
  remove(): void;
}

/**
 * Makes the file and provides it as this process's host memory. Call it first, then load everything else with `import()`.
 *
 * @param bytes - its size, whole mebibytes from 2 to 2047; 64 MiB when left out
 * @returns the RAM, for `QemuMachine.start`
 * @throws QtestError `SYSTEM`; DmaError `MEMORY_CHOSEN` when the host memory was chosen before
 * @example
 * ```ts
 * import { provideRam } from '@netcx/qtest/ram';
 *
 * const ram = provideRam();
 * const { QemuMachine } = await import('@netcx/qtest');
 * ```
 */
export function provideRam(bytes: number = DEFAULT_BYTES): Ram {
  // A file system in memory: neither QEMU nor this process shall wait for a disk.
  const folder = mkdtempSync('/dev/shm/netcx-qemu-');
  const path = join(folder, 'ram');
  const fd = openSync(path, 'wx+', 0o600);
  try {
    ftruncateSync(fd, bytes);
    const { buffer } = mapFile(fd, bytes);
    provideMemory({ buffer, pages: { start: FIRST_PAGE, end: bytes } });
    const remove = (): void => {
      process.removeListener('exit', remove);
      rmSync(folder, { recursive: true, force: true });
    };
    process.once('exit', remove); // whatever happens to whoever has it
    return { folder, path, bytes, buffer, remove };
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}
