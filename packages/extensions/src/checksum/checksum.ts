/*
 * Checksum offload, two bits a layer: on transmit what the NIC must compute, on receive what it found. One byte.
 * `ms_packet_checksum`, reference netadaptercx §1.8.
 */

import { bits, overlay, u8 } from '@netcx/layout';
import { defineExtension } from '../extension.ts';

/**
 * What the NIC must do with a layer's checksum on transmit.
 *
 * @example
 * ```ts
 * Checksum.layer4.set(memory, 0, 12, TxChecksumAction.Required);
 * Checksum.layer4.get(memory, 0, 12); // 2
 * ```
 */
export const TxChecksumAction = Object.freeze({
  /** Leave what is in the packet. */
  Passthrough: 0,
  /** Compute it and write it into the packet. */
  Required: 2,
} as const);
/**
 * One of {@link TxChecksumAction}.
 *
 * @example
 * ```ts
 * const action: TxChecksumAction = TxChecksumAction.Required;
 * action; // 2
 * ```
 */
export type TxChecksumAction = (typeof TxChecksumAction)[keyof typeof TxChecksumAction];

/**
 * What the NIC found out about a layer's checksum on receive.
 *
 * @example
 * ```ts
 * Checksum.layer3.set(memory, 0, 12, RxChecksumEvaluation.Invalid);
 * Checksum.layer3.get(memory, 0, 12); // 2
 * ```
 */
export const RxChecksumEvaluation = Object.freeze({
  /** Nothing: the protocol must check. */
  NotChecked: 0,
  /** It is right. */
  Valid: 1,
  /** It is wrong. */
  Invalid: 2,
} as const);
/**
 * One of {@link RxChecksumEvaluation}.
 *
 * @example
 * ```ts
 * const found: RxChecksumEvaluation = RxChecksumEvaluation.Valid;
 * found; // 1
 * ```
 */
export type RxChecksumEvaluation = (typeof RxChecksumEvaluation)[keyof typeof RxChecksumEvaluation];

/**
 * Each layer's checksum: a {@link TxChecksumAction} on transmit, a {@link RxChecksumEvaluation} on receive.
 *
 * @example
 * ```ts
 * const element = { level: 'packet', coreSize: 12, coreAlignment: 4 } as const;
 * const offset = planElement({ ...element, extensions: [Checksum] }).offsetOf(Checksum); // 12
 * Checksum.whole.set(memory, 0, offset, 0b10_10_00);
 * Checksum.layer4.get(memory, 0, offset) === TxChecksumAction.Required; // true
 * ```
 */
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
