/*
 * What a verifier must know of a queue's rings: which bits of their elements who may change, by direction and by who brings
 * receive buffers. Follows reference netadaptercx §2.4 (who may write what).
 */

import { DataBuffer, describeExtension, PREDEFINED, VirtualAddress } from '@netcx/extensions';
import { Fragment, Packet } from '@netcx/rings';
import { OfferedBuffer } from '../offered-source.ts';
import type { QueueBlock } from '../queue-block.ts';
import { ElementMap, type Protection } from './element-map.ts';
import { receiveExtensions } from './extension-check.ts';
import { fragmentPoison, PACKET_POISON } from './poison.ts';
import { ReceiveCheck } from './receive-check.ts';
import { RingShadow } from './ring-shadow.ts';
import type { Site } from './site.ts';

/** Who brings a receive queue's buffers, and who attaches them. */
export type ReceiveMode = 'system' | 'attached' | 'lent';

const OURS = new Set(PREDEFINED.map((extension) => describeExtension(extension).name));
const isDriversOwn = (name: string): boolean => !OURS.has(name);
const RESERVED = ['reserved', 'layoutReserved'];
const RECEIVED = [
  'ms_packet_checksum',
  'ms_packet_rsc',
  'ms_packet_rsc_timestamp',
  'ms_packet_ieee8021q',
  'ms_packet_hash',
  'netcx_packet_hardware_timestamp',
];
/** Fragment extensions that a receive driver writes, by mode. */
const WRITTEN: Readonly<Record<ReceiveMode, readonly string[]>> = {
  system: [],
  attached: ['ms_fragment_databuffer'],
  lent: ['ms_fragment_virtualaddress', 'ms_fragment_returncontext', 'ms_fragment_logicaladdress'],
};

/** Fields of the core are told from extensions by their names: those of extensions have an underscore. */
const isExtension = (name: string): boolean => name.includes('_');

const transmitted =
  (rule: number): Protection =>
  (name) => {
    if (name === 'scratch' || (isExtension(name) && isDriversOwn(name))) return undefined;
    if (name === 'netcx_packet_hardware_timestamp') return undefined; // when it went out, only the driver knows
    return isExtension(name) ? 0x83 : rule;
  };

const receivedPacket: Protection = (name) => {
  if (RESERVED.includes(name)) return 0x37;
  return isExtension(name) && !RECEIVED.includes(name) && !isDriversOwn(name) ? 0x83 : undefined;
};

const receivedFragment =
  (mode: ReceiveMode): Protection =>
  (name) => {
    if (name === 'bounced' || (name === 'capacity' && mode === 'system')) return 0x3a;
    return isExtension(name) && !WRITTEN[mode].includes(name) && !isDriversOwn(name) ? 0x83 : undefined;
  };

/**
 * @param site - the queue
 * @param block - its memory
 * @returns its packet ring and its fragment ring, watched
 */
export function transmitShadows(site: Site, block: QueueBlock): readonly [RingShadow, RingShadow] {
  const { packets, fragments } = block.rings;
  return [
    new RingShadow(site, packets, new ElementMap(packets.stride, Packet, block.packetPlan, transmitted(0x34)), []),
    new RingShadow(
      site,
      fragments,
      new ElementMap(fragments.stride, Fragment, block.fragmentPlan, transmitted(0x35)),
      [],
    ),
  ];
}

/** A receive queue's rings and what is checked of them. */
export interface ReceiveShadows {
  readonly rings: readonly RingShadow[];
  readonly check: ReceiveCheck;
}

/**
 * @param site - the queue
 * @param block - its memory
 * @param mode - who brings buffers
 * @returns its rings, watched, and the check of what its driver hands up
 */
export function receiveShadows(site: Site, block: QueueBlock, mode: ReceiveMode): ReceiveShadows {
  const { rings, packetPlan, fragmentPlan } = block;
  const shape = {
    extensions: receiveExtensions(packetPlan),
    virtualAddress: mode === 'lent' ? fragmentPlan.offsetOf(VirtualAddress) : 0,
    dataBuffer: mode === 'attached' ? fragmentPlan.offsetOf(DataBuffer) : 0,
  };
  const packets = new RingShadow(
    site,
    rings.packets,
    new ElementMap(rings.packets.stride, Packet, packetPlan, receivedPacket),
    PACKET_POISON,
  );
  const fragments = new RingShadow(
    site,
    rings.fragments,
    new ElementMap(rings.fragments.stride, Fragment, fragmentPlan, receivedFragment(mode)),
    fragmentPoison(shape.virtualAddress, shape.dataBuffer),
  );
  const offered = rings.dataBuffers;
  const offers =
    offered === undefined
      ? undefined
      : new RingShadow(site, offered, new ElementMap(offered.stride, OfferedBuffer, undefined, () => 0x32), []);
  return {
    rings: offers === undefined ? [packets, fragments] : [packets, fragments, offers],
    check: new ReceiveCheck(site, packets, fragments, offers, shape),
  };
}
