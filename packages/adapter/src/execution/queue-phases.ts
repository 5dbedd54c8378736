/*
 * How a queue takes part in an execution context. One that has a context to itself is a single client, which is the cheapest.
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
 * @param shared - whether other queues may be polled there, too
 * @returns ends it
 */
export function joinContext(context: ExecutionContext, queue: PhasedClient, shared: boolean): () => void {
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
    : [[queue, PollPriority.Advance]];
  for (const [client, priority] of clients) context.add(client, priority);
  return () => {
    for (const [client] of clients) context.remove(client);
  };
}
