/*
 * What Linux says about a frame beside the frame itself: 12 bytes in front of each, `struct virtio_net_hdr_v1` (Virtual I/O
 * Device specification 1.1, §5.1.6), little-endian. It carries what was left for the NIC to do, and what the NIC has found.
 */

/** Bytes of the header. */
export const VNET_HEADER_BYTES = 12;

/** `flags`: the checksum from `checksumStart` on is to be written at `checksumOffset` behind it. */
export const NEEDS_CHECKSUM = 1;
/** `flags`: the checksums of the frame were checked and are right. */
export const DATA_VALID = 2;

/** Kinds of segmentation that are left to the NIC. */
export const Segmentation = { None: 0, Tcp4: 1, Tcp6: 4, Udp: 5 } as const;
/** Added to a kind of TCP segmentation: the frame carries congestion notification. */
export const SEGMENTATION_ECN = 0x80;

/** A header, field by field. */
export interface VnetHeader {
  /** NEEDS_CHECKSUM, DATA_VALID. */
  flags: number;
  /** A kind of `Segmentation`, perhaps with SEGMENTATION_ECN. */
  segmentation: number;
  /** Bytes of all headers of a frame that is to be segmented; a hint. */
  headerLength: number;
  /** Bytes of payload in each segment. */
  segmentSize: number;
  /** Where the checksum begins, in bytes from the start of the frame. */
  checksumStart: number;
  /** Where it is written, in bytes from where it begins. */
  checksumOffset: number;
}

/**
 * @param view - of the bytes
 * @param at - where the header begins
 * @param into - takes the fields
 */
export function readVnetHeader(view: DataView, at: number, into: VnetHeader): void {
  into.flags = view.getUint8(at);
  into.segmentation = view.getUint8(at + 1);
  into.headerLength = view.getUint16(at + 2, true);
  into.segmentSize = view.getUint16(at + 4, true);
  into.checksumStart = view.getUint16(at + 6, true);
  into.checksumOffset = view.getUint16(at + 8, true);
}

/**
 * @param view - of the bytes
 * @param at - where the header shall begin
 * @param header - the fields
 */
export function writeVnetHeader(view: DataView, at: number, header: Readonly<VnetHeader>): void {
  view.setUint8(at, header.flags);
  view.setUint8(at + 1, header.segmentation);
  view.setUint16(at + 2, header.headerLength, true);
  view.setUint16(at + 4, header.segmentSize, true);
  view.setUint16(at + 6, header.checksumStart, true);
  view.setUint16(at + 8, header.checksumOffset, true);
  view.setUint16(at + 10, 0, true); // buffers, which only the device of a virtual machine counts
}

/** @returns a header that says nothing */
export function newVnetHeader(): VnetHeader {
  return { flags: 0, segmentation: 0, headerLength: 0, segmentSize: 0, checksumStart: 0, checksumOffset: 0 };
}
