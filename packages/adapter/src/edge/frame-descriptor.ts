/*
 * A frame as the protocol above sees it: 32 bytes that say where the bytes are, whose buffer they lie in, and what the
 * NIC knows of them or shall do to them. Descriptors lie in rings in host memory (`TransmitEdge`, `ReceiveEdge`), so a
 * burst of frames costs no object and no call, and a protocol may as well run in another worker.
 */

import { bits, defineStruct, overlay, u32 } from '@netcx/layout';

/** A frame, or a part of one when `more` is set: the next descriptor goes on with the same frame. */
// prettier-ignore
export const FrameDescriptor = defineStruct('FrameDescriptor', 32, {
  address:            u32(0),                 // host offset of the first byte
  length:             bits(u32(4), 25, 0),    // bytes
  more:               bits(u32(4), 26),       // the next descriptor belongs to the same frame
  hashType:           bits(u32(4), 31, 27),   // Rx: what `hash` was taken over; 0 = there is none
  lengthAndFlags:     overlay(u32(4)),
  buffer:             u32(8),                 // handle of the buffer that the bytes lie in; 0 = the protocol's own memory
  layer2HeaderLength: bits(u32(12), 6, 0),
  layer3HeaderLength: bits(u32(12), 15, 7),
  layer4HeaderLength: bits(u32(12), 23, 16),
  layer2Type:         bits(u32(12), 27, 24),
  layer3Type:         bits(u32(12), 31, 28),
  layout:             overlay(u32(12)),       // all of the above at once: NET_PACKET_LAYOUT without layer 4's type
  layer4Type:         bits(u32(16), 3, 0),
  tagging:            bits(u32(16), 5, 4),    // what of `tag` counts: bit 0 the priority, bit 1 the VLAN. Rx: it was taken out
  checksum:           bits(u32(16), 15, 8),   // the checksum extension's byte: what was found (Rx) or is wanted (Tx)
  tag:                bits(u32(16), 31, 16),  // IEEE 802.1Q tag control information, as on the wire: PCP 15..13, VID 11..0
  layer4AndChecksum:  overlay(u32(16)),
  segmentSize:        bits(u32(20), 19, 0),   // Tx: bytes of payload in each segment that shall be cut; 0 = do not
  coalesced:          overlay(bits(u32(20), 15, 0)),  // Rx: segments that were coalesced into this frame; 0 = it is one
  coalescedDetail:    overlay(bits(u32(20), 31, 16)), // Rx: duplicate ACKs among them (TCP), or the size of each (UDP)
  segmentation:       overlay(u32(20)),
  hash:               u32(24),                // Rx: the NIC's receive-side-scaling hash; 0 when it has none
  context:            u32(28),                // the protocol's own: carried, never looked at
});

/** Bytes of a frame descriptor: the stride of the edge's rings. */
export const FRAME_DESCRIPTOR_BYTES = 32;
