/*
 * What the classifier has found out about one frame of a burst, for whoever writes it to memory: four words as they will
 * stand in an advanced descriptor, then what is needed to get there. Records lie in device memory, one behind the other.
 */

import { bits, defineStruct, overlay, u32 } from '@netcx/layout';

/** A record. */
// prettier-ignore
export const FoundFrame = defineStruct('FoundFrame', 32, {
  information: u32(0),                  // RSS type and packet type, as in RxWriteBack
  hash:        u32(4),                  // the hash, or identification and fragment checksum
  status:      u32(8),                  // RX_STATUS bits, without DD and EOP
  tag:         u32(12),                 // the VLAN tag that is taken out, in the bits where the descriptor has it
  place:       overlay(u32(16)),
  queue:       bits(u32(16), 3, 0),
  verdict:     bits(u32(16), 12, 8),    // what `judge` said
  layout:      overlay(u32(20)),
  header:      bits(u32(20), 15, 0),    // bytes to split off, the tag that is taken out not counted; 0: nothing known
  stripAt:     bits(u32(20), 31, 16),   // how far into the frame the tag begins that is taken out; 0: none
  at:          u32(24),                 // byte offset of the frame's own header in device memory
});

/** Words of a record. */
export const FOUND_WORDS = 8;
/** Frames that are classified before they are written. */
export const FOUND_FRAMES = 64;
