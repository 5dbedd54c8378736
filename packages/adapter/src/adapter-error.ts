/*
 * The one error type of this package: a driver or a protocol that breaks the adapter's contract. The message names what
 * was expected, what came, and which object; what is missing is named one by one.
 */

import type { ViolationCode } from './verifier/codes.ts';

/** The stable codes of {@link AdapterError}. */
export type AdapterErrorCode =
  | ViolationCode
  | 'CAPABILITIES_MISSING'
  | 'CAPABILITIES_INVALID'
  | 'QUEUE_NOT_CREATED'
  | 'QUEUE_CONFIGURATION'
  | 'QUEUE_NOT_DRAINED'
  | 'FRAME_INCOMPLETE'
  | 'EDGE_CLOSED'
  | 'ADDRESS_INVALID'
  | 'OFFLOAD_UNAVAILABLE'
  | 'RECEIVE_FILTER_UNSUPPORTED'
  | 'RECEIVE_SCALING_UNSUPPORTED'
  | 'INDIRECTION_NOT_SET'
  | 'INSIDE_POLL'
  | 'HASH_KEY_INVALID'
  | 'HASH_INPUT_TOO_LONG'
  | 'PROTOCOL_ATTACHED'
  | 'LIFE_ORDER'
  | 'INVALID_DEVICE_STATE'
  | 'POWER_NOT_SUPPORTED'
  | 'POWER_LIST_FULL'
  | 'POWER_OFFLOAD_INVALID'
  | 'WAKE_PATTERN_INVALID'
  | 'KEYWORD_MISSING'
  | 'KEYWORD_INVALID'
  | 'CONFIGURATION_MISSING'
  | 'CONFIGURATION_INVALID'
  | 'CONFIGURATION_CLOSED';

/** Thrown when the adapter's contract is broken; what the hardware does wrong is counted instead. */
export class AdapterError extends Error {
  /** Which rule was broken; stable across releases. */
  readonly code: AdapterErrorCode;

  /**
   * @param code - the rule that was broken
   * @param message - which adapter or queue, what was expected and what came
   */
  constructor(code: AdapterErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.name = 'AdapterError';
    this.code = code;
  }
}
