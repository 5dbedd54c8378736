/*
 * The state of an adapter's link as a driver reports it: NET_ADAPTER_LINK_STATE in our names (reference netadaptercx
 * §1.10). An adapter starts disconnected; the protocol above hears of changes only.
 */

import { violation } from './verifier/violation.ts';

/** What of a link was agreed with the partner: NET_ADAPTER_AUTO_NEGOTIATION_FLAGS. */
export const AutoNegotiationFlags = {
  /** The speed that it sends at. */
  txLinkSpeed: 1,
  /** The speed that it receives at. */
  rxLinkSpeed: 2,
  /** Whether both directions run at once. */
  duplex: 4,
  /** Who may ask whom to be silent. */
  pause: 8,
} as const;

/** Who of a link's ends may ask the other to be silent. */
export type PauseFunctions = 'unsupported' | 'sendOnly' | 'receiveOnly' | 'sendAndReceive' | 'unknown';

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
  /** Whether PAUSE frames work; `unknown` when left out. */
  readonly pause?: PauseFunctions;
  /** What was agreed with the partner, of {@link AutoNegotiationFlags}; none when left out. */
  readonly autoNegotiated?: number;
  /** Whether the driver cannot tell yet if a partner is there (MediaConnectStateUnknown); such a link is not connected. */
  readonly uncertain?: boolean;
}

/** The state of a cable that is out. */
export const DISCONNECTED: LinkState = { connected: false, txLinkSpeed: 0, rxLinkSpeed: 0, duplex: 'unknown' };

const DUPLEX: readonly unknown[] = ['unknown', 'half', 'full'];
const PAUSE: readonly unknown[] = ['unsupported', 'sendOnly', 'receiveOnly', 'sendAndReceive', 'unknown'];
const ALL_FLAGS = Object.values(AutoNegotiationFlags).reduce((all, flag) => all | flag, 0);

/** The fields in the order in which the original numbers what is wrong with them. */
function enumerationsOf(state: LinkState): { field: string; found: unknown; expected: string; right: boolean }[] {
  const { connected, uncertain = false, duplex, pause = 'unknown', autoNegotiated = 0 } = state;
  const certain = typeof connected === 'boolean' && !(connected && uncertain);
  const flags = Number.isInteger(autoNegotiated) && (autoNegotiated & ~ALL_FLAGS) === 0;
  return [
    { field: 'connected', found: connected, expected: 'true or false; false while uncertain', right: certain },
    { field: 'duplex', found: duplex, expected: DUPLEX.join(', '), right: DUPLEX.includes(duplex) },
    { field: 'pause', found: pause, expected: PAUSE.join(', '), right: PAUSE.includes(pause) },
    { field: 'autoNegotiated', found: autoNegotiated, expected: 'AutoNegotiationFlags', right: flags },
  ];
}

/**
 * @param adapter - the adapter's name, for messages
 * @param state - what a driver says
 * @throws ViolationError `LINK_STATE_INVALID` for a value that a field does not have, with the original's sub-code: 0 connected,
 * 1 duplex, 2 pause, 3 auto-negotiation; and for speeds, of which a connected link has two above 0 and a disconnected one none
 */
export function checkLinkState(adapter: string, state: LinkState): void {
  for (const [subcode, { field, found, expected, right }] of enumerationsOf(state).entries()) {
    if (!right)
      throw violation(0x0e, `${adapter}: ${field} is ${String(found)}; expected ${expected}`, {
        subcode,
        object: adapter,
        field,
        expected,
        found,
      });
  }
  for (const field of ['txLinkSpeed', 'rxLinkSpeed'] as const) {
    const speed = state[field];
    const possible = state.connected ? Number.isFinite(speed) && speed > 0 : speed === 0;
    const expected = state.connected ? 'more than 0' : '0';
    if (!possible) {
      const link = state.connected ? 'connected' : 'disconnected';
      throw violation(
        0x0e,
        `${adapter}: ${field} is ${String(speed)} bit/s; expected ${expected} on a link that is ${link}`,
        { object: adapter, field, expected, found: speed },
      );
    }
  }
}

/**
 * @param before - a state
 * @param after - another
 * @returns whether any field differs, those that were left out taken as what they stand for
 */
export function linkStateChanged(before: LinkState, after: LinkState): boolean {
  const fieldsOf = ({ connected, txLinkSpeed, rxLinkSpeed, duplex, ...rest }: LinkState): readonly unknown[] => {
    const { pause = 'unknown', autoNegotiated = 0, uncertain = false } = rest;
    return [connected, txLinkSpeed, rxLinkSpeed, duplex, pause, autoNegotiated, uncertain];
  };
  const then = fieldsOf(before);
  return fieldsOf(after).some((value, index) => value !== then[index]);
}
