/*
 * Which extensions an adapter registers for what its driver advertises: nobody names them one by one, and what is not
 * advertised is not laid out anywhere. Follows NetAdapterCx's table (reference netadaptercx §3.1).
 */

import { Checksum } from './checksum/checksum.ts';
import { DataBuffer } from './data-buffer/data-buffer.ts';
import type { Extension } from './extension.ts';
import { Gso } from './gso/gso.ts';
import { HardwareTimestamp } from './hardware-timestamp/hardware-timestamp.ts';
import { Hash } from './hash/hash.ts';
import { Ieee8021q } from './ieee8021q/ieee8021q.ts';
import { LogicalAddress } from './logical-address/logical-address.ts';
import { Mdl } from './mdl/mdl.ts';
import { ReturnContext } from './return-context/return-context.ts';
import { Rsc } from './rsc/rsc.ts';
import { RscTimestamp } from './rsc-timestamp/rsc-timestamp.ts';
import { VirtualAddress } from './virtual-address/virtual-address.ts';
import { WifiExemptionAction } from './wifi-exemption-action/wifi-exemption-action.ts';

/**
 * What a driver's capabilities say, as far as extensions follow from it. What is left out is not advertised.
 *
 * @example
 * ```ts
 * const dongle: Advertised = { receiveChecksum: true, receiveBuffers: 'driver' };
 * automaticExtensions(dongle).length; // 3
 * ```
 */
export interface Advertised {
  /** Transmit checksum offload. */
  readonly transmitChecksum?: boolean;
  /** Receive checksum offload. */
  readonly receiveChecksum?: boolean;
  /** Segmentation offload, TCP or UDP. */
  readonly gso?: boolean;
  /** Receive segment coalescing; `timestamps` when it also coalesces segments with the TCP timestamp option. */
  readonly rsc?: boolean | 'timestamps';
  /** Inserting and removing of 802.1Q tags. */
  readonly ieee8021q?: boolean;
  /** Receive scaling (RSS). */
  readonly receiveScaling?: boolean;
  /** Timestamps of packets by the NIC's clock. */
  readonly hardwareTimestamps?: boolean;
  /** Transmit or receive capabilities that come with a DMA enabler. */
  readonly dma?: boolean;
  /**
   * Who allocates and who attaches receive buffers: the system both (when left out), the system and then the driver
   * (`driver attaches`), or the driver both (`driver`).
   */
  readonly receiveBuffers?: 'system' | 'driver attaches' | 'driver';
  /** What kind of network it is; Ethernet when left out. */
  readonly media?: 'ethernet' | 'wifi' | 'mobile broadband';
}

/**
 * @param advertised - what the driver advertises
 * @returns what its adapter registers, to hand to `ExtensionRegistry.register` one by one
 * @example
 * ```ts
 * const registry = new ExtensionRegistry();
 * for (const extension of automaticExtensions({ dma: true, gso: true, rsc: true })) registry.register(extension);
 * registry.select('packet', TX_EXTENSIONS).length; // 1
 * registry.select('packet', RX_EXTENSIONS).length; // 1
 * ```
 */
export function automaticExtensions(advertised: Advertised): readonly Extension[] {
  const { receiveBuffers = 'system', media = 'ethernet', rsc = false } = advertised;
  const on = (condition: boolean | undefined, ...extensions: Extension[]): Extension[] =>
    condition === true ? extensions : [];
  return [
    VirtualAddress,
    ...on(receiveBuffers === 'driver', ReturnContext),
    ...on(receiveBuffers === 'driver attaches', DataBuffer),
    ...on(advertised.dma, LogicalAddress),
    ...on(advertised.dma !== true && media === 'mobile broadband', Mdl),
    ...on(media === 'wifi', WifiExemptionAction),
    ...on(advertised.ieee8021q, Ieee8021q),
    ...on(advertised.receiveScaling, Hash),
    ...on(advertised.transmitChecksum === true || advertised.receiveChecksum === true, Checksum),
    ...on(advertised.gso, Gso),
    ...on(rsc !== false, Rsc),
    ...on(rsc === 'timestamps', RscTimestamp),
    ...on(advertised.hardwareTimestamps, HardwareTimestamp),
  ];
}
