/*
 * What follows from the capabilities of an adapter that starts: which extensions its queues may have, and what rings and
 * buffers they get once the needs of the protocols above are heard.
 */

import { settleBuffers, type Decision, type ProtocolNeeds, type RingSizing, type Settlement } from '@netcx/buffers';
import { hostPages } from '@netcx/dma';
import { automaticExtensions, type Advertised, type ExtensionRegistry } from '@netcx/extensions';
import type { RxCapabilities, TxCapabilities } from './capabilities.ts';
import type { OffloadCapabilities } from './offload-capabilities.ts';

/** Everything that a settlement depends on. */
export interface AdapterDeclarations {
  readonly name: string;
  readonly tx: TxCapabilities;
  readonly rx: RxCapabilities;
  readonly linkSpeed: number;
  /** Longest frame to send, with its link-layer header. */
  readonly maximumFrame: number;
  /** Queues to create. */
  readonly queues: { readonly transmit: number; readonly receive: number };
  readonly needs: readonly ProtocolNeeds[];
  readonly sizing: RingSizing | undefined;
}

/**
 * @param declarations - what the driver declared and what protocols need
 * @returns what each gets, with the reasons
 * @throws BufferError `NEEDS_UNMET` or `SIZING_INVALID`
 */
export function settleAdapter(declarations: AdapterDeclarations): Settlement {
  const { name, tx, rx, linkSpeed, maximumFrame, queues, needs, sizing } = declarations;
  const settlement = settleBuffers({
    nic: {
      name,
      linkSpeed,
      transmit: {
        queues: queues.transmit,
        maximumFrame,
        alignment: tx.fragmentBufferAlignment,
        ringHint: tx.fragmentRingNumberOfElementsHint,
        backfill: tx.payloadBackfill,
        maximumFragments: tx.maximumNumberOfFragments,
      },
      receive: {
        queues: queues.receive,
        maximumFrame: rx.maximumFrameSize,
        alignment: rx.fragmentBufferAlignment,
        ringHint: rx.fragmentRingNumberOfElementsHint,
        bufferSizes: rx.bufferSizes,
      },
    },
    needs,
    ...(sizing === undefined ? {} : { sizing }),
    bytesFree: hostPages.bytesFree,
  });
  return { ...settlement, decisions: [...settlement.decisions, ...placeOf(name, tx, rx)] };
}

/** Where buffers lie and how they are cached: what drivers may ask for, and what this machine has. */
function placeOf(name: string, tx: TxCapabilities, rx: RxCapabilities): Decision[] {
  const decisions: Decision[] = [];
  for (const [side, dma] of [
    ['transmit', tx.dma],
    ['receive', rx.dma],
  ] as const) {
    if (dma === undefined) continue;
    const { preferredNode: node, cacheEnabled } = dma;
    if (node !== 'any')
      decisions.push({
        what: `${side} memory node`,
        asked: [{ who: name, value: node }],
        granted: 0,
        reason: node === 0 ? 'as asked' : 'host memory has one node',
      });
    if (cacheEnabled !== 'default')
      decisions.push({
        what: `${side} caching`,
        asked: [{ who: name, value: cacheEnabled ? 1 : 0 }],
        granted: 1,
        reason: cacheEnabled ? 'as asked' : 'host memory is cached, and devices see it as processors do',
      });
  }
  return decisions;
}

/**
 * Registers what queues carry: the virtual address always, the logical address with DMA, what the buffer mode needs, the rest as
 * advertised (reference netadaptercx §3.1).
 *
 * @param registry - the adapter's, emptied first
 * @param tx - transmit capabilities
 * @param rx - receive capabilities
 * @param offloads - what the NIC can do
 * @param more - what else it advertises
 */
export function registerExtensions(
  registry: ExtensionRegistry,
  tx: TxCapabilities,
  rx: RxCapabilities,
  offloads: OffloadCapabilities,
  more: Pick<Advertised, 'receiveScaling'> = {},
): void {
  const { txChecksum, rxChecksum, gso, rsc, ieee8021qTag, hardwareTimestamps = false } = offloads;
  const attached = rx.attachmentMode === 'driver' ? 'driver attaches' : 'system';
  registry.clear();
  for (const extension of automaticExtensions({
    ...more,
    transmitChecksum: txChecksum !== undefined,
    receiveChecksum: rxChecksum !== undefined,
    gso: gso !== undefined,
    rsc: rsc !== undefined && (rsc.tcpTimestampOption ? 'timestamps' : true),
    ieee8021q: ieee8021qTag !== undefined,
    hardwareTimestamps,
    dma: tx.dma !== undefined || rx.dma !== undefined,
    receiveBuffers: rx.allocationMode === 'driver' ? 'driver' : attached,
  }))
    registry.register(extension);
}
