/*
 * The system calls that a TAP takes, since Node has none of them. Each either does what it says or throws a TapError with
 * the name of the call and of the error; those on the data path return -1 where the kernel has nothing or no room. Numbers
 * are those of Linux on x86-64 and arm64.
 */

import koffi from 'koffi';
import { constants } from 'node:os';
import { TapError } from './tap-error.ts';

const O_RDWR = 2;
const O_NONBLOCK = 0x800;
const O_CLOEXEC = 0x8_0000;
const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 2 | O_CLOEXEC;
const CLONE_NEWNET = 0x4000_0000;
const { EAGAIN, EINTR, EIO, EPERM, EACCES } = constants.errno;

type Call = (...args: readonly unknown[]) => number;

interface Calls {
  readonly open: Call;
  readonly close: Call;
  readonly ioctl: Call;
  readonly ioctlValue: Call;
  readonly readv: Call;
  readonly writev: Call;
  readonly socket: Call;
  readonly setns: Call;
  readonly poll: Call;
  readonly eventfd: Call;
  readonly read: Call;
  readonly write: Call;
}

let loaded: Calls | undefined;

function calls(): Calls {
  if (loaded !== undefined) return loaded;
  if (process.platform !== 'linux')
    throw new TapError('SYSTEM', `a TAP is a thing of Linux, and this is ${process.platform}`);
  const libc = koffi.load('libc.so.6');
  loaded = {
    open: libc.func('int open(const char *path, int flags)') as Call,
    close: libc.func('int close(int fd)') as Call,
    ioctl: libc.func('int ioctl(int fd, unsigned long request, void *argument)') as Call,
    ioctlValue: libc.func('ioctl', 'int', ['int', 'unsigned long', 'unsigned long']) as Call,
    readv: libc.func('long readv(int fd, size_t vector, int count)') as Call,
    writev: libc.func('long writev(int fd, size_t vector, int count)') as Call,
    socket: libc.func('int socket(int domain, int type, int protocol)') as Call,
    setns: libc.func('int setns(int fd, int kind)') as Call,
    poll: libc.func('int poll(void *list, unsigned long count, int timeout)') as Call,
    eventfd: libc.func('int eventfd(unsigned int initial, int flags)') as Call,
    read: libc.func('long read(int fd, void *to, size_t count)') as Call,
    write: libc.func('long write(int fd, void *from, size_t count)') as Call,
  };
  return loaded;
}

/** What an error of a call means to its user, and what to do about it, by the error's name. */
export type Meanings = Readonly<Partial<Record<string, string>>>;

function check(call: string, result: number, meanings: Meanings = {}): number {
  if (result >= 0) return result;
  const number = koffi.errno();
  const name = Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? String(number);
  const refused = number === EPERM || number === EACCES;
  const meaning = meanings[name] === undefined ? '' : `: ${meanings[name]}`;
  throw new TapError(refused ? 'NOT_PERMITTED' : 'SYSTEM', `${call}: ${name}${meaning}`);
}

/**
 * @param path - a device
 * @param meanings - of errors
 * @returns a descriptor that never waits
 * @throws TapError `NOT_PERMITTED` or `SYSTEM`
 */
export function openDevice(path: string, meanings?: Meanings): number {
  return check(`open ${path}`, calls().open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC), meanings);
}

/**
 * @returns a socket to ask the kernel about interfaces with
 * @throws TapError `SYSTEM`
 */
export function openControlSocket(): number {
  return check('socket', calls().socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0));
}

/**
 * @param fd - a descriptor of ours
 */
export function closeDescriptor(fd: number): void {
  calls().close(fd);
}

/**
 * @param name - of the request, for the message
 * @param fd - what is asked
 * @param request - its number
 * @param argument - what it is handed, which it may write to
 * @param meanings - of errors
 * @throws TapError `NOT_PERMITTED` or `SYSTEM`
 */
export function control(name: string, fd: number, request: number, argument: Uint8Array, meanings?: Meanings): void {
  check(name, calls().ioctl(fd, request, argument), meanings);
}

/**
 * @param name - of the request, for the message
 * @param fd - what is asked
 * @param request - its number
 * @param value - what it is handed, as a number
 * @throws TapError `NOT_PERMITTED` or `SYSTEM`
 */
export function controlByValue(name: string, fd: number, request: number, value: number): void {
  check(name, calls().ioctlValue(fd, request, value));
}

const NAMESPACE_MEANINGS: Meanings = {
  ENOENT: 'there is no such network namespace; "ip netns add" makes one',
  EINVAL: 'that is no network namespace',
  EPERM: 'entering a network namespace takes root',
};

/**
 * Runs something in another network namespace. Nothing in it may wait: the whole thread is there meanwhile.
 *
 * @param path - of the namespace, such as /run/netns/NAME
 * @param run - what is run there
 * @returns what it returns
 * @throws TapError `NOT_PERMITTED` or `SYSTEM`
 */
export function inNamespace<T>(path: string, run: () => T): T {
  const { close, open, setns } = calls();
  const own = check('open /proc/thread-self/ns/net', open('/proc/thread-self/ns/net', O_CLOEXEC));
  try {
    const other = check(`open ${path}`, open(path, O_CLOEXEC), NAMESPACE_MEANINGS);
    try {
      check(`setns ${path}`, setns(other, CLONE_NEWNET), NAMESPACE_MEANINGS);
    } finally {
      close(other);
    }
    try {
      return run();
    } finally {
      check('setns back', setns(own, CLONE_NEWNET));
    }
  } finally {
    close(own);
  }
}

/**
 * @param fd - a TAP
 * @param vector - address of a list of pieces, `struct iovec` one behind the other, which the caller keeps; as a number, which
 * takes koffi less than to find a typed array's
 * @param count - how many
 * @returns the bytes that came; -1 when nothing is there, or the interface is down
 * @throws TapError `SYSTEM`
 */
export function readPieces(fd: number, vector: number, count: number): number {
  return transfer('readv', calls().readv(fd, vector, count));
}

/**
 * @param fd - a TAP
 * @param vector - address of a list of pieces, `struct iovec` one behind the other, which the caller keeps; as a number, which
 * takes koffi less than to find a typed array's
 * @param count - how many
 * @returns the bytes that went; -1 when there is no room, or the interface is down
 * @throws TapError `SYSTEM`
 */
export function writePieces(fd: number, vector: number, count: number): number {
  return transfer('writev', calls().writev(fd, vector, count));
}

function transfer(call: string, result: number): number {
  if (result >= 0) return result;
  const number = koffi.errno();
  // EIO: the interface is down; nothing passes until it is up again.
  return number === EAGAIN || number === EINTR || number === EIO ? -1 : check(call, result);
}

/** What is written to an eventfd, and read from it. */
const ONE = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
const COUNT = new Uint8Array(8);

/**
 * @returns a descriptor that can be read once it was poked (eventfd(2)); it never waits
 * @throws TapError `SYSTEM`
 */
export function openBell(): number {
  return check('eventfd', calls().eventfd(0, O_NONBLOCK | O_CLOEXEC));
}

/**
 * @param bell - can be read from now on
 */
export function ringBell(bell: number): void {
  calls().write(bell, ONE, ONE.length);
}

/**
 * @param bell - cannot be read until it is rung again
 */
export function silenceBell(bell: number): void {
  calls().read(bell, COUNT, COUNT.length);
}

/** Bytes of a `struct pollfd`, where it says what is asked and what was found. */
const POLL_BYTES = 8;
const POLL_EVENTS = 4;
const POLL_RESULT = 6;
const POLLIN = 1;

/**
 * Waits in one of koffi's threads until some descriptor can be read.
 *
 * @param descriptors - the descriptors
 * @param milliseconds - how long at most
 * @param done - called in the end, with whether each can be read, or is at its end
 */
export function awaitReadable(
  descriptors: readonly number[],
  milliseconds: number,
  done: (readable: (index: number) => boolean) => void,
): void {
  const list = Buffer.alloc(POLL_BYTES * descriptors.length);
  for (const [index, fd] of descriptors.entries()) {
    list.writeInt32LE(fd, POLL_BYTES * index);
    list.writeInt16LE(POLLIN, POLL_BYTES * index + POLL_EVENTS);
  }
  const poll = calls().poll as Call & { async: (...args: readonly unknown[]) => void };
  poll.async(list, descriptors.length, milliseconds, () => {
    done((index) => list.readInt16LE(POLL_BYTES * index + POLL_RESULT) !== 0);
  });
}

/**
 * @param bytes - memory that the caller keeps for as long as the kernel may use its address
 * @returns its address in this process
 */
export function addressOf(bytes: Uint8Array): bigint {
  return koffi.address(bytes);
}
