/*
 * Several traces of one adapter at once: each is told of everything, under the numbers that it gave itself.
 */

import type { TraceSink } from '@netcx/adapter';

/**
 * @param sinks - who is told, in this order
 * @returns one sink that tells all of them
 * @example
 * ```ts
 * const adapter = new NetAdapter({ name: 'nic', clock, callbacks, trace: traceTo(packets, timeline) });
 * ```
 */
export function traceTo(...sinks: readonly TraceSink[]): TraceSink {
  const contexts: (readonly number[])[] = [];
  const contextNumbers = new Map<string, number>();
  const queues: (readonly number[])[] = [];
  const free: number[] = [];
  const tell = (numbers: readonly number[] | undefined, call: (sink: TraceSink, number: number) => void): void => {
    sinks.forEach((sink, index) => {
      const number = numbers?.[index];
      if (number !== undefined) call(sink, number);
    });
  };
  return {
    openContext: (adapter, context) => {
      const numbers = sinks.map((sink) => sink.openContext(adapter, context));
      // A context that comes again, after a stop and a start, goes on under the number that it had.
      const key = JSON.stringify([adapter, context]);
      const number = contextNumbers.get(key) ?? contexts.length;
      contextNumbers.set(key, number);
      contexts[number] = numbers;
      return number;
    },
    openQueue: (queue) => {
      const number = free.pop() ?? queues.length;
      queues[number] = sinks.map((sink) => sink.openQueue(queue));
      return number;
    },
    closeQueue: (queue) => {
      tell(queues[queue], (sink, number) => {
        sink.closeQueue(number);
      });
      free.push(queue);
    },
    poll: (context, ...rest) => {
      tell(contexts[context], (sink, number) => {
        sink.poll(number, ...rest);
      });
    },
    callback: (queue, ...rest) => {
      tell(queues[queue], (sink, number) => {
        sink.callback(number, ...rest);
      });
    },
    interrupt: (queue, ...rest) => {
      tell(queues[queue], (sink, number) => {
        sink.interrupt(number, ...rest);
      });
    },
    doorbell: (queue, ...rest) => {
      tell(queues[queue], (sink, number) => {
        sink.doorbell(number, ...rest);
      });
    },
    atEdge: (queue, ...rest) => {
      tell(queues[queue], (sink, number) => {
        sink.atEdge(number, ...rest);
      });
    },
    atDriver: (queue, ...rest) => {
      tell(queues[queue], (sink, number) => {
        sink.atDriver(number, ...rest);
      });
    },
  };
}
