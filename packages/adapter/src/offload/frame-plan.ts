/*
 * What shall be done for one frame that asks for offloads: by the hardware, by software, or nothing because nobody can. It
 * looks at the frame's first descriptor and its headers, and acts on nothing. Whatever a frame asks for is done or the
 * frame is given up: none leaves with a checksum that is wrong or without its tag.
 */

import { i32 as m } from '@netcx/dma/memory';
import { TxChecksumAction } from '@netcx/extensions';
import { Layer2Type, Layer3Type, Layer4Type } from '@netcx/rings';
import { FrameDescriptor } from '../edge/frame-descriptor.ts';
import { FrameLayout } from '../layout/frame-layout.ts';
import type { PacketWishes } from '../tx-writer.ts';
import type { RefusalReason } from '../tx-decision.ts';
import {
  hasPorts,
  isIPv4,
  isIPv6,
  softwareChecksumReason,
  softwareSegmentationReason,
  softwareTagReason,
  type FrameHeaders,
} from './offload-decision.ts';
import { CHECKSUM_WISHES, SOFTWARE_MAXIMUM_OFFLOAD_SIZE, type TransmitOffloads } from './transmit-offloads.ts';

/** Bytes of a tag. */
export const TAG_BYTES = 4;
const ETHERNET_HEADER_BYTES = 14;
const IPV6_HEADER_BYTES = 40;
const { Required } = TxChecksumAction;
const LAYER_3_REQUIRED = Required << 2;
const LAYER_4_REQUIRED = Required << 4;
/** Parts of a tag, by the flag that wants them. */
const PRIORITY_BITS = 0xe000;
const VLAN_BITS = 0x0fff;

/** The plan for one frame after the other; its fields are those of the last one. */
export class FramePlan {
  /** The frame's headers, where they were looked at, and its bytes. */
  readonly layout = new FrameLayout();
  /** Bytes of the headers that software writes anew; 0 = the frame goes as it lies. */
  rebuilt = 0;
  /** Bytes of payload of each segment that software cuts; 0 = it cuts none. */
  segmentSize = 0;
  /** Whether software inserts the IPv4 header checksum, and layer 4's. */
  layer3Checksum = false;
  layer4Checksum = false;
  /** Bytes of layer 4, header and payload, of a frame that is not cut and whose layer 4 checksum software inserts. */
  layer4Bytes = 0;
  /** Whether the hardware inserts layer 4's into segments that software cuts. */
  layer4Seed = false;
  /** The tag that software inserts; -1 = none. */
  insertedTag = -1;
  /** What the driver is asked to do. */
  readonly wishes: { -readonly [Wish in keyof PacketWishes]: PacketWishes[Wish] } = {
    checksum: 0,
    segmentSize: 0,
    tagging: 0,
    tag: 0,
    layer2Added: 0,
  };
  /** One object, since frames are many. */
  readonly #found: { -readonly [Field in keyof FrameHeaders]: FrameHeaders[Field] } = {
    layer2HeaderLength: 0,
    layer3Type: 0,
    layer3HeaderLength: 0,
    layer4Type: 0,
    layer4HeaderLength: 0,
  };
  readonly #offloads: TransmitOffloads;
  readonly #mtu: number;

  /**
   * @param offloads - what the hardware does, and what software may
   * @param maximumFrame - longest frame that the NIC sends, with an Ethernet header and without tags
   */
  constructor(offloads: TransmitOffloads, maximumFrame: number) {
    this.#offloads = offloads;
    this.#mtu = maximumFrame - ETHERNET_HEADER_BYTES;
  }

  /** Whether some packets of the frame are longer than the NIC sends: it is cut, here or there. */
  get cut(): boolean {
    return this.segmentSize !== 0 || this.wishes.segmentSize !== 0;
  }

  /** Whether the frame is TCP: else it is UDP, if anything that can be cut. */
  get tcp(): boolean {
    return this.layout.layer4Type === Layer4Type.Tcp;
  }

  /**
   * Makes the plan for a frame whose parts are all there and can be read.
   *
   * @param base - word index of element 0 of the ring with its descriptors
   * @param mask - elements of that ring less 1
   * @param first - index of its first descriptor
   * @returns why it must be given up; `undefined` when something can be done
   */
  make(base: number, mask: number, first: number): RefusalReason | undefined {
    const d = base + ((first & mask) << 3);
    const size = FrameDescriptor.segmentSize.get(m, d);
    const wanted = FrameDescriptor.layer4AndChecksum.get(m, d);
    this.#forget(wanted);
    if (size === 0 && (wanted & CHECKSUM_WISHES) === 0 && this.wishes.tagging === 0) return undefined;
    this.layout.complete(base, mask, first, Layer2Type.Ethernet);
    const untagged = this.#planTag(base, mask, first);
    if (untagged !== undefined) return untagged;
    const uncut = size === 0 ? this.#planChecksums(wanted) : this.#planSegments(size);
    if (uncut !== undefined) return uncut;
    const { layer2Length, layer3Length, layer4Length } = this.layout;
    if (this.segmentSize !== 0 || this.layer3Checksum || this.layer4Checksum)
      this.rebuilt = layer2Length + layer3Length + layer4Length;
    else if (this.insertedTag >= 0) this.rebuilt = Math.max(layer2Length, ETHERNET_HEADER_BYTES);
    return undefined;
  }

  /**
   * Lets software cut what the hardware would have: the frame cannot be handed to it in one piece after all.
   *
   * @returns as `make`
   */
  cutInSoftware(): RefusalReason | undefined {
    const { layer2Length, layer3Length, layer4Length, reader } = this.layout;
    this.rebuilt = layer2Length + layer3Length + layer4Length;
    if (!this.#canCut(reader.length - this.rebuilt)) return 'segmentation';
    this.segmentSize = this.wishes.segmentSize;
    this.wishes.segmentSize = 0;
    return this.#planSegmentChecksums();
  }

  /**
   * The same for a frame of which software has cut a part already: it cuts the rest.
   *
   * @returns as `make`
   */
  stayInSoftware(): RefusalReason | undefined {
    return this.segmentSize === 0 ? this.cutInSoftware() : undefined;
  }

  #forget(wanted: number): void {
    this.rebuilt = 0;
    this.segmentSize = 0;
    this.layer3Checksum = false;
    this.layer4Checksum = false;
    this.layer4Seed = false;
    this.insertedTag = -1;
    this.wishes.checksum = (wanted >>> 8) & 0xff;
    this.wishes.segmentSize = 0;
    this.wishes.tagging = (wanted >>> 4) & 3;
    this.wishes.tag = wanted >>> 16;
    this.wishes.layer2Added = 0;
  }

  #planTag(base: number, mask: number, first: number): RefusalReason | undefined {
    const { wishes } = this;
    if (softwareTagReason(wishes.tagging, this.#offloads.tagging) === undefined) return undefined;
    const d = base + ((first & mask) << 3);
    const ethernet = FrameDescriptor.layer2Type.get(m, d) === Layer2Type.Ethernet;
    if (!this.#offloads.software.ieee8021qTag || !ethernet || this.layout.reader.length < ETHERNET_HEADER_BYTES)
      return 'tagging';
    this.insertedTag =
      wishes.tag & (((wishes.tagging & 1) === 0 ? 0 : PRIORITY_BITS) | ((wishes.tagging & 2) === 0 ? 0 : VLAN_BITS));
    wishes.tagging = 0;
    // Only of a header whose end is known can be said that it is longer.
    wishes.layer2Added = this.layout.layer2Length === 0 ? 0 : TAG_BYTES;
    return undefined;
  }

  #planChecksums(wanted: number): RefusalReason | undefined {
    const { layout } = this;
    const layer3 = (wanted & (LAYER_3_REQUIRED << 8)) !== 0;
    const layer4 = (wanted & (LAYER_4_REQUIRED << 8)) !== 0;
    if (softwareChecksumReason(this.#headers(), layer3, layer4, this.#offloads.checksum) === undefined)
      return undefined;
    this.wishes.checksum = 0;
    this.layer3Checksum = layer3 && isIPv4(layout.layer3Type);
    this.layer4Checksum = layer4;
    if (layer3 && layout.layer3Type === Layer3Type.Unspecified) return 'checksum';
    if (layer4 && !this.#findsLayer4()) return 'checksum';
    return this.#offloads.software.txChecksum || !(this.layer3Checksum || layer4) ? undefined : 'checksum';
  }

  /** How long layer 4 is says the IP header: bytes behind it pad the frame. */
  #findsLayer4(): boolean {
    const { layer2Length: at, layer3Type, layer3Length, layer4Type, layer4Length, reader } = this.layout;
    if (!hasPorts(layer4Type) || layer4Length === 0) return false;
    this.layer4Bytes = isIPv4(layer3Type)
      ? reader.half(at + 2) - layer3Length
      : reader.half(at + 4) + IPV6_HEADER_BYTES - layer3Length;
    return this.layer4Bytes >= layer4Length && at + layer3Length + this.layer4Bytes <= reader.length;
  }

  #planSegments(size: number): RefusalReason | undefined {
    const { layout, wishes } = this;
    const { layer3Length, layer4Length } = layout;
    const header = layout.layer2Length + layer3Length + layer4Length;
    const payload = layout.reader.length - header;
    if (!hasPorts(layout.layer4Type) || layer4Length === 0) return 'segmentation';
    if (!isIPv4(layout.layer3Type) && !isIPv6(layout.layer3Type)) return 'segmentation';
    if (layer3Length + layer4Length + Math.min(size, payload) > this.#mtu) return 'tooLong';
    if (softwareSegmentationReason(this.#headers(), payload, size, this.#offloads.gso) === undefined) {
      wishes.segmentSize = size;
      wishes.checksum = LAYER_4_REQUIRED | (isIPv4(layout.layer3Type) ? LAYER_3_REQUIRED : 0);
      return undefined;
    }
    if (!this.#canCut(payload)) return 'segmentation';
    this.segmentSize = size;
    return this.#planSegmentChecksums();
  }

  #canCut(payload: number): boolean {
    return this.#offloads.software.gso && payload <= SOFTWARE_MAXIMUM_OFFLOAD_SIZE;
  }

  /** Segments are frames like others: hardware inserts their checksums if it can. */
  #planSegmentChecksums(): RefusalReason | undefined {
    const ipv4 = isIPv4(this.layout.layer3Type);
    const software = softwareChecksumReason(this.#headers(), ipv4, true, this.#offloads.checksum) !== undefined;
    this.wishes.checksum = software ? 0 : LAYER_4_REQUIRED | (ipv4 ? LAYER_3_REQUIRED : 0);
    this.layer3Checksum = software && ipv4;
    this.layer4Checksum = software;
    this.layer4Seed = !software;
    return software && !this.#offloads.software.txChecksum ? 'checksum' : undefined;
  }

  /** The headers as the hardware will find them. */
  #headers(): FrameHeaders {
    const headers = this.#found;
    const { layout } = this;
    headers.layer2HeaderLength = layout.layer2Length + this.wishes.layer2Added;
    headers.layer3Type = layout.layer3Type;
    headers.layer3HeaderLength = layout.layer3Length;
    headers.layer4Type = layout.layer4Type;
    headers.layer4HeaderLength = layout.layer4Length;
    return headers;
  }
}
