/*
 * layout.h for the C twin: an accessor for each field of each struct on the path, and the sizes and offsets of rings as a
 * running adapter has them. It is made from the built packages, so the twin cannot have another layout than they have.
 */

import * as edge from '@netcx/adapter/edge';
import * as buffers from '@netcx/buffers';
import { LogicalAddress } from '@netcx/extensions';
import * as wire from '@netcx/hardware/wire';
import { describeStruct } from '@netcx/layout';
import * as nic from '@netcx/nic-82576/registers';
import * as rings from '@netcx/rings';
import { buildLoad } from '../harness.mjs';

const structs = [
  rings.Packet,
  rings.Fragment,
  edge.FrameDescriptor,
  buffers.BufferEntry,
  buffers.Pool,
  wire.Frame,
  nic.RxReadDescriptor,
  nic.RxWriteBack,
  nic.TxData,
];

/** A field's accessors, in C: the same words, shifts and masks as those of `layout` have. */
function accessors(struct, field, { byteOffset, width, wordBits, low, high }) {
  const word = byteOffset >>> 2;
  if (width === 'wide') {
    return [0, 1].map((half) => wholeWord(`${struct}_${field}_${half === 0 ? 'low' : 'high'}`, word + half));
  }
  const name = `${struct}_${field}`;
  const shift = (byteOffset & 3) * 8 + low;
  const bits = high - low + 1;
  const at = word + (shift >>> 5);
  const within = shift & 31;
  if (bits === 32 && within === 0) return [wholeWord(name, at)];
  if (within + bits > 32 && wordBits === 64) return [acrossWords(name, at, within, bits)];
  return [insideWord(name, at, within, 2 ** bits - 1)];
}

const wholeWord = (name, word) =>
  `static inline uint32_t ${name}(const uint32_t *at) { return at[${word}]; }
static inline void ${name}_set(uint32_t *at, uint32_t value) { at[${word}] = value; }`;

const insideWord = (name, word, shift, mask) =>
  `static inline uint32_t ${name}(const uint32_t *at) { return (at[${word}] >> ${shift}) & ${mask}u; }
static inline void ${name}_set(uint32_t *at, uint32_t value) { at[${word}] = (at[${word}] & ~(${mask}u << ${shift})) | ((value & ${mask}u) << ${shift}); }`;

function acrossWords(name, word, shift, bits) {
  const lowBits = 32 - shift;
  const mask = 2 ** (bits - lowBits) - 1;
  return `static inline uint32_t ${name}(const uint32_t *at) { return at[${word}] >> ${shift} | (at[${word + 1}] & ${mask}u) << ${lowBits}; }
static inline void ${name}_set(uint32_t *at, uint32_t value) {
  at[${word}] = (at[${word}] & ~(~0u << ${shift})) | value << ${shift};
  at[${word + 1}] = (at[${word + 1}] & ~${mask}u) | ((value >> ${lowBits}) & ${mask}u);
}`;
}

const constants = (prefix, values) =>
  Object.entries(values).map(([name, value]) => `#define ${prefix}${name} ${value >>> 0}u`);

/** @returns {Promise<string>} layout.h */
export async function layoutHeader() {
  const load = await buildLoad();
  const { adapter } = load.stations[0].driver;
  const [receive] = adapter.receiveQueues;
  const [transmit] = adapter.transmitQueues;
  const ringConstants = {
    RING_ELEMENTS: receive.rings.packets.elements,
    RX_PACKET_STRIDE: receive.rings.packets.stride * 4,
    RX_FRAGMENT_STRIDE: receive.rings.fragments.stride * 4,
    TX_PACKET_STRIDE: transmit.rings.packets.stride * 4,
    TX_FRAGMENT_STRIDE: transmit.rings.fragments.stride * 4,
    LOGICAL_ADDRESS_WORD: receive.extension(LogicalAddress).offset / 4,
    POOL_BUFFER_BYTES: receive.pool.capacity,
    POOL_BUFFER_STRIDE: receive.pool.stride,
    FRAME_DESCRIPTOR_BYTES: edge.FRAME_DESCRIPTOR_BYTES,
    FRAME_HEADER_BYTES: wire.FRAME_HEADER_BYTES,
    DESCRIPTOR_BYTES: nic.DESCRIPTOR_BYTES,
    BUFFER_WORDS: buffers.BUFFER_WORDS,
    BUFFER_LOGICAL_WORD: buffers.BufferEntry.logical.location.byteOffset / 4,
    POOL_WORDS: buffers.POOL_WORDS,
    STATE_FREE: buffers.STATE_FREE,
    STATE_ON_RING: buffers.STATE_ON_RING,
    LAYER2_ETHERNET: rings.Layer2Type.Ethernet,
    TX_PAYLEN_SHIFT: nic.TxData.paylen.location.low,
    TX_DESCRIPTOR_TYPE_MASK: nic.TX_DESCRIPTOR_TYPE_MASK,
  };
  await load.stop();
  return [
    '/* Made from the packages by layout.mjs. */',
    '#include <stdint.h>',
    ...constants('', ringConstants),
    ...constants('RX_STATUS_', nic.RX_STATUS),
    ...constants('TX_COMMAND_', nic.TX_COMMAND),
    ...constants('TX_STATUS_', nic.TX_STATUS),
    ...structs.flatMap((struct) => {
      const { name, fields } = describeStruct(struct);
      return Object.entries(fields).flatMap(([field, location]) => accessors(name, field, location));
    }),
    '',
  ].join('\n');
}
