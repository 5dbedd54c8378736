/*
 * Every predefined extension, and which of them each direction of the data path can use (reference netadaptercx §3.2).
 * A queue gets what its direction proposes and its adapter registered, nothing else.
 */

import { Checksum } from './checksum/checksum.ts';
import { DataBuffer } from './data-buffer/data-buffer.ts';
import type { Extension } from './extension.ts';
import { Gso } from './gso/gso.ts';
import { HardwareTimestamp } from './hardware-timestamp/hardware-timestamp.ts';
import { Hash } from './hash/hash.ts';
import { Ieee8021q } from './ieee8021q/ieee8021q.ts';
import { LogicalAddress } from './logical-address/logical-address.ts';
import { Lso } from './lso/lso.ts';
import { ReturnContext } from './return-context/return-context.ts';
import { Rsc, RscV1 } from './rsc/rsc.ts';
import { RscTimestamp } from './rsc-timestamp/rsc-timestamp.ts';
import { VirtualAddress } from './virtual-address/virtual-address.ts';

/** Every predefined extension in all its versions. */
export const PREDEFINED: readonly Extension[] = Object.freeze([
  Checksum,
  Gso,
  Lso,
  RscV1,
  Rsc,
  RscTimestamp,
  Ieee8021q,
  Hash,
  HardwareTimestamp,
  VirtualAddress,
  LogicalAddress,
  ReturnContext,
  DataBuffer,
]);

/** What the transmit path can use. */
export const TX_EXTENSIONS: readonly Extension[] = Object.freeze([
  Checksum,
  Gso,
  LogicalAddress,
  VirtualAddress,
  Ieee8021q,
  HardwareTimestamp,
]);

/** What the receive path can use. A version 1 stands for every later one. */
export const RX_EXTENSIONS: readonly Extension[] = Object.freeze([
  Checksum,
  RscV1,
  RscTimestamp,
  DataBuffer,
  LogicalAddress,
  VirtualAddress,
  ReturnContext,
  Ieee8021q,
  Hash,
  HardwareTimestamp,
]);
