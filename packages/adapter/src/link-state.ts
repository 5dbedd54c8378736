/*
 * The state of an adapter's link as a driver reports it: NET_ADAPTER_LINK_STATE in our names (reference netadaptercx
 * §1.10). An adapter starts disconnected; the protocol above hears of changes only.
 */

/** What a driver says of its link. */
export interface LinkState {
  /** Whether a partner is there. */
  readonly connected: boolean;
  /** Bits per second that it sends at; 0 while disconnected. */
  readonly txLinkSpeed: number;
  /** Bits per second that it receives at; 0 while disconnected. */
  readonly rxLinkSpeed: number;
  /** Whether both directions run at once. */
  readonly duplex: 'unknown' | 'half' | 'full';
}

/** The state of a cable that is out. */
export const DISCONNECTED: LinkState = { connected: false, txLinkSpeed: 0, rxLinkSpeed: 0, duplex: 'unknown' };
