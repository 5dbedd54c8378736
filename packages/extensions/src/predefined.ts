/*
 * Every predefined extension, and which of them each direction of the data path can use (reference netadaptercx §3.2).
 * A queue gets what its direction proposes and its adapter registered, nothing else.
 */

import { BufferLogicalAddress } from './buffer-logical-address/buffer-logical-address.ts';
import { BufferVirtualAddress } from './buffer-virtual-address/buffer-virtual-address.ts';
import { Checksum } from './checksum/checksum.ts';
import { DataBuffer } from './data-buffer/data-buffer.ts';
import type { Extension } from './extension.ts';
import { Gso } from './gso/gso.ts';
import { HardwareTimestamp } from './hardware-timestamp/hardware-timestamp.ts';
import { Hash } from './hash/hash.ts';
import { Ieee8021q } from './ieee8021q/ieee8021q.ts';
import { LogicalAddress } from './logical-address/logical-address.ts';
import { Lso } from './lso/lso.ts';
import { Mdl } from './mdl/mdl.ts';
import { NetMemory } from './net-memory/net-memory.ts';
import { ReturnContext } from './return-context/return-context.ts';
import { Rsc, RscV1 } from './rsc/rsc.ts';
import { RscTimestamp } from './rsc-timestamp/rsc-timestamp.ts';
import { VirtualAddress } from './virtual-address/virtual-address.ts';
import { WifiExemptionAction } from './wifi-exemption-action/wifi-exemption-action.ts';

/**
 * Every predefined extension in all its versions.
 *
 * @example
 * ```ts
 * PREDEFINED.map(describeExtension).filter(({ name }) => name === 'ms_packet_rsc').length; // 2
 * ```
 */
export const PREDEFINED: readonly Extension[] = Object.freeze([
  Checksum,
  Gso,
  Lso,
  RscV1,
  Rsc,
  RscTimestamp,
  Ieee8021q,
  Hash,
  WifiExemptionAction,
  HardwareTimestamp,
  VirtualAddress,
  LogicalAddress,
  Mdl,
  ReturnContext,
  DataBuffer,
  NetMemory,
  BufferVirtualAddress,
  BufferLogicalAddress,
]);

/**
 * What the transmit path can use.
 *
 * @example
 * ```ts
 * const registry = new ExtensionRegistry();
 * registry.register(Checksum);
 * registry.register(Hash); // of receive
 * registry.select('packet', TX_EXTENSIONS).length; // 1
 * ```
 */
export const TX_EXTENSIONS: readonly Extension[] = Object.freeze([
  Checksum,
  Gso,
  WifiExemptionAction,
  LogicalAddress,
  VirtualAddress,
  Mdl,
  Ieee8021q,
  HardwareTimestamp,
]);

/**
 * What the receive path can use. A version 1 stands for every later one.
 *
 * @example
 * ```ts
 * const registry = new ExtensionRegistry();
 * registry.register(Rsc); // version 2
 * describeExtension(registry.select('packet', RX_EXTENSIONS)[0]!).version; // 2
 * ```
 */
export const RX_EXTENSIONS: readonly Extension[] = Object.freeze([
  Checksum,
  RscV1,
  RscTimestamp,
  DataBuffer,
  LogicalAddress,
  VirtualAddress,
  ReturnContext,
  NetMemory,
  Ieee8021q,
  Hash,
  HardwareTimestamp,
  BufferVirtualAddress,
  BufferLogicalAddress,
]);
