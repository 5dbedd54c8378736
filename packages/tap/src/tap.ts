/*
 * A TAP: a network interface of Linux's whose other end is this process. What Linux sends out of the interface is read
 * here, what is written here Linux receives. With a virtio-net header in front of each frame Linux leaves to us what it
 * would leave to a NIC, and believes what we have found. Reading and writing never wait and allocate nothing.
 */

import {
  closeDescriptor,
  control,
  controlByValue,
  inNamespace,
  openControlSocket,
  openDevice,
  readPieces,
  writePieces,
  type Meanings,
} from './libc.ts';
import type { Pieces } from './pieces.ts';
import { TapError } from './tap-error.ts';
import { VNET_HEADER_BYTES } from './vnet-header.ts';
import { Watch } from './watch.ts';

// Requests and flags of linux/if_tun.h, linux/sockios.h and linux/if.h.
const TUNSETIFF = 0x4004_54ca;
const TUNSETOFFLOAD = 0x4004_54d0;
const TUNSETVNETHDRSZ = 0x4004_54d8;
const TUNSETVNETLE = 0x4004_54dc;
const TUNSETCARRIER = 0x4004_54e2;
const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;
const SIOCSIFMTU = 0x8922;
const SIOCSIFHWADDR = 0x8924;
const IFF_TAP = 0x2;
const IFF_MULTI_QUEUE = 0x100;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const IFF_UP = 1;
const ARPHRD_ETHER = 1;
/** `struct ifreq`: the interface's name, then what the request is about. */
const REQUEST_BYTES = 40;
const NAME_BYTES = 16;

/** What Linux may leave to the NIC; each asks for `checksum` too. */
export interface TapOffloads {
  /** TCP and UDP checksums. */
  readonly checksum?: boolean;
  /** TCP segmentation over IPv4 and IPv6. */
  readonly tcpSegmentation?: boolean;
  /** UDP segmentation. */
  readonly udpSegmentation?: boolean;
}

const TUN_F_CSUM = 1;
const TUN_F_TSO4 = 2;
const TUN_F_TSO6 = 4;
const TUN_F_TSO_ECN = 8;
const TUN_F_USO4 = 32;
const TUN_F_USO6 = 64;

const DEVICE_MEANINGS: Meanings = {
  ENOENT: 'Linux has no TAPs here; "modprobe tun" may bring them',
  ENODEV: 'Linux has no TAPs here; "modprobe tun" may bring them',
  EACCES: 'run as root, or let this user open it',
};
const ATTACH_MEANINGS: Meanings = {
  EPERM: 'making an interface takes root, or "unshare -rn"',
  EBUSY: 'another program has this interface',
  EINVAL: 'an interface of this name is there already, and is no TAP or has another number of queues',
};

/** How a TAP is opened. */
export interface TapOptions {
  /** The interface's name, up to 15 bytes; `%d` in it becomes a number. */
  readonly name: string;
  /** The network namespace that it is made in, such as /run/netns/NAME; this process's own when left out. */
  readonly namespace?: string;
  /** Its station address; Linux chooses when left out. */
  readonly macAddress?: Uint8Array;
  /** Payload of its longest frame; 1500 when left out. */
  readonly mtu?: number;
  /** Queues, 1 to 256: Linux spreads flows over them; 1 when left out. */
  readonly queues?: number;
  /** What Linux may leave to the NIC; nothing when left out. */
  readonly offloads?: TapOffloads;
}

/** An open TAP. */
export class Tap {
  /** The interface's name, as Linux made it. */
  readonly name: string;
  /** How many queues it has. */
  readonly queues: number;
  readonly #descriptors: readonly number[];
  readonly #namespace: string | undefined;
  readonly #watches = new Map<number, Watch>();
  #closed = false;

  /**
   * Makes the interface, or opens one that was made for this user, and brings it up.
   *
   * @param options - its name, and what it shall be
   * @throws TapError `BAD_OPTION`, `NOT_PERMITTED` or `SYSTEM`; nothing is left then
   */
  constructor(options: TapOptions) {
    check(options);
    const { namespace, queues = 1, offloads = {} } = options;
    this.queues = queues;
    this.#namespace = namespace;
    const descriptors: number[] = [];
    let name = options.name;
    try {
      this.#within(() => {
        for (let queue = 0; queue < queues; queue++) {
          const fd = openDevice('/dev/net/tun', DEVICE_MEANINGS);
          descriptors.push(fd);
          name = attach(fd, name, queues > 1);
          controlByValue('TUNSETOFFLOAD', fd, TUNSETOFFLOAD, offloadFlags(offloads));
        }
        this.#configure(name, options);
      });
    } catch (error) {
      for (const fd of descriptors) closeDescriptor(fd);
      throw error;
    }
    this.name = name;
    this.#descriptors = descriptors;
  }

  /**
   * Takes the next frame that Linux has sent: first its header, then its bytes.
   *
   * @param queue - which queue, from 0
   * @param into - where they go
   * @returns bytes of header and frame, cut off where the pieces end; -1 when there is no frame now
   * @throws TapError `SYSTEM` or `CLOSED`
   */
  read(queue: number, into: Pieces): number {
    return readPieces(this.#descriptor(queue), into.address, into.count);
  }

  /**
   * Hands a frame to Linux: first its header, then its bytes.
   *
   * @param queue - which queue, from 0
   * @param from - where they lie
   * @returns false when Linux has no room for it, or has the interface down: it is lost, as on a cable
   * @throws TapError `SYSTEM` or `CLOSED`
   */
  write(queue: number, from: Pieces): boolean {
    return writePieces(this.#descriptor(queue), from.address, from.count) >= 0;
  }

  /**
   * @param queue - which queue, from 0
   * @param wake - called when there may be frames; returns whether it has read until there were none. If it has not, it is not
   * called again until `resume`
   * @throws TapError `BAD_OPTION` when the queue is watched already
   */
  watch(queue: number, wake: () => boolean): void {
    const fd = this.#descriptor(queue);
    if (this.#watches.has(queue))
      throw new TapError('BAD_OPTION', `queue ${String(queue)} of ${this.name} is watched already`);
    this.#watches.set(queue, new Watch(fd, wake));
  }

  /**
   * All frames of a queue were read: its watcher is to be called again when there are more.
   *
   * @param queue - one that is watched
   */
  resume(queue: number): void {
    this.#watches.get(queue)?.resume();
  }

  /**
   * @param up - whether the interface's cable is in, as Linux sees it
   * @throws TapError `SYSTEM` or `CLOSED`
   */
  setCarrier(up: boolean): void {
    const value = new Uint8Array(4);
    value[0] = up ? 1 : 0;
    control('TUNSETCARRIER', this.#descriptor(0), TUNSETCARRIER, value);
  }

  /**
   * Closes it; the interface goes, unless it was made to stay.
   *
   * @returns when nobody is woken any more
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#watches.values()].map((watch) => watch.end()));
    for (const fd of this.#descriptors) closeDescriptor(fd);
  }

  #descriptor(queue: number): number {
    const fd = this.#descriptors[queue];
    if (this.#closed) throw new TapError('CLOSED', `${this.name} was closed`);
    if (fd === undefined) throw new TapError('BAD_OPTION', `${this.name} has queues 0 to ${String(this.queues - 1)}`);
    return fd;
  }

  #within<T>(run: () => T): T {
    return this.#namespace === undefined ? run() : inNamespace(this.#namespace, run);
  }

  #configure(name: string, { macAddress, mtu = 1500 }: TapOptions): void {
    const socket = openControlSocket();
    try {
      if (macAddress !== undefined) {
        const address = requestFor(name);
        address.writeUInt16LE(ARPHRD_ETHER, NAME_BYTES);
        address.set(macAddress, NAME_BYTES + 2);
        control(`SIOCSIFHWADDR ${name}`, socket, SIOCSIFHWADDR, address);
      }
      const length = requestFor(name);
      length.writeInt32LE(mtu, NAME_BYTES);
      control(`SIOCSIFMTU ${name}`, socket, SIOCSIFMTU, length);
      const flags = requestFor(name);
      control(`SIOCGIFFLAGS ${name}`, socket, SIOCGIFFLAGS, flags);
      flags.writeUInt16LE(flags.readUInt16LE(NAME_BYTES) | IFF_UP, NAME_BYTES);
      control(`SIOCSIFFLAGS ${name}`, socket, SIOCSIFFLAGS, flags);
    } finally {
      closeDescriptor(socket);
    }
  }
}

function requestFor(name: string): Buffer {
  const request = Buffer.alloc(REQUEST_BYTES);
  request.write(name, 'latin1');
  return request;
}

/** Makes a descriptor a queue of the interface; the interface's name. */
function attach(fd: number, name: string, several: boolean): string {
  const request = requestFor(name);
  request.writeUInt16LE(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (several ? IFF_MULTI_QUEUE : 0), NAME_BYTES);
  control(`TUNSETIFF ${name}`, fd, TUNSETIFF, request, ATTACH_MEANINGS);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(VNET_HEADER_BYTES);
  control('TUNSETVNETHDRSZ', fd, TUNSETVNETHDRSZ, size);
  size.writeUInt32LE(1);
  control('TUNSETVNETLE', fd, TUNSETVNETLE, size);
  return request.toString('latin1', 0, request.indexOf(0));
}

function offloadFlags({ checksum, tcpSegmentation, udpSegmentation }: TapOffloads): number {
  const tcp = tcpSegmentation === true ? TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN : 0;
  const udp = udpSegmentation === true ? TUN_F_USO4 | TUN_F_USO6 : 0;
  return checksum === true || tcp + udp > 0 ? TUN_F_CSUM | tcp | udp : 0;
}

function check({ name, macAddress, mtu = 1500, queues = 1 }: TapOptions): void {
  const refuse = (what: string): never => {
    throw new TapError('BAD_OPTION', `a TAP ${what}`);
  };
  if (!/^[!-.0-~]{1,15}$/.test(name) || name === '.' || name === '..')
    refuse(`cannot be called ${JSON.stringify(name)}: expected 1 to 15 characters without space or slash`);
  if (macAddress !== undefined && (macAddress.length !== 6 || ((macAddress[0] ?? 0) & 1) === 1))
    refuse('has a station address of 6 bytes that is no group address');
  if (!Number.isInteger(mtu) || mtu < 68 || mtu > 65_521) refuse(`has an MTU from 68 to 65521, not ${String(mtu)}`);
  if (!Number.isInteger(queues) || queues < 1 || queues > 256) refuse(`has 1 to 256 queues, not ${String(queues)}`);
}
