/*
 * Limits of rings and frames. Lengths "on the wire" count the frame check sequence, as the datasheet's registers do;
 * frames in memory do not have one.
 */

/** Bytes of a descriptor, transmit or receive, any format. */
export const DESCRIPTOR_BYTES = 16;
/** RDLEN and TDLEN are multiples of this many bytes: eight descriptors. */
export const RING_LENGTH_GRANULARITY = 128;
/** RDBAL and TDBAL are multiples of this. */
export const RING_ALIGNMENT = 128;
/** Most descriptors in a ring. The length registers could say 65,528; Linux's driver stops here, and so does what is tested. */
export const RING_DESCRIPTORS = 4096;

/** Bytes of frame check sequence behind each frame on the wire. */
export const FCS_BYTES = 4;
/** Shortest frame on the wire. */
export const MINIMUM_FRAME = 64;
/** Longest frame on the wire without RCTL.LPE; each VLAN tag adds `VLAN_TAG_BYTES`. */
export const STANDARD_FRAME = 1518;
/** Longest frame on the wire at all: RLPML after reset. */
export const MAXIMUM_FRAME = 0x2600;
/** Bytes of one VLAN tag. */
export const VLAN_TAG_BYTES = 4;
/** Receive buffers come in multiples of this many bytes (SRRCTL.BSIZEPACKET counts them). */
export const RX_BUFFER_GRANULARITY = 1024;
/** Header buffers come in multiples of this many bytes (SRRCTL.BSIZEHEADER counts them). */
export const RX_HEADER_GRANULARITY = 64;
/** Context slots that each transmit queue keeps. */
export const TX_CONTEXTS = 2;
