/*
 * The one error type of this package: a driver or a protocol that breaks the adapter's contract. The message names what
 * was expected, what came, and which object; what is missing is named one by one.
 */

/** The stable codes of {@link AdapterError}. */
export type AdapterErrorCode =
  | 'CAPABILITIES_MISSING'
  | 'CAPABILITIES_INVALID'
  | 'ADAPTER_STARTED'
  | 'QUEUE_NOT_CREATED'
  | 'QUEUE_CREATED_TWICE'
  | 'QUEUE_INIT_EXPIRED'
  | 'QUEUE_CONFIGURATION'
  | 'QUEUE_NOT_DRAINED'
  | 'LINK_STATE_INVALID'
  | 'FRAME_INCOMPLETE'
  | 'EDGE_CLOSED'
  | 'ADDRESS_INVALID'
  | 'PROTOCOL_ATTACHED';

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
