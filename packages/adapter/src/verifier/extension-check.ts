/*
 * Whether what a driver says of a received packet in its extensions can be. Only values that mean nothing are refused: whether
 * a checksum that is said to be right is right, nobody here knows.
 */

import { i32 as m } from '@netcx/dma/memory';
import { Checksum, Hash, HashProtocol, Rsc, type ElementPlan } from '@netcx/extensions';
import { Layer4Type, Packet } from '@netcx/rings';
import { raise, type Site } from './site.ts';

const HASHED = Object.values(HashProtocol).reduce<number>((all, flag) => all | flag, 0);
const LAYERS = ['layer2', 'layer3', 'layer4'] as const;

/** Where the extensions of received packets lie; 0 = absent. */
export interface ReceiveExtensions {
  readonly checksum: number;
  readonly hash: number;
  readonly rsc: number;
}

/**
 * @param plan - the packet element
 * @returns where the extensions lie whose values are checked
 */
export const receiveExtensions = (plan: ElementPlan): ReceiveExtensions => ({
  checksum: plan.offsetOf(Checksum),
  hash: plan.offsetOf(Hash),
  rsc: plan.offsetOf(Rsc),
});

/**
 * @param site - the queue
 * @param ring - the packet ring's name
 * @param index - the packet
 * @param p - word index of the packet
 * @param at - where the extensions lie
 * @throws ViolationError 0x85
 */
export function checkExtensions(site: Site, ring: string, index: number, p: number, at: ReceiveExtensions): void {
  const wrong = (field: string, expected: string, found: number): never =>
    raise(site, 0x85, `${ring}: an extension says what cannot be`, { index, field, expected, found });
  if (at.checksum !== 0) {
    for (const layer of LAYERS) {
      const found = Checksum[layer].get(m, p, at.checksum);
      if (found === 3) wrong(`ms_packet_checksum.${layer}`, '0 (not checked), 1 (valid) or 2 (invalid)', found);
    }
    const whole = Checksum.whole.get(m, p, at.checksum);
    if (whole > 0x3f) wrong('ms_packet_checksum', 'reserved bits of 0', whole);
  }
  if (at.hash !== 0) {
    const found = Hash.protocolType.get(m, p, at.hash);
    if ((found & ~HASHED) !== 0) wrong('ms_packet_hash.protocolType', `flags within ${String(HASHED)}`, found);
  }
  if (at.rsc !== 0) {
    const found = Rsc.coalescedSegmentCount.get(m, p, at.rsc);
    const type = Packet.layer4Type.get(m, p);
    if (found > 1 && (type === Layer4Type.IPFragment || type === Layer4Type.IPNotFragment))
      wrong('ms_packet_rsc.coalescedSegmentCount', '0 or 1 where layer 4 is said to be neither TCP nor UDP', found);
  }
}
