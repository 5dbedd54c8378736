/*
 * The few system calls that Node does not have: named pipes, mapped files, datagram sockets that do not wait for the
 * event loop. Each either does what it says or throws a QtestError with the name of the call and of the error. Linux only.
 */

import koffi from 'koffi';
import { constants } from 'node:os';
import { QtestError } from './qtest-error.ts';

const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0x8_0000;
const MSG_DONTWAIT = 0x40;
const POLLIN = 1;
/** Bytes of a sockaddr_un: family and path. */
const ADDRESS_BYTES = 110;
const LONGEST_PATH = 107;

type Call = (...args: readonly unknown[]) => number;

interface Calls {
  readonly mkfifo: Call;
  readonly mmap: (...args: readonly unknown[]) => bigint;
  readonly munmap: Call;
  readonly socket: Call;
  readonly bind: Call;
  readonly sendto: Call;
  readonly recv: Call;
  readonly poll: Call;
}

let loaded: Calls | undefined;

function calls(): Calls {
  if (loaded !== undefined) return loaded;
  if (process.platform !== 'linux') {
    throw new QtestError('SYSTEM', `QEMU's test protocol is spoken on Linux only, and this is ${process.platform}`);
  }
  const libc = koffi.load('libc.so.6');
  loaded = {
    mkfifo: libc.func('int mkfifo(const char *path, uint32_t mode)') as Call,
    mmap: libc.func(
      'uintptr_t mmap(uintptr_t at, size_t length, int protection, int flags, int fd, long offset)',
    ) as never,
    munmap: libc.func('int munmap(uintptr_t at, size_t length)') as Call,
    socket: libc.func('int socket(int domain, int type, int protocol)') as Call,
    bind: libc.func('int bind(int fd, const void *address, uint32_t length)') as Call,
    sendto: libc.func(
      'long sendto(int fd, const void *data, size_t length, int flags, const void *address, uint32_t size)',
    ) as Call,
    recv: libc.func('long recv(int fd, void *data, size_t length, int flags)') as Call,
    poll: libc.func('int poll(void *list, unsigned long count, int timeout)') as Call,
  };
  return loaded;
}

/** The name of the last error, as in `ENOENT`. */
function lastError(): string {
  const number = koffi.errno();
  return Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? `error ${String(number)}`;
}

function check(call: string, result: number): number {
  if (result < 0) throw new QtestError('SYSTEM', `${call}: ${lastError()}`);
  return result;
}

/**
 * @param path - where the named pipe is made
 * @throws QtestError `SYSTEM`
 */
export function makeFifo(path: string): void {
  check(`mkfifo ${path}`, calls().mkfifo(path, 0o600));
}

/** A file in this process's memory. */
export interface Mapping {
  /** Its bytes. Nobody may touch them after `unmap`. */
  readonly buffer: ArrayBuffer;
  /** Takes the file out of memory. */
  unmap(): void;
}

/**
 * @param fd - the file, open for reading and writing
 * @param bytes - how many of its bytes, from the first
 * @returns them, shared with everybody who maps the file
 * @throws QtestError `SYSTEM`
 */
export function mapFile(fd: number, bytes: number): Mapping {
  const { mmap, munmap } = calls();
  const at = mmap(0, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0);
  if (at === 0xffff_ffff_ffff_ffffn) throw new QtestError('SYSTEM', `mmap of ${String(bytes)} bytes: ${lastError()}`);
  return {
    buffer: koffi.view(at, bytes),
    unmap: () => void check('munmap', munmap(at, bytes)),
  };
}

function addressOf(path: string): Buffer {
  if (Buffer.byteLength(path) > LONGEST_PATH)
    throw new QtestError('SYSTEM', `${path}: a socket's path has at most ${String(LONGEST_PATH)} bytes`);
  const address = Buffer.alloc(ADDRESS_BYTES);
  address.writeUInt16LE(AF_UNIX, 0);
  address.write(path, 2);
  return address;
}

/**
 * @param path - where others reach it
 * @returns the descriptor of a bound datagram socket
 * @throws QtestError `SYSTEM`
 */
export function openDatagramSocket(path: string): number {
  const { bind, socket } = calls();
  const fd = check('socket', socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0));
  check(`bind ${path}`, bind(fd, addressOf(path), ADDRESS_BYTES));
  return fd;
}

/**
 * @param fd - a datagram socket
 * @param data - one datagram
 * @param path - where it goes
 * @returns false when the receiver has no room for it now
 * @throws QtestError `SYSTEM` when there is no receiver
 */
export function sendDatagram(fd: number, data: Uint8Array, path: string): boolean {
  const sent = calls().sendto(fd, data, data.byteLength, MSG_DONTWAIT, addressOf(path), ADDRESS_BYTES);
  if (sent < 0 && koffi.errno() === constants.errno.EAGAIN) return false;
  check(`sendto ${path}`, sent);
  return true;
}

/**
 * @param fd - a datagram socket
 * @param into - room for the longest datagram
 * @returns its length; -1 when none is there
 * @throws QtestError `SYSTEM`
 */
export function receiveDatagram(fd: number, into: Uint8Array): number {
  const length = calls().recv(fd, into, into.byteLength, MSG_DONTWAIT);
  if (length < 0 && koffi.errno() === constants.errno.EAGAIN) return -1;
  return check('recv', length);
}

/**
 * Waits, with the whole process, until a descriptor can be read.
 *
 * @param fd - the descriptor
 * @param milliseconds - how long at most
 * @returns whether it can be read
 * @throws QtestError `SYSTEM`
 */
export function waitReadable(fd: number, milliseconds: number): boolean {
  const entry = Buffer.alloc(8);
  entry.writeInt32LE(fd, 0);
  entry.writeInt16LE(POLLIN, 4);
  const ready = calls().poll(entry, 1, milliseconds);
  if (ready < 0 && koffi.errno() === constants.errno.EINTR) return false;
  return check('poll', ready) > 0;
}
