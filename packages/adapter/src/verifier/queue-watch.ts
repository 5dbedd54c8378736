/*
 * One queue under watch: stands between the framework and the driver's callbacks, compares before and after, and when a rule
 * is broken stops the queue there and then. What the driver did in that call is undone, the driver is told to cancel and to
 * stop, everything is given back in its place, and the framework finds a queue whose driver sends nothing and receives
 * nothing. Nobody waits for it, and no other queue notices.
 */

import type { PacketQueueCallbacks } from '../packet-queue.ts';
import { bufferViolation, type AdapterVerifier } from './adapter-verifier.ts';
import type { RingShadow } from './ring-shadow.ts';
import type { Site } from './site.ts';
import { violation, ViolationError } from './violation.ts';

/** What is watched. */
export interface Watched {
  readonly site: Site;
  readonly rings: readonly RingShadow[];
  /** Looks at what the driver gave back; throws a ViolationError. */
  readonly check: () => void;
  /** Gives back whatever the driver has, in its place. */
  readonly giveBack: () => void;
  /** Whether a driver that was not cancelled may keep what it has: a receive queue's buffers wait for frames. */
  readonly keeps: boolean;
  /** Has the queue polled. */
  readonly wake: () => void;
  /** Nanoseconds that a cancelled driver may take to give everything back. */
  readonly drainLimit: number;
}

type CallbackName = keyof PacketQueueCallbacks;

/** Watches one queue. */
export class QueueWatch {
  readonly #watched: Watched;
  readonly #verifier: AdapterVerifier;
  #driver: PacketQueueCallbacks | undefined;
  /** The callback that runs now. */
  #inside: CallbackName | undefined;
  /** A rule that was broken where the queue could not be stopped. */
  #doom: ViolationError | undefined;
  #failed = false;
  #armed = false;
  #shared = false;
  #stopped = false;
  #cancelledAt = Infinity;

  /**
   * @param verifier - is told
   * @param watched - the queue
   */
  constructor(verifier: AdapterVerifier, watched: Watched) {
    this.#verifier = verifier;
    this.#watched = watched;
  }

  /**
   * @param driver - the driver's side
   * @param shared - whether other queues are polled between the phases of this one's polls
   * @returns the same, watched
   */
  wrap(driver: PacketQueueCallbacks, shared: boolean): PacketQueueCallbacks {
    this.#driver = driver;
    this.#shared = shared;
    return {
      start: () => {
        this.#start(driver);
      },
      advance: () => {
        if (!this.#failed) this.#move('advance', driver);
        else if (!this.#watched.keeps || this.#cancelledAt !== Infinity) this.#watched.giveBack();
      },
      setNotificationEnabled: (enabled) => {
        this.#arm(driver, enabled);
      },
      cancel: () => {
        this.#cancelledAt = this.#verifier.clock.now();
        if (this.#failed) this.#watched.giveBack();
        else this.#move('cancel', driver);
      },
      stop: () => {
        if (this.#stopped) return; // it was when it failed
        this.#stopped = true;
        this.#quietly('stop', driver);
      },
      destroy: () => {
        this.#quietly('destroy', driver);
      },
    };
  }

  /** A start that throws, or moves anything, is the adapter's start that fails: nothing runs yet that could be stopped. */
  #start(driver: PacketQueueCallbacks): void {
    this.#copy();
    this.#call('start', () => driver.start?.());
    this.#checkUntouched();
  }

  /** `advance` or `cancel`: the two in which a driver may move elements. */
  #move(name: 'advance' | 'cancel', driver: PacketQueueCallbacks): void {
    const { rings, site, check } = this.#watched;
    this.#stopIfBroken(() => {
      if (this.#shared || name === 'cancel') this.#checkUntouched();
      for (const ring of rings) ring.takeOver();
      this.#call(name, () => {
        driver[name]();
      });
      for (const ring of rings) ring.checkHeader();
      for (const ring of rings) ring.checkElements();
      check();
      this.#verifier.checkFaults(site);
      for (const ring of rings) ring.settle();
      this.#copy();
    });
  }

  #arm(driver: PacketQueueCallbacks, enabled: boolean): void {
    if (this.#failed) return;
    this.#armed = enabled;
    this.#stopIfBroken(() => {
      this.#checkUntouched();
      this.#call('setNotificationEnabled', () => {
        driver.setNotificationEnabled(enabled);
      });
      this.#checkUntouched();
    });
  }

  /**
   * Surrounds a phase of the queue's poll that is the framework's own.
   *
   * @param work - the phase
   * @param first - whether it is the first of a poll: what was done since the last one is looked at then
   * @returns what it returns; 0 when the queue had to be stopped in it
   */
  around(work: () => number, first: boolean): number {
    if (this.#inside !== undefined) {
      this.#reentered('poll');
      return 0;
    }
    if (!this.#failed && (first || this.#shared))
      this.#stopIfBroken(() => {
        this.#checkBetween();
      });
    try {
      return work();
    } catch (error) {
      const broken = bufferViolation(error, this.#watched.site);
      if (broken === undefined) throw error;
      this.#copy(); // what the framework has done stays done
      this.#fail(broken);
      return 0;
    } finally {
      this.#copy();
    }
  }

  #checkBetween(): void {
    const { site, rings, drainLimit } = this.#watched;
    if (this.#doom !== undefined) throw this.#doom;
    const waited = this.#verifier.clock.now() - this.#cancelledAt;
    const kept = rings.filter(({ ring }) => ring.driverCount > 0);
    if (waited >= drainLimit && kept.length > 0)
      throw violation(0x88, 'a cancelled queue’s driver keeps what it should give back', {
        ...site,
        field: kept.map(({ ring }) => ring.name).join(', '),
        expected: `0 elements after ${String(drainLimit)} ns`,
        found: kept.map(({ ring }) => ring.driverCount).join(', '),
      });
    this.#checkUntouched();
    this.#verifier.checkFaults(site);
  }

  /**
   * The driver calls the queue's notify.
   *
   * @returns whether the framework shall hear of it
   */
  notified(): boolean {
    const { site } = this.#watched;
    if (this.#failed) return false;
    if (this.#stopped) {
      this.#verifier.report(violation(0x8a, 'a queue was notified after its stop callback', site));
      return false;
    }
    if (this.#shared) return true;
    if (!this.#armed)
      this.#stopSoon(
        violation(0x89, 'a notification came that was not asked for', {
          ...site,
          expected: 'one notification after each setNotificationEnabled(true)',
          found: 'another one, or one while notifications are disabled',
        }),
      );
    const heard = this.#armed;
    this.#armed = false;
    return heard;
  }

  #reentered(name: string): void {
    this.#stopSoon(
      violation(0x8b, `${name} was entered inside ${String(this.#inside)}`, {
        ...this.#watched.site,
        expected: `${String(this.#inside)} to return first`,
        found: name,
      }),
    );
  }

  /** The driver is on the stack: the queue stops when that is over. */
  #stopSoon(broken: ViolationError): void {
    this.#doom ??= broken;
    this.#watched.wake();
  }

  /** Calls the driver; what it throws, and what it did meanwhile that could not be stopped at once, is thrown. */
  #call(name: CallbackName, callback: () => void): void {
    if (this.#inside !== undefined) {
      this.#reentered(name);
      return;
    }
    this.#inside = name;
    try {
      callback();
    } catch (error) {
      throw threw(name, error, this.#watched.site);
    } finally {
      this.#inside = undefined;
    }
    if (this.#doom !== undefined) throw this.#doom;
  }

  #stopIfBroken(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ViolationError)) throw error;
      this.#fail(error);
    }
  }

  /** The queue stops, now and for good. */
  #fail(broken: ViolationError): void {
    const { rings, giveBack, wake } = this.#watched;
    const driver = this.#driver;
    this.#failed = true;
    this.#verifier.report(broken);
    for (const ring of rings) ring.restore();
    if (driver !== undefined && !this.#stopped) {
      this.#stopped = true;
      // Whatever state it is in, its NIC must let go of the buffers. What it breaks on the way is undone.
      if (this.#cancelledAt === Infinity) ignoring(() => driver.cancel());
      ignoring(() => driver.stop?.());
    }
    for (const ring of rings) ring.restore();
    giveBack();
    this.#copy();
    wake();
  }

  /** A callback behind which there is nothing to stop: what it throws is reported. */
  #quietly(name: 'stop' | 'destroy', driver: PacketQueueCallbacks): void {
    try {
      driver[name]?.();
    } catch (error) {
      this.#verifier.report(threw(name, error, this.#watched.site));
    }
  }

  #checkUntouched(): void {
    for (const ring of this.#watched.rings) ring.checkUntouched();
  }

  #copy(): void {
    for (const ring of this.#watched.rings) ring.copy();
  }
}

const threw = (name: CallbackName, error: unknown, site: Site): ViolationError => {
  const broken = violation(0x8c, `${name} threw ${String(error)}`, { ...site, field: name, expected: 'it to return' });
  broken.cause = error;
  return broken;
};

function ignoring(work: () => void): void {
  try {
    work();
  } catch {
    // The queue has failed already, and says so; this is one more way in which its driver is broken.
  }
}
