/*
 * In-line metadata of packets and fragments: definitions, the registry, the plan of an element, a queue's handles, and
 * every predefined extension (one folder each).
 * Reading order: extension.ts, extension-field.ts, element-plan.ts, bound-extension.ts, registry.ts, checksum/.
 */

export {
  defineExtension,
  describeExtension,
  MAXIMUM_ALIGNMENT,
  MAXIMUM_EXTENSION_SIZE,
  type Extension,
  type ExtensionDescription,
  type ExtensionFields,
  type ExtensionSpec,
  type Level,
} from './extension.ts';
export type { ExtensionField, WideExtensionField } from './extension-field.ts';
export { ElementPlan, planElement, type ElementSpec, type Placement, type PlanMode } from './element-plan.ts';
export { INVALID_OFFSET, type BoundExtension } from './bound-extension.ts';
export { automaticExtensions, type Advertised } from './automatic.ts';
export { ExtensionRegistry } from './registry.ts';
export { PREDEFINED, RX_EXTENSIONS, TX_EXTENSIONS } from './predefined.ts';
export { ExtensionError, type ExtensionErrorCode } from './extension-error.ts';

export { BufferLogicalAddress } from './buffer-logical-address/buffer-logical-address.ts';
export { BufferVirtualAddress } from './buffer-virtual-address/buffer-virtual-address.ts';
export { Checksum, RxChecksumEvaluation, TxChecksumAction } from './checksum/checksum.ts';
export { DataBuffer } from './data-buffer/data-buffer.ts';
export { Gso } from './gso/gso.ts';
export { HardwareTimestamp } from './hardware-timestamp/hardware-timestamp.ts';
export { Hash, HashProtocol } from './hash/hash.ts';
export { Ieee8021q, TxTagging } from './ieee8021q/ieee8021q.ts';
export { LogicalAddress } from './logical-address/logical-address.ts';
export { Lso } from './lso/lso.ts';
export { Mdl } from './mdl/mdl.ts';
export { NetMemory } from './net-memory/net-memory.ts';
export { ReturnContext } from './return-context/return-context.ts';
export { Rsc, RscV1 } from './rsc/rsc.ts';
export { RscTimestamp } from './rsc-timestamp/rsc-timestamp.ts';
export { VirtualAddress } from './virtual-address/virtual-address.ts';
export { WifiExemptionAction } from './wifi-exemption-action/wifi-exemption-action.ts';
