/* Samples of every predefined extension, with literal bytes from the reference's struct layouts: its suite of cases. */

import {
  BufferLogicalAddress,
  BufferVirtualAddress,
  Checksum,
  DataBuffer,
  Gso,
  HardwareTimestamp,
  Hash,
  Ieee8021q,
  LogicalAddress,
  Lso,
  Mdl,
  NetMemory,
  ReturnContext,
  Rsc,
  RscTimestamp,
  RscV1,
  VirtualAddress,
  WifiExemptionAction,
  type Extension,
} from '@netcx/extensions';
import { extensionSuite, type ConformanceCase } from '../src/index.ts';

// prettier-ignore
export const SUITES: readonly (readonly [Extension, readonly ConformanceCase[]])[] = [
  [Checksum, extensionSuite(Checksum, [
    { fields: { layer2: 1, layer3: 2, layer4: 2 }, bytes: [0b10_10_01] },
    { fields: { layer2: 0, layer3: 1, layer4: 3 }, bytes: [0b11_01_00] },
    { fields: { whole: 0xa5 }, bytes: [0xa5] },
  ])],
  [Gso, extensionSuite(Gso, [{ fields: { mss: 1448 }, bytes: [0xa8, 0x05, 0, 0] }, { fields: { mss: 0xf_ffff }, bytes: [0xff, 0xff, 0x0f, 0] }])],
  [Lso, extensionSuite(Lso, [{ fields: { mss: 0x8_1234 }, bytes: [0x34, 0x12, 0x08, 0] }])],
  [RscV1, extensionSuite(RscV1, [{ fields: { coalescedSegmentCount: 3, duplicateAckCount: 0x0102 }, bytes: [3, 0, 2, 1] }])],
  [Rsc, extensionSuite(Rsc, [
    { fields: { coalescedSegmentCount: 3, duplicateAckCount: 0x0102 }, bytes: [3, 0, 2, 1] },
    { fields: { coalescedSegmentCount: 0x1234, coalescedSegmentSize: 1200 }, bytes: [0x34, 0x12, 0xb0, 0x04] },
  ])],
  [RscTimestamp, extensionSuite(RscTimestamp, [{ fields: { tcpTimestampDelta: 0x0102_0304 }, bytes: [4, 3, 2, 1] }])],
  [Ieee8021q, extensionSuite(Ieee8021q, [{ fields: { priorityCodePoint: 5, vlanIdentifier: 0x123, txTagging: 3 }, bytes: [0x1d, 0x09, 0x03, 0] }])],
  [Hash, extensionSuite(Hash, [{ fields: { value: 0xdead_beef, protocolType: 0x0102 }, bytes: [0xef, 0xbe, 0xad, 0xde, 2, 1, 0, 0] }])],
  [HardwareTimestamp, extensionSuite(HardwareTimestamp, [{ fields: { time: 0x1_0203_0405 }, bytes: [5, 4, 3, 2, 1, 0, 0, 0] }])],
  [VirtualAddress, extensionSuite(VirtualAddress, [{ fields: { hostOffset: 0x1234_5678 }, bytes: [0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0] }])],
  [LogicalAddress, extensionSuite(LogicalAddress, [{ fields: { address: 0x1_0000_2000 }, bytes: [0, 0x20, 0, 0, 1, 0, 0, 0] }])],
  [ReturnContext, extensionSuite(ReturnContext, [{ fields: { context: 0x1f_ffff_ffff_ffff }, bytes: [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0] }])],
  [Mdl, extensionSuite(Mdl, [{ fields: { mdl: 0x12_3456_789a_bcde }, bytes: [0xde, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12, 0] }])],
  [NetMemory, extensionSuite(NetMemory, [{ fields: { identifier: 0x0102 }, bytes: [2, 1, 0, 0, 0, 0, 0, 0] }])],
  [WifiExemptionAction, extensionSuite(WifiExemptionAction, [{ fields: { action: 0x81 }, bytes: [0x81] }])],
  [BufferVirtualAddress, extensionSuite(BufferVirtualAddress, [{ fields: { hostOffset: 0x1234_5678 }, bytes: [0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0] }])],
  [BufferLogicalAddress, extensionSuite(BufferLogicalAddress, [{ fields: { address: 0x1_0000_2000 }, bytes: [0, 0x20, 0, 0, 1, 0, 0, 0] }])],
  [DataBuffer, extensionSuite(DataBuffer, [{ fields: { buffer: 7 }, bytes: [7, 0, 0, 0, 0, 0, 0, 0] }])],
];
