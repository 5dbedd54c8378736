/*
 * A TFTP server that gives files of one folder, with block size (RFC 2347's options), transfer size and timeout (RFC 2349).
 * One block is under way at a time; it is sent again until it is acknowledged, a few times. An acknowledgement of an older
 * block is no reason to send: else every delayed one would double the traffic.
 */

import { SECOND, type Alarm, type Clock } from '@netcx/clock';
import { ServedFile, type ServedFolder } from './served-folder.ts';
import {
  buildData,
  buildError,
  buildOptionAck,
  parseTftp,
  TftpCode,
  TftpError,
  type TftpRequest,
} from './tftp-packet.ts';

/** The port that requests come to. */
export const TFTP_PORT = 69;
/** Transfers at a time, and their ports. */
const MOST_TRANSFERS = 64;
const FIRST_PORT = 50_000;
const PORTS = 10_000;
const TRIES = 6;
const BLOCK = 512;
const LEAST_BLOCK = 8;
/** What fits a frame of 1500 bytes with the headers of IPv4, UDP and TFTP. */
const MOST_BLOCK = 1468;

/** Where a client is. */
export interface TftpPeer {
  readonly mac: Uint8Array;
  readonly address: number;
  readonly port: number;
}

/** Sends a packet to a client: from a port of the server's. */
export type TftpSend = (peer: TftpPeer, port: number, packet: Uint8Array) => void;

interface Transfer {
  readonly peer: TftpPeer;
  readonly port: number;
  readonly file: ServedFile;
  readonly blockSize: number;
  /** Nanoseconds until a packet is sent again. */
  readonly patience: number;
  readonly alarm: Alarm;
  /** The block under way; 0 is the acknowledgement of options. */
  block: number;
  /** The packet under way. */
  packet: Uint8Array;
  last: boolean;
  triesLeft: number;
}

const keyOf = (peer: TftpPeer): string => `${String(peer.address)}:${String(peer.port)}`;

/** Gives files. */
export class TftpServer {
  readonly #clock: Clock;
  readonly #folder: ServedFolder;
  readonly #send: TftpSend;
  /** By the client's address and port. */
  readonly #transfers = new Map<string, Transfer>();
  #nextPort = 0;
  #counters = { served: 0, refused: 0, retransmitted: 0, abandoned: 0 };

  /**
   * @param clock - for what is not acknowledged
   * @param folder - whose files it gives
   * @param send - sends a packet
   */
  constructor(clock: Clock, folder: ServedFolder, send: TftpSend) {
    this.#clock = clock;
    this.#folder = folder;
    this.#send = send;
  }

  /** Files given whole, requests refused, packets sent again, transfers given up, transfers under way. */
  get counters(): Readonly<Record<'served' | 'refused' | 'retransmitted' | 'abandoned' | 'open', number>> {
    return { ...this.#counters, open: this.#transfers.size };
  }

  /**
   * @param peer - who sent it
   * @param port - the server's port that it came to
   * @param bytes - what came
   */
  take(peer: TftpPeer, port: number, bytes: Uint8Array): void {
    const packet = parseTftp(bytes);
    const transfer = this.#transfers.get(keyOf(peer));
    if (packet === undefined) return;
    if (port === TFTP_PORT) {
      if (packet.code === TftpCode.Read || packet.code === TftpCode.Write) this.#begin(peer, packet, transfer);
      return;
    }
    if (transfer?.port !== port) {
      if (packet.code === TftpCode.Ack) {
        this.#send(peer, port, buildError(TftpError.UnknownTransfer, 'no such transfer'));
      }
      return;
    }
    if (packet.code === TftpCode.Error) this.#end(transfer);
    else if (packet.code === TftpCode.Ack && packet.block === (transfer.block & 0xffff)) this.#advance(transfer);
  }

  /** Ends every transfer. */
  close(): void {
    for (const transfer of this.#transfers.values()) this.#end(transfer);
  }

  #begin(peer: TftpPeer, request: TftpRequest, already: Transfer | undefined): void {
    if (already !== undefined) {
      // Sent again because our answer was lost; anything else is a client that began anew.
      if (already.block <= 1 && already.triesLeft === TRIES) {
        this.#send(peer, already.port, already.packet);
        return;
      }
      this.#end(already);
    }
    const port = FIRST_PORT + this.#nextPort;
    this.#nextPort = (this.#nextPort + 1) % PORTS;
    const file = this.#open(request);
    if (!(file instanceof ServedFile)) {
      this.#counters.refused++;
      this.#send(peer, port, file);
      return;
    }
    const { granted, blockSize, seconds } = negotiate(request.options, file.size);
    const transfer: Transfer = {
      peer,
      port,
      file,
      blockSize,
      patience: seconds * SECOND,
      alarm: this.#clock.alarm(() => this.#again(transfer)),
      block: 0,
      packet: buildOptionAck(granted),
      last: false,
      triesLeft: TRIES,
    };
    this.#transfers.set(keyOf(peer), transfer);
    if (granted.size > 0) this.#transmit(transfer);
    else this.#advance(transfer);
  }

  /** The file, or the packet that says why there is none. */
  #open(request: TftpRequest): ServedFile | Uint8Array {
    if (request.code === TftpCode.Write) return buildError(TftpError.Access, 'files can only be read');
    if (request.mode !== 'octet') return buildError(TftpError.Illegal, 'only mode octet is served');
    if (this.#transfers.size >= MOST_TRANSFERS) return buildError(TftpError.Undefined, 'too many transfers');
    const file = this.#folder.open(request.file);
    if (file === 'refused') return buildError(TftpError.Access, 'no file outside of the folder is served');
    if (file === 'missing') return buildError(TftpError.NotFound, 'no such file');
    return file;
  }

  /** The packet under way has arrived: the next one. */
  #advance(transfer: Transfer): void {
    if (transfer.last) {
      this.#counters.served++;
      this.#end(transfer);
      return;
    }
    const data = transfer.file.read(transfer.block * transfer.blockSize, transfer.blockSize);
    transfer.block++;
    transfer.packet = buildData(transfer.block, data);
    // A block that is not full ends the file, an empty one if need be.
    transfer.last = data.length < transfer.blockSize;
    transfer.triesLeft = TRIES;
    this.#transmit(transfer);
  }

  #transmit(transfer: Transfer): void {
    this.#send(transfer.peer, transfer.port, transfer.packet);
    transfer.alarm.after(transfer.patience);
  }

  #again(transfer: Transfer): void {
    if (--transfer.triesLeft === 0) {
      this.#counters.abandoned++;
      this.#end(transfer);
      return;
    }
    this.#counters.retransmitted++;
    this.#transmit(transfer);
  }

  #end(transfer: Transfer): void {
    transfer.alarm.cancel();
    transfer.file.close();
    this.#transfers.delete(keyOf(transfer.peer));
  }
}

/** What of the options is granted; those that are unknown or make no sense are passed over, as if they were not there. */
function negotiate(
  options: ReadonlyMap<string, string>,
  size: number,
): { readonly granted: ReadonlyMap<string, string>; readonly blockSize: number; readonly seconds: number } {
  const granted = new Map<string, string>();
  const number = (name: string): number => {
    const text = options.get(name) ?? '';
    return /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  };
  let blockSize = BLOCK;
  let seconds = 1;
  const wanted = number('blksize');
  if (wanted >= LEAST_BLOCK) {
    blockSize = Math.min(wanted, MOST_BLOCK);
    granted.set('blksize', String(blockSize));
  }
  const timeout = number('timeout');
  if (timeout >= 1 && timeout <= 255) {
    seconds = timeout;
    granted.set('timeout', String(timeout));
  }
  if (options.has('tsize')) granted.set('tsize', String(size));
  return { granted, blockSize, seconds };
}
