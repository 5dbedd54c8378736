/*
 * A packet socket: everything that arrives at one interface of Linux, whoever it is for, and a way to send out of it. What the
 * interface itself sends for others is not shown. Frames come and go in batches, without waiting; what Linux has left undone
 * is told beside each (virtio-net header, auxiliary data).
 */

import { constants } from 'node:os';
import { WireError } from '../wire-error.ts';
import type { Unfinished } from './large-frame.ts';
import {
  bindSocket,
  closeDescriptor,
  getOption,
  inNamespace,
  interfaceIndex,
  openSocket,
  receiveMessages,
  sendMessages,
  setOption,
  socketName,
} from './libc.ts';
import { MessageList } from './message-list.ts';

// Numbers of linux/if_packet.h, linux/if_ether.h, linux/if_arp.h and asm-generic/socket.h.
const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_NONBLOCK_CLOEXEC = 0x800 | 0x8_0000;
const ETH_P_ALL = 3;
const ARPHRD_ETHER = 1;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_STATISTICS = 6;
const PACKET_AUXDATA = 8;
const PACKET_VNET_HDR = 15;
const PACKET_IGNORE_OUTGOING = 23;
const PACKET_MR_PROMISC = 1;
const TP_STATUS_VLAN_VALID = 0x10;
const TP_STATUS_VLAN_TPID_VALID = 0x40;
const MSG_TRUNC = 0x20;
const ADDRESS_BYTES = 20;

/** `struct virtio_net_hdr`, in front of each frame. */
const VNET_BYTES = 10;
/** `struct cmsghdr` with `struct tpacket_auxdata` behind it. */
const CONTROL_BYTES = 40;
const AUX = 16;
/** Where auxiliary data have their status, the tag's content and its type. */
const AUX_STATUS = AUX;
const AUX_TCI = AUX + 16;
const AUX_TPID = AUX + 18;
const AUX_END = AUX + 20;

/** Messages of a batch, each way. */
const RECEIVE_BATCH = 16;
const SEND_BATCH = 32;
/** The longest that Linux shows: 64 KB with headers. */
const RECEIVE_BYTES = 66_560;
const SEND_BYTES = 16_448;
/** Bytes that may wait in the kernel, where the user may say so. */
const KERNEL_BUFFER = 8 * 1024 * 1024;

const { EAGAIN, EINTR, ENOBUFS } = constants.errno;

/** What came of sending a batch. */
export interface SendOutcome {
  /** Frames that went. */
  sent: number;
  /** Frames for which the system had no room. */
  overrun: number;
  /** Frames that the interface does not take: longer than its MTU, or it is down. */
  refused: number;
}

/** A packet socket, bound to an interface. */
export class PacketSocket {
  /** The descriptor, for whoever waits for input. */
  readonly descriptor: number;
  /** Frames that were longer than any frame is. */
  truncated = 0;
  readonly #incoming = new MessageList(RECEIVE_BATCH, RECEIVE_BYTES, CONTROL_BYTES);
  readonly #outgoing = new MessageList(SEND_BATCH, SEND_BYTES, 0);
  readonly #unfinished: Unfinished = newUnfinished();
  #staged = 0;
  #dropped = 0;

  /**
   * @param name - of the interface
   * @param namespace - path of the network namespace that it is in; this process's own when left out
   * @throws WireError `SOCKET` when there is no such interface, or none of Ethernet; `NOT_PERMITTED`
   */
  constructor(name: string, namespace: string | undefined) {
    const open = (): number => openBound(name, namespace);
    this.descriptor = namespace === undefined ? open() : inNamespace(namespace, open);
  }

  /**
   * Takes a batch of what has arrived.
   *
   * @param take - given each frame and what is still to be done to it; both are the socket's again when it returns
   * @returns how many came, at most a batch; -1 when the interface has gone down
   */
  receive(take: (frame: Uint8Array, what: Readonly<Unfinished>) => void): number {
    const { descriptor } = this;
    const messages = this.#incoming;
    const count = receiveMessages(descriptor, messages.list, RECEIVE_BATCH);
    if (count < 0) return -count === EAGAIN || -count === EINTR ? 0 : -1;
    for (let index = 0; index < count; index++) {
      const at = messages.at(index);
      const length = messages.length(index);
      if ((messages.flags(index) & MSG_TRUNC) !== 0 || length < VNET_BYTES) {
        this.truncated++;
        continue;
      }
      this.#describe(index, at);
      take(messages.bytes.subarray(at + VNET_BYTES, at + length), this.#unfinished);
    }
    messages.rearm(count);
    return count;
  }

  /** How many the batch had room for. */
  get batch(): number {
    return RECEIVE_BATCH;
  }

  /**
   * @param frame - is copied; it goes with the next `send`
   * @returns whether the batch is full now
   */
  stage(frame: Uint8Array): boolean {
    const messages = this.#outgoing;
    // The header stays what it is: nothing is left to do.
    messages.bytes.set(frame, messages.at(this.#staged) + VNET_BYTES);
    messages.setLength(this.#staged, VNET_BYTES + frame.length);
    this.#staged++;
    return this.#staged === SEND_BATCH;
  }

  /**
   * Sends what was staged.
   *
   * @param outcome - what came of it is added here
   */
  send(outcome: SendOutcome): void {
    for (let done = 0; done < this.#staged;) {
      const left = this.#staged - done;
      const count = sendMessages(this.descriptor, this.#outgoing.from(done), left);
      if (count > 0) {
        outcome.sent += count;
        done += count;
      } else if (-count === EAGAIN || -count === ENOBUFS) {
        // No room for this one, nor for those behind it.
        outcome.overrun += left;
        break;
      } else if (-count !== EINTR) {
        outcome.refused++;
        done++;
      }
    }
    this.#staged = 0;
  }

  /**
   * @returns frames that the kernel dropped since the socket was opened, for want of room in it
   */
  dropped(): number {
    const statistics = getOption('PACKET_STATISTICS', this.descriptor, SOL_PACKET, PACKET_STATISTICS, 8);
    this.#dropped += statistics.readUInt32LE(4); // reading sets the kernel's count to zero
    return this.#dropped;
  }

  /** Closes the descriptor; nobody waits for it any more. */
  close(): void {
    closeDescriptor(this.descriptor);
  }

  #describe(index: number, at: number): void {
    const { view } = this.#incoming;
    const what = this.#unfinished;
    what.flags = view.getUint8(at);
    what.segmentation = view.getUint8(at + 1);
    what.segmentSize = view.getUint16(at + 4, true);
    what.checksumStart = view.getUint16(at + 6, true);
    what.checksumOffset = view.getUint16(at + 8, true);
    what.tag = 0;
    if (this.#incoming.controlLength(index) < AUX_END) return;
    const control = this.#incoming.controlAt(index);
    const status = view.getUint32(control + AUX_STATUS, true);
    if ((status & TP_STATUS_VLAN_VALID) === 0) return;
    const type = (status & TP_STATUS_VLAN_TPID_VALID) === 0 ? 0x8100 : view.getUint16(control + AUX_TPID, true);
    what.tag = ((type << 16) | view.getUint16(control + AUX_TCI, true)) >>> 0;
  }
}

const newUnfinished = (): Unfinished => ({
  flags: 0,
  segmentation: 0,
  segmentSize: 0,
  checksumStart: 0,
  checksumOffset: 0,
  tag: 0,
});

/** A socket that is set up before it is bound, so that nothing of another interface ever comes. */
function openBound(name: string, namespace: string | undefined): number {
  const fd = openSocket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK_CLOEXEC);
  try {
    const index = interfaceIndex(name);
    const where = namespace === undefined ? '' : ` in ${namespace}`;
    if (index === 0) throw new WireError('SOCKET', `packet: expected an interface, got ${name}: there is none${where}`);
    const one = int32(1);
    setOption('PACKET_VNET_HDR', fd, SOL_PACKET, PACKET_VNET_HDR, one);
    setOption('PACKET_AUXDATA', fd, SOL_PACKET, PACKET_AUXDATA, one);
    setOption('PACKET_IGNORE_OUTGOING', fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, one);
    growBuffer(fd);
    const address = Buffer.alloc(ADDRESS_BYTES);
    address.writeUInt16LE(AF_PACKET, 0);
    address.writeUInt16BE(ETH_P_ALL, 2);
    address.writeInt32LE(index, 4);
    bindSocket(`bind to ${name}`, fd, address);
    const kind = socketName(fd, ADDRESS_BYTES).readUInt16LE(8);
    if (kind !== ARPHRD_ETHER)
      throw new WireError('SOCKET', `packet: expected an interface of Ethernet, got ${name} of kind ${String(kind)}`);
    const membership = Buffer.alloc(16);
    membership.writeInt32LE(index, 0);
    membership.writeUInt16LE(PACKET_MR_PROMISC, 4);
    setOption('PACKET_ADD_MEMBERSHIP', fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership);
    return fd;
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

/** As much as is wanted; where the user may not say so, as much as the system allows anybody. */
function growBuffer(fd: number): void {
  const bytes = int32(KERNEL_BUFFER);
  try {
    setOption('SO_RCVBUFFORCE', fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes);
  } catch {
    setOption('SO_RCVBUF', fd, SOL_SOCKET, SO_RCVBUF, bytes);
  }
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
