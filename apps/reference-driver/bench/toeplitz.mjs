/*
 * The hash of receive-side scaling over 12 bytes, two IPv4 addresses and two ports, with the key of Microsoft's
 * specification; 256 tuples one after the other. tooling/bench/dpdk/toeplitz.c does the same.
 */

import { Toeplitz } from '@netcx/adapter';
import { printTime } from '@tooling/bench/timing';

const KEY = Uint8Array.of(
  ...[0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca],
  ...[0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b],
  ...[0xbe, 0xac, 0x01, 0xfa],
);
/** The specification's first example: 66.9.149.187:2794 to 161.142.100.80:1766. */
const EXAMPLE = Uint8Array.of(66, 9, 149, 187, 161, 142, 100, 80, 0x0a, 0xea, 0x06, 0xe6);
const EXAMPLE_HASH = 0x51ccc178;
const TUPLES = 256;
const TUPLE_BYTES = 12;

const hash = new Toeplitz(KEY);
if (hash.hash(EXAMPLE) !== EXAMPLE_HASH) throw new Error('the hash is not that of the specification');
const tuples = new Uint8Array(TUPLES * TUPLE_BYTES);
const words = new DataView(tuples.buffer);
for (let tuple = 0; tuple < TUPLES; tuple++) {
  for (let word = 0; word < 3; word++)
    words.setUint32(tuple * TUPLE_BYTES + word * 4, Math.imul(tuple, 2654435761) ^ Math.imul(word, 40503));
}

printTime((calls) => {
  let sum = 0;
  for (let call = 0; call < calls; call++)
    sum = (sum + hash.hash(tuples, (call & (TUPLES - 1)) * TUPLE_BYTES, TUPLE_BYTES)) | 0;
  return sum;
}, 100_000);
