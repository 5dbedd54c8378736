/*
 * ICMP echo: sends back what came.
 */

import { addWords, checksumOf } from './internet-checksum.ts';
import { set16 } from './octets.ts';

/** Where the fields are. */
const TYPE = 0;
const CODE = 1;
const CHECKSUM = 2;
const HEADER = 8;

const ECHO_REPLY = 0;
const ECHO_REQUEST = 8;

/**
 * @param message - what a datagram carries
 * @returns the answer, or `undefined` when none is due
 */
export function answerIcmp(message: Uint8Array): Uint8Array | undefined {
  if (message.length < HEADER || message[TYPE] !== ECHO_REQUEST || message[CODE] !== 0) return undefined;
  if (checksumOf(addWords(0, message)) !== 0) return undefined;
  const reply = message.slice();
  reply[TYPE] = ECHO_REPLY;
  set16(reply, CHECKSUM, 0);
  set16(reply, CHECKSUM, checksumOf(addWords(0, reply)));
  return reply;
}
