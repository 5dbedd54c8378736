/*
 * What a driver must write is spoilt before the driver is handed it: a field that still says so when it comes back was not
 * written. Values are chosen that cannot be meant, where there are such; what a driver leaves alone and may leave alone is
 * put right again before anybody reads it.
 */

import { DataBuffer, VirtualAddress } from '@netcx/extensions';
import { Fragment, FRAGMENT_MAXIMUM_LENGTH, FRAGMENT_MAXIMUM_OFFSET, Packet } from '@netcx/rings';

/** A field that is spoilt. */
export interface PoisonedField {
  readonly name: string;
  readonly read: (view: Int32Array, at: number) => number;
  readonly write: (view: Int32Array, at: number, value: number) => void;
  /**
   * @param index - of the element
   * @returns what is written there
   */
  readonly value: (index: number) => number;
}

const ones = (width: number) => (): number => 2 ** width - 1;

interface CoreField {
  readonly get: (view: Int32Array, at: number) => number;
  readonly set: (view: Int32Array, at: number, value: number) => void;
}
const core = (name: string, { get, set }: CoreField, value: (index: number) => number): PoisonedField => ({
  name,
  read: get,
  write: set,
  value,
});

/** Fields of a received packet that its driver writes. No index, type or length is ever all ones. */
export const PACKET_POISON: readonly PoisonedField[] = [
  core('fragmentIndex', Packet.fragmentIndex, ones(32)),
  core('fragmentCount', Packet.fragmentCount, ones(16)),
  core('layer2Type', Packet.layer2Type, ones(4)),
  core('layer3Type', Packet.layer3Type, ones(4)),
  core('layer4Type', Packet.layer4Type, ones(4)),
  core('layer2HeaderLength', Packet.layer2HeaderLength, ones(7)),
  core('layer3HeaderLength', Packet.layer3HeaderLength, ones(9)),
  core('layer4HeaderLength', Packet.layer4HeaderLength, ones(8)),
];

/** How many values the poison of an offset takes, one after the other: an offset may be meant, three such hardly are. */
export const OFFSET_POISONS = 3;

const LENGTH = core('validLength', Fragment.validLength, () => FRAGMENT_MAXIMUM_LENGTH);
const OFFSET = core('offset', Fragment.offset, (index) => FRAGMENT_MAXIMUM_OFFSET - (index % OFFSET_POISONS));
const CAPACITY = core('capacity', Fragment.capacity, () => FRAGMENT_MAXIMUM_LENGTH);

/**
 * @param virtualAddress - byte offset of the extension that a driver with buffers of its own writes; 0 = it does not
 * @param dataBuffer - byte offset of the one that a driver writes which attaches the system's buffers; 0 = it does not
 * @returns fields of a received fragment that its driver writes
 */
export function fragmentPoison(virtualAddress: number, dataBuffer: number): readonly PoisonedField[] {
  const fields = [LENGTH, OFFSET];
  if (virtualAddress !== 0)
    fields.push(CAPACITY, {
      name: 'ms_fragment_virtualaddress',
      read: (view, at) => VirtualAddress.hostOffset.get(view, at, virtualAddress),
      write: (view, at, value) => {
        VirtualAddress.hostOffset.set(view, at, virtualAddress, value);
      },
      value: ones(32),
    });
  if (dataBuffer !== 0)
    fields.push(CAPACITY, {
      name: 'ms_fragment_databuffer',
      read: (view, at) => DataBuffer.buffer.low.get(view, at, dataBuffer),
      write: (view, at, value) => {
        DataBuffer.buffer.low.set(view, at, dataBuffer, value);
      },
      value: ones(32),
    });
  return fields;
}
