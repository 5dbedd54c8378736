/*
 * Where queues' work happens: a context polls its clients, and as long as there is something to do it lets everything else
 * that is due run and polls again; when there is nothing, it arms notifications, looks once more, and sleeps. Looking again
 * after arming is what makes a lost wake-up impossible: whatever arrived before the notification was armed is found by that
 * last look, and whatever arrives after it notifies. Follows reference netadaptercx §5.6.
 */

import type { Alarm, Clock } from '@netcx/clock';
import { ExecutionContextTask } from './execution/context-task.ts';
import { Notification, type NotificationCounters, type NotificationMode } from './execution/notification.ts';
import { completeBudget, WATCHDOG_SHARE, type CompletePollBudget, type PollBudget } from './execution/poll-budget.ts';
import type { ContextTimes } from './statistics/context-times.ts';

/** Work that an execution context does. */
export interface PollClient {
  /**
   * Does what there is to do now, up to one batch.
   *
   * @returns how many packets moved; 0 = nothing to do
   */
  poll(): number;
  /** Arms the notification: from now on the device says when there is more. */
  arm(): void;
  /** The context goes on polling by itself: the device need not say anything. */
  disarm(): void;
}

/** When in a round a client is polled: those of a lower number first, and among equal ones who came first. */
export const PollPriority = { PreAdvance: 2000, Advance: 4000, PostAdvance: 6000 } as const;

/** What a context is told when it is made. */
export interface ExecutionContextConfig {
  /** For messages; `execution context` when left out. */
  readonly name?: string;
  /** How much it does before it lets others run. */
  readonly budget?: PollBudget;
  /**
   * For queues that share the context, in place of their own callback of this name.
   *
   * @param enabled - whether the device shall cause a notification (`context.notify`)
   */
  readonly setNotificationEnabled?: (enabled: boolean) => void;
  /** What `setNotificationEnabled` hears; `documented` when left out. */
  readonly notification?: NotificationMode;
}

/** Why a context stopped polling for now, and how often. */
export interface ExitCounters {
  /** There was nothing to do, notifications are armed: it sleeps. */
  readonly noMoreWork: number;
  /** There was something to do, and its rounds were used up: it goes on when others had their turn. */
  readonly yielded: number;
  /** The same for its time. */
  readonly outOfBudget: number;
  /** A task came, and goes first. */
  readonly taskPending: number;
}

interface Place {
  readonly client: PollClient;
  readonly priority: number;
}

/** Polls its clients, one context at a time, whenever somebody notifies it. */
export class ExecutionContext {
  // What each run asks stands first, on few lines of the cache.
  /** How long its rounds take; `undefined` unless the adapter keeps histograms, or has a trace. */
  times: ContextTimes | undefined;
  readonly #alarm: Alarm;
  readonly #rounds: number = 0;
  /** The clients of `#places`. */
  #clients: PollClient[] = [];
  /** Whether there is a task to do. */
  #tasked = false;
  #armed = false;
  #polling = false;
  #polls = 0;
  #wakeUps = 0;
  /** For messages. */
  readonly name: string;
  /** How much it does before it lets others run. */
  readonly budget: CompletePollBudget;
  readonly #clock: Clock;
  readonly #places: Place[] = [];
  readonly #tasks: ExecutionContextTask[] = [];
  readonly #notification: Notification | undefined;
  #idles = 0;
  #outOfBudget = 0;
  #taskPending = 0;
  #failures = 0;

  /**
   * @param clock - when the context runs
   * @param config - name, budget and, for one that several queues share, how the device's notification is enabled
   * @throws AdapterError `QUEUE_CONFIGURATION` for a budget that cannot be
   */
  constructor(clock: Clock, config: ExecutionContextConfig = {}) {
    const { name = 'execution context', budget, setNotificationEnabled, notification = 'documented' } = config;
    this.name = name;
    this.budget = completeBudget(name, budget);
    this.#rounds = this.budget.rounds;
    this.#clock = clock;
    this.#alarm = clock.alarm(() => {
      this.run();
    });
    if (setNotificationEnabled !== undefined)
      this.#notification = new Notification({ setNotificationEnabled }, notification, this);
  }

  /** Rounds of polling so far. */
  get polls(): number {
    return this.#polls;
  }

  /** Times that the context ran, woken or by itself. */
  get wakeUps(): number {
    return this.#wakeUps;
  }

  /** Why it stopped polling, how often: each run ends for one of these reasons, or with an error. */
  get exits(): ExitCounters {
    const noMoreWork = this.#idles;
    const outOfBudget = this.#outOfBudget;
    const taskPending = this.#taskPending;
    const yielded = this.#wakeUps - noMoreWork - outOfBudget - taskPending - this.#failures;
    return { noMoreWork, yielded, outOfBudget, taskPending };
  }

  /** Whether a round of polling is going on: a callback of one of its queues may be running. */
  get polling(): boolean {
    return this.#polling;
  }

  /** Notifications of a context with a callback for them; `undefined` for one whose queues have their own. */
  get notifications(): Readonly<NotificationCounters> | undefined {
    return this.#notification?.counters;
  }

  /**
   * @param client - polled from now on
   * @param priority - when in a round; see {@link PollPriority}
   */
  add(client: PollClient, priority: number = PollPriority.Advance): void {
    const behind = this.#places.findIndex((place) => place.priority > priority);
    this.#places.splice(behind < 0 ? this.#places.length : behind, 0, { client, priority });
    this.#clients = this.#places.map((place) => place.client);
  }

  /**
   * @param client - not polled any more
   */
  remove(client: PollClient): void {
    const index = this.#places.findIndex((place) => place.client === client);
    if (index >= 0) this.#places.splice(index, 1);
    this.#clients = this.#places.map((place) => place.client);
  }

  /**
   * The device has something. Callable from anywhere; the context runs once what runs now has returned. Where the context
   * enables notifications itself, one that it did not ask for is counted and does nothing.
   */
  notify(): void {
    if (this.#notification === undefined) this.wake();
    else this.#notification.notify();
  }

  /** There may be work, whoever says so: for the framework's own side of a queue. */
  wake(): void {
    this.#alarm.soon();
  }

  /**
   * @param work - what is done each time that the task is queued
   * @returns the task, not queued
   * @example
   * ```ts
   * const readCounters = context.createTask(() => console.log(driver.counters()));
   * readCounters.enqueue(); // done before the next poll, never during one
   * await readCounters.completion();
   * ```
   */
  createTask(work: () => void): ExecutionContextTask {
    const push = (task: ExecutionContextTask): void => {
      this.#tasks.push(task);
      this.#tasked = true;
      this.wake();
    };
    return new ExecutionContextTask({ name: this.name, push }, work);
  }

  /**
   * Does something that must not happen during a poll: now, or before the next round when one is going on.
   *
   * @param work - what is done, once
   */
  exclusively(work: () => void): void {
    if (this.#polling) this.createTask(work).enqueue();
    else work();
  }

  /** The alarm has gone off. No private name: what a closure calls by one is looked up in the module's scope each time. */
  private run(): void {
    this.#wakeUps++;
    try {
      if (this.#tasked === true) this.#runTasks();
      this.#polling = true;
      if (this.#rounds === 1) this.#pollOnce();
      else this.#pollOn();
      this.#polling = false;
    } catch (error) {
      this.#polling = false;
      this.#failures++;
      this.#alarm.soon(); // nobody was armed: what there is left to do is found by nobody else
      throw error;
    }
  }

  /** Tasks that were queued by now, first come first served; what they queue themselves comes after the next round. */
  #runTasks(): void {
    const tasks = this.#tasks.splice(0);
    this.#tasked = false;
    try {
      for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) task.run();
    } finally {
      this.#tasks.unshift(...tasks); // one threw: those behind it keep their turn
      this.#tasked = this.#tasks.length > 0;
    }
  }

  /** One round, and another one when notifications were armed: the usual way, and the cheapest. */
  #pollOnce(): void {
    if (this.#isIdle()) return;
    if (this.#tasked === true) this.#taskPending++;
    this.#alarm.soon(); // after the devices, the other queues and whatever else is due
  }

  /** Rounds in a row, as many and as long as the budget allows. */
  #pollOn(): void {
    const { budget } = this;
    const start = this.#clock.now();
    let end = start + WATCHDOG_SHARE * budget.maximumTime;
    for (let left = budget.rounds; !this.#isIdle();) {
      const now = this.#clock.now();
      left -= 1;
      if (this.#tasked === true) this.#taskPending++;
      else if (left > 0) {
        if (now < end) continue;
        const more = budget.extend(now - start);
        end = now + more;
        if (more > 0) continue;
        this.#outOfBudget++;
      }
      this.#alarm.soon();
      return;
    }
  }

  /** Polls; when there was nothing to do, arms notifications and looks once more. Whether the context can sleep. */
  #isIdle(): boolean {
    if (this.#pollClients() === 0 && this.#tasked !== true) {
      // Whatever woke the context may have been the notification, which is good for once: arm it anew each time.
      this.#setArmed(true);
      if (this.#pollClients() === 0 && !this.#interrupted()) {
        this.#idles++;
        return true;
      }
    }
    if (this.#armed === true) this.#setArmed(false);
    return false;
  }

  /** Whether a task came, which goes first. */
  #interrupted(): boolean {
    return this.#tasked;
  }

  #pollClients(): number {
    const clients = this.#clients;
    const { times } = this;
    const start = times === undefined ? 0 : times.began();
    let work = 0;
    this.#polls++;
    for (let index = 0; index < clients.length; index++) work += clients[index]!.poll();
    if (times !== undefined) times.pollEnded(start, work);
    return work;
  }

  #setArmed(armed: boolean): void {
    this.#armed = armed;
    for (const client of this.#clients) {
      if (armed) client.arm();
      else client.disarm();
    }
    if (this.#notification === undefined) return;
    if (armed) this.#notification.enable();
    else this.#notification.disable();
  }
}
