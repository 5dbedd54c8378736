import { describe, expect, it } from 'vitest';
import {
  automaticExtensions,
  BufferLogicalAddress,
  BufferVirtualAddress,
  Checksum,
  DataBuffer,
  describeExtension,
  ExtensionRegistry,
  Gso,
  HardwareTimestamp,
  Hash,
  HashProtocol,
  Ieee8021q,
  LogicalAddress,
  Lso,
  Mdl,
  NetMemory,
  planElement,
  PREDEFINED,
  ReturnContext,
  Rsc,
  RscTimestamp,
  RscV1,
  RX_EXTENSIONS,
  RxChecksumEvaluation,
  TX_EXTENSIONS,
  TxChecksumAction,
  TxTagging,
  VirtualAddress,
  WifiExemptionAction,
  type Extension,
  type ExtensionFields,
} from '../src/index.ts';

/** Sets the named fields in a zeroed element and returns the extension's bytes, and the bytes around it. */
function bytesOf<F extends ExtensionFields>(
  extension: Extension<F>,
  values: Partial<Record<keyof F & string, number>>,
): number[] {
  const { level, size } = describeExtension(extension);
  const core = level === 'packet' ? { coreSize: 12, coreAlignment: 4 } : { coreSize: 8, coreAlignment: 8 };
  const plan = planElement({ level, ...core, extensions: [extension] });
  const offset = plan.offsetOf(extension);
  const memory = new Uint8Array(3 * plan.stride);
  const view = new Int32Array(memory.buffer);
  for (const [field, value] of Object.entries(values)) {
    extension[field]!.set(view, plan.wordStride, offset, value as number);
    expect(extension[field]!.get(view, plan.wordStride, offset)).toBe(value);
  }
  const start = plan.stride + offset;
  expect(memory.slice(0, start).every((byte) => byte === 0)).toBe(true);
  expect(memory.slice(start + size).every((byte) => byte === 0)).toBe(true);
  return [...memory.slice(start, start + size)];
}

describe('the predefined extensions, byte for byte', () => {
  it('checksum', () => {
    const { Passthrough, Required } = TxChecksumAction;
    expect(bytesOf(Checksum, { layer2: Passthrough, layer3: Required, layer4: Required })).toEqual([0b10_10_00]);
    expect(bytesOf(Checksum, { whole: 0b10_10_00 })).toEqual([0b10_10_00]);
    const { NotChecked, Valid, Invalid } = RxChecksumEvaluation;
    expect(bytesOf(Checksum, { layer2: Valid, layer3: NotChecked, layer4: Invalid })).toEqual([0b10_00_01]);
  });

  it('gso', () => expect(bytesOf(Gso, { mss: 1448 })).toEqual([0xa8, 0x05, 0x00, 0x00]));
  it('gso, all 20 bits', () => expect(bytesOf(Gso, { mss: 0xfffff })).toEqual([0xff, 0xff, 0x0f, 0x00]));
  it('lso', () => expect(bytesOf(Lso, { mss: 0x81234 })).toEqual([0x34, 0x12, 0x08, 0x00]));

  it('rsc version 1', () => {
    expect(bytesOf(RscV1, { coalescedSegmentCount: 0x0102, duplicateAckCount: 0x0304 })).toEqual([2, 1, 4, 3]);
  });

  it('rsc version 2', () => {
    expect(bytesOf(Rsc, { coalescedSegmentCount: 7, duplicateAckCount: 0x0203 })).toEqual([7, 0, 3, 2]);
    expect(bytesOf(Rsc, { coalescedSegmentCount: 45, coalescedSegmentSize: 1200 })).toEqual([45, 0, 0xb0, 0x04]);
  });

  it('rsc timestamp', () => {
    expect(bytesOf(RscTimestamp, { tcpTimestampDelta: 0x8765_4321 })).toEqual([0x21, 0x43, 0x65, 0x87]);
  });

  it('802.1Q', () => {
    const tag = {
      priorityCodePoint: 5,
      vlanIdentifier: 0xabc,
      txTagging: TxTagging.PriorityRequired | TxTagging.VlanRequired,
    };
    // 0xabc << 3 | 5 = 0x55e5
    expect(bytesOf(Ieee8021q, tag)).toEqual([0xe5, 0x55, 0x03, 0x00]);
    expect(bytesOf(Ieee8021q, { vlanIdentifier: 0xfff })).toEqual([0xf8, 0x7f, 0x00, 0x00]);
    expect(TxTagging.None).toBe(0);
  });

  it('hash', () => {
    const { IPv6, Tcp } = HashProtocol;
    expect(bytesOf(Hash, { value: 0xdead_beef, protocolType: IPv6 | Tcp })).toEqual([
      0xef, 0xbe, 0xad, 0xde, 0x14, 0, 0, 0,
    ]);
    expect(Object.values(HashProtocol)).toEqual([0, 1, 2, 4, 8, 0x10, 0x20]);
  });

  it('hardware timestamp', () => {
    expect(bytesOf(HardwareTimestamp, { time: 1_700_000_000_123_456 })).toEqual([
      0x40, 0x22, 0x20, 0x18, 0x24, 0x0a, 0x06, 0x00,
    ]);
  });

  it('virtual address', () => {
    expect(bytesOf(VirtualAddress, { hostOffset: 0x7fff_f000 })).toEqual([0x00, 0xf0, 0xff, 0x7f, 0, 0, 0, 0]);
    expect(bytesOf(VirtualAddress, { address: 0x1_0000_1000 })).toEqual([0x00, 0x10, 0x00, 0x00, 1, 0, 0, 0]);
  });

  it.each([
    ['logical address', { address: 0x12_3456_789a_bcde }, LogicalAddress],
    ['return context', { context: 0x12_3456_789a_bcde }, ReturnContext],
    ['data buffer', { buffer: 0x12_3456_789a_bcde }, DataBuffer],
    ['memory descriptor list', { mdl: 0x12_3456_789a_bcde }, Mdl],
    ['net memory', { identifier: 0x12_3456_789a_bcde }, NetMemory],
    ['logical address of a buffer on offer', { address: 0x12_3456_789a_bcde }, BufferLogicalAddress],
    ['virtual address of a buffer on offer', { address: 0x12_3456_789a_bcde }, BufferVirtualAddress],
  ] as const)('%s', (_, value, extension) => {
    expect(bytesOf<ExtensionFields>(extension, value)).toEqual([0xde, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12, 0x00]);
  });

  it('virtual address of a buffer on offer, for loops', () => {
    expect(bytesOf(BufferVirtualAddress, { hostOffset: 0x7fff_f000 })).toEqual([0x00, 0xf0, 0xff, 0x7f, 0, 0, 0, 0]);
  });

  it('Wi-Fi exemption action', () => expect(bytesOf(WifiExemptionAction, { action: 0xa5 })).toEqual([0xa5]));
});

describe('what is registered for advertised capabilities', () => {
  // prettier-ignore
  it.each([
    [{},                                                     [VirtualAddress]],
    [{ dma: true },                                          [VirtualAddress, LogicalAddress]],
    [{ receiveBuffers: 'driver' },                           [VirtualAddress, ReturnContext]],
    [{ receiveBuffers: 'driver attaches', dma: true },       [VirtualAddress, DataBuffer, LogicalAddress]],
    [{ media: 'mobile broadband' },                          [VirtualAddress, Mdl]],
    [{ media: 'mobile broadband', dma: true },               [VirtualAddress, LogicalAddress]],
    [{ media: 'wifi' },                                      [VirtualAddress, WifiExemptionAction]],
    [{ transmitChecksum: true },                             [VirtualAddress, Checksum]],
    [{ receiveChecksum: true, transmitChecksum: true },      [VirtualAddress, Checksum]],
    [{ gso: true, ieee8021q: true, receiveScaling: true },   [VirtualAddress, Ieee8021q, Hash, Gso]],
    [{ rsc: true },                                          [VirtualAddress, Rsc]],
    [{ rsc: 'timestamps' },                                  [VirtualAddress, Rsc, RscTimestamp]],
    [{ hardwareTimestamps: true, rsc: false },               [VirtualAddress, HardwareTimestamp]],
  ] as const)('%o', (advertised, expected) => {
    expect(automaticExtensions(advertised)).toEqual(expected);
    const registry = new ExtensionRegistry();
    for (const extension of automaticExtensions(advertised)) registry.register(extension);
    expect([...registry.list('packet'), ...registry.list('fragment')]).toHaveLength(expected.length);
  });
});

describe('the lists', () => {
  it('agree with the reference: name, level, version, size, alignment', () => {
    const rows = PREDEFINED.map(describeExtension).map(
      ({ name, level, version, size, alignment }) => `${name} ${level} v${version} ${size}/${alignment}`,
    );
    expect(rows).toEqual([
      'ms_packet_checksum packet v1 1/1',
      'ms_packet_gso packet v1 4/4',
      'ms_packet_lso packet v1 4/4',
      'ms_packet_rsc packet v1 4/2',
      'ms_packet_rsc packet v2 4/2',
      'ms_packet_rsc_timestamp packet v1 4/4',
      'ms_packet_ieee8021q packet v1 4/2',
      'ms_packet_hash packet v1 8/4',
      'ms_packet_wifiexemptionaction packet v1 1/1',
      'netcx_packet_hardware_timestamp packet v1 8/4',
      'ms_fragment_virtualaddress fragment v1 8/8',
      'ms_fragment_logicaladdress fragment v1 8/8',
      'ms_fragment_mdl fragment v1 8/8',
      'ms_fragment_returncontext fragment v1 8/8',
      'ms_fragment_databuffer fragment v1 8/8',
      'ms_fragment_netmemory fragment v1 8/8',
      'netcx_buffer_virtualaddress buffer v1 8/8',
      'netcx_buffer_logicaladdress buffer v1 8/8',
    ]);
  });

  it('propose for each direction what the original proposes, and the timestamp', () => {
    expect(TX_EXTENSIONS).toEqual([
      Checksum,
      Gso,
      WifiExemptionAction,
      LogicalAddress,
      VirtualAddress,
      Mdl,
      Ieee8021q,
      HardwareTimestamp,
    ]);
    expect(RX_EXTENSIONS).toEqual([
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
  });

  it('have the values of the reference for what a NIC does with a checksum', () => {
    expect(TxChecksumAction).toEqual({ Passthrough: 0, Required: 2 });
    expect(RxChecksumEvaluation).toEqual({ NotChecked: 0, Valid: 1, Invalid: 2 });
    expect(TxTagging).toEqual({ None: 0, PriorityRequired: 1, VlanRequired: 2 });
  });
});
