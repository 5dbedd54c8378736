/*
 * A piece of work that an execution context does once, apart from its polls: a task runs before the next round begins, never
 * while a callback of one of the context's queues runs. It can be queued again once it has begun. Follows
 * NETEXECUTIONCONTEXTTASK (reference netadaptercx §5.6).
 */

import { violation } from '../verifier/violation.ts';

/** Takes tasks, in the order in which they come. */
interface TaskQueue {
  readonly name: string;
  readonly push: (task: ExecutionContextTask) => void;
}

/** Work of an execution context besides its polls. */
export class ExecutionContextTask {
  readonly #queue: TaskQueue;
  readonly #work: () => void;
  readonly #waiting: (() => void)[] = [];
  #queued = false;
  #running = false;
  #runs = 0;

  /**
   * @param queue - the context's
   * @param work - what is done
   * @internal
   */
  constructor(queue: TaskQueue, work: () => void) {
    this.#queue = queue;
    this.#work = work;
  }

  /** Whether it waits for its turn. */
  get queued(): boolean {
    return this.#queued;
  }

  /** Times that it was done. */
  get runs(): number {
    return this.#runs;
  }

  /**
   * Has the work done before the context's next round, after the tasks that were queued before.
   *
   * @throws ViolationError `INVALID_EXECUTION_CONTEXT_TASK` when it is queued already
   */
  enqueue(): void {
    if (this.#queued)
      throw violation(0x59, 'the task waits for its turn already', {
        object: this.#queue.name,
        expected: 'a task that is not queued',
        found: 'a queued one',
      });
    this.#queued = true;
    this.#queue.push(this);
  }

  /** @returns a promise that resolves once the task is neither queued nor being done: at once if it is not */
  completion(): Promise<void> {
    if (!this.#queued && !this.#running) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Its turn has come: the context calls this. */
  run(): void {
    this.#queued = false;
    this.#running = true;
    try {
      this.#work();
    } finally {
      this.#running = false;
      this.#runs++;
      if (!this.queued) for (const resolve of this.#waiting.splice(0)) resolve();
    }
  }
}
