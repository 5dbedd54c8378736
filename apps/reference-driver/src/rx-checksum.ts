/*
 * Checksum offload on receive: from the status bits of a written-back descriptor to the checksum extension's byte. What
 * the chip did not check says so: the protocol then checks by itself. Follows nic-82576 reference §4.
 */

import { RxChecksumEvaluation } from '@netcx/extensions';
import { RX_STATUS } from '@netcx/nic-82576/registers';

const { NotChecked, Valid, Invalid } = RxChecksumEvaluation;
const LAYER3_SHIFT = 2;
const LAYER4_SHIFT = 4;

/**
 * @param status - the descriptor's status and error word
 * @returns the checksum extension's byte
 */
export function evaluationOf(status: number): number {
  const layer3 = (status & RX_STATUS.IPCS) === 0 ? NotChecked : (status & RX_STATUS.IPE) === 0 ? Valid : Invalid;
  const layer4 = (status & RX_STATUS.L4CS) === 0 ? NotChecked : (status & RX_STATUS.L4E) === 0 ? Valid : Invalid;
  return (layer3 << LAYER3_SHIFT) | (layer4 << LAYER4_SHIFT);
}
