/*
 * Packets of TFTP, read and written, with the option extension (RFC 2347). What is read is checked: every text ends, no
 * packet is longer than one may be.
 */

import { get16, join, set16 } from './octets.ts';

/** Kinds of packets. */
export const TftpCode = { Read: 1, Write: 2, Data: 3, Ack: 4, Error: 5, OptionAck: 6 } as const;

/** Codes of errors. */
export const TftpError = { Undefined: 0, NotFound: 1, Access: 2, Illegal: 4, UnknownTransfer: 5 } as const;

/** Bytes of a request at most (RFC 2347). */
const LONGEST_REQUEST = 512;

/** A request to read or write a file. */
export interface TftpRequest {
  readonly code: typeof TftpCode.Read | typeof TftpCode.Write;
  readonly file: string;
  /** In lower case. */
  readonly mode: string;
  /** By name in lower case. */
  readonly options: ReadonlyMap<string, string>;
}

/** What a client sends while it reads. */
export type TftpPacket =
  | TftpRequest
  | { readonly code: typeof TftpCode.Ack; readonly block: number }
  | { readonly code: typeof TftpCode.Error };

/**
 * @param packet - what came
 * @returns it, or `undefined` when it is none that a client sends
 */
export function parseTftp(packet: Uint8Array): TftpPacket | undefined {
  const code = get16(packet, 0);
  if (packet.length < 4) return undefined;
  if (code === TftpCode.Ack) return packet.length === 4 ? { code, block: get16(packet, 2) } : undefined;
  if (code === TftpCode.Error) return { code };
  if (code !== TftpCode.Read && code !== TftpCode.Write) return undefined;
  if (packet.length > LONGEST_REQUEST || packet.at(-1) !== 0) return undefined;
  // The last text is the empty one behind the last zero.
  const texts = new TextDecoder().decode(packet.subarray(2, -1)).split('\0');
  const [file = '', mode = '', ...rest] = texts;
  if (file === '' || mode === '' || rest.length % 2 !== 0) return undefined;
  const options = new Map<string, string>();
  for (let index = 0; index < rest.length; index += 2) {
    options.set((rest[index] ?? '').toLowerCase(), rest[index + 1] ?? '');
  }
  return { code, file, mode: mode.toLowerCase(), options };
}

/**
 * @param block - number of the block, the first is 1; its low 16 bits count
 * @param data - its bytes
 * @returns the packet
 */
export function buildData(block: number, data: Uint8Array): Uint8Array {
  const header = new Uint8Array(4);
  set16(header, 0, TftpCode.Data);
  set16(header, 2, block);
  return join(header, data);
}

/**
 * @param code - one of `TftpError`
 * @param message - for people
 * @returns the packet
 */
export function buildError(code: number, message: string): Uint8Array {
  return join(Uint8Array.of(0, TftpCode.Error, 0, code), new TextEncoder().encode(`${message}\0`));
}

/**
 * @param options - what is granted, by name
 * @returns the packet
 */
export function buildOptionAck(options: ReadonlyMap<string, string>): Uint8Array {
  const texts = [...options].flat().map((text) => `${text}\0`);
  return join(Uint8Array.of(0, TftpCode.OptionAck), new TextEncoder().encode(texts.join('')));
}
