/*
 * The state of an adapter's link as a driver reports it: NET_ADAPTER_LINK_STATE in our names (reference netadaptercx
 * §1.10). An adapter starts disconnected; the protocol above hears of changes only.
 */

import { AdapterError } from './adapter-error.ts';

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

/**
 * @param adapter - the adapter's name, for messages
 * @param state - what a driver says
 * @throws AdapterError `LINK_STATE_INVALID`: a connected link has speeds above 0, a disconnected one has none
 */
export function checkLinkState(adapter: string, state: LinkState): void {
  for (const name of ['txLinkSpeed', 'rxLinkSpeed'] as const) {
    const speed = state[name];
    const possible = state.connected ? Number.isFinite(speed) && speed > 0 : speed === 0;
    if (!possible) {
      throw new AdapterError(
        'LINK_STATE_INVALID',
        `${adapter}: ${name} is ${String(speed)} bit/s; expected ${state.connected ? 'more than 0' : '0'} on a link that is ${state.connected ? 'connected' : 'disconnected'}`,
      );
    }
  }
}
