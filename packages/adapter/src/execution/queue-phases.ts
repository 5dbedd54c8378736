/*
 * How a queue takes part in an execution context. One whose context the framework made is a single client, which is the cheapest.
 * In a context that several queues share, each round goes by phases: every queue takes over what its protocol has, then every
 * driver's advance is called, then every queue shows and completes (reference netadaptercx §5.6).
 */

import { PollPriority, type ExecutionContext, type PollClient } from '../execution-context.ts';

/** A queue, whose poll has three phases. */
export interface PhasedClient extends PollClient {
  /**
   * Takes over what there is.
   *
   * @returns how much
   */
  prepare(): number;
  /** The driver's turn. */
  advance(): void;
  /**
   * Hands on what the driver gave back.
   *
   * @returns how many packets
   */
  finish(): number;
}

const nothing = (): void => undefined;

/**
 * @param context - where the queue is polled from now on
 * @param queue - the queue
 * @param shared - whether the context is the driver's, and goes by phases
 * @param priority - when in a round the queue is polled, where it does not
 * @returns ends it
 */
export function joinContext(
  context: ExecutionContext,
  queue: PhasedClient,
  shared: boolean,
  priority: number,
): () => void {
  const advance = (): number => {
    queue.advance();
    return 0;
  };
  // The notification is the context's own where it is shared.
  const phase = (poll: () => number): PollClient => ({ poll, arm: nothing, disarm: nothing });
  const clients: readonly [PollClient, number][] = shared
    ? [
        [phase(() => queue.prepare()), PollPriority.PreAdvance],
        [phase(advance), PollPriority.Advance],
        [phase(() => queue.finish()), PollPriority.PostAdvance],
      ]
    : [[queue, priority]];
  for (const [client, priority] of clients) context.add(client, priority);
  return () => {
    for (const [client] of clients) context.remove(client);
  };
}
