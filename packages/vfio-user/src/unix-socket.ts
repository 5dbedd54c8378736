/*
 * Unix sockets by path. A path at which nobody listens any more is taken over; one at which somebody does is refused, and
 * so is whatever is no socket.
 */

import { lstatSync, unlinkSync } from 'node:fs';
import { errnoName, Errno } from './errno.ts';
import { lastErrno, libc } from './libc.ts';
import { VfioUserError } from './vfio-user-error.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x8_0000;
const LONGEST_PATH = 107;

/** `struct sockaddr_un` for a path. */
function socketAddress(path: string): Uint8Array {
  const name = Buffer.from(path);
  if (name.length === 0 || name.length > LONGEST_PATH || name.includes(0)) {
    throw new VfioUserError(
      'SOCKET',
      `${path}: a socket's path has 1 to ${String(LONGEST_PATH)} bytes, this one ${String(name.length)}`,
    );
  }
  const address = new Uint8Array(2 + LONGEST_PATH + 1);
  address[0] = AF_UNIX;
  address.set(name, 2);
  return address;
}

function newSocket(): number {
  const fd = libc().socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new VfioUserError('SOCKET', `no socket: ${errnoName(lastErrno())}`);
  return fd;
}

/**
 * @param path - of a socket at which somebody listens
 * @returns a connected socket, non-blocking
 * @throws VfioUserError `SOCKET` when nobody does
 */
export function connectUnix(path: string): number {
  const address = socketAddress(path);
  const fd = newSocket();
  if (libc().connect(fd, address, address.length) < 0) {
    const why = errnoName(lastErrno());
    libc().close(fd);
    throw new VfioUserError('SOCKET', `${path}: nobody listens there (${why})`);
  }
  return fd;
}

/**
 * @param path - where to listen
 * @returns a listening socket, non-blocking
 * @throws VfioUserError `SOCKET` when that cannot be
 */
export function listenUnix(path: string): number {
  const address = socketAddress(path);
  clearPath(path);
  const fd = newSocket();
  if (libc().bind(fd, address, address.length) < 0 || libc().listen(fd, 1) < 0) {
    const errno = lastErrno();
    libc().close(fd);
    throw new VfioUserError('SOCKET', `${path}: cannot listen (${errnoName(errno)})`);
  }
  return fd;
}

/**
 * @param listener - a listening socket
 * @returns a connected one, non-blocking; -1 when nobody wants to connect now
 */
export function acceptUnix(listener: number): number {
  return libc().accept4(listener, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/** Takes away what a server left behind that did not end well. */
function clearPath(path: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isSocket()) throw new VfioUserError('SOCKET', `${path}: is there and is no socket`);
  const fd = newSocket();
  const address = socketAddress(path);
  const result = libc().connect(fd, address, address.length);
  const errno = lastErrno();
  libc().close(fd);
  if (result === 0 || errno === Errno.EAGAIN)
    throw new VfioUserError('SOCKET', `${path}: another server listens there`);
  unlinkSync(path);
}
