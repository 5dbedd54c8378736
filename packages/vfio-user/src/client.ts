/*
 * The other end: a host without a virtual machine, for tests of servers. It asks one thing at a time and waits for the
 * answer; memory that it keeps to itself is read and written for the server meanwhile. Memory that it shares is a memory
 * file that cannot shrink, as QEMU's is.
 */

import { Channel, closeAll, type Received } from './channel.ts';
import { errnoName } from './errno.ts';
import { Fields, pack } from './fields.ts';
import { checked, libc, mapFile, unmapMemory } from './libc.ts';
import { isReply, type Message } from './message-buffer.ts';
import { Command, commandName, MapFlag, MessageFlag, Region, SetIrqs } from './protocol.ts';
import { LONGEST_MESSAGE, OWN_CAPABILITIES } from './session.ts';
import { connectUnix } from './unix-socket.ts';
import { VfioUserError } from './vfio-user-error.ts';
import { parseVersion, versionPayload, type Capabilities } from './version.ts';

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;
const EFD_NONBLOCK = 0x800;
const EFD_CLOEXEC = 0x8_0000;
const ACCESS_BYTES = 16;

/** Options of a {@link VfioUserClient}. */
export interface VfioUserClientOptions {
  /** Path of the server's socket. */
  readonly socket: string;
  /** What is done while an answer is awaited: a server in this very thread gets its turn here. Waits when left out. */
  readonly idle?: () => void;
  /** How long an answer is awaited, in milliseconds; 2000 when left out. */
  readonly patience?: number;
}

/** An answer. */
export interface Answer {
  /** 0, or the error number. */
  readonly error: number;
  /** What came with it; a copy. */
  readonly payload: Fields;
}

/** Memory of the machine. */
export interface ClientMemory {
  /** Its first address, as devices know it. */
  readonly address: number;
  /** Its bytes: devices see what is written here, and the other way round. */
  readonly bytes: Uint8Array;
}

/** A peer of a server. */
export class VfioUserClient {
  /** What the server takes. */
  readonly server: Capabilities;
  readonly #channel: Channel;
  readonly #idle: (() => void) | undefined;
  readonly #patience: number;
  readonly #memory: ClientMemory[] = [];
  readonly #mappings: { readonly close: () => void }[] = [];
  readonly #answers = new Map<number, Answer>();
  #lastId = 0;

  /**
   * Connects and agrees on the version.
   *
   * @param options - where the server is
   * @throws VfioUserError `SOCKET` when nobody listens there, `PEER` when it refuses, `TIMEOUT` when it does not answer
   */
  constructor(options: VfioUserClientOptions) {
    this.#idle = options.idle;
    this.#patience = options.patience ?? 2000;
    this.#channel = new Channel(connectUnix(options.socket), LONGEST_MESSAGE);
    try {
      this.server = parseVersion(this.ask(Command.VERSION, versionPayload(OWN_CAPABILITIES)));
    } catch (error) {
      this.#channel.close();
      throw error;
    }
  }

  /**
   * Asks and waits.
   *
   * @param command - one of the protocol's
   * @param payload - what is asked
   * @param fds - descriptors that go with it; they stay the caller's
   * @returns the answer's payload
   * @throws VfioUserError `PEER` when it is an error or the server is gone, `TIMEOUT` when there is none
   */
  ask(command: number, payload: Uint8Array, fds: readonly number[] = []): Fields {
    const { error, payload: answer } = this.tryAsk(command, payload, fds);
    if (error !== 0) throw new VfioUserError('PEER', `${commandName(command)}: ${errnoName(error)}`);
    return answer;
  }

  /**
   * The same, where an error is an answer as well.
   *
   * @param command - one of the protocol's
   * @param payload - what is asked
   * @param fds - descriptors that go with it; they stay the caller's
   * @returns the answer
   * @throws VfioUserError `PEER` when the server is gone, `TIMEOUT` when there is no answer
   */
  tryAsk(command: number, payload: Uint8Array, fds: readonly number[] = []): Answer {
    const id = (this.#lastId = (this.#lastId + 1) & 0xffff);
    this.#channel.send(id, command, MessageFlag.COMMAND, 0, payload, fds);
    const deadline = performance.now() + this.#patience;
    for (;;) {
      const answer = this.#answers.get(id);
      if (answer !== undefined) {
        this.#answers.delete(id);
        return answer;
      }
      if (performance.now() > deadline) throw new VfioUserError('TIMEOUT', `${commandName(command)}: no answer`);
      if (this.#idle !== undefined) this.#idle();
      else this.#channel.wait(deadline - performance.now());
      if (this.pump() === 'gone') throw new VfioUserError('PEER', `${commandName(command)}: the server is gone`);
    }
  }

  /**
   * Sends and does not wait: a posted write, or a message that nobody should send.
   *
   * @param command - any number
   * @param payload - any bytes
   * @param flags - `0x10` asks for no answer
   * @param fds - descriptors that go with it; they stay the caller's
   */
  post(command: number, payload: Uint8Array, flags: number = MessageFlag.NO_REPLY, fds: readonly number[] = []): void {
    this.#channel.send(0xffff, command, flags, 0, payload, fds);
  }

  /**
   * Does what the server asks for, and keeps its answers.
   *
   * @returns whether something came, or the server is gone
   */
  pump(): Received {
    this.#channel.flush();
    const received = this.#channel.receive();
    for (let message = this.#channel.next(); message !== undefined; message = this.#channel.next()) {
      closeAll(message.fds);
      if (isReply(message)) {
        const failed = (message.flags & MessageFlag.ERROR) !== 0;
        const payload = new Fields(message.payload.bytes.slice());
        this.#answers.set(message.id, { error: failed ? message.error || -1 : 0, payload });
      } else this.#serve(message);
    }
    return received;
  }

  /**
   * Shares memory with the server by a descriptor.
   *
   * @param address - where devices find it, a multiple of 4096
   * @param size - bytes, a multiple of 4096, at most 1 GiB
   * @param options - what is not as usual
   * @param options.readable - whether devices may read it; true when left out
   * @param options.writable - whether devices may write it; true when left out
   * @param options.sealed - whether its file cannot shrink; true when left out
   * @returns the memory
   */
  share(
    address: number,
    size: number,
    options: { readonly readable?: boolean; readonly writable?: boolean; readonly sealed?: boolean } = {},
  ): ClientMemory {
    const { readable = true, writable = true, sealed = true } = options;
    const fd = checked('memfd_create', libc().memfd_create('netcx', MFD_CLOEXEC | MFD_ALLOW_SEALING));
    checked('ftruncate', libc().ftruncate(fd, size));
    if (sealed) checked('fcntl', libc().fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
    const mapping = mapFile(fd, 0, size, true);
    if (mapping === undefined) throw new VfioUserError('SYSTEM', `${String(size)} bytes of memory cannot be mapped`);
    const close = (): void => {
      unmapMemory(mapping);
      libc().close(fd);
    };
    this.#mappings.push({ close });
    const flags = (readable ? MapFlag.READ : 0) | (writable ? MapFlag.WRITE : 0);
    this.ask(Command.DMA_MAP, pack([4, 32], [4, flags], [8, 0], [8, address], [8, size]), [fd]);
    return { address, bytes: new Uint8Array(mapping.buffer) };
  }

  /**
   * Gives the server memory that it reaches by messages.
   *
   * @param address - where devices find it, a multiple of 4096
   * @param size - bytes, a multiple of 4096
   * @returns the memory
   */
  keep(address: number, size: number): ClientMemory {
    const memory = { address, bytes: new Uint8Array(size) };
    this.#memory.push(memory);
    const flags = MapFlag.READ | MapFlag.WRITE;
    this.ask(Command.DMA_MAP, pack([4, 32], [4, flags], [8, 0], [8, address], [8, size]));
    return memory;
  }

  /**
   * Takes memory away from the server.
   *
   * @param memory - what `share` or `keep` gave
   */
  unmap(memory: ClientMemory): void {
    this.ask(Command.DMA_UNMAP, pack([4, 24], [4, 0], [8, memory.address], [8, memory.bytes.length]));
  }

  /**
   * @param region - 0 to 5 for a BAR, 7 for configuration space
   * @param offset - first byte
   * @param count - bytes
   * @returns what is there
   */
  read(region: number, offset: number, count: number): Uint8Array {
    return this.ask(Command.REGION_READ, pack([8, offset], [4, region], [4, count])).bytes.subarray(ACCESS_BYTES);
  }

  /**
   * @param region - 0 to 5 for a BAR, 7 for configuration space
   * @param offset - first byte, of four
   * @returns a register
   */
  read32(region: number, offset: number): number {
    return new Fields(this.read(region, offset, 4)).u32(0);
  }

  /**
   * A posted write: what follows comes after it.
   *
   * @param region - 0 to 5 for a BAR, 7 for configuration space
   * @param offset - first byte
   * @param bytes - what is written
   */
  write(region: number, offset: number, bytes: Uint8Array): void {
    const head = pack([8, offset], [4, region], [4, bytes.length]);
    this.post(Command.REGION_WRITE, new Uint8Array([...head, ...bytes]));
  }

  /**
   * @param region - 0 to 5 for a BAR, 7 for configuration space
   * @param offset - first byte, of four
   * @param value - a register's new value
   */
  write32(region: number, offset: number, value: number): void {
    this.write(region, offset, pack([4, value >>> 0]));
  }

  /** Switches the function on: it answers in its memory BARs, reaches memory and sends messages. */
  enable(): void {
    this.write(Region.CONFIG, 4, new Uint8Array([0x06, 0]));
  }

  /**
   * Asks to be told of interrupts.
   *
   * @param index - 0 INTx, 1 MSI, 2 MSI-X
   * @param start - the first of them
   * @param count - how many; 0 for none of that kind any more
   * @returns event descriptors, one for each
   */
  connectInterrupts(index: number, start: number, count: number): readonly EventCount[] {
    const events = Array.from({ length: count }, () => new EventCount());
    this.#mappings.push(...events);
    const flags = SetIrqs.TRIGGER | (count === 0 ? SetIrqs.DATA_NONE : SetIrqs.DATA_EVENTFD);
    const payload = pack([4, 20], [4, flags], [4, index], [4, start], [4, count]);
    this.ask(
      Command.DEVICE_SET_IRQS,
      payload,
      events.map(({ fd }) => fd),
    );
    return events;
  }

  /** Hangs up. */
  close(): void {
    this.#channel.close();
    for (const mapping of this.#mappings.splice(0)) mapping.close();
  }

  /** Reads or writes memory that is kept here, for the server. */
  #serve({ id, command, payload }: Message): void {
    const [address, count] = [payload.u64(0), payload.u64(8)];
    const memory = this.#memory.find(
      (piece) => address >= piece.address && address + count <= piece.address + piece.bytes.length,
    );
    const reads = command === Command.DMA_READ;
    if (memory === undefined || (!reads && command !== Command.DMA_WRITE)) {
      this.#channel.send(id, command, MessageFlag.REPLY | MessageFlag.ERROR, 14, new Uint8Array(0));
      return;
    }
    const at = address - memory.address;
    if (!reads) memory.bytes.set(payload.bytes.subarray(ACCESS_BYTES, ACCESS_BYTES + count), at);
    const data = reads ? memory.bytes.subarray(at, at + count) : [];
    this.#channel.send(id, command, MessageFlag.REPLY, 0, new Uint8Array([...pack([8, address], [8, count]), ...data]));
  }
}

/** A descriptor that counts events. */
export class EventCount {
  /** The descriptor. */
  readonly fd: number;

  /**
   * @throws VfioUserError `SYSTEM` when there is none
   */
  constructor() {
    this.fd = checked('eventfd', libc().eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  }

  /**
   * @returns how many events came since this was asked last
   */
  take(): number {
    const count = new Uint8Array(8);
    return libc().read(this.fd, count, 8) === 8 ? new Fields(count).u64(0) : 0;
  }

  /** The descriptor is closed. */
  close(): void {
    libc().close(this.fd);
  }
}
