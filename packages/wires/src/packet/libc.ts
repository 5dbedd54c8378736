/*
 * The system calls that a packet socket takes, since Node has none of them; only this folder loads koffi, and only when such a
 * wire is opened. A call either does what it says or throws a WireError with its name and the error's; those on the data path
 * return the kernel's error number, negative. Numbers and layouts are those of Linux on x86-64 and arm64.
 */

import koffi from 'koffi';
import { constants } from 'node:os';
import { WireError } from '../wire-error.ts';

const O_CLOEXEC = 0x8_0000;
const CLONE_NEWNET = 0x4000_0000;
const MSG_DONTWAIT = 0x40;
const POLLIN = 1;
const { EPERM, EACCES } = constants.errno;

type Call = (...args: readonly unknown[]) => number;

interface Calls {
  readonly open: Call;
  readonly close: Call;
  readonly setns: Call;
  readonly socket: Call;
  readonly bind: Call;
  readonly setsockopt: Call;
  readonly getsockopt: Call;
  readonly getsockname: Call;
  readonly ifNameToIndex: Call;
  readonly recvmmsg: Call;
  readonly sendmmsg: Call;
  readonly poll: Call;
}

let loaded: Calls | undefined;

function calls(): Calls {
  if (loaded !== undefined) return loaded;
  if (process.platform !== 'linux')
    throw new WireError('SOCKET', `packet: a packet socket is a thing of Linux, and this is ${process.platform}`);
  const libc = koffi.load('libc.so.6');
  loaded = {
    open: libc.func('int open(const char *path, int flags)') as Call,
    close: libc.func('int close(int fd)') as Call,
    setns: libc.func('int setns(int fd, int kind)') as Call,
    socket: libc.func('int socket(int domain, int type, int protocol)') as Call,
    bind: libc.func('int bind(int fd, const void *address, unsigned int length)') as Call,
    setsockopt: libc.func(
      'int setsockopt(int fd, int level, int name, const void *value, unsigned int length)',
    ) as Call,
    getsockopt: libc.func('int getsockopt(int fd, int level, int name, void *value, void *length)') as Call,
    getsockname: libc.func('int getsockname(int fd, void *address, void *length)') as Call,
    ifNameToIndex: libc.func('unsigned int if_nametoindex(const char *name)') as Call,
    recvmmsg: libc.func('int recvmmsg(int fd, void *list, unsigned int count, int flags, void *timeout)') as Call,
    sendmmsg: libc.func('int sendmmsg(int fd, void *list, unsigned int count, int flags)') as Call,
    poll: libc.func('int poll(void *list, unsigned long count, int timeout)') as Call,
  };
  return loaded;
}

/** The system's name of an error number. */
function errorName(number: number): string {
  return Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? `error ${String(number)}`;
}

function check(what: string, result: number): number {
  if (result >= 0) return result;
  const number = koffi.errno();
  const refused = number === EPERM || number === EACCES;
  const advice = refused ? '; expected the right to open packet sockets: root, CAP_NET_RAW, or "unshare -rn"' : '';
  throw new WireError(refused ? 'NOT_PERMITTED' : 'SOCKET', `packet: ${what}: ${errorName(number)}${advice}`);
}

/** Reads an argument that the kernel writes, of so many bytes. */
function filled(what: string, bytes: number, call: (value: Buffer, length: Buffer) => number): Buffer {
  const value = Buffer.alloc(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes);
  check(what, call(value, length));
  return value;
}

/**
 * @param domain - address family
 * @param type - with flags
 * @returns a socket that receives nothing yet: its protocol is 0
 * @throws WireError `NOT_PERMITTED` or `SOCKET`
 */
export function openSocket(domain: number, type: number): number {
  return check('socket', calls().socket(domain, type, 0));
}

/**
 * @param fd - a descriptor of ours
 */
export function closeDescriptor(fd: number): void {
  calls().close(fd);
}

/**
 * @param name - of an interface in this thread's network namespace
 * @returns its index; 0 when there is none of this name
 */
export const interfaceIndex = (name: string): number => calls().ifNameToIndex(name);

/**
 * @param what - for the message
 * @param fd - a socket
 * @param address - where it is bound to
 * @throws WireError `NOT_PERMITTED` or `SOCKET`
 */
export function bindSocket(what: string, fd: number, address: Uint8Array): void {
  check(what, calls().bind(fd, address, address.length));
}

/**
 * @param what - for the message
 * @param fd - a socket
 * @param level - of the option
 * @param name - its number
 * @param value - what it is set to
 * @throws WireError `NOT_PERMITTED` or `SOCKET`
 */
export function setOption(what: string, fd: number, level: number, name: number, value: Uint8Array): void {
  check(what, calls().setsockopt(fd, level, name, value, value.length));
}

/**
 * @param what - for the message
 * @param fd - a socket
 * @param level - of the option
 * @param name - its number
 * @param bytes - how long its value is
 * @returns the value
 * @throws WireError `SOCKET`
 */
export function getOption(what: string, fd: number, level: number, name: number, bytes: number): Buffer {
  return filled(what, bytes, (value, length) => calls().getsockopt(fd, level, name, value, length));
}

/**
 * @param fd - a socket
 * @param bytes - how long its address is
 * @returns where it is bound to
 * @throws WireError `SOCKET`
 */
export function socketName(fd: number, bytes: number): Buffer {
  return filled('getsockname', bytes, (value, length) => calls().getsockname(fd, value, length));
}

/**
 * @param fd - a socket
 * @param list - `struct mmsghdr`, one behind the other
 * @param count - how many
 * @returns how many came; the error's number, negative, when none did
 */
export function receiveMessages(fd: number, list: Uint8Array, count: number): number {
  const result = calls().recvmmsg(fd, list, count, MSG_DONTWAIT, null);
  return result >= 0 ? result : -koffi.errno();
}

/**
 * @param fd - a socket
 * @param list - `struct mmsghdr`, one behind the other
 * @param count - how many
 * @returns how many went; the error's number, negative, when the first did not
 */
export function sendMessages(fd: number, list: Uint8Array, count: number): number {
  const result = calls().sendmmsg(fd, list, count, MSG_DONTWAIT);
  return result >= 0 ? result : -koffi.errno();
}

/**
 * Waits in koffi's own threads until a descriptor can be read, or has an error to tell.
 *
 * @param fd - the descriptor
 * @param milliseconds - how long at most
 * @param done - called in the end, with whether it can be read
 */
export function awaitReadable(fd: number, milliseconds: number, done: (readable: boolean) => void): void {
  const entry = Buffer.alloc(8);
  entry.writeInt32LE(fd, 0);
  entry.writeInt16LE(POLLIN, 4);
  const poll = calls().poll as Call & { async: (...args: readonly unknown[]) => void };
  poll.async(entry, 1, milliseconds, (_error: unknown, ready: number) => {
    done(entry.length > 0 && ready > 0); // `entry` is held until here
  });
}

/**
 * @param bytes - memory that the caller keeps for as long as the kernel may use its address
 * @returns its address in this process
 */
export const addressOf = (bytes: Uint8Array): bigint => koffi.address(bytes);

/**
 * Runs something in another network namespace. Nothing in it may wait: the whole thread is there meanwhile.
 *
 * @param path - of the namespace, such as /run/netns/NAME
 * @param run - what is run there
 * @returns what it returns
 * @throws WireError `NOT_PERMITTED` or `SOCKET`
 */
export function inNamespace<T>(path: string, run: () => T): T {
  const { close, open, setns } = calls();
  const own = check('open /proc/thread-self/ns/net', open('/proc/thread-self/ns/net', O_CLOEXEC));
  try {
    const other = check(`open ${path}`, open(path, O_CLOEXEC));
    try {
      check(`setns ${path}`, setns(other, CLONE_NEWNET));
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
