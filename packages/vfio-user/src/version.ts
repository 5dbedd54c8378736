/*
 * The first message of a connection: both sides say which version they speak and what they can take. What a peer says is
 * taken for what it is: text from outside, of bounded length, parsed once, and every member checked.
 */

import { Errno, Refusal } from './errno.ts';
import type { Fields } from './fields.ts';
import { DEFAULT_MESSAGE_FDS, DEFAULT_TRANSFER_BYTES, VERSION } from './protocol.ts';

/** What one side of a connection can take. */
export interface Capabilities {
  /** Minor version that it speaks; the major one is 0. */
  readonly minor: number;
  /** Descriptors in one message. */
  readonly messageFds: number;
  /** Bytes of data in one message. */
  readonly transferBytes: number;
}

/** Longest text that is looked at. */
const LONGEST_TEXT = 4096;
/** Least and most of what a peer may say. */
const MESSAGE_FDS = [1, 253] as const;
const TRANSFER_BYTES = [4096, 2 ** 31 - 1] as const;

/**
 * @param payload - of a VERSION message, asked or answered
 * @returns what its sender can take
 * @throws Refusal for another version, or for text that is none
 */
export function parseVersion(payload: Fields): Capabilities {
  payload.need(4);
  const major = payload.u16(0);
  const minor = payload.u16(2);
  if (major !== VERSION.MAJOR) {
    throw new Refusal(Errno.ENOTSUP, `version ${String(major)}.${String(minor)}: expected 0.x`);
  }
  const capabilities = member(parseText(payload.bytes.subarray(4)), 'capabilities');
  return {
    minor,
    messageFds: number(capabilities, 'max_msg_fds', MESSAGE_FDS, DEFAULT_MESSAGE_FDS),
    transferBytes: number(capabilities, 'max_data_xfer_size', TRANSFER_BYTES, DEFAULT_TRANSFER_BYTES),
  };
}

/**
 * @param own - what this side can take
 * @param more - other capabilities, by name
 * @returns the payload of a VERSION message
 */
export function versionPayload(own: Capabilities, more: Readonly<Record<string, number>> = {}): Uint8Array {
  const { minor, messageFds, transferBytes } = own;
  const capabilities = { max_msg_fds: messageFds, max_data_xfer_size: transferBytes, ...more };
  const text = Buffer.from(`${JSON.stringify({ capabilities })}\0`);
  return new Uint8Array([VERSION.MAJOR, 0, minor, 0, ...text]);
}

/** The object that the text is; no text at all is an empty one. */
function parseText(bytes: Uint8Array): object {
  if (bytes.length === 0) return {};
  if (bytes.length > LONGEST_TEXT || bytes.indexOf(0) !== bytes.length - 1) {
    throw new Refusal(Errno.EINVAL, 'capabilities that are no text with one NUL at its end');
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, -1)));
  } catch {
    throw new Refusal(Errno.EINVAL, 'capabilities that are no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refusal(Errno.EINVAL, 'capabilities that are no JSON object');
  }
  return value;
}

function member(object: object, name: string): object {
  const value: unknown = Object.hasOwn(object, name) ? Reflect.get(object, name) : {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new Refusal(Errno.EINVAL, `${name}: expected an object`);
}

function number(object: object, name: string, [least, most]: readonly [number, number], otherwise: number): number {
  if (!Object.hasOwn(object, name)) return otherwise;
  const value: unknown = Reflect.get(object, name);
  if (typeof value === 'number' && Number.isInteger(value) && value >= least) return Math.min(value, most);
  throw new Refusal(Errno.EINVAL, `${name}: expected a whole number from ${String(least)} on`);
}
