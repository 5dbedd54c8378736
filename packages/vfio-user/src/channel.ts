/*
 * A connected socket: messages in, with their descriptors, and messages out. Nothing here waits except `wait`, and that
 * for a time which its caller gives. What the peer does not take at once lies in a queue: its length is one reply, since
 * no further message is handled until the queue is empty.
 */

import { Errno } from './errno.ts';
import { lastErrno, libc, mapScratch, unmapMemory, type Mapping } from './libc.ts';
import { MessageBuffer, type Message } from './message-buffer.ts';
import { HEADER_BYTES } from './protocol.ts';
import { VfioUserError } from './vfio-user-error.ts';

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
const MSG_CTRUNC = 8;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;

/** Most descriptors that Linux passes in one message. */
const MOST_FDS = 253;
/** Where things lie in the scratch memory: `struct msghdr`, `struct iovec`, control data, then the messages. */
const IOVEC = 64;
const CONTROL = 128;
const CONTROL_HEADER = 16;
const CONTROL_BYTES = CONTROL_HEADER + ((MOST_FDS * 4 + 7) & ~7);
const MESSAGES = 4096;

const POLLIN = 1;
const POLLOUT = 4;

/** How a receive ended: something came, nothing is there, or the peer is gone. */
export type Received = 'some' | 'none' | 'gone';

/** One end of a connection. */
export class Channel {
  /** The socket, non-blocking. */
  readonly fd: number;
  readonly #scratch: Mapping;
  readonly #view: DataView;
  readonly #buffer: MessageBuffer;
  #queue: Uint8Array[] = [];
  #closed = false;
  #truncated = false;

  /**
   * @param fd - a connected, non-blocking socket; closed with the channel
   * @param longest - bytes of the longest message that is received, header included
   * @throws VfioUserError `SYSTEM` when there is no memory for it
   */
  constructor(fd: number, longest: number) {
    this.fd = fd;
    const scratch = mapScratch(MESSAGES + 2 * longest);
    if (scratch === undefined) {
      libc().close(fd);
      throw new VfioUserError('SYSTEM', `no memory for messages of ${String(longest)} bytes`);
    }
    this.#scratch = scratch;
    this.#view = new DataView(scratch.buffer);
    this.#buffer = new MessageBuffer(new Uint8Array(scratch.buffer, MESSAGES), longest);
  }

  /** Whether something waits for the peer to read. */
  get blocked(): boolean {
    return this.#queue.length > 0;
  }

  /** Whether a message was received that `next` has not given yet: no descriptor tells of it any more. */
  get waiting(): boolean {
    return !this.#closed && this.#buffer.waiting;
  }

  /** Whether descriptors were lost, since a peer sent more than anybody may. */
  get truncated(): boolean {
    return this.#truncated;
  }

  /**
   * Receives what is there. Payloads of earlier messages are void afterwards.
   *
   * @returns whether something came
   */
  receive(): Received {
    if (this.#closed) return 'gone';
    const room = this.#buffer.room();
    const at = MESSAGES + room;
    this.#prepare(at, this.#scratch.buffer.byteLength - at, CONTROL_BYTES);
    const count = libc().recvmsg(this.fd, this.#scratch.address, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0) return [Errno.EAGAIN, Errno.EINTR].some((errno) => errno === lastErrno()) ? 'none' : 'gone';
    if ((this.#view.getInt32(48, true) & MSG_CTRUNC) !== 0) this.#truncated = true;
    this.#buffer.received(count, this.#descriptors());
    return count === 0 ? 'gone' : 'some';
  }

  /**
   * @returns the next message that is there in full
   * @throws StreamError when the stream is nonsense
   */
  next(): Message | undefined {
    return this.#closed ? undefined : this.#buffer.next();
  }

  /**
   * Sends a message, now or as soon as the peer reads.
   *
   * @param id - the message's, or that of the one which it answers
   * @param command - likewise
   * @param flags - `MessageFlag` bits
   * @param error - the error number, for an answer that is an error
   * @param payload - what follows the header; not kept
   * @param fds - descriptors to pass; they stay the caller's. Only while nothing is queued
   */
  send(
    id: number,
    command: number,
    flags: number,
    error: number,
    payload: Uint8Array,
    fds: readonly number[] = [],
  ): void {
    if (this.#closed) return;
    const bytes = new Uint8Array(HEADER_BYTES + payload.length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, id, true);
    view.setUint16(2, command, true);
    view.setUint32(4, bytes.length, true);
    view.setUint32(8, flags, true);
    view.setUint32(12, error, true);
    bytes.set(payload, HEADER_BYTES);
    if (fds.length > 0) this.#sendWithFds(bytes, fds);
    else this.#queue.push(bytes);
    this.flush();
  }

  /**
   * Sends bytes, whatever they are: what a peer does that has lost its way.
   *
   * @param bytes - kept until they are sent
   */
  sendRaw(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#queue.push(bytes);
    this.flush();
  }

  /** Sends what is queued, as far as the peer takes it. An error shows in the next `receive`. */
  flush(): void {
    while (this.#queue.length > 0) {
      const first = this.#queue[0]!;
      const count = libc().send(this.fd, first, first.length, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count < 0) {
        if (lastErrno() !== Errno.EAGAIN && lastErrno() !== Errno.EINTR) this.#queue = [];
        return;
      }
      if (count === first.length) this.#queue.shift();
      else this.#queue[0] = first.subarray(count);
    }
  }

  /**
   * Waits until there is something to receive, or to send if something is queued.
   *
   * @param milliseconds - no longer than this
   * @returns whether it came to that
   */
  wait(milliseconds: number): boolean {
    const wanted = new Uint8Array(8);
    const view = new DataView(wanted.buffer);
    view.setInt32(0, this.fd, true);
    view.setInt16(4, this.blocked ? POLLIN | POLLOUT : POLLIN, true);
    return libc().poll(wanted, 1, Math.max(0, Math.ceil(milliseconds))) > 0;
  }

  /** Closes the socket, and every descriptor that nobody has taken. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (let message = this.#rest(); message !== undefined; message = this.#rest()) closeAll(message.fds);
    closeAll(this.#buffer.leftOver());
    libc().close(this.fd);
    unmapMemory(this.#scratch);
  }

  #rest(): Message | undefined {
    try {
      return this.#buffer.next();
    } catch {
      return undefined;
    }
  }

  /** Fills in `struct msghdr`: bytes from `at` on, and room for control data. */
  #prepare(at: number, length: number, control: number): void {
    const view = this.#view;
    const { address } = this.#scratch;
    new Uint8Array(this.#scratch.buffer, 0, CONTROL).fill(0);
    view.setBigUint64(16, address + BigInt(IOVEC), true);
    view.setBigUint64(24, 1n, true);
    if (control > 0) view.setBigUint64(32, address + BigInt(CONTROL), true);
    view.setBigUint64(40, BigInt(control), true);
    view.setBigUint64(IOVEC, address + BigInt(at), true);
    view.setBigUint64(IOVEC + 8, BigInt(length), true);
  }

  /** The descriptors in the control data of what was received. */
  #descriptors(): number[] {
    const view = this.#view;
    const end = Number(view.getBigUint64(40, true));
    const fds: number[] = [];
    for (let at = 0; at + CONTROL_HEADER <= end;) {
      const length = Number(view.getBigUint64(CONTROL + at, true));
      if (length < CONTROL_HEADER) break;
      const isRights =
        view.getInt32(CONTROL + at + 8, true) === SOL_SOCKET && view.getInt32(CONTROL + at + 12, true) === SCM_RIGHTS;
      for (let data = at + CONTROL_HEADER; isRights && data + 4 <= Math.min(at + length, end); data += 4) {
        fds.push(view.getInt32(CONTROL + data, true));
      }
      at += (length + 7) & ~7;
    }
    return fds;
  }

  #sendWithFds(bytes: Uint8Array, fds: readonly number[]): void {
    // Behind everything that was received and not read yet, there is always as much room as one message takes.
    const at = this.#scratch.buffer.byteLength - bytes.length;
    new Uint8Array(this.#scratch.buffer).set(bytes, at);
    const length = CONTROL_HEADER + fds.length * 4;
    this.#prepare(at, bytes.length, length);
    this.#view.setBigUint64(CONTROL, BigInt(length), true);
    this.#view.setInt32(CONTROL + 8, SOL_SOCKET, true);
    this.#view.setInt32(CONTROL + 12, SCM_RIGHTS, true);
    for (const [index, fd] of fds.entries()) this.#view.setInt32(CONTROL + CONTROL_HEADER + index * 4, fd, true);
    const count = libc().sendmsg(this.fd, this.#scratch.address, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0 && count < bytes.length) this.#queue.push(bytes.subarray(count));
  }
}

/**
 * @param fds - descriptors that nobody wants
 */
export function closeAll(fds: readonly number[]): void {
  for (const fd of fds) libc().close(fd);
}
