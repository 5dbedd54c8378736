/*
 * The three ways to a piece of a virtual machine's memory. Memory that cannot shrink is mapped. A file that its owner
 * could cut short is read and written by offset: touching a mapped page that is gone would kill the process. Memory that
 * came without a descriptor is reached by messages.
 */

import { fstatSync, readSync, writeSync } from 'node:fs';
import type { RegionAccess } from '@netcx/dma';
import { Errno, Refusal } from './errno.ts';
import { lastErrno, libc, mapFile, unmapMemory, type Mapping } from './libc.ts';

/** `fcntl`: which changes of a file are sealed off. */
const F_GET_SEALS = 1034;
const F_SEAL_SHRINK = 2;
/** Memory is mapped in windows of this size, since no view of JavaScript is much larger. */
const WINDOW_BYTES = 0x4000_0000;
/** Copies up to this size go byte by byte: a call to copy costs more. */
const SHORT = 32;

/** A piece of memory that came with a descriptor. */
export interface SharedPiece {
  /** The file; whoever made the access closes it with the access. */
  readonly fd: number;
  /** Where in the file the piece begins. */
  readonly offset: number;
  /** Its bytes. */
  readonly size: number;
  /** Whether it is written to. */
  readonly writable: boolean;
}

/**
 * Makes a piece of shared memory reachable. On success it owns the descriptor.
 *
 * @param piece - what the peer shares
 * @returns the way to its bytes
 * @throws Refusal EINVAL for a descriptor that is no file or ends before the piece does; otherwise what Linux says
 */
export function shareMemory(piece: SharedPiece): RegionAccess {
  const { fd, offset, size } = piece;
  const file = fstatSync(fd);
  if (!file.isFile()) throw new Refusal(Errno.EINVAL, 'memory is shared by a descriptor that is no file');
  if (offset + size > file.size) {
    throw new Refusal(
      Errno.EINVAL,
      `a file of ${String(file.size)} bytes is shared up to byte ${String(offset + size)}`,
    );
  }
  const seals = libc().fcntl(fd, F_GET_SEALS, 0);
  return seals >= 0 && (seals & F_SEAL_SHRINK) !== 0 ? new MappedAccess(piece) : new FileAccess(piece);
}

interface Window {
  readonly mapping: Mapping;
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
}

/** Memory that is mapped into this process. */
class MappedAccess implements RegionAccess {
  readonly #windows: Window[] = [];
  readonly #fd: number;

  constructor({ fd, offset, size, writable }: SharedPiece) {
    this.#fd = fd;
    for (let at = 0; at < size; at += WINDOW_BYTES) {
      const mapping = mapFile(fd, offset + at, Math.min(WINDOW_BYTES, size - at), writable);
      if (mapping === undefined) {
        const errno = lastErrno();
        this.#unmap();
        throw new Refusal(errno, `${String(size)} bytes of memory cannot be mapped`);
      }
      this.#windows.push({ mapping, u8: new Uint8Array(mapping.buffer), i32: new Int32Array(mapping.buffer) });
    }
  }

  read(at: number, length: number, target: Uint8Array, offset: number): boolean {
    let done = 0;
    while (done < length) {
      const { u8 } = this.#windows[Math.floor((at + done) / WINDOW_BYTES)]!;
      const from = (at + done) % WINDOW_BYTES;
      const bytes = Math.min(length - done, WINDOW_BYTES - from);
      if (bytes > SHORT) target.set(u8.subarray(from, from + bytes), offset + done);
      else for (let byte = 0; byte < bytes; byte++) target[offset + done + byte] = u8[from + byte]!;
      done += bytes;
    }
    return true;
  }

  write(at: number, length: number, source: Uint8Array, offset: number): boolean {
    let done = 0;
    while (done < length) {
      const { u8, i32 } = this.#windows[Math.floor((at + done) / WINDOW_BYTES)]!;
      const to = (at + done) % WINDOW_BYTES;
      const bytes = Math.min(length - done, WINDOW_BYTES - to);
      if (bytes === 4 && (to & 3) === 0) Atomics.store(i32, to >>> 2, wordAt(source, offset + done));
      else if (bytes > SHORT) u8.set(source.subarray(offset + done, offset + done + bytes), to);
      else for (let byte = 0; byte < bytes; byte++) u8[to + byte] = source[offset + done + byte]!;
      done += bytes;
    }
    return true;
  }

  close(): void {
    this.#unmap();
    libc().close(this.#fd);
  }

  #unmap(): void {
    for (const { mapping } of this.#windows.splice(0)) unmapMemory(mapping);
  }
}

/** A file that is read and written by offset. */
class FileAccess implements RegionAccess {
  readonly #fd: number;
  readonly #offset: number;

  constructor({ fd, offset }: SharedPiece) {
    this.#fd = fd;
    this.#offset = offset;
  }

  read(at: number, length: number, target: Uint8Array, offset: number): boolean {
    return this.#all(length, (done) =>
      readSync(this.#fd, target, offset + done, length - done, this.#offset + at + done),
    );
  }

  write(at: number, length: number, source: Uint8Array, offset: number): boolean {
    return this.#all(length, (done) =>
      writeSync(this.#fd, source, offset + done, length - done, this.#offset + at + done),
    );
  }

  close(): void {
    libc().close(this.#fd);
  }

  /** Goes on until everything is done; a file that has become shorter, or read-only, gives nothing. */
  #all(length: number, some: (done: number) => number): boolean {
    let done = 0;
    try {
      while (done < length) {
        const count = some(done);
        if (count <= 0) return false;
        done += count;
      }
    } catch {
      return false;
    }
    return true;
  }
}

/** Who asks the peer for bytes of its memory, and waits for the answer. */
export interface MemoryPeer {
  /**
   * @param address - logical address
   * @param length - bytes
   * @param target - where they go
   * @param offset - from this byte of it on
   * @returns false when the peer refuses or does not answer
   */
  readMemory(address: number, length: number, target: Uint8Array, offset: number): boolean;
  /**
   * @param address - logical address
   * @param length - bytes
   * @param source - where they lie
   * @param offset - from this byte of it on
   * @returns false when the peer refuses or does not answer
   */
  writeMemory(address: number, length: number, source: Uint8Array, offset: number): boolean;
}

/**
 * @param peer - who has the memory
 * @param address - where the piece begins
 * @returns the way to its bytes by messages
 */
export function memoryByMessages(peer: MemoryPeer, address: number): RegionAccess {
  return {
    read: (at, length, target, offset) => peer.readMemory(address + at, length, target, offset),
    write: (at, length, source, offset) => peer.writeMemory(address + at, length, source, offset),
    close: () => undefined,
  };
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
