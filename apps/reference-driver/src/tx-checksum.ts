/*
 * Checksum offload on transmit: from the packet's checksum extension and layout to a context descriptor and the bits that
 * refer to it. One slot is used, and rewritten only when a packet's headers differ from the last one's. Follows nic-82576
 * reference §3.
 */

import { Checksum, TxChecksumAction } from '@netcx/extensions';
import { i32 as memory } from '@netcx/dma/memory';
import { TX_COMMAND, TX_L4_TYPE, TX_STATUS, TxContext } from '@netcx/nic-82576/registers';
import { Layer3Type, Layer4Type, Packet } from '@netcx/rings';

/**
 * @param packet - word index of the packet
 * @param checksum - byte offset of the checksum extension
 * @returns the TX_STATUS bits that ask the chip for what the packet requires
 */
export function wantedChecksums(packet: number, checksum: number): number {
  const layer3 = Checksum.layer3.get(memory, packet, checksum) === TxChecksumAction.Required ? TX_STATUS.IXSM : 0;
  const layer4 = Checksum.layer4.get(memory, packet, checksum) === TxChecksumAction.Required ? TX_STATUS.TXSM : 0;
  return layer3 | layer4;
}

function isIpv4(packet: number): boolean {
  const type = Packet.layer3Type.get(memory, packet);
  return type >= Layer3Type.IPv4UnspecifiedOptions && type <= Layer3Type.IPv4NoOptions;
}

function layer4Of(packet: number): number {
  return Packet.layer4Type.get(memory, packet) === Layer4Type.Tcp ? TX_L4_TYPE.TCP : TX_L4_TYPE.UDP;
}

/**
 * @param packet - word index of the packet
 * @returns a number that is equal for packets that can share a context
 */
export function contextKey(packet: number): number {
  const lengths = (Packet.layer2HeaderLength.get(memory, packet) << 9) | Packet.layer3HeaderLength.get(memory, packet);
  return (lengths << 3) | (layer4Of(packet) << 1) | (isIpv4(packet) ? 1 : 0);
}

/**
 * Writes a context descriptor into slot 0.
 *
 * @param packet - word index of the packet whose headers it describes
 * @param descriptor - word index of the descriptor
 * @returns the packet's `contextKey`
 */
export function writeChecksumContext(packet: number, descriptor: number): number {
  const layer2 = Packet.layer2HeaderLength.get(memory, packet);
  const layer3 = Packet.layer3HeaderLength.get(memory, packet);
  TxContext.lengths.set(memory, descriptor, 0);
  TxContext.iplen.set(memory, descriptor, layer3);
  TxContext.maclen.set(memory, descriptor, layer2);
  TxContext.launchTime.set(memory, descriptor, 0);
  TxContext.command.set(memory, descriptor, TX_COMMAND.DTYP_CONTEXT | TX_COMMAND.DEXT);
  TxContext.ipv4.set(memory, descriptor, isIpv4(packet) ? 1 : 0);
  TxContext.l4t.set(memory, descriptor, layer4Of(packet));
  TxContext.layout.set(memory, descriptor, 0);
  return contextKey(packet);
}
