/*
 * What Node cannot do: sockets that carry file descriptors, memory mapped from a descriptor, event descriptors. The C
 * library's own functions, by FFI; nothing here blocks, since a worker that waits in a system call cannot be ended.
 */

import koffi from 'koffi';
import { errnoName } from './errno.ts';
import { VfioUserError } from './vfio-user-error.ts';

/** An address in this process. */
export type Address = bigint;
/** What `mmap` answers when it cannot. */
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** The C functions, by their own names. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  connect(fd: number, address: Uint8Array, length: number): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number, address: null, length: null, flags: number): number;
  recvmsg(fd: number, message: Address, flags: number): number;
  sendmsg(fd: number, message: Address, flags: number): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  poll(fds: Uint8Array, count: number, milliseconds: number): number;
  ppoll(fds: Uint8Array, count: number, time: Uint8Array, signals: null): number;
  close(fd: number): number;
  read(fd: number, bytes: Uint8Array, length: number): number;
  ftruncate(fd: number, length: number): number;
  eventfd(value: number, flags: number): number;
  memfd_create(name: string, flags: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  mmap(address: null, length: number, protection: number, flags: number, fd: number, offset: number): Address;
  munmap(address: Address, length: number): number;
}

const PROTOTYPES: Readonly<Record<keyof Libc, string>> = {
  socket: 'int socket(int domain, int type, int protocol)',
  bind: 'int bind(int fd, const void *address, unsigned int length)',
  connect: 'int connect(int fd, const void *address, unsigned int length)',
  listen: 'int listen(int fd, int backlog)',
  accept4: 'int accept4(int fd, void *address, void *length, int flags)',
  recvmsg: 'long recvmsg(int fd, void *message, int flags)',
  sendmsg: 'long sendmsg(int fd, void *message, int flags)',
  send: 'long send(int fd, const void *bytes, size_t length, int flags)',
  poll: 'int poll(void *fds, unsigned long count, int milliseconds)',
  ppoll: 'int ppoll(void *fds, unsigned long count, const void *time, const void *signals)',
  close: 'int close(int fd)',
  read: 'long read(int fd, void *bytes, size_t length)',
  ftruncate: 'int ftruncate(int fd, int64_t length)',
  eventfd: 'int eventfd(unsigned int value, int flags)',
  memfd_create: 'int memfd_create(const char *name, unsigned int flags)',
  fcntl: 'int fcntl(int fd, int command, long argument)',
  mmap: 'void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)',
  munmap: 'int munmap(void *address, size_t length)',
};

let loaded: Libc | undefined;

/**
 * @returns the C library of this process
 * @throws VfioUserError `NOT_LINUX` elsewhere: the protocol passes Linux's descriptors
 */
export function libc(): Libc {
  if (loaded !== undefined) return loaded;
  if (process.platform !== 'linux') {
    throw new VfioUserError(
      'NOT_LINUX',
      `vfio-user needs Linux: it passes file descriptors; this is ${process.platform}`,
    );
  }
  const library = koffi.load(null);
  const functions = Object.entries(PROTOTYPES).map(([name, prototype]) => [name, library.func(prototype)] as const);
  loaded = Object.fromEntries(functions) as unknown as Libc;
  return loaded;
}

/** @returns the error number of the last C function that failed */
export const lastErrno = (): number => koffi.errno();

/**
 * @param what - what was tried, for the message
 * @param result - what a C function answered
 * @returns the same
 * @throws VfioUserError `SYSTEM` when it is negative
 */
export function checked(what: string, result: number): number {
  if (result < 0) throw new VfioUserError('SYSTEM', `${what}: ${errnoName(lastErrno())}`);
  return result;
}

/** Memory of this process that does not move: mapped, and seen through an ArrayBuffer. */
export interface Mapping {
  /** Where it begins, for C. */
  readonly address: Address;
  /** The same bytes, for JavaScript. They must not be touched after `unmapMemory`. */
  readonly buffer: ArrayBuffer;
}

const READ = 1;
const WRITE = 2;
const SHARED = 1;
const PRIVATE = 2;
const ANONYMOUS = 0x20;

/**
 * @param length - bytes, 1 or more
 * @returns zeroed memory; `undefined` when there is none
 */
export function mapScratch(length: number): Mapping | undefined {
  return mapped(length, READ | WRITE, PRIVATE | ANONYMOUS, -1, 0);
}

/**
 * @param fd - a file
 * @param offset - its first byte, a multiple of the page size
 * @param length - bytes, 1 or more, at most 1 GiB
 * @param writable - whether it is written to as well
 * @returns the file's bytes, shared with everybody who has mapped them; `undefined` with `lastErrno` when that cannot be
 */
export function mapFile(fd: number, offset: number, length: number, writable: boolean): Mapping | undefined {
  return mapped(length, writable ? READ | WRITE : READ, SHARED, fd, offset);
}

function mapped(length: number, protection: number, flags: number, fd: number, offset: number): Mapping | undefined {
  const address = libc().mmap(null, length, protection, flags, fd, offset);
  return address === MAP_FAILED ? undefined : { address, buffer: koffi.view(address, length) };
}

/**
 * @param mapping - is gone afterwards
 */
export function unmapMemory(mapping: Mapping): void {
  libc().munmap(mapping.address, mapping.buffer.byteLength);
}

/** Watches a descriptor from the event loop. */
export interface Watch {
  /** Ends it; must come before the descriptor is closed, and before the thread ends: that would take the process along. */
  close(): void;
}

/**
 * @param fd - a descriptor
 * @param what - what is waited for: something to read, or room to write
 * @param ready - called whenever it is so, or the other side is gone; level triggered
 * @returns ends it
 */
export function watch(fd: number, what: 'readable' | 'writable', ready: () => void): Watch {
  let due: NodeJS.Immediate | undefined;
  // As little as possible happens inside the call from native code: a worker that is ended there takes the process along.
  const handle = koffi.node.poll(fd, { [what]: true, disconnect: true }, () => {
    due ??= setImmediate(() => {
      due = undefined;
      ready();
    });
  });
  return {
    close: () => {
      clearImmediate(due);
      handle.close();
    },
  };
}
