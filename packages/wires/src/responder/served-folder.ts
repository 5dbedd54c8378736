/*
 * A folder whose files may be read by their names from outside, and nothing else: no name leads out of it, by dots or by
 * links, and only ordinary files are opened.
 */

import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { messageOf, WireError } from '../wire-error.ts';

/** An open file of the folder. */
export class ServedFile {
  /** In bytes, when it was opened. */
  readonly size: number;
  readonly #descriptor: number;

  /**
   * @param descriptor - closed by `close`
   * @param size - in bytes
   */
  constructor(descriptor: number, size: number) {
    this.#descriptor = descriptor;
    this.size = size;
  }

  /**
   * @param position - in bytes from the beginning
   * @param length - bytes at most
   * @returns what is there: less at the end, nothing when it can no longer be read
   */
  read(position: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    try {
      return bytes.subarray(0, readSync(this.#descriptor, bytes, 0, length, position));
    } catch {
      return bytes.subarray(0, 0);
    }
  }

  /** Closes it. */
  close(): void {
    closeSync(this.#descriptor);
  }
}

/** A folder that is served. */
export class ServedFolder {
  readonly #root: string;

  /**
   * @param path - the folder
   * @throws WireError `FILE` when there is none
   */
  constructor(path: string) {
    try {
      this.#root = realpathSync(path);
      if (!statSync(this.#root).isDirectory()) throw new Error('it is no folder');
    } catch (error) {
      throw new WireError('FILE', `tftp: expected a folder at ${path}: ${messageOf(error)}`, error);
    }
  }

  /**
   * @param name - as a client sent it: with slashes of either kind, and perhaps one in front
   * @returns the open file; `refused` for a name that leads out of the folder, `missing` when there is no such file
   */
  open(name: string): ServedFile | 'refused' | 'missing' {
    const segments = name.split(/[\\/]+/).filter((segment) => segment !== '' && segment !== '.');
    if (segments.includes('..') || segments.some((segment) => segment.includes('\0'))) return 'refused';
    try {
      const path = realpathSync(join(this.#root, ...segments));
      if (!path.startsWith(this.#root.endsWith(sep) ? this.#root : this.#root + sep)) return 'refused';
      // Not to wait for the other end of a pipe that somebody put there.
      const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const status = fstatSync(descriptor);
      if (status.isFile()) return new ServedFile(descriptor, status.size);
      closeSync(descriptor);
      return 'missing';
    } catch {
      return 'missing';
    }
  }
}
