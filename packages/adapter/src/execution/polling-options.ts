/*
 * How an adapter's queues are polled and stopped, as whoever makes the adapter wants it, and what is wrong with a driver's
 * execution context. What is left out is as documented, and as cheap as can be.
 */

import { AdapterError } from '../adapter-error.ts';
import type { ExecutionContextConfig } from '../execution-context.ts';
import { violation } from '../verifier/violation.ts';
import type { NotificationMode } from './notification.ts';
import { completeBudget, type PollBudget } from './poll-budget.ts';

/** How an adapter's queues are polled and stopped. */
export interface PollingOptions {
  /** What drivers hear of notifications; `documented` when left out. */
  readonly notification?: NotificationMode;
  /** How much an execution context does before it lets others run; a driver's own context may say otherwise. */
  readonly budget?: PollBudget;
  /** Execution contexts that receive queues are spread over, as over processors; one for each queue when left out. */
  readonly receiveContexts?: number;
  /**
   * Whether a transmit queue is polled together with the receive queue of its number, behind it: what is forwarded then leaves
   * while the processor's caches still have it. Each has a context of its own when left out, as NetAdapterCx has it.
   */
  readonly pairs?: boolean;
  /** Nanoseconds that driver and protocol may take to give everything back when the adapter stops; a second when left out. */
  readonly drainLimit?: number;
}

/**
 * @param adapter - the adapter's name, for messages
 * @param options - what was asked for
 * @throws AdapterError `QUEUE_CONFIGURATION` for what cannot be
 */
export function checkPollingOptions(adapter: string, options: PollingOptions = {}): void {
  const { notification = 'documented', budget, receiveContexts = 1, drainLimit = 1 } = options;
  const refuse = (field: string, expected: string, found: unknown): never => {
    throw new AdapterError(
      'QUEUE_CONFIGURATION',
      `${adapter}: polling.${field} is ${String(found)}; expected ${expected}`,
    );
  };
  if (!['documented', 'asShipped'].includes(notification))
    refuse('notification', 'documented or asShipped', notification);
  if (!Number.isInteger(receiveContexts) || receiveContexts < 1)
    refuse('receiveContexts', '1 or more', receiveContexts);
  if (!(drainLimit > 0 && drainLimit <= Number.MAX_SAFE_INTEGER)) refuse('drainLimit', 'more than 0 ns', drainLimit);
  completeBudget(`${adapter}: polling`, budget);
}

/**
 * @param name - the context's
 * @param options - how the adapter's queues are polled
 * @returns what a queue's own context is told
 */
export const contextConfig = (name: string, options: PollingOptions): ExecutionContextConfig => ({
  name,
  ...(options.budget === undefined ? {} : { budget: options.budget }),
});

/**
 * @param adapter - the adapter's name, for messages
 * @param options - how the adapter's queues are polled
 * @param config - what a driver wants of a context of its own
 * @returns the same, complete
 * @throws ViolationError `INVALID_EXECUTION_CONTEXT_CONFIG` without a way to enable notifications
 */
export function driverContextConfig(
  adapter: string,
  options: PollingOptions = {},
  config: ExecutionContextConfig,
): ExecutionContextConfig {
  const found: unknown = config.setNotificationEnabled;
  if (typeof found !== 'function')
    throw violation(0x5a, 'nobody would enable the notification of the context', {
      object: adapter,
      field: 'setNotificationEnabled',
      expected: 'a function',
      found,
    });
  const { notification } = options;
  return {
    ...contextConfig(`${adapter} ${config.name ?? 'execution context'}`, options),
    ...(notification === undefined ? {} : { notification }),
    ...(config.budget === undefined ? {} : { budget: config.budget }),
    ...(config.notification === undefined ? {} : { notification: config.notification }),
    setNotificationEnabled: (enabled) => config.setNotificationEnabled?.(enabled),
    name: `${adapter} ${config.name ?? 'execution context'}`,
  };
}
