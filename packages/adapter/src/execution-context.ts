/*
 * Where a queue's work happens: it polls, and as long as there is something to do it lets everything else that is due run
 * and polls again; when there is nothing, it arms notifications, looks once more, and sleeps. Looking again after arming
 * is what makes a lost wake-up impossible: whatever arrived before the notification was armed is found by that last look,
 * and whatever arrives after it notifies. Follows reference netadaptercx §5.6.
 */

import type { Alarm, Clock } from '@netcx/clock';

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

/** Polls its clients, one context at a time, whenever somebody notifies it. */
export class ExecutionContext {
  readonly #alarm: Alarm;
  readonly #clients: PollClient[] = [];
  #armed = false;
  #polls = 0;
  #wakeUps = 0;

  /**
   * @param clock - when the context runs
   */
  constructor(clock: Clock) {
    this.#alarm = clock.alarm(() => {
      this.#run();
    });
  }

  /** Rounds of polling so far. */
  get polls(): number {
    return this.#polls;
  }

  /** Times that the context ran, woken or by itself. */
  get wakeUps(): number {
    return this.#wakeUps;
  }

  /**
   * @param client - polled from now on, after the clients before it
   */
  add(client: PollClient): void {
    this.#clients.push(client);
  }

  /**
   * @param client - not polled any more
   */
  remove(client: PollClient): void {
    const index = this.#clients.indexOf(client);
    if (index >= 0) this.#clients.splice(index, 1);
  }

  /** There may be work. Callable from anywhere; the context runs once what runs now has returned. */
  notify(): void {
    this.#alarm.soon();
  }

  #run(): void {
    this.#wakeUps++;
    if (this.#pollClients() === 0) {
      // Whatever woke the context may have been the notification, which is good for once: arm it anew each time.
      this.#setArmed(true);
      if (this.#pollClients() === 0) return; // looked again, found nothing: sleep until a notification
    }
    if (this.#armed) this.#setArmed(false);
    this.#alarm.soon(); // after the devices, the other queues and whatever else is due
  }

  #pollClients(): number {
    const clients = this.#clients;
    let work = 0;
    this.#polls++;
    for (let index = 0; index < clients.length; index++) work += clients[index]!.poll();
    return work;
  }

  #setArmed(armed: boolean): void {
    this.#armed = armed;
    for (const client of this.#clients) {
      if (armed) client.arm();
      else client.disarm();
    }
  }
}
