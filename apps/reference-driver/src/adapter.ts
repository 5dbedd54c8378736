/*
 * What the adapter is told of the chip before it starts: how it reaches memory, how many queues and buffers it can have, what
 * it takes off the protocol's shoulders. Follows reference netadaptercx §1.10 and §5.2, with the limits of nic-82576
 * reference §3 and §4.
 */

import {
  dmaCapabilities,
  Layer3Flags,
  Layer4Flags,
  PacketFilterFlags,
  ReceiveScalingHashType,
  ReceiveScalingProtocolType,
  RxCapabilities,
  TxCapabilities,
  USUAL_PACKET_FILTER,
  type NetAdapter,
} from '@netcx/adapter';
import type { DmaEnabler } from '@netcx/dma';
import { RX_BUFFER_GRANULARITY, RX_QUEUES, TX_QUEUES, VLAN_TAG_BYTES } from '@netcx/nic-82576/registers';
import { MAXIMUM_GROUPS, type Filter } from './filter.ts';
import type { OffloadSwitches } from './offload.ts';
import { RSS_TABLE_ENTRIES, type Rss } from './rss.ts';
import type { Settings } from './settings.ts';

const GIGABIT = 1e9;
/** Most buffers that one frame is sent from. */
const MAXIMUM_FRAGMENTS = 16;
/** Longest receive buffer that the chip can be told of, in its steps. */
const MAXIMUM_BUFFER = 127 * RX_BUFFER_GRANULARITY;
/** Bytes around the payload: header, VLAN tag. */
const FRAME_OVERHEAD = 14 + VLAN_TAG_BYTES;
/** Farthest byte at which a layer 4 header may start: MACLEN and IPLEN at their greatest. */
const LAYER4_LIMIT = 127 + 511;
/** Longest payload that is left to the chip to cut: what an IPv4 packet can say, headers off. PAYLEN would hold four times that. */
const MAXIMUM_OFFLOAD = 65_535 - 20 - 20;
const EVERY_NETWORK =
  Layer3Flags.ipv4NoOptions |
  Layer3Flags.ipv4WithOptions |
  Layer3Flags.ipv6NoExtensions |
  Layer3Flags.ipv6WithExtensions;
const EVERY_TRANSPORT = Layer4Flags.tcpNoOptions | Layer4Flags.tcpWithOptions | Layer4Flags.udp;

const EVERY_PROTOCOL = Object.values(ReceiveScalingProtocolType).reduce((all: number, one) => all | one, 0);

/** The parts of the driver that hear what is to be done with frames. */
export interface Listeners {
  readonly offloads: OffloadSwitches;
  readonly filter: Filter;
  readonly rss: Rss;
}

/**
 * @param adapter - the adapter, not started
 * @param enabler - how the chip reaches memory
 * @param settings - what a user set
 * @param address - the station's permanent address
 * @param listeners - who is told what is used of all this
 * @throws AdapterError for capabilities that cannot be
 */
export function declareCapabilities(
  adapter: NetAdapter,
  enabler: DmaEnabler,
  settings: Settings,
  address: Uint8Array,
  listeners: Listeners,
): void {
  const dma = dmaCapabilities(enabler);
  const { mtu, maximumMtu, ringSize } = settings;
  const hint = { fragmentRingNumberOfElementsHint: ringSize };
  const maximumNumberOfFragments = Math.min(MAXIMUM_FRAGMENTS, ringSize - 1);
  // Bytes of a buffer for the longest received frame, in steps that the chip knows.
  const longestFrame = Math.ceil((maximumMtu + FRAME_OVERHEAD) / RX_BUFFER_GRANULARITY) * RX_BUFFER_GRANULARITY;
  adapter.setDatapathCapabilities(
    TxCapabilities.forDma(dma, TX_QUEUES, {
      ...hint,
      maximumNumberOfFragments,
      virtualAddress: false, // the chip finds every byte by its logical address
    }),
    RxCapabilities.systemManagedDma(dma, longestFrame, RX_QUEUES, {
      ...hint,
      fragmentBufferAlignment: 64,
      virtualAddress: false,
      bufferSizes: {
        granularity: RX_BUFFER_GRANULARITY,
        minimum: RX_BUFFER_GRANULARITY,
        maximum: MAXIMUM_BUFFER,
        maximumFragments: maximumNumberOfFragments,
      },
    }),
  );
  adapter.setLinkLayerCapabilities(GIGABIT);
  // What was changed while the adapter ran stays over a stop and a start: the other end has not forgotten it.
  adapter.setLinkLayerMtuSize(adapter.mtu === 0 ? mtu : adapter.mtu);
  adapter.setPermanentLinkLayerAddress(address);
  advertiseOffloads(adapter, settings, listeners.offloads);
  declareFilter(adapter, settings, listeners.filter);
  // Patterns the chip knows too, but not those of any length that a protocol may ask for.
  adapter.power.setWakeCapabilities({
    ...{ magicPacket: true, packetFilter: true, mediaChange: { connect: true, disconnect: true } },
  });
  if (settings.queues > 1) declareScaling(adapter, settings, listeners.rss); // one queue needs no room for hashes
}

function declareFilter(adapter: NetAdapter, settings: Settings, filter: Filter): void {
  adapter.receiveFilter.setCapabilities({
    supported: USUAL_PACKET_FILTER | PacketFilterFlags.promiscuous,
    maximumMulticastAddresses: MAXIMUM_GROUPS,
    set: ({ packetFilter, multicastAddressList }) => {
      const has = (flag: number): boolean => (packetFilter & flag) !== 0;
      const kinds = {
        directed: has(PacketFilterFlags.directed),
        multicast: has(PacketFilterFlags.multicast),
        allMulticast: has(PacketFilterFlags.allMulticast),
        broadcast: has(PacketFilterFlags.broadcast),
        promiscuous: has(PacketFilterFlags.promiscuous) || settings.promiscuous,
      };
      filter.set(kinds, multicastAddressList);
    },
  });
}

function declareScaling(adapter: NetAdapter, settings: Settings, rss: Rss): void {
  adapter.receiveScaling.setCapabilities({
    numberOfQueues: 2 ** Math.floor(Math.log2(settings.queues)),
    indirectionTableSize: RSS_TABLE_ENTRIES,
    hashTypes: ReceiveScalingHashType.toeplitz,
    protocolTypes: EVERY_PROTOCOL,
    enable: (_hashTypes, protocolTypes) => {
      rss.enable(protocolTypes);
    },
    disable: () => {
      rss.disable();
    },
    setHashSecretKey: (key) => {
      rss.setKey(key);
    },
    setIndirectionEntries: (entries) => {
      rss.setEntries(entries);
      return undefined;
    },
  });
}

function advertiseOffloads(adapter: NetAdapter, settings: Settings, offloads: OffloadSwitches): void {
  const layers = { layer3: EVERY_NETWORK, layer4: EVERY_TRANSPORT };
  const limit = { layer4HeaderOffsetLimit: LAYER4_LIMIT };
  adapter.offloads.advertise({
    ...(settings.checksumOffload && {
      txChecksum: { ...layers, ...limit },
      rxChecksum: { ...layers, set: offloads.judgeChecksums },
    }),
    ...(settings.segmentationOffload && {
      gso: { ...layers, ...limit, maximumOffloadSize: MAXIMUM_OFFLOAD, minimumSegmentCount: 1 },
    }),
    ...(settings.vlanOffload && {
      ieee8021qTag: { priority: true, vlan: true, set: offloads.handleTags },
    }),
    hardwareTimestamps: settings.timestamps,
  });
}
