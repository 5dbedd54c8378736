/*
 * How much an execution context does before it lets others run: packets for each direction and round, rounds in a row, and
 * time. Left out means the cheapest that is fair: one round, as many packets to send as there is room for, and up to 128
 * received. Follows the knobs of reference netadaptercx §5.6.
 */

import { AdapterError } from '../adapter-error.ts';

/** Limits of an execution context; each may be left out. */
export interface PollBudget {
  /** Most frames that a transmit queue takes from its protocol in one round; no limit when left out. */
  readonly send?: number;
  /** Most sent frames that a transmit queue completes in one round; no limit when left out. */
  readonly sendComplete?: number;
  /** Most frames that a receive queue shows in one round; 128 when left out. */
  readonly receive?: number;
  /** Most rounds in a row, before whatever else is due runs; 1 when left out. */
  readonly rounds?: number;
  /** Nanoseconds that rounds in a row may take; once 80 % of them have passed, no further round begins. No limit when left out. */
  readonly maximumTime?: number;
  /**
   * Asked when 80 % of the time has passed.
   *
   * @param elapsed - nanoseconds since the first round began
   * @returns nanoseconds that the context may go on for; 0 = none
   */
  readonly extend?: (elapsed: number) => number;
}

/** A budget with every limit, all numbers 31 bits long. */
export interface CompletePollBudget {
  readonly send: number;
  readonly sendComplete: number;
  readonly receive: number;
  readonly rounds: number;
  readonly maximumTime: number;
  readonly extend: (elapsed: number) => number;
}

/** More packets than any ring has: no limit. */
const NO_LIMIT = 0x3fff_ffff;
/** Most packets that are shown in one round, unless a budget says otherwise: a long packet's segments, which NICs send in a row, and another's. */
const RECEIVE_BATCH = 128;
/** How much of the time may pass before a context hands over: the rest is for the round that is going on. */
export const WATCHDOG_SHARE = 0.8;

/**
 * @param owner - whose budget it is, for messages
 * @param budget - limits
 * @returns all of them
 * @throws AdapterError `QUEUE_CONFIGURATION` for a limit that is not 1 or more
 */
export function completeBudget(owner: string, budget: PollBudget = {}): CompletePollBudget {
  const { extend = () => 0, maximumTime = Infinity } = budget;
  const limit = (name: 'send' | 'sendComplete' | 'receive' | 'rounds', standard: number): number => {
    const value = budget[name] ?? standard;
    if (!Number.isInteger(value) || value < 1)
      throw new AdapterError('QUEUE_CONFIGURATION', `${owner}: budget.${name} is ${String(value)}; expected 1 or more`);
    return Math.min(value, NO_LIMIT);
  };
  if (!(maximumTime > 0))
    throw new AdapterError(
      'QUEUE_CONFIGURATION',
      `${owner}: budget.maximumTime is ${String(maximumTime)} ns; expected more than 0`,
    );
  return {
    send: limit('send', NO_LIMIT),
    sendComplete: limit('sendComplete', NO_LIMIT),
    receive: limit('receive', RECEIVE_BATCH),
    rounds: limit('rounds', 1),
    maximumTime,
    extend,
  };
}
