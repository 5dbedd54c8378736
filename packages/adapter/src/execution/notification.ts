/*
 * Whether a device may say that there is more: the gate between a driver's notify call and the execution context. It opens
 * before the driver hears that it is open, so whatever the driver says from inside that very call is not lost; it closes
 * with the first notification, and one that comes while it is closed does nothing but count. Follows reference netadaptercx
 * §5.5: as documented, or as shipped (which never tells a driver to be silent).
 */

/** `documented`: the driver hears true and false. `asShipped`: true only, as NetAdapterCx of Windows 11 does. */
export type NotificationMode = 'documented' | 'asShipped';

/** What a gate counted. */
export interface NotificationCounters {
  /** Times that the driver was told to notify. */
  readonly enabled: number;
  /** Notifications that woke the execution context. */
  readonly received: number;
  /** Notifications that came while none was asked for, and did nothing. */
  readonly ignored: number;
}

/** Somebody who can be told whether to notify. */
export interface Notifier {
  /**
   * @param enabled - whether the device shall cause a notification
   */
  setNotificationEnabled(enabled: boolean): void;
}

/** Who is woken by a notification. */
export interface Wakeable {
  /** There may be work. */
  wake(): void;
}

/** The gate of one queue, or of one execution context that a driver made. */
export class Notification {
  readonly #notifier: Notifier;
  readonly #context: Wakeable;
  readonly #tellsFalse: boolean;
  #open = false;
  /** Whether the last that the driver heard was true. */
  #told = false;
  #enabled = 0;
  #received = 0;
  #ignored = 0;

  /**
   * @param notifier - the driver's side
   * @param mode - what it hears
   * @param context - the execution context
   */
  constructor(notifier: Notifier, mode: NotificationMode, context: Wakeable) {
    this.#notifier = notifier;
    this.#tellsFalse = mode === 'documented';
    this.#context = context;
  }

  /** What it counted until now. */
  get counters(): NotificationCounters {
    return { enabled: this.#enabled, received: this.#received, ignored: this.#ignored };
  }

  /** Whether a notification would be heard now. */
  get open(): boolean {
    return this.#open;
  }

  /** From now on the device says when there is more: once. */
  enable(): void {
    this.#open = true; // first: the driver may notify before it returns
    this.#told = true;
    this.#enabled++;
    this.#notifier.setNotificationEnabled(true);
  }

  /** The context polls by itself: the device need say nothing. */
  disable(): void {
    this.#open = false;
    if (!this.#told || !this.#tellsFalse) return;
    this.#told = false;
    this.#notifier.setNotificationEnabled(false);
  }

  /** The driver says that there is more. */
  notify(): void {
    if (this.#open !== true) {
      this.#ignored++;
      return;
    }
    this.#open = false;
    this.#received++;
    this.#context.wake();
  }
}
