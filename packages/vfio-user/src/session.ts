/*
 * One connection from its VERSION message to its end: each message is checked, carried out and answered, in the order in
 * which they come. Memory that the peer keeps to itself is asked for by messages; while an answer is awaited, the peer's
 * own messages are carried out, since it may be waiting for one of them before it can answer.
 */

import { DmaError, type DmaErrorCode } from '@netcx/dma';
import { closeAll, type Channel } from './channel.ts';
import type { DeviceHost } from './device-host.ts';
import { errnoName, Errno, Refusal } from './errno.ts';
import { Fields, pack } from './fields.ts';
import { memoryByMessages, shareMemory, type MemoryPeer } from './guest-memory.ts';
import { isReply, StreamError, type Message } from './message-buffer.ts';
import {
  Command,
  commandName,
  DeviceFlag,
  HEADER_BYTES,
  IrqIndex,
  MapFlag,
  MessageFlag,
  Region,
  UnmapFlag,
  VERSION,
} from './protocol.ts';
import { parseVersion, versionPayload, type Capabilities } from './version.ts';

/** What this side takes. */
export const OWN_CAPABILITIES: Capabilities = { minor: VERSION.MINOR, messageFds: 16, transferBytes: 1024 * 1024 };
/** Bytes in front of the data of REGION_READ, REGION_WRITE, DMA_READ and DMA_WRITE. */
const ACCESS_BYTES = 16;
/** Bytes of the longest message that is received. */
export const LONGEST_MESSAGE = HEADER_BYTES + ACCESS_BYTES + OWN_CAPABILITIES.transferBytes;
/** Pieces of memory that a peer may have mapped at a time, and their page size, as it is told. */
const MEMORY_LIMITS = { max_dma_maps: 1024, pgsizes: 4096 } as const;
/** Bytes of memory that a peer may have mapped at a time. */
const MOST_MEMORY = 2 ** 42;
/** How long an answer is awaited. */
const ANSWER_MILLISECONDS = 5000;
/** How long a single wait for it takes at most: a thread that waits in the system cannot be ended. */
const WAIT_MILLISECONDS = 20;

/** What a session is made with. */
export interface SessionOptions {
  /**
   * Told of each message that was carried out or refused.
   *
   * @param line - what it was
   */
  readonly trace?: ((line: string) => void) | undefined;
}

/** What a session counted. */
export interface SessionCounters {
  /** Messages that were carried out. */
  messages: number;
  /** Messages that were refused. */
  refused: number;
  /** Reads and writes of the peer's memory by messages. */
  memoryMessages: number;
}

type Handler = (message: Message) => Uint8Array;

/** The error numbers for what a table of memory refuses. */
const MEMORY_ERRNO: Partial<Record<DmaErrorCode, number>> = {
  OVERLAP: Errno.EEXIST,
  NOT_MAPPED: Errno.ENOENT,
  TOO_MANY: Errno.ENOSPC,
};
const NOTHING = new Uint8Array(0);

/** One connection. */
export class Session implements MemoryPeer {
  /** What was counted so far. */
  readonly counters: SessionCounters = { messages: 0, refused: 0, memoryMessages: 0 };
  readonly #channel: Channel;
  readonly #device: DeviceHost;
  readonly #trace: ((line: string) => void) | undefined;
  #peer: Capabilities | undefined;
  #end: string | undefined;
  #lastId = 0;
  readonly #handlers: Readonly<Record<number, Handler | undefined>> = {
    [Command.DMA_MAP]: (message) => this.#map(message),
    [Command.DMA_UNMAP]: ({ payload }) => this.#unmap(payload),
    [Command.DEVICE_GET_INFO]: ({ payload }) => this.#deviceInfo(payload),
    [Command.DEVICE_GET_REGION_INFO]: ({ payload }) => this.#regionInfo(payload),
    [Command.DEVICE_GET_IRQ_INFO]: ({ payload }) => this.#irqInfo(payload),
    [Command.DEVICE_SET_IRQS]: ({ payload, fds }) => {
      this.#device.interrupts.set(payload, fds);
      return NOTHING;
    },
    [Command.REGION_READ]: ({ payload }) => this.#read(payload),
    [Command.REGION_WRITE]: ({ payload }) => this.#write(payload),
    [Command.DEVICE_RESET]: () => {
      this.#device.reset();
      return NOTHING;
    },
  };

  /**
   * @param channel - the connection
   * @param device - what is served
   * @param options - who is told of messages
   */
  constructor(channel: Channel, device: DeviceHost, options: SessionOptions = {}) {
    this.#channel = channel;
    this.#device = device;
    this.#trace = options.trace;
  }

  /** Why the session is over; `undefined` while it is not. */
  get end(): string | undefined {
    return this.#end;
  }

  /** Whether the peer has said which version it speaks, so that it is attached. */
  get attached(): boolean {
    return this.#peer !== undefined;
  }

  /**
   * Carries out what has come.
   *
   * @param most - messages
   * @returns whether it came to that many, so that more may be waiting
   */
  run(most: number): boolean {
    const { counters } = this;
    const before = counters.messages + counters.refused;
    this.#channel.flush();
    while (this.#end === undefined && !this.#channel.blocked && counters.messages + counters.refused - before < most) {
      const message = this.#next();
      if (message === undefined) return false;
      if (!isReply(message)) this.#carryOut(message);
      else {
        closeAll(message.fds);
        this.#finish(`an answer to ${commandName(message.command)}, which nobody has asked`);
      }
    }
    return this.#end === undefined && !this.#channel.blocked;
  }

  readMemory(address: number, length: number, target: Uint8Array, offset: number): boolean {
    const most = this.#peer?.transferBytes ?? 0;
    for (let done = 0; done < length;) {
      const count = Math.min(length - done, most, OWN_CAPABILITIES.transferBytes);
      const answer = this.#ask(Command.DMA_READ, pack([8, address + done], [8, count]));
      if (answer === undefined || answer.length < ACCESS_BYTES + count) return false;
      target.set(answer.bytes.subarray(ACCESS_BYTES, ACCESS_BYTES + count), offset + done);
      done += count;
    }
    return true;
  }

  writeMemory(address: number, length: number, source: Uint8Array, offset: number): boolean {
    const most = this.#peer?.transferBytes ?? 0;
    for (let done = 0; done < length;) {
      const count = Math.min(length - done, most, OWN_CAPABILITIES.transferBytes);
      const head = pack([8, address + done], [8, count]);
      const payload = new Uint8Array(ACCESS_BYTES + count);
      payload.set(head);
      payload.set(source.subarray(offset + done, offset + done + count), ACCESS_BYTES);
      if (this.#ask(Command.DMA_WRITE, payload) === undefined) return false;
      done += count;
    }
    return true;
  }

  #finish(why: string): void {
    this.#end ??= why;
  }

  #over(): boolean {
    return this.#end !== undefined;
  }

  /** The next message, received if need be; `undefined` when there is none now, or never will be. */
  #next(): Message | undefined {
    try {
      const there = this.#channel.next();
      if (there !== undefined) return there;
      const received = this.#channel.receive();
      if (this.#channel.truncated) this.#finish('more descriptors than a message can have');
      else if (received === 'gone') this.#finish('closed by the peer');
      return received === 'some' ? this.#channel.next() : undefined;
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.#finish(error.message);
      return undefined;
    }
  }

  #carryOut(message: Message): void {
    const { id, command, flags } = message;
    const wantsReply = (flags & MessageFlag.NO_REPLY) === 0;
    try {
      const answer = this.#answer(message);
      this.counters.messages++;
      if (wantsReply) this.#channel.send(id, command, MessageFlag.REPLY, 0, answer);
      this.#trace?.(`${commandName(command)} ${describePayload(message)}`);
    } catch (error) {
      const refusal = asRefusal(error);
      this.counters.refused++;
      if (wantsReply) {
        this.#channel.send(id, command, MessageFlag.REPLY | MessageFlag.ERROR, refusal.errno, NOTHING);
      }
      this.#trace?.(`${commandName(command)} refused, ${errnoName(refusal.errno)}: ${refusal.message}`);
    } finally {
      closeAll(message.fds);
    }
  }

  #answer(message: Message): Uint8Array {
    const { command, flags, payload, fds } = message;
    if ((flags & ~MessageFlag.NO_REPLY) !== MessageFlag.COMMAND) {
      throw new Refusal(Errno.EINVAL, `a message with flags 0x${flags.toString(16)}`);
    }
    if (fds.length > OWN_CAPABILITIES.messageFds) throw new Refusal(Errno.EINVAL, `${String(fds.length)} descriptors`);
    if (command === Command.VERSION) {
      if (this.#peer !== undefined) throw new Refusal(Errno.EINVAL, 'a second VERSION');
      this.#peer = parseVersion(payload);
      const minor = Math.min(this.#peer.minor, OWN_CAPABILITIES.minor);
      return versionPayload({ ...OWN_CAPABILITIES, minor }, MEMORY_LIMITS);
    }
    if (this.#peer === undefined) throw new Refusal(Errno.EINVAL, 'a message before VERSION');
    const handler = this.#handlers[command];
    if (handler === undefined) throw new Refusal(Errno.ENOTSUP, 'nothing that this server does');
    return handler(message);
  }

  #map({ payload, fds }: Message): Uint8Array {
    payload.need(32);
    const flags = payload.u32(4);
    const [offset, address, size] = [payload.u64(8), payload.u64(16), payload.u64(24)];
    if (flags === 0 || (flags & ~(MapFlag.READ | MapFlag.WRITE)) !== 0 || fds.length > 1) {
      throw new Refusal(Errno.EINVAL, `memory with flags 0x${flags.toString(16)}, ${String(fds.length)} descriptors`);
    }
    const { regions } = this.#device.domain;
    regions.check(address, size);
    if (regions.bytes + size > MOST_MEMORY) throw new Refusal(Errno.ENOSPC, `${String(size)} bytes more of memory`);
    const writable = (flags & MapFlag.WRITE) !== 0;
    const direction = flags === (MapFlag.READ | MapFlag.WRITE) ? 'both' : writable ? 'write' : 'read';
    const [fd] = fds;
    if (fd !== undefined && offset % MEMORY_LIMITS.pgsizes !== 0) {
      throw new Refusal(Errno.EINVAL, `memory from byte ${String(offset)} of a file: expected a multiple of 4096`);
    }
    const access = fd === undefined ? memoryByMessages(this, address) : shareMemory({ fd, offset, size, writable });
    fds.splice(0); // the access has it now
    regions.add({ address, size, direction, access });
    return NOTHING;
  }

  #unmap(payload: Fields): Uint8Array {
    payload.need(24);
    const flags = payload.u32(4);
    const [address, size] = [payload.u64(8), payload.u64(16)];
    if ((flags & ~UnmapFlag.ALL) !== 0) throw new Refusal(Errno.ENOTSUP, `flags 0x${flags.toString(16)}`);
    if (flags === UnmapFlag.ALL) {
      if (address !== 0 || size !== 0) throw new Refusal(Errno.EINVAL, 'all memory, and a range');
      this.#device.domain.regions.clear();
    } else this.#device.domain.regions.remove(address, size);
    return pack([4, 24], [4, flags], [8, address], [8, size]);
  }

  #deviceInfo(payload: Fields): Uint8Array {
    needReply(payload, 16);
    return pack([4, 16], [4, DeviceFlag.RESET | DeviceFlag.PCI], [4, Region.COUNT], [4, IrqIndex.COUNT]);
  }

  #regionInfo(payload: Fields): Uint8Array {
    needReply(payload, 32);
    const index = payload.u32(8);
    const { size, flags } = this.#device.region(index);
    return pack([4, 32], [4, flags], [4, index], [4, 0], [8, size], [8, 0]);
  }

  #irqInfo(payload: Fields): Uint8Array {
    needReply(payload, 16);
    const index = payload.u32(8);
    const { count, flags } = this.#device.interrupts.info(index);
    return pack([4, 16], [4, flags], [4, index], [4, count]);
  }

  #read(payload: Fields): Uint8Array {
    payload.need(ACCESS_BYTES);
    const [offset, region, count] = [payload.u64(0), payload.u32(8), payload.u32(12)];
    if (count > OWN_CAPABILITIES.transferBytes) throw new Refusal(Errno.E2BIG, `${String(count)} bytes at once`);
    const answer = new Uint8Array(ACCESS_BYTES + count);
    this.#device.read(region, offset, answer.subarray(ACCESS_BYTES));
    answer.set(pack([8, offset], [4, region], [4, count]));
    return answer;
  }

  #write(payload: Fields): Uint8Array {
    payload.need(ACCESS_BYTES);
    const [offset, region, count] = [payload.u64(0), payload.u32(8), payload.u32(12)];
    payload.need(ACCESS_BYTES + count);
    this.#device.write(region, offset, payload.bytes.subarray(ACCESS_BYTES, ACCESS_BYTES + count));
    return pack([8, offset], [4, region], [4, count]);
  }

  /** Sends a message and waits for its answer, whose payload is good until the next message comes. */
  #ask(command: number, payload: Uint8Array): Fields | undefined {
    if (this.#end !== undefined) return undefined;
    this.counters.memoryMessages++;
    const id = (this.#lastId = (this.#lastId + 1) & 0xffff);
    this.#channel.send(id, command, MessageFlag.COMMAND, 0, payload);
    const deadline = performance.now() + ANSWER_MILLISECONDS;
    while (!this.#over()) {
      const left = deadline - performance.now();
      if (left <= 0) this.#finish(`no answer to ${commandName(command)} within ${String(ANSWER_MILLISECONDS)} ms`);
      this.#channel.flush();
      const message = this.#channel.blocked ? undefined : this.#next();
      if (message === undefined) {
        this.#channel.wait(Math.min(left, WAIT_MILLISECONDS));
        continue;
      }
      const answers = isReply(message) && message.id === id && message.command === command;
      if (!answers && isReply(message)) this.#finish('an answer that nobody waits for');
      else if (!answers) this.#carryOut(message);
      if (isReply(message)) closeAll(message.fds);
      if (answers) return (message.flags & MessageFlag.ERROR) === 0 ? message.payload : undefined;
    }
    return undefined;
  }
}

/** A request whose answer is a structure says how much of it its sender takes: less than all of it is none. */
function needReply(payload: Fields, bytes: number): void {
  payload.need(bytes);
  if (payload.u32(0) < bytes) throw new Refusal(Errno.EINVAL, `room for ${String(payload.u32(0))} bytes of answer`);
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof DmaError) return new Refusal(MEMORY_ERRNO[error.code] ?? Errno.EINVAL, error.message);
  throw error;
}

/** What a person who reads a trace wants to know of a message. */
function describePayload({ command, payload, fds }: Message): string {
  const descriptors = fds.length === 0 ? '' : `, ${String(fds.length)} descriptors left`;
  const words = command === Command.VERSION ? '' : Buffer.from(payload.bytes.subarray(0, 32)).toString('hex');
  return `${words}${payload.length > 32 ? '…' : ''}${descriptors}`;
}
