/*
 * Where the headers of a frame lie: Ethernet with up to two tags or LLC/SNAP, 802.11, or no link layer; IPv4 with options;
 * IPv6 with extension headers; TCP and UDP. Headers may be split over parts anywhere. What a driver or a protocol said is
 * honoured where it is specific and can be true (reference netadaptercx §6.3); a header that cannot be (IHL or data offset
 * below 5, longer than the frame, longer than a layout can say) is never reported, nor is any behind it.
 *
 * @hot
 */

import * as memory from '@netcx/dma/memory';
import * as rings from '@netcx/rings';
import * as frames from '../edge/frame-descriptor.ts';
import * as readers from './frame-reader.ts';

const { i32: m } = memory;
const { FrameDescriptor } = frames;
const { Layer2Type, Layer3Type, Layer4Type } = rings;
const { FrameReader } = readers;

/** What `complete` did about what was said: believed it, found it out, or found that it cannot be and found it out. */
export const LayoutOutcome = { Honoured: 0, Parsed: 1, Corrected: 2 } as const;
const { Honoured, Parsed, Corrected } = LayoutOutcome;

const ETHERNET_BYTES = 14;
const TAG_BYTES = 4;
const MOST_TAGS = 2;
const LLC_SNAP_BYTES = 8;
/** The shortest 802.11 data header, and its additions: a fourth address, quality of service, high throughput. */
const IEEE80211_BYTES = 24;
/** Smaller values of Ethernet's type field are lengths. */
const FIRST_ETHER_TYPE = 0x0600;
const ETHER_TYPE_IPV4 = 0x0800;
const ETHER_TYPE_IPV6 = 0x86dd;
/** DSAP and SSAP of SNAP, and the organization that stands for Ethernet's types. */
const SNAP = 0xaaaa;
const SNAP_CONTROL = 0x0300_0000;
/** What fits 9 bits: headers of layer 3 that are longer cannot be said. */
const MOST_LAYER3_BYTES = 511;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;

/** Extension headers of IPv6, by their number. */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const NO_NEXT_HEADER = 59;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HOST_IDENTITY = 139;
const SHIM6 = 140;

/** Finds the headers of one frame after the other; its fields are those of the last one. */
export class FrameLayout {
  /** The frame's bytes. */
  readonly reader = new FrameReader();
  /** One of `Layer2Type`, and so on; lengths in bytes. */
  layer2Type = 0;
  layer2Length = 0;
  layer3Type = 0;
  layer3Length = 0;
  layer4Type = 0;
  layer4Length = 0;
  /** What was done about what was said of it, a `LayoutOutcome`. */
  outcome: number = Honoured;

  /**
   * Completes the layout in a frame's first descriptor. `reader` stands at the frame afterwards.
   *
   * @param base - word index of element 0 of the ring that holds the frame's descriptors
   * @param mask - elements of that ring less 1
   * @param first - index of the frame's first descriptor
   * @param medium - `Layer2Type` of frames that say none: Ethernet, Ieee80211, or Null where frames begin with layer 3
   * @returns a `LayoutOutcome`
   */
  complete(base: number, mask: number, first: number, medium: number): number {
    const d = (base + ((first & mask) << 3)) | 0;
    this.reader.open(base, mask, first);
    const said = FrameDescriptor.layout.get(m, d) | 0;
    this.layer2Length = said & 0x7f;
    this.layer3Length = (said >>> 7) & 0x1ff;
    this.layer4Length = (said >>> 16) & 0xff;
    this.layer2Type = (said >>> 24) & 15;
    this.layer3Type = said >>> 28;
    this.layer4Type = FrameDescriptor.layer4Type.get(m, d) | 0;
    const outcome = this.#find(medium);
    this.outcome = outcome;
    if (outcome === Honoured) return Honoured;
    const lengths = this.layer2Length | (this.layer3Length << 7) | (this.layer4Length << 16);
    FrameDescriptor.layout.set(m, d, lengths | (this.layer2Type << 24) | (this.layer3Type << 28));
    FrameDescriptor.layer4Type.set(m, d, this.layer4Type);
    return outcome;
  }

  #find(medium: number): number {
    if (this.layer2Type === Layer2Type.Unspecified || !this.#canBe()) {
      const outcome = this.layer2Type === Layer2Type.Unspecified ? Parsed : Corrected;
      this.layer2Type = medium;
      this.#parseAll(0);
      return outcome;
    }
    const placed = this.layer2Length > 0 || this.layer2Type === Layer2Type.Null;
    const specific = placed && this.layer3Length > 0 && isSpecific(this.layer3Type);
    if (specific && (this.layer4Type === Layer4Type.IPFragment || this.layer4Length > 0)) return Honoured;
    if (!specific) {
      const said = this.layer2Length;
      this.#parseAll(said);
      return said === 0 || said === this.layer2Length ? Parsed : Corrected;
    }
    const { layer3Type, layer3Length } = this;
    this.#parseLayer3(isIpv4(layer3Type) ? ETHER_TYPE_IPV4 : ETHER_TYPE_IPV6);
    return layer3Type === this.layer3Type && layer3Length === this.layer3Length ? Parsed : Corrected;
  }

  /** Whether what was said can be true: no length that the header cannot have, nor more than the frame has. */
  #canBe(): boolean {
    const { layer2Type, layer2Length, layer3Type, layer3Length, layer4Type, layer4Length } = this;
    if (layer2Type > Layer2Type.Ieee80211 || layer3Type > Layer3Type.IPv6NoExtensions) return false;
    if (layer4Type > Layer4Type.IPNotFragment) return false;
    const least2 = layer2Type === Layer2Type.Ethernet ? ETHERNET_BYTES : IEEE80211_BYTES;
    if (layer2Type === Layer2Type.Null ? layer2Length !== 0 : layer2Length !== 0 && layer2Length < least2) return false;
    if (layer3Length !== 0 && !canBeLayer3(layer3Type, layer3Length)) return false;
    if (layer4Length !== 0 && !canBeLayer4(layer4Type, layer4Length)) return false;
    return layer2Length + layer3Length + layer4Length <= this.reader.length;
  }

  /** @param said - bytes of the link layer's header that were said; 0 = none were */
  #parseAll(said: number): void {
    const { reader } = this;
    this.layer2Length = 0;
    this.#forgetLayer3();
    if (this.layer2Type === Layer2Type.Null) {
      const version = reader.length > 0 ? reader.byte(0) >>> 4 : 0;
      if (version === 4) this.#parseLayer3(ETHER_TYPE_IPV4);
      else if (version === 6) this.#parseLayer3(ETHER_TYPE_IPV6);
    } else if (said !== 0) this.#parseTyped(said);
    else if (this.layer2Type === Layer2Type.Ethernet) this.#parseTyped(ETHERNET_BYTES);
    else if (this.layer2Type === Layer2Type.Ieee80211) this.#parseIeee80211();
  }

  #forgetLayer3(): void {
    this.layer3Type = Layer3Type.Unspecified;
    this.layer3Length = 0;
    this.layer4Type = Layer4Type.Unspecified;
    this.layer4Length = 0;
  }

  /**
   * A header that ends with a type field, as Ethernet's does, and so does LLC/SNAP. Whatever stands before it is the
   * header's: a driver may know of bytes there that Ethernet has not.
   *
   * @param length - bytes up to and with the first type field
   */
  #parseTyped(length: number): void {
    const { reader } = this;
    let end = length | 0;
    if (end > reader.length) return;
    let type = reader.half(end - 2);
    for (let tags = 0; tags < MOST_TAGS && isTag(type) && end + TAG_BYTES <= reader.length; tags++) {
      end = (end + TAG_BYTES) | 0;
      type = reader.half(end - 2);
    }
    if (type < FIRST_ETHER_TYPE) {
      const inner = this.#snapType(end);
      if (inner !== 0) end = (end + LLC_SNAP_BYTES) | 0;
      type = inner;
    }
    this.layer2Length = end;
    this.#parseLayer3(type);
  }

  /** 802.11's own header, and LLC/SNAP behind it: data frames alone have that, and only where they are not encrypted. */
  #parseIeee80211(): void {
    const length = this.#ieee80211Bytes();
    if (length === 0 || length > this.reader.length) return;
    const type = this.#snapType(length);
    this.layer2Length = type === 0 ? length : length + LLC_SNAP_BYTES;
    if (type !== 0) this.#parseLayer3(type);
  }

  /** @returns bytes of the 802.11 header, 0 when the frame is none of data or too short */
  #ieee80211Bytes(): number {
    const { reader } = this;
    if (reader.length < IEEE80211_BYTES) return 0;
    const control = reader.byte(0);
    const flags = reader.byte(1);
    if ((control & 0x0c) !== 0x08) return 0;
    const fourth = (flags & 3) === 3 ? 6 : 0;
    if ((control & 0x80) === 0) return IEEE80211_BYTES + fourth;
    return IEEE80211_BYTES + fourth + 2 + ((flags & 0x80) === 0 ? 0 : 4);
  }

  /** @returns the Ethernet type in the SNAP header at `at`, 0 when there is none */
  #snapType(at: number): number {
    const { reader } = this;
    if (at + LLC_SNAP_BYTES > reader.length || reader.half(at) !== SNAP) return 0;
    return reader.word(at + 2) === SNAP_CONTROL ? reader.half(at + 6) : 0;
  }

  /** @param type - the Ethernet type of what stands behind the link layer's header */
  #parseLayer3(type: number): void {
    this.#forgetLayer3();
    if (type === ETHER_TYPE_IPV4) this.#parseIpv4();
    else if (type === ETHER_TYPE_IPV6) this.#parseIpv6();
  }

  #parseIpv4(): void {
    const { reader, layer2Length: at } = this;
    if (at + 20 > reader.length) return;
    const first = reader.byte(at);
    const length = (first & 15) << 2;
    if (first >>> 4 !== 4 || length < 20 || at + length > reader.length) return;
    this.layer3Type = length === 20 ? Layer3Type.IPv4NoOptions : Layer3Type.IPv4WithOptions;
    this.layer3Length = length;
    // More fragments, or not the first: no header of layer 4 can be relied on, even if one is there.
    if ((reader.half(at + 6) & 0x3fff) !== 0) this.layer4Type = Layer4Type.IPFragment;
    else this.#parseLayer4(reader.byte(at + 9), at + length);
  }

  #parseIpv6(): void {
    const { reader, layer2Length: at } = this;
    if (at + 40 > reader.length || reader.byte(at) >>> 4 !== 6) return;
    let next = reader.byte(at + 6);
    let end = (at + 40) | 0;
    let fragment = false;
    while (isExtension(next) && !fragment) {
      if (end + 8 > reader.length) return;
      const said = reader.byte(end + 1);
      // A fragment header that says offset 0 and no more makes a whole packet of it.
      fragment = next === FRAGMENT && (reader.half(end + 2) & 0xfff9) !== 0;
      const bytes = next === FRAGMENT ? 8 : next === AUTHENTICATION ? (said + 2) << 2 : (said + 1) << 3;
      next = reader.byte(end);
      end = (end + bytes) | 0;
      // A chain that leaves the frame, or what a layout can say: nothing behind it can be found.
      if (end > reader.length || end - at > MOST_LAYER3_BYTES) return;
    }
    this.layer3Type = end === at + 40 ? Layer3Type.IPv6NoExtensions : Layer3Type.IPv6WithExtensions;
    this.layer3Length = end - at;
    if (fragment) this.layer4Type = Layer4Type.IPFragment;
    else if (next === NO_NEXT_HEADER) this.layer4Type = Layer4Type.IPNotFragment;
    else this.#parseLayer4(next, end);
  }

  /** A transport header that does not fit the frame is not found; the packet keeps the layers before it. */
  #parseLayer4(protocol: number, at: number): void {
    const { reader } = this;
    if (protocol === PROTOCOL_TCP) {
      if (at + 20 > reader.length) return;
      const length = (reader.byte(at + 12) >>> 4) << 2;
      if (length < 20 || at + length > reader.length) return;
      this.layer4Type = Layer4Type.Tcp;
      this.layer4Length = length;
    } else if (protocol === PROTOCOL_UDP) {
      if (at + 8 > reader.length) return;
      this.layer4Type = Layer4Type.Udp;
      this.layer4Length = 8;
    } else this.layer4Type = Layer4Type.IPNotFragment;
  }
}

const isIpv4 = (type: number): boolean => type >= Layer3Type.IPv4UnspecifiedOptions && type <= Layer3Type.IPv4NoOptions;

/** Whether it says if there are options, or extension headers. */
const isSpecific = (type: number): boolean =>
  type !== Layer3Type.Unspecified &&
  type !== Layer3Type.IPv4UnspecifiedOptions &&
  type !== Layer3Type.IPv6UnspecifiedExtensions;

/** IEEE 802.1Q, 802.1ad, and what was used for the outer tag before that. */
const isTag = (type: number): boolean => type === 0x8100 || type === 0x88a8 || type === 0x9100;

const isExtension = (next: number): boolean =>
  next === HOP_BY_HOP ||
  next === ROUTING ||
  next === FRAGMENT ||
  next === AUTHENTICATION ||
  next === DESTINATION_OPTIONS ||
  next === MOBILITY ||
  next === HOST_IDENTITY ||
  next === SHIM6;

function canBeLayer3(type: number, length: number): boolean {
  if (type === Layer3Type.IPv4NoOptions) return length === 20;
  if (type === Layer3Type.IPv6NoExtensions) return length === 40;
  if (type === Layer3Type.IPv4WithOptions || type === Layer3Type.IPv4UnspecifiedOptions)
    return length >= 20 && length <= 60 && (length & 3) === 0;
  return type !== Layer3Type.Unspecified && length >= 40;
}

function canBeLayer4(type: number, length: number): boolean {
  if (type === Layer4Type.Tcp) return length >= 20 && length <= 60 && (length & 3) === 0;
  return type === Layer4Type.Udp && length === 8;
}
