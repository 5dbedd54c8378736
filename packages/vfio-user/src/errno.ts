/*
 * The error numbers that go over the socket, and the error that carries one out of a message's handling. They are those
 * of Linux, as everything in this protocol is in the form of the host.
 */

/** Linux's error numbers, as far as this package answers with them or looks at them. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EFAULT: 14,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
  ENOTSUP: 95,
  EADDRINUSE: 98,
  ENOBUFS: 105,
  EINPROGRESS: 115,
} as const;

/** Ends the handling of a message: the peer is answered with the number. */
export class Refusal extends Error {
  /** The error number of the reply. */
  readonly errno: number;

  /**
   * @param errno - one of {@link Errno}
   * @param message - what was wrong, for a trace
   */
  constructor(errno: number, message: string) {
    super(message);
    this.name = 'Refusal';
    this.errno = errno;
  }
}

/**
 * @param errno - a number
 * @returns its name, such as `EINVAL`; the number in words where it has none here
 */
export function errnoName(errno: number): string {
  return Object.entries(Errno).find(([, value]) => value === errno)?.[0] ?? `errno ${String(errno)}`;
}
