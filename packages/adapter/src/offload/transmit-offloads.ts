/*
 * What transmit queues go by when frames ask for offloads: what the hardware does now, and what software may do in its
 * place. One object for all queues of an adapter; it changes between bursts only.
 */

import type { AdvertisedOffloads } from './advertised.ts';
import {
  checksumLimits,
  segmentationLimits,
  type ChecksumLimits,
  type SegmentationLimits,
} from './offload-decision.ts';
import { uniformSet, type OffloadSet } from './offload-set.ts';

/** Offloads for which there is software. */
export interface SoftwareOffloads {
  /** Checksums inserted on transmit. */
  readonly txChecksum: boolean;
  /** Checksums validated on receive. */
  readonly rxChecksum: boolean;
  /** Segmentation. */
  readonly gso: boolean;
  /** Receive coalescing. */
  readonly rsc: boolean;
  /** 802.1Q tags. */
  readonly ieee8021qTag: boolean;
}

/** Most bytes of payload that software cuts into segments. */
export const SOFTWARE_MAXIMUM_OFFLOAD_SIZE = 262_144;

/** The bits of a frame descriptor's `layer4AndChecksum` word that ask for a checksum. */
export const CHECKSUM_WISHES = 0x2800;
/** Those that ask for anything: a checksum, or a tag. */
export const WISHES = CHECKSUM_WISHES | 0x30;

const NOTHING = { layer3: 0, layer4: 0 };
const OFF = uniformSet(false);
/** A frame's layout cannot say that a header starts farther away. */
const FARTHEST_LAYER_3 = 127;
const FARTHEST_LAYER_4 = 127 + 511;

/** The state of an adapter's transmit offloads. */
export class TransmitOffloads {
  /** What the hardware inserts of checksums. */
  checksum: ChecksumLimits = checksumLimits(NOTHING, OFF.txChecksum);
  /** What the hardware cuts into segments. */
  gso: SegmentationLimits = segmentationLimits({ ...NOTHING, maximumOffloadSize: 0, minimumSegmentCount: 0 }, OFF.gso);
  /** What the hardware inserts of tags: bit 0 the priority, bit 1 the VLAN. */
  tagging = 0;
  /** Bits of `layer4AndChecksum` for which a frame needs a closer look. */
  stopping = WISHES;
  /** Goes up with each change. */
  generation = 0;
  /** What software may do. */
  readonly software: SoftwareOffloads;

  /**
   * @param software - what software may do
   */
  constructor(software: SoftwareOffloads) {
    this.software = software;
  }

  /**
   * @param hardware - what it can do
   * @param on - what of it is used from the next burst on
   * @internal
   */
  use(hardware: AdvertisedOffloads, on: OffloadSet): void {
    this.generation++;
    this.checksum = checksumLimits(hardware.txChecksum ?? NOTHING, on.txChecksum);
    this.gso = segmentationLimits(
      hardware.gso ?? { ...NOTHING, maximumOffloadSize: 0, minimumSegmentCount: 0 },
      on.gso,
    );
    const { priority, vlan } = on.ieee8021qTag;
    this.tagging = (priority ? 1 : 0) | (vlan ? 2 : 0);
    this.stopping = this.#servesEveryChecksum() ? WISHES & ~CHECKSUM_WISHES : WISHES;
  }

  /** Whether no frame with headers that were described can be one whose checksums the hardware does not insert. */
  #servesEveryChecksum(): boolean {
    const { ipv4, tcpNoOptions, tcpWithOptions, udp, layer3HeaderOffsetLimit, layer4HeaderOffsetLimit } = this.checksum;
    return (
      ipv4 === 3 &&
      (tcpNoOptions & tcpWithOptions & udp) === 15 &&
      (layer3HeaderOffsetLimit === 0 || layer3HeaderOffsetLimit >= FARTHEST_LAYER_3) &&
      (layer4HeaderOffsetLimit === 0 || layer4HeaderOffsetLimit >= FARTHEST_LAYER_4)
    );
  }
}
