/*
 * Checksum offload, two bits a layer: on transmit what the NIC must compute, on receive what it found. One byte.
 * `ms_packet_checksum`, reference netadaptercx §1.8.
 */

import { bits, overlay, u8 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/** What the NIC must do with a layer's checksum on transmit. */
export const TxChecksumAction = Object.freeze({
  /** Leave what is in the packet. */
  Passthrough: 0,
  /** Compute it and write it into the packet. */
  Required: 2,
} as const);
/** One of {@link TxChecksumAction}. */
export type TxChecksumAction = (typeof TxChecksumAction)[keyof typeof TxChecksumAction];

/** What the NIC found out about a layer's checksum on receive. */
export const RxChecksumEvaluation = Object.freeze({
  /** Nothing: the protocol must check. */
  NotChecked: 0,
  /** It is right. */
  Valid: 1,
  /** It is wrong. */
  Invalid: 2,
} as const);
/** One of {@link RxChecksumEvaluation}. */
export type RxChecksumEvaluation = (typeof RxChecksumEvaluation)[keyof typeof RxChecksumEvaluation];

/** Each layer's checksum: a {@link TxChecksumAction} on transmit, a {@link RxChecksumEvaluation} on receive. */
export const Checksum = defineExtension({
  name: 'ms_packet_checksum',
  version: 1,
  size: 1,
  alignment: 1,
  level: 'packet',
  fields: {
    layer2: bits(u8(0), 1, 0),
    layer3: bits(u8(0), 3, 2),
    layer4: bits(u8(0), 5, 4),
    whole: overlay(u8(0)),
  },
});
