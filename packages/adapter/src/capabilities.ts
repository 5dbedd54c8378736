/*
 * What a driver declares before it starts its adapter: how its NIC reaches buffers, how many queues it has, how long its
 * frames may be. The forms are those of the buffer-management document; defaults and limits are those of NetAdapterCx
 * 2.x (reference netadaptercx §1.10), checked when they are set, with what is wrong named.
 */

import type { DmaEnabler } from '@netcx/dma';
import { AdapterError } from './adapter-error.ts';

/** Constraints of a DMA-capable NIC on where buffers may lie. */
export interface DmaCapabilities {
  /** Maps memory for the NIC. The buffer manager needs one of DMA version 3. */
  readonly enabler: DmaEnabler;
  /** Highest host offset that the NIC reaches; 0 = no limit. */
  readonly maximumPhysicalAddress: number;
  /** Memory node to take buffers from; `any` on a machine with one. */
  readonly preferredNode: number | 'any';
}

/** How a NIC sends. */
export interface TxCapabilities {
  /** `dmaMapped`: fragments carry logical addresses. `none`: the driver reads the bytes itself. */
  readonly mappingRequirement: 'none' | 'dmaMapped';
  /** Set when mapping is required. */
  readonly dma: DmaCapabilities | undefined;
  /** Free bytes that the driver wants in front of each frame. */
  readonly payloadBackfill: number;
  /** Most fragments of one packet. */
  readonly maximumNumberOfFragments: number;
  /** Alignment of each fragment's first byte, a power of two. */
  readonly fragmentBufferAlignment: number;
  /** Wish for the fragment ring's size, a power of two; 0 = none. */
  readonly fragmentRingNumberOfElementsHint: number;
  /** Transmit queues that the NIC has. */
  readonly maximumNumberOfQueues: number;
}

/** How a NIC receives. */
export interface RxCapabilities {
  /** Who allocates receive buffers. */
  readonly allocationMode: 'system' | 'driver';
  /** Who attaches them to fragments. */
  readonly attachmentMode: 'system' | 'driver';
  /** `dmaMapped`: fragments carry logical addresses. */
  readonly mappingRequirement: 'none' | 'dmaMapped';
  /** Set when mapping is required. */
  readonly dma: DmaCapabilities | undefined;
  /** Longest frame that the NIC writes, in bytes: what a buffer must hold. */
  readonly maximumFrameSize: number;
  /** Alignment of each buffer's first byte, a power of two. */
  readonly fragmentBufferAlignment: number;
  /** Wish for the fragment ring's size, a power of two; 0 = none. */
  readonly fragmentRingNumberOfElementsHint: number;
  /** Receive queues that the NIC has. */
  readonly maximumNumberOfQueues: number;
}

/**
 * @param enabler - maps memory for the NIC
 * @param more - limits, where the NIC has any
 * @returns DMA capabilities: no limit on addresses, any node
 */
export function dmaCapabilities(
  enabler: DmaEnabler,
  more: Partial<Omit<DmaCapabilities, 'enabler'>> = {},
): DmaCapabilities {
  return { enabler, maximumPhysicalAddress: 0, preferredNode: 'any', ...more };
}

type TxWishes = Partial<
  Pick<
    TxCapabilities,
    'payloadBackfill' | 'maximumNumberOfFragments' | 'fragmentBufferAlignment' | 'fragmentRingNumberOfElementsHint'
  >
>;
type RxWishes = Partial<Pick<RxCapabilities, 'fragmentBufferAlignment' | 'fragmentRingNumberOfElementsHint'>>;

const TX_DEFAULTS = {
  payloadBackfill: 0,
  maximumNumberOfFragments: Number.MAX_SAFE_INTEGER,
  fragmentBufferAlignment: 1,
  fragmentRingNumberOfElementsHint: 0,
};

const RX_DEFAULTS = { fragmentBufferAlignment: 1, fragmentRingNumberOfElementsHint: 0 };

/** Forms of transmit capabilities. */
export const TxCapabilities = {
  /**
   * NET_ADAPTER_TX_CAPABILITIES_INIT_FOR_DMA.
   *
   * @param dma - how the NIC reaches memory
   * @param queues - transmit queues that it has
   * @param wishes - hints and constraints
   * @returns capabilities of a NIC that reads frames by DMA
   */
  forDma: (dma: DmaCapabilities, queues: number, wishes: TxWishes = {}): TxCapabilities => ({
    ...TX_DEFAULTS,
    ...wishes,
    mappingRequirement: 'dmaMapped',
    dma,
    maximumNumberOfQueues: queues,
  }),
} as const;

/** Forms of receive capabilities. */
export const RxCapabilities = {
  /**
   * NET_ADAPTER_RX_CAPABILITIES_INIT_SYSTEM_MANAGED_DMA.
   *
   * @param dma - how the NIC reaches memory
   * @param maximumFrameSize - longest frame that it writes, in bytes
   * @param queues - receive queues that it has
   * @param wishes - hints and constraints
   * @returns capabilities of a NIC whose buffers the system allocates, maps and attaches
   */
  systemManagedDma: (
    dma: DmaCapabilities,
    maximumFrameSize: number,
    queues: number,
    wishes: RxWishes = {},
  ): RxCapabilities => ({
    ...RX_DEFAULTS,
    ...wishes,
    allocationMode: 'system',
    attachmentMode: 'system',
    mappingRequirement: 'dmaMapped',
    dma,
    maximumFrameSize,
    maximumNumberOfQueues: queues,
  }),
} as const;

const isPowerOfTwo = (value: number): boolean => Number.isInteger(value) && value > 0 && (value & (value - 1)) === 0;

/**
 * @param adapter - the adapter's name, for messages
 * @param tx - transmit capabilities
 * @param rx - receive capabilities
 * @throws AdapterError `CAPABILITIES_INVALID`, naming every field that cannot be
 */
export function checkDatapathCapabilities(adapter: string, tx: TxCapabilities, rx: RxCapabilities): void {
  const wrong: string[] = [];
  const both = [
    ['tx', tx],
    ['rx', rx],
  ] as const;
  for (const [side, capabilities] of both) {
    const {
      maximumNumberOfQueues: queues,
      fragmentBufferAlignment: alignment,
      fragmentRingNumberOfElementsHint: hint,
    } = capabilities;
    if (!Number.isInteger(queues) || queues < 1)
      wrong.push(`${side}.maximumNumberOfQueues is ${String(queues)}; expected 1 or more`);
    if (!isPowerOfTwo(alignment) || alignment > 4096)
      wrong.push(`${side}.fragmentBufferAlignment is ${String(alignment)}; expected a power of two up to 4096`);
    if (hint !== 0 && (!isPowerOfTwo(hint) || hint < 2 || hint > 65_536))
      wrong.push(
        `${side}.fragmentRingNumberOfElementsHint is ${String(hint)}; expected 0 or a power of two from 2 to 65536`,
      );
    if (capabilities.mappingRequirement === 'dmaMapped' && capabilities.dma === undefined)
      wrong.push(`${side}.dma is missing, though mapping is required`);
    const dma = capabilities.dma;
    const highest = dma?.maximumPhysicalAddress ?? 0;
    if (!Number.isSafeInteger(highest) || highest < 0)
      wrong.push(
        `${side}.dma.maximumPhysicalAddress is ${String(highest)}; expected 0 (no limit) or the highest host offset`,
      );
    const node = dma?.preferredNode ?? 'any';
    if (node !== 'any' && (!Number.isInteger(node) || node < 0))
      wrong.push(`${side}.dma.preferredNode is ${String(node)}; expected 'any' or a node's number`);
    const version = capabilities.dma?.enabler.version ?? 3;
    if (version !== 3)
      wrong.push(`${side}.dma.enabler has DMA version ${String(version)}; the buffer manager needs version 3`);
  }
  if (!Number.isInteger(tx.maximumNumberOfFragments) || tx.maximumNumberOfFragments < 1)
    wrong.push(`tx.maximumNumberOfFragments is ${String(tx.maximumNumberOfFragments)}; expected 1 or more`);
  // What would be silently ignored is refused: a driver that got less than it asked for would write where it must not.
  if (tx.payloadBackfill !== 0)
    wrong.push(
      `tx.payloadBackfill is ${String(tx.payloadBackfill)}; expected 0, since frames are sent from where they lie`,
    );
  if (rx.allocationMode === 'driver' && rx.attachmentMode === 'system')
    wrong.push(
      'rx.allocationMode is driver and rx.attachmentMode is system; the driver cannot allocate buffers that the system attaches',
    );
  else if (rx.attachmentMode !== 'system')
    wrong.push(`rx.attachmentMode is ${rx.attachmentMode}; expected system, which allocates and attaches every buffer`);
  if (!Number.isInteger(rx.maximumFrameSize) || rx.maximumFrameSize < 64 || rx.maximumFrameSize >= 2 ** 26)
    wrong.push(`rx.maximumFrameSize is ${String(rx.maximumFrameSize)}; expected 64 to 2^26 - 1`);
  if (wrong.length > 0) throw new AdapterError('CAPABILITIES_INVALID', `${adapter}: ${wrong.join('; ')}`);
}
