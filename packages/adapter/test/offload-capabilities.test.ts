/*
 * What a driver may advertise, and what follows for the elements of its queues: every capability that cannot be is refused by its
 * number, and nothing changes then.
 */

import { describeExtension } from '@netcx/extensions';
import { describe, expect, it } from 'vitest';
import { Layer3Flags as L3, Layer4Flags as L4, type OffloadCapabilities } from '../src/index.ts';
import { buildFakeMachine } from './fake-machine.ts';
import { refusal } from './refusal.ts';

const every = { layer3: 15, layer4: 7 };
const large = { maximumOffloadSize: 65_536, minimumSegmentCount: 2 };

describe('capabilities that cannot be', () => {
  // prettier-ignore
  it.each<readonly [string, string, OffloadCapabilities]>([
    ['0x5b', 'layer 4 without layer 3',             { txChecksum: { layer3: 0, layer4: L4.udp } }],
    ['0x5c', 'IPv6 alone without layer 4',          { txChecksum: { layer3: L3.ipv6NoExtensions, layer4: 0 } }],
    ['0x5e', 'IPv4 with options alone',             { txChecksum: { layer3: L3.ipv4WithOptions, layer4: L4.udp } }],
    ['0x5e', 'IPv6 with extensions alone',          { txChecksum: { layer3: 1 | L3.ipv6WithExtensions, layer4: L4.udp } }],
    ['0x5f', 'TCP with options alone',              { txChecksum: { layer3: 15, layer4: L4.tcpWithOptions } }],
    ['0x2a.1', 'no size',                           { gso: { ...every, ...large, maximumOffloadSize: 0 } }],
    ['0x2a.2', 'no segments',                       { gso: { ...every, ...large, minimumSegmentCount: 0 } }],
    ['0x2a.3', 'cutting IPv4 with options alone',   { gso: { ...large, layer3: L3.ipv4WithOptions, layer4: 7 } }],
    ['0x2a.3', 'cutting IPv6 with extensions alone', { gso: { ...large, layer3: L3.ipv6WithExtensions, layer4: 7 } }],
    ['0x2a.4', 'cutting TCP with options alone',    { gso: { ...large, layer3: 15, layer4: L4.tcpWithOptions } }],
    ['0x62', 'cutting over no layer 3',             { gso: { ...large, layer3: 0, layer4: 7 } }],
    ['0x62', 'cutting no layer 4',                  { gso: { ...large, layer3: 15, layer4: 0 } }],
    ['CAPABILITIES_INVALID', 'unknown flags',       { txChecksum: { layer3: 16, layer4: 7 } }],
    ['CAPABILITIES_INVALID', 'unknown flags',       { rsc: { layer3: 15, layer4: 8, tcpTimestampOption: false } }],
    ['CAPABILITIES_INVALID', 'half a flag',         { rxChecksum: { layer3: 0.5 } }],
    ['CAPABILITIES_INVALID', 'a limit below 0',     { txChecksum: { ...every, layer4HeaderOffsetLimit: -1 } }],
    ['CAPABILITIES_INVALID', 'more than a fragment holds', { gso: { ...every, ...large, maximumOffloadSize: 2 ** 26 } }],
    ['accepted', 'nothing',                         {}],
    ['accepted', 'hardware that does nothing',      { txChecksum: { layer3: 0, layer4: 0 } }],
    ['accepted', 'IPv4 headers alone',              { txChecksum: { layer3: L3.ipv4NoOptions, layer4: 0 } }],
    ['accepted', 'everything',                      { txChecksum: every, rxChecksum: {}, gso: { ...every, ...large } }],
  ])('%s: %s', (code, _what, offloads) => {
    const { adapter } = buildFakeMachine();
    const before = adapter.offloads.advertised;
    expect(refusal(() => { adapter.offloads.advertise(offloads); })).toBe(code);
    if (code !== 'accepted') expect(adapter.offloads.advertised).toBe(before);
  });

  it('name the field, what was expected and the page that explains it', () => {
    const { adapter } = buildFakeMachine({ name: 'nic 7' });
    expect(() => {
      adapter.offloads.advertise({ gso: { ...every, ...large, minimumSegmentCount: 0 } });
    }).toThrow(
      /nic 7: gso, minimumSegmentCount: expected 1 or more, found 0; see docs\/verifier\/invalid-gso-capabilities.md/u,
    );
    expect(() => {
      adapter.offloads.advertise({ txChecksum: { layer3: 99, layer4: 8 } });
    }).toThrow('txChecksum.layer3 is 99; expected 0 to 15, txChecksum.layer4 is 8; expected 0 to 7');
  });
});

describe('what is registered', () => {
  const names = async (offloads: OffloadCapabilities): Promise<string[]> => {
    const machine = buildFakeMachine({ offloads });
    machine.adapter.start();
    const found = machine.adapter.extensions.list('packet').map((one) => describeExtension(one).name);
    await machine.stop();
    return found;
  };

  it('follows from what is advertised', async () => {
    expect(await names({})).toEqual([]);
    expect(await names({ rxChecksum: {} })).toEqual(['ms_packet_checksum']);
    expect(await names({ txChecksum: every, rxChecksum: {} })).toEqual(['ms_packet_checksum']);
    expect(await names({ gso: { ...every, ...large } })).toEqual(['ms_packet_gso']);
    expect(await names({ ieee8021qTag: { priority: true, vlan: false } })).toEqual(['ms_packet_ieee8021q']);
    expect(await names({ rsc: { ...every, tcpTimestampOption: false } })).toEqual(['ms_packet_rsc']);
    expect(await names({ rsc: { ...every, tcpTimestampOption: true } })).toEqual([
      'ms_packet_rsc',
      'ms_packet_rsc_timestamp',
    ]);
    expect((await names({ hardwareTimestamps: true })).length).toBe(1);
  });
});
