/*
 * A Linux TAP from Node, with the header that says what was left to the NIC. Reading order: tap.ts, vnet-header.ts,
 * pieces.ts, watch.ts, libc.ts.
 */

export { Tap, type TapOffloads, type TapOptions } from './tap.ts';
export { TapError, type TapErrorCode } from './tap-error.ts';
export { PieceMemory, Pieces } from './pieces.ts';
export {
  DATA_VALID,
  NEEDS_CHECKSUM,
  newVnetHeader,
  readVnetHeader,
  Segmentation,
  SEGMENTATION_ECN,
  VNET_HEADER_BYTES,
  writeVnetHeader,
  type VnetHeader,
} from './vnet-header.ts';
