/*
 * An adapter for people: everything that `!ndiskd.netadapter`, `.cxadapter`, `.netqueue` and their kin show of NetAdapterCx
 * (reference netadaptercx §5.9), as one plain object and as text. It is a picture of one moment and holds on to nothing.
 */

import { Fragment, Packet } from '@netcx/rings';
import { FrameDescriptor } from '../edge/frame-descriptor.ts';
import type { LinkState } from '../link-state.ts';
import type { NetAdapter } from '../net-adapter.ts';
import type { OffloadSet } from '../offload/offload-set.ts';
import { OfferedBuffer } from '../offered-source.ts';
import type { ReceiveQueue } from '../receive-queue.ts';
import type { AdapterStatistics } from '../statistics.ts';
import type { TransmitQueue } from '../transmit-queue.ts';
import { inspectRing, ringLines, type RingInspection } from './ring-inspection.ts';

/** One queue. */
export interface QueueInspection {
  readonly direction: 'transmit' | 'receive';
  readonly id: number;
  /** The packet ring, the fragment ring, the edge's ring and, where the driver attaches buffers, the ring of those. */
  readonly rings: readonly RingInspection[];
  /** The elements of packet and fragment ring, byte by byte, with who owns each. */
  readonly layout: string;
  /** The execution context that polls it. */
  readonly context: string;
  /** Whether everything was given back. */
  readonly drained: boolean;
}

/** What an adapter knows of itself. */
export interface AdapterFacts {
  readonly name: string;
  /** Whether it has queues. */
  readonly running: boolean;
  readonly mtu: number;
  /** The NIC's address, hexadecimal with colons. */
  readonly linkLayerAddress: string;
  readonly linkState: LinkState;
  /** Offloads that are on, and those of them that the hardware does. */
  readonly offloads: { readonly enabled: OffloadSet; readonly inHardware: OffloadSet; readonly paused: boolean };
  /** The receive filter: what is let through; `undefined` when the driver never declared one. */
  readonly receiveFilter: {
    readonly packetFilter: number | undefined;
    readonly multicastAddresses: readonly string[];
  };
  /** Whether frames are spread over receive queues by their hash, and where to. */
  readonly receiveScaling: { readonly enabled: boolean; readonly indirectionTable: readonly number[] };
  /** What was settled at the last start, one line for each decision. */
  readonly settlement: string;
  readonly statistics: AdapterStatistics;
}

/** An adapter at one moment. */
export interface AdapterInspection extends AdapterFacts {
  readonly queues: readonly QueueInspection[];
  /** All of it, for a person to read. */
  readonly text: string;
}

/**
 * @param bytes - an address
 * @returns it in hexadecimal, with colons
 */
const addressText = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');

function inspectQueue(queue: TransmitQueue | ReceiveQueue, most: number): QueueInspection {
  const { block, rings, edge } = queue;
  const shown = [
    inspectRing(rings.packets, { core: Packet, plan: block.packetPlan }, most),
    inspectRing(rings.fragments, { core: Fragment, plan: block.fragmentPlan }, most),
    inspectRing(edge.ring, { core: FrameDescriptor, plan: undefined }, most),
  ];
  if (rings.dataBuffers !== undefined)
    shown.push(inspectRing(rings.dataBuffers, { core: OfferedBuffer, plan: undefined }, most));
  return {
    direction: 'tally' in queue ? 'transmit' : 'receive',
    id: queue.id,
    rings: shown,
    layout: block.explain(),
    context: queue.context.name,
    drained: queue.drained,
  };
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

function textOf(facts: AdapterFacts, queues: readonly QueueInspection[]): string {
  const { statistics, linkState, receiveFilter, receiveScaling, offloads } = facts;
  const link = linkState.connected ? `up, ${String(linkState.rxLinkSpeed)} bit/s` : 'down';
  const named = (set: object): string => JSON.stringify(set);
  return [
    `${facts.name}: ${facts.running ? 'running' : 'not running'}, MTU ${String(facts.mtu)}, address ${facts.linkLayerAddress}, link ${link}`,
    'offloads',
    ...indented([
      `on: ${named(offloads.enabled)}`,
      `in hardware: ${named(offloads.inHardware)}${offloads.paused ? ', paused' : ''}`,
    ]),
    `receive filter ${receiveFilter.packetFilter === undefined ? 'none' : `0x${receiveFilter.packetFilter.toString(16)}`}, groups: ${receiveFilter.multicastAddresses.join(' ') || 'none'}`,
    `receive scaling ${receiveScaling.enabled ? `over ${receiveScaling.indirectionTable.join(' ')}` : 'off'}`,
    'settlement',
    ...indented(facts.settlement.split('\n')),
    'execution contexts',
    ...statistics.contexts.map(
      (one) => `  ${one.name}: ${String(one.polls)} polls, ${String(one.wakeUps)} wake-ups, exits ${named(one.exits)}`,
    ),
    'buffers',
    ...Object.entries(statistics.buffers).map(([pool, census]) => `  ${pool}: ${named(census)}`),
    ...queues.flatMap((queue) => {
      const counters = statistics.queues.find(({ direction, id }) => direction === queue.direction && id === queue.id);
      return [
        `${queue.direction} queue ${String(queue.id)}, in ${queue.context}${queue.drained ? ', drained' : ''}`,
        ...indented([`counters: ${named(counters ?? {})}`, ...queue.layout.split('\n')]),
        ...indented(queue.rings.flatMap(ringLines)),
      ];
    }),
  ].join('\n');
}

function factsOf(adapter: NetAdapter): AdapterFacts {
  const { name, mtu, linkState, offloads, receiveFilter, receiveScaling } = adapter;
  return {
    name,
    running: adapter.transmitQueues.length + adapter.receiveQueues.length > 0,
    mtu,
    linkLayerAddress: addressText(adapter.linkLayerAddress),
    linkState: { ...linkState },
    offloads: { enabled: offloads.enabled, inHardware: offloads.inHardware, paused: offloads.paused },
    receiveFilter: {
      packetFilter: receiveFilter.packetFilter,
      multicastAddresses: receiveFilter.multicastAddresses.map(addressText),
    },
    receiveScaling: {
      enabled: receiveScaling.enabled,
      indirectionTable: [...receiveScaling.indirectionTable],
    },
    settlement: adapter.explain(),
    statistics: adapter.statistics(),
  };
}

/**
 * @param adapter - the adapter
 * @param elements - how many elements in flight to show of each ring
 * @returns all of it, at this moment
 */
export function inspectAdapter(adapter: NetAdapter, elements: number): AdapterInspection {
  const facts = factsOf(adapter);
  const queues = [...adapter.transmitQueues, ...adapter.receiveQueues].map((queue) => inspectQueue(queue, elements));
  return { ...facts, queues, text: textOf(facts, queues) };
}
