/*
 * What a driver declares before it starts its adapter: how its NIC reaches buffers, how many queues it has, how long its
 * frames may be. The forms are those of the buffer-management document; defaults and limits are those of NetAdapterCx
 * 2.x (reference netadaptercx §1.10); capability-check.ts says what is wrong with them.
 */

import type { BufferSizes } from '@netcx/buffers';
import type { DmaEnabler } from '@netcx/dma';

/** Constraints of a DMA-capable NIC on where buffers may lie. */
export interface DmaCapabilities {
  /** Maps memory for the NIC. The buffer manager needs one of DMA version 3. */
  readonly enabler: DmaEnabler;
  /** Highest address that the NIC reaches, as it sees memory: a logical address; 0 = what the enabler's width allows. */
  readonly maximumPhysicalAddress: number;
  /** Whether buffers shall be cached; `default` leaves it to the machine. Host memory here always is, and coherent. */
  readonly cacheEnabled: boolean | 'default';
  /** Memory node to take buffers from; `any` on a machine with one. */
  readonly preferredNode: number | 'any';
}

/** How a NIC sends. */
export interface TxCapabilities {
  /** `dmaMapped`: fragments carry logical addresses. `none`: the driver reads the bytes itself. */
  readonly mappingRequirement: 'none' | 'dmaMapped';
  /** Set when mapping is required. */
  readonly dma: DmaCapabilities | undefined;
  /** Free bytes that the driver wants in front of each frame, up to 4096: the first fragment begins with them. */
  readonly payloadBackfill: number;
  /** Most fragments of one packet; also bounded by the ring, less one, and by 65535. */
  readonly maximumNumberOfFragments: number;
  /** Alignment of each fragment's first byte, a power of two. */
  readonly fragmentBufferAlignment: number;
  /** Wish for the fragment ring's size, a power of two; 0 = none. */
  readonly fragmentRingNumberOfElementsHint: number;
  /** Whether fragments say where their bytes are for the driver; a driver that never looks there saves 8 bytes of each. */
  readonly virtualAddress: boolean;
  /** Transmit queues that the NIC has. */
  readonly maximumNumberOfQueues: number;
}

/**
 * Told of a receive buffer that the driver brought and that nobody holds any more: EvtAdapterReturnRxBuffer.
 *
 * @param contextLow - low 32 bits of the fragment's return context, unsigned
 * @param contextHigh - high 32 bits
 */
export type ReturnRxBuffer = (contextLow: number, contextHigh: number) => void;

/**
 * How a NIC receives. Three modes are legal: the system allocates and attaches, the system allocates and the driver
 * attaches, the driver does both.
 */
export interface RxCapabilities {
  /** Who allocates receive buffers. */
  readonly allocationMode: 'system' | 'driver';
  /** Who attaches them to fragments. */
  readonly attachmentMode: 'system' | 'driver';
  /** `dmaMapped`: fragments carry logical addresses. */
  readonly mappingRequirement: 'none' | 'dmaMapped';
  /** Set when mapping is required. */
  readonly dma: DmaCapabilities | undefined;
  /** Longest frame that the NIC writes, in bytes: what a buffer must hold, unless `bufferSizes` says otherwise. */
  readonly maximumFrameSize: number;
  /** Sizes that the NIC can be told its buffers have, when it spreads long frames over several; `undefined` = it cannot. */
  readonly bufferSizes: BufferSizes | undefined;
  /** Told of each buffer that comes back to a driver that allocates them itself. */
  readonly returnRxBuffer: ReturnRxBuffer | undefined;
  /** Alignment of each buffer's first byte, a power of two. */
  readonly fragmentBufferAlignment: number;
  /** Wish for the fragment ring's size, a power of two; 0 = none. */
  readonly fragmentRingNumberOfElementsHint: number;
  /** Whether fragments say where their bytes are for the driver; always where the driver attaches buffers. */
  readonly virtualAddress: boolean;
  /** Receive queues that the NIC has. */
  readonly maximumNumberOfQueues: number;
}

/**
 * @param enabler - maps memory for the NIC
 * @param more - limits, where the NIC has any
 * @returns DMA capabilities: no limit on addresses, the machine's caching, any node
 * @example
 * ```ts
 * const dma = dmaCapabilities(enabler, { maximumPhysicalAddress: 0xffff_ffff });
 * ```
 */
export function dmaCapabilities(
  enabler: DmaEnabler,
  more: Partial<Omit<DmaCapabilities, 'enabler'>> = {},
): DmaCapabilities {
  return { enabler, maximumPhysicalAddress: 0, cacheEnabled: 'default', preferredNode: 'any', ...more };
}

/** What a driver may say about how it wants to send: constraints and hints. */
export type TxWishes = Partial<
  Pick<
    TxCapabilities,
    | 'payloadBackfill'
    | 'maximumNumberOfFragments'
    | 'fragmentBufferAlignment'
    | 'fragmentRingNumberOfElementsHint'
    | 'virtualAddress'
  >
>;
/** The same for what it receives. */
export type RxWishes = Partial<
  Pick<
    RxCapabilities,
    'attachmentMode' | 'fragmentBufferAlignment' | 'fragmentRingNumberOfElementsHint' | 'bufferSizes' | 'virtualAddress'
  >
>;

const TX_DEFAULTS = {
  payloadBackfill: 0,
  maximumNumberOfFragments: Number.MAX_SAFE_INTEGER,
  fragmentBufferAlignment: 1,
  fragmentRingNumberOfElementsHint: 0,
  virtualAddress: true,
};

const RX_DEFAULTS = {
  allocationMode: 'system',
  attachmentMode: 'system',
  bufferSizes: undefined,
  returnRxBuffer: undefined,
  fragmentBufferAlignment: 1,
  fragmentRingNumberOfElementsHint: 0,
  virtualAddress: true,
} as const;

/**
 * Forms of transmit capabilities.
 *
 * @example
 * ```ts
 * const tx = TxCapabilities.forDma(dma, 1, { maximumNumberOfFragments: 16, fragmentRingNumberOfElementsHint: 512 });
 * ```
 */
export const TxCapabilities = {
  /**
   * NET_ADAPTER_TX_CAPABILITIES_INIT.
   *
   * @param queues - transmit queues that the NIC has
   * @param wishes - hints and constraints
   * @returns capabilities of a NIC whose driver reads the bytes itself, wherever they lie in host memory
   */
  withoutDma: (queues: number, wishes: TxWishes = {}): TxCapabilities => ({
    ...TX_DEFAULTS,
    ...wishes,
    mappingRequirement: 'none',
    dma: undefined,
    maximumNumberOfQueues: queues,
  }),
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

/**
 * Forms of receive capabilities. A driver that attaches buffers of the system's says `attachmentMode: 'driver'`.
 *
 * @example
 * ```ts
 * const rx = RxCapabilities.systemManagedDma(dma, 1518, 1, { fragmentBufferAlignment: 64 });
 * ```
 */
export const RxCapabilities = {
  /**
   * NET_ADAPTER_RX_CAPABILITIES_INIT_SYSTEM_MANAGED_DMA.
   *
   * @param dma - how the NIC reaches memory
   * @param maximumFrameSize - longest frame that it writes, in bytes
   * @param queues - receive queues that it has
   * @param wishes - hints and constraints
   * @returns capabilities of a NIC whose buffers the system allocates, maps and, unless wished otherwise, attaches
   */
  systemManagedDma: (
    dma: DmaCapabilities,
    maximumFrameSize: number,
    queues: number,
    wishes: RxWishes = {},
  ): RxCapabilities => ({
    ...RX_DEFAULTS,
    ...wishes,
    mappingRequirement: 'dmaMapped',
    dma,
    maximumFrameSize,
    maximumNumberOfQueues: queues,
  }),
  /**
   * NET_ADAPTER_RX_CAPABILITIES_INIT_SYSTEM_MANAGED.
   *
   * @param maximumFrameSize - longest frame that the driver writes, in bytes
   * @param queues - receive queues that the NIC has
   * @param wishes - hints and constraints
   * @returns capabilities of a NIC whose buffers the system allocates, and whose driver writes the bytes itself
   */
  systemManaged: (maximumFrameSize: number, queues: number, wishes: RxWishes = {}): RxCapabilities => ({
    ...RX_DEFAULTS,
    ...wishes,
    mappingRequirement: 'none',
    dma: undefined,
    maximumFrameSize,
    maximumNumberOfQueues: queues,
  }),
  /**
   * NET_ADAPTER_RX_CAPABILITIES_INIT_DRIVER_MANAGED.
   *
   * @param returnRxBuffer - told of each buffer that nobody holds any more
   * @param maximumFrameSize - longest frame that the driver shows, in bytes
   * @param queues - receive queues that the NIC has
   * @param wishes - a hint for the ring
   * @returns capabilities of a NIC whose driver shows frames in memory of its own: it writes the virtual address, the
   * capacity and the return context of each fragment
   */
  driverManaged: (
    returnRxBuffer: ReturnRxBuffer,
    maximumFrameSize: number,
    queues: number,
    wishes: Pick<RxWishes, 'fragmentRingNumberOfElementsHint'> = {},
  ): RxCapabilities => ({
    ...RX_DEFAULTS,
    ...wishes,
    allocationMode: 'driver',
    attachmentMode: 'driver',
    mappingRequirement: 'none',
    dma: undefined,
    returnRxBuffer,
    maximumFrameSize,
    maximumNumberOfQueues: queues,
  }),
} as const;
